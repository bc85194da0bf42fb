//! Time stamps of checkpoints by an authority, as RFC 3161 describes them.
//!
//! A token says that the authority has seen these bytes at that time. It verifies with the authority's root alone, by
//! [`TimeStamp::verify`] and by `openssl ts -verify`.

mod certificate;
mod der;
mod error;
mod info;
mod response;
mod roots;
mod token;

use std::fmt;
use std::time::{Duration, SystemTime};

use medsec_audit::{
    Anchor, Anchored, LogOrigin, LogTime, Note, OutsideError, OutsideFuture, PeerName, Recalled,
};
use sha2::{Digest as _, Sha256};

pub use self::error::TimeStampError;
pub use self::roots::TimeStampRoots;
pub use self::token::TimeStamp;
use crate::http::{Endpoint, Post};

/// Longest answer: a token with a long chain of certificates has some ten thousand bytes.
const MAX_ANSWER_LEN: usize = 256 << 10;
const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";
/// What our clock and the authority's may differ in a fresh token.
const CLOCKS_DIFFER: Duration = Duration::from_secs(600);

/// A number that is used once: eight bytes, the first from 0x40 to 0x7F, so that its DER has one length.
type Nonce = [u8; 8];

/// What a client is made of.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct TimeStampSettings {
    /// What the log calls it.
    pub name: PeerName,
    /// Where requests go.
    pub endpoint: Endpoint,
    /// From whom the authority's certificate must come.
    pub roots: TimeStampRoots,
    /// How long a request may take.
    pub patience: Duration,
}

/// Asks a time-stamp authority for tokens over checkpoints.
pub struct TimeStampAuthority {
    settings: TimeStampSettings,
}

impl TimeStampAuthority {
    /// Puts a client together. No connection is made yet.
    #[must_use]
    pub const fn new(settings: TimeStampSettings) -> Self {
        Self { settings }
    }

    async fn stamp(&self, note: &Note) -> Result<Anchored, OutsideError> {
        let note = note.render();
        let nonce = nonce().map_err(|error| OutsideError::Unfit(Box::new(error)))?;
        let post = Post {
            path: "",
            kind: QUERY,
            body: request(note.as_bytes(), nonce),
            max_answer: MAX_ANSWER_LEN,
        };
        let answer = self.settings.endpoint.post(self.settings.patience, post).await?;
        match answer.status {
            200 => {}
            429 | 500.. => {
                return Err(OutsideError::Unreachable(Box::new(TimeStampError::Status(
                    answer.status,
                ))));
            }
            status => return Err(OutsideError::Refused(Box::new(TimeStampError::Status(status)))),
        }
        let kind = answer.kind.as_deref().and_then(|kind| kind.split(';').next());
        if kind.map(str::trim) != Some(REPLY) {
            return Err(unusable(TimeStampError::Malformed));
        }
        let token = response::token(&answer.body)?;
        let stamp = TimeStamp::verify(token, note.as_bytes(), &self.settings.roots);
        check_fresh(&stamp.map_err(unusable)?, nonce).map_err(unusable)?;
        Ok(Anchored::TimeStamped(token.to_vec()))
    }
}

impl Anchor for TimeStampAuthority {
    fn name(&self) -> &PeerName {
        &self.settings.name
    }

    fn publish<'a>(&'a self, checkpoint: &'a Note) -> OutsideFuture<'a, Anchored> {
        Box::pin(self.stamp(checkpoint))
    }

    /// Nothing: an authority signs, and keeps no list that could be asked for.
    fn recall<'a>(&'a self, _: &'a LogOrigin) -> OutsideFuture<'a, Recalled> {
        Box::pin(std::future::ready(Ok(Recalled::NotKept)))
    }
}

/// The token is the answer to this request, and of now: else an old one could be passed off as new.
fn check_fresh(stamp: &TimeStamp, nonce: Nonce) -> Result<(), TimeStampError> {
    if stamp.nonce() != Some(&nonce[..]) {
        return Err(TimeStampError::Nonce);
    }
    let now = LogTime::from(SystemTime::now()).unix_millis();
    let differ = now.abs_diff(stamp.time().unix_millis());
    let near = u128::from(differ) <= CLOCKS_DIFFER.as_millis();
    near.then_some(()).ok_or(TimeStampError::Clock)
}

fn nonce() -> Result<Nonce, TimeStampError> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|_| TimeStampError::Random)?;
    let [first, ..] = &mut nonce;
    *first = *first & 0x7F | 0x40;
    Ok(nonce)
}

/// TimeStampReq: version 1, SHA-256 of the bytes, the nonce, and the wish for the authority's certificates.
fn request(bytes: &[u8], nonce: Nonce) -> Vec<u8> {
    let digest = Sha256::digest(bytes);
    // SEQUENCE { INTEGER 1, SEQUENCE { SEQUENCE { sha256, NULL }, OCTET STRING (32) } }
    let before = [
        0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
        0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
    ];
    [&before[..], &digest, &[0x02, 0x08], &nonce, &[0x01, 0x01, 0xFF]].concat()
}

fn unusable(error: TimeStampError) -> OutsideError {
    OutsideError::Answer(Box::new(error))
}

impl fmt::Debug for TimeStampAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeStampAuthority({})", self.settings.name)
    }
}
