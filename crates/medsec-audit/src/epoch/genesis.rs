//! What record 0 fixes for the whole life of a stream.

use std::fmt;

use super::EpochPublicKey;
use crate::checkpoint::LogOrigin;
use crate::count::Count;
use crate::note::{Algorithm, KeyName, VerifierKey};
use crate::text::{InvalidValue, RandomError, Word, hex_id, identifier, random};

identifier!(
    /// Names a log, by custom a URL without its scheme: `clinic.example/log`. 1 to 128 of
    /// `A-Z a-z 0-9 . _ : / -`. The log's key bears the same name.
    LogName, 128, "log",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'/' | b'-'
);
identifier!(
    /// Names a stream of a log, usually after the service that writes it. 1 to 32 of `a-z 0-9 -`.
    StreamName, 32, "stream",
    b'a'..=b'z' | b'0'..=b'9' | b'-'
);
hex_id!(
    /// Tells a log from every other of the same name: drawn once, the same in all its streams.
    LogId, 16, "log id"
);

impl LogId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random().map(Self::from_bytes)
    }
}

/// For how many days records are kept at least. No record may be retired earlier, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retention(Count);

impl Retention {
    /// Six years, two leap days included: 164.316(b)(2)(i) asks for six years from creation or last effect.
    pub const SIX_YEARS: Self = Self(Count::from_u32(2192));
    /// A hundred years.
    const MAX: u64 = 36_525;

    /// So many days.
    ///
    /// # Errors
    /// [`InvalidValue`] for none, or more than a hundred years.
    pub fn days(days: u64) -> Result<Self, InvalidValue> {
        let fits = (1..=Self::MAX).contains(&days);
        let days = fits.then(|| Count::new(days).ok()).flatten();
        days.map(Self).ok_or(InvalidValue { field: "retention" })
    }

    /// In milliseconds.
    pub(crate) const fn as_millis(self) -> u64 {
        const DAY: u64 = 86_400_000;
        self.0.get().saturating_mul(DAY)
    }

    /// The number of days.
    #[must_use]
    pub const fn as_days(self) -> Count {
        self.0
    }
}

/// What record 0 of a stream says besides the keys of its first two epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Genesis {
    /// The log.
    pub log: LogName,
    /// The stream.
    pub stream: StreamName,
    /// The log's id.
    pub id: LogId,
    /// Public half of the log key: signs checkpoints, and what an epoch key alone must not do.
    pub log_key: EpochPublicKey,
    /// How long records are kept at least.
    pub retention: Retention,
}

impl Genesis {
    /// The origin of the stream: log, `/`, stream.
    #[must_use]
    pub fn origin(&self) -> LogOrigin {
        stream_origin(&self.log, &self.stream)
    }

    /// The log key as notes name it.
    #[must_use]
    pub fn verifier_key(&self) -> Option<VerifierKey> {
        let name = KeyName::new(self.log.as_str()).ok()?;
        VerifierKey::new(name, Algorithm::Ed25519, self.log_key.as_bytes()).ok()
    }
}

/// Log, `/`, stream.
pub(crate) fn stream_origin(log: &LogName, stream: &StreamName) -> LogOrigin {
    LogOrigin::of_identifiers(format_args!("{log}/{stream}"))
}

impl Word for Retention {}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
