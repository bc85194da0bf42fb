//! What an outsider holds to verify a log.

use std::fmt;
use std::str::FromStr;

use crate::count::Count;
use crate::epoch::LogId;
use crate::note::VerifierKey;

/// First line of a pin.
const TITLE: &str = "medsec audit pin v1";
/// Longest pin in bytes.
const MAX_LEN: usize = 4096;

/// The log's verification key and id, and how many times its list of streams had been made when this pin was
/// published. Not secret; where it is kept decides who can replace it.
///
/// As text, four lines:
///
/// ```text
/// medsec audit pin v1
/// key: clinic.example/log+5d4bb1ff+AQ…
/// log: 00112233445566778899aabbccddeeff
/// revision: 1
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    key: VerifierKey,
    id: LogId,
    revision: Count,
}

/// The text is no pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a pin of an audit log")]
pub struct AwsKeyError;

impl Pin {
    pub(crate) const fn new(key: VerifierKey, id: LogId, revision: Count) -> Self {
        Self { key, id, revision }
    }

    /// The key that signs root notes and checkpoints.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Which log.
    #[must_use]
    pub const fn id(&self) -> &LogId {
        &self.id
    }

    /// The revision of the root note that was known; older ones are refused.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision.get()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, id, revision } = self;
        write!(f, "{TITLE}\nkey: {key}\nlog: {id}\nrevision: {revision}\n")
    }
}

impl FromStr for Pin {
    type Err = AwsKeyError;

    /// Accepts exactly the form that `Display` writes.
    fn from_str(text: &str) -> Result<Self, AwsKeyError> {
        if text.len() > MAX_LEN {
            return Err(AwsKeyError);
        }
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        let mut pin = || {
            field(TITLE)?;
            let key = field("key: ")?.parse().ok()?;
            let id = field("log: ")?.parse().ok()?;
            let revision = Count::from_digits(field("revision: ")?.as_bytes())?;
            Some(Self { key, id, revision })
        };
        let pin = pin().ok_or(AwsKeyError)?;
        (pin.to_string() == text).then_some(pin).ok_or(AwsKeyError)
    }
}
