//! The record that opens an epoch, and the checks of its form.

mod parse;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::commit::labelled;
use super::{EpochPublicKey, Genesis, LogId};
use crate::checkpoint::LogOrigin;
use crate::count::Count;
use crate::line::{Head, Kind, LineError, Members, RecordLine, RecordPosition};
use crate::text::{Word, hex_id};
use crate::tree::Hash;

hex_id!(
    /// SHA-256 of bytes that were taken out of a stream.
    LossDigest, 32, "digest of what was lost"
);

/// The record that opens an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Epoch {
    /// Its number, from 0.
    pub number: Count,
    /// Signs its commits.
    pub key: EpochPublicKey,
    /// Will sign those of the next.
    pub next: EpochPublicKey,
    /// Why it was opened.
    pub reason: EpochReason,
}

/// Why an epoch was opened, and what only this reason has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the format has these and no others")]
pub enum EpochReason {
    /// Record 0.
    Genesis(Box<Genesis>),
    /// A writer began.
    Start,
    /// The writer goes on with the next key.
    Rotate,
    /// A writer began and found more than was committed, or less than was acknowledged.
    Recover(Loss),
    /// A writer has ended.
    Close,
    /// The key that the last epoch named was lost. The log key signs this one, see `rekey_message`.
    Rekey(Box<[u8; 64]>),
    /// Records have been kept for their time and go. The log key signs, see `retire_message`.
    Retire(Box<(Retirement, [u8; 64])>),
}

/// Which records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Retirement {
    /// The first of them: 0, or the one behind those that went before.
    pub first: Count,
    /// The last of them, which ends a segment.
    pub last: Count,
    /// Root of the tree up to and with the last.
    pub root: Hash,
}

/// What a recovery could not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Loss {
    /// Bytes behind the last commit, moved to quarantine.
    pub bytes: Count,
    /// SHA-256 of them.
    pub digest: LossDigest,
    /// The size that had been acknowledged, where that was more than is there: records are missing. Only an
    /// explicit repair goes on after this.
    pub acknowledged: Option<Count>,
}

/// Why a record of the kind `epoch` is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record of an epoch is malformed")]
pub struct EpochError;

impl Kind<'static> {
    /// Opens an epoch.
    pub const EPOCH: Self = Self::known("epoch");
}

/// The name of a reason.
struct Reason(&'static str);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Word for Reason {}

struct Signature<'a>(&'a [u8; 64]);

impl fmt::Display for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl Word for Signature<'_> {}

impl EpochReason {
    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Genesis(_) => "genesis",
            Self::Start => "start",
            Self::Rotate => "rotate",
            Self::Recover(_) => "recover",
            Self::Close => "close",
            Self::Rekey(_) => "rekey",
            Self::Retire(_) => "retire",
        }
    }
}

impl Epoch {
    /// The record's line at its place, without the LF. There is one form only.
    pub(crate) fn to_line(&self, position: &RecordPosition) -> Result<Vec<u8>, LineError> {
        Head { position: *position, kind: Kind::EPOCH }.render(&self.members())
    }

    /// Reads the record of an epoch.
    ///
    /// # Errors
    /// [`EpochError`] if it differs in any byte from the form.
    pub fn parse(record: &RecordLine<'_>) -> Result<Self, EpochError> {
        let epoch = parse::epoch(record.bytes).ok_or(EpochError)?;
        let line = epoch.to_line(&record.head.position).map_err(|_| EpochError)?;
        (line == record.bytes).then_some(epoch).ok_or(EpochError)
    }

    pub(crate) fn members(&self) -> Members {
        let Self { number, key, next, reason } = self;
        let mut members = Members::default();
        members.number("epoch", *number);
        members.word("why", &Reason(reason.name()));
        members.word("key", key);
        members.word("next", next);
        match reason {
            EpochReason::Start | EpochReason::Rotate | EpochReason::Close => {}
            EpochReason::Genesis(genesis) => write_genesis(&mut members, genesis),
            EpochReason::Recover(loss) => {
                members.number("bytes", loss.bytes);
                members.word("sha256", &loss.digest);
                members.maybe_number("acknowledged", loss.acknowledged);
            }
            EpochReason::Rekey(signature) => members.word("sig", &Signature(signature)),
            EpochReason::Retire(retired) => {
                let (Retirement { first, last, root }, signature) = &**retired;
                members.number("first", *first);
                members.number("last", *last);
                members.word("root", root);
                members.word("sig", &Signature(signature));
            }
        }
        members
    }
}

fn write_genesis(members: &mut Members, genesis: &Genesis) {
    let Genesis { log, stream, id, log_key, retention } = genesis;
    members.word("log", log);
    members.word("stream", stream);
    members.word("id", id);
    members.word("log-key", log_key);
    members.number("retention", retention.as_days());
}

/// What the log key signs for a new key: label ‖ length of the origin ‖ origin ‖ log id ‖ epoch ‖ seq ‖ prev ‖
/// key ‖ next.
pub(crate) fn rekey_message(
    origin: &LogOrigin,
    id: &LogId,
    epoch: &Epoch,
    position: &RecordPosition,
) -> Vec<u8> {
    vouching(b"medsec/audit-rekey/v1\0", origin, id, epoch, position)
}

/// What the log key signs so that records go: as for a new key with another label, then first ‖ last ‖ root.
pub(crate) fn retire_message(
    origin: &LogOrigin,
    id: &LogId,
    epoch: &Epoch,
    position: &RecordPosition,
    retirement: &Retirement,
) -> Vec<u8> {
    let mut message = vouching(b"medsec/audit-retire/v1\0", origin, id, epoch, position);
    let Retirement { first, last, root } = retirement;
    let numbers = [first, last].map(|number| number.get().to_be_bytes());
    message.extend_from_slice(numbers.as_flattened());
    message.extend_from_slice(root.as_bytes());
    message
}

fn vouching(
    label: &[u8],
    origin: &LogOrigin,
    id: &LogId,
    epoch: &Epoch,
    position: &RecordPosition,
) -> Vec<u8> {
    let scope = labelled(label, origin, id);
    let [number, seq] = [epoch.number, position.seq].map(|number| number.get().to_be_bytes());
    let [prev, key, next] = [position.prev.as_bytes(), epoch.key.as_bytes(), epoch.next.as_bytes()];
    [&scope[..], &number, &seq, prev, key, next].concat()
}
