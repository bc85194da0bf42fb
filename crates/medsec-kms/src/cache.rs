//! Shared data keys: one data key for many packages, so that a key service is asked once for all of them.
//!
//! Nothing here is used unless somebody makes one of these caches. A package says in its header that it is sealed under
//! a shared data key, and who opens it must accept that
//! ([`SharedDataKey::Accepted`](medsec_crypto::SharedDataKey)). A shared data key belongs to one dataset, one policy,
//! one suite and one set of keys, and protects at most 2^20 packages and 1 TiB; what is not counted is not sealed.
//! Whoever gets at it can read all its packages, and who was given one of them by rewrapping can too: see
//! `docs/key-services.md`.

mod dates;
mod limits;
mod opening;
mod sealing;

pub use self::dates::KeyDates;
pub use self::limits::SharedKeyLimits;
pub use self::opening::OpeningCache;
pub use self::sealing::{SealingCache, SharedKeyError, SharedScope, SharedSeal};
