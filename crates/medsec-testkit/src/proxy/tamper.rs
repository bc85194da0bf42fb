//! What a tunnel does to the bytes that pass.
//!
//! It works on units: a TLS record where the bytes are such records, else what came in one piece.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest content of a TLS record, with the most expansion that TLS 1.2 permits.
const MAX_CONTENT_LEN: usize = 16_384 + 2_048;
/// Length of the header of a TLS record.
const HEADER_LEN: usize = 5;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two")]
pub enum Direction {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
}

/// What happens to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests go through all of them")]
pub enum Change {
    /// One bit of its content is flipped: bit `n` counted from the first, again from the start beyond the last.
    Flip(usize),
    /// It does not arrive.
    Drop,
    /// Half of it arrives, and then the connection ends.
    Truncate,
    /// It arrives after the one behind it.
    Swap,
    /// It arrives twice.
    Replay,
    /// It arrives later.
    Delay(Duration),
    /// The connection ends before it.
    Close,
}

/// A change of the `unit`-th unit, counted from zero, in one direction of each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests make it")]
pub struct Tamper {
    /// Which way.
    pub direction: Direction,
    /// Which unit.
    pub unit: usize,
    /// What happens to it.
    pub change: Change,
}

/// What to send for a unit.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) bytes: Vec<u8>,
    pub(super) delay: Duration,
    pub(super) ends: bool,
}

/// The tampering of one direction of one connection.
#[derive(Debug)]
pub(super) struct Line {
    tampers: Vec<Tamper>,
    next: usize,
    held: Vec<u8>,
}

impl Line {
    pub(super) fn new(tampers: &[Tamper], direction: Direction) -> Self {
        let ours = tampers.iter().filter(|tamper| tamper.direction == direction);
        Self { tampers: ours.copied().collect(), next: 0, held: Vec::new() }
    }

    /// What becomes of the next unit.
    pub(super) fn pass(&mut self, mut unit: Vec<u8>) -> Outcome {
        let at = self.next;
        self.next = at.saturating_add(1);
        let change = self.tampers.iter().find(|tamper| tamper.unit == at).map(|t| t.change);
        let held = std::mem::take(&mut self.held);
        let mut outcome = Outcome::default();
        match change {
            None => {}
            Some(Change::Flip(bit)) => flip(&mut unit, bit),
            Some(Change::Drop) => unit.clear(),
            Some(Change::Truncate) => {
                unit.truncate(unit.len() / 2);
                outcome.ends = true;
            }
            Some(Change::Swap) => self.held = std::mem::take(&mut unit),
            Some(Change::Replay) => unit = [&unit[..], &unit].concat(),
            Some(Change::Delay(time)) => outcome.delay = time,
            Some(Change::Close) => {
                unit.clear();
                outcome.ends = true;
            }
        }
        unit.extend(held);
        outcome.bytes = unit;
        outcome
    }
}

fn flip(unit: &mut [u8], bit: usize) {
    let content = if is_record(unit) { unit.get_mut(HEADER_LEN..) } else { Some(unit) };
    let Some(content) = content else { return };
    let Some(bit) = bit.checked_rem(content.len().saturating_mul(8)) else { return };
    if let Some(byte) = content.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

/// Whether these bytes begin as a TLS record does.
fn is_record(bytes: &[u8]) -> bool {
    matches!(bytes, [20..=23, 3, ..])
}

/// Reads the next unit; nothing at the end.
pub(super) async fn unit(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut header = [0; HEADER_LEN];
    let have = stream.read(&mut header).await.ok().filter(|len| *len > 0)?;
    let mut unit = header.get(..have)?.to_vec();
    if is_record(&unit) {
        stream.read_exact(header.get_mut(have..)?).await.ok()?;
        let [_, _, _, high, low] = header;
        let mut content =
            vec![0; usize::from(u16::from_be_bytes([high, low])).min(MAX_CONTENT_LEN)];
        stream.read_exact(&mut content).await.ok()?;
        unit = [&header[..], &content].concat();
    }
    Some(unit)
}
