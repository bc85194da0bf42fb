//! Frames on a stream, each within a time.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// Longest body. The longest message is one with records; a batch of the log holds no more.
pub(crate) const MAX_FRAME_LEN: usize = 1 << 20;

/// Within which times a frame must come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Until its first byte; for ever, if absent.
    pub(crate) first: Option<Duration>,
    /// From then until its last.
    pub(crate) rest: Duration,
}

/// Why there is no frame. The connection is of no more use.
#[derive(Debug)]
pub(crate) enum FrameError {
    /// The other side has ended.
    Ended,
    /// It is longer than a frame can be, or empty.
    Length,
    /// It did not come in time, or not whole.
    Io,
}

impl From<io::Error> for FrameError {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// Reads one frame. Its length is looked at before there is room for it.
pub(crate) fn read_frame(
    stream: &UnixStream,
    wait: Wait,
) -> Result<Zeroizing<Vec<u8>>, FrameError> {
    let mut head = [0; 4];
    let (first, others) = head.split_at_mut(1);
    stream.set_read_timeout(wait.first)?;
    read_some(stream, first)?;
    let until = Instant::now().checked_add(wait.rest).ok_or(FrameError::Io)?;
    fill(stream, others, until)?;
    let len = usize::try_from(u32::from_be_bytes(head)).map_err(|_| FrameError::Length)?;
    if !(1..=MAX_FRAME_LEN).contains(&len) {
        return Err(FrameError::Length);
    }
    let mut body = Zeroizing::new(vec![0; len]);
    fill(stream, &mut body, until)?;
    Ok(body)
}

/// Writes one frame.
pub(crate) fn write_frame(
    stream: &UnixStream,
    body: &[u8],
    within: Duration,
) -> Result<(), FrameError> {
    if !(1..=MAX_FRAME_LEN).contains(&body.len()) {
        return Err(FrameError::Length);
    }
    let len = u32::try_from(body.len()).map_err(|_| FrameError::Length)?;
    stream.set_write_timeout(Some(within))?;
    let mut stream = stream;
    stream.write_all(&len.to_be_bytes())?;
    stream.write_all(body)?;
    Ok(())
}

/// Fills `out` before `until`, however slowly the bytes come.
fn fill(stream: &UnixStream, mut out: &mut [u8], until: Instant) -> Result<(), FrameError> {
    while !out.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(FrameError::Io);
        }
        stream.set_read_timeout(Some(left))?;
        let read = read_some(stream, out)?;
        out = out.get_mut(read..).unwrap_or_default();
    }
    Ok(())
}

fn read_some(mut stream: &UnixStream, out: &mut [u8]) -> Result<usize, FrameError> {
    loop {
        match stream.read(out) {
            Ok(0) => return Err(FrameError::Ended),
            Ok(read) => return Ok(read),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
