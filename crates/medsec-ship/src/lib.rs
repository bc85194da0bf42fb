//! The network edge of the audit log: places that keep a copy of it and places that remember how far it was.
//!
//! Each place implements [`Follower`](medsec_audit::Follower) or [`Anchor`](medsec_audit::Anchor) of medsec-audit and
//! stands behind a feature of its own. Nothing here is asked before a record counts as written, and nothing that
//! comes from a network is believed before it has been verified.
//!
//! Futures are boxed and run on the caller's Tokio runtime, which must drive I/O and time; there is none inside.
//! `docs/shipping.md` says what each place proves and how to set it up.

#![forbid(unsafe_code)]

#[cfg(any(feature = "http", feature = "postgres", feature = "syslog"))]
mod address;
#[cfg(any(feature = "http", feature = "postgres", feature = "syslog", feature = "s3"))]
mod deadline;
mod drive;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "syslog")]
mod syslog;
#[cfg(feature = "timestamp")]
mod timestamp;
#[cfg(any(feature = "http", feature = "postgres", feature = "syslog"))]
mod tls;
#[cfg(feature = "witness")]
mod witness;

#[cfg(any(feature = "http", feature = "postgres", feature = "syslog"))]
pub use crate::address::{Address, InvalidAddress};
#[cfg(any(feature = "http", feature = "postgres", feature = "syslog", feature = "s3"))]
pub use crate::deadline::NoAnswer;
pub use crate::drive::{
    AnchorDrive, AnchorParts, Cause, Diary, DiaryError, DiaryLimits, FollowerDrive, FollowerParts,
    Lag, Pace, PeerKind, PeerState, Progress, Until,
};
#[cfg(feature = "http")]
pub use crate::http::{Endpoint, HttpError, InvalidEndpoint};
#[cfg(feature = "postgres")]
pub use crate::postgres::{
    POSTGRES_MIGRATION, Password, PostgresError, PostgresFollower, PostgresSettings, ReadBack,
};
#[cfg(feature = "s3")]
pub use crate::s3::{S3Access, S3Anchor, S3Error, S3Keys, S3Settings};
#[cfg(feature = "syslog")]
pub use crate::syslog::{SyslogError, SyslogFollower, SyslogSettings};
#[cfg(feature = "timestamp")]
pub use crate::timestamp::{
    TimeStamp, TimeStampAuthority, TimeStampError, TimeStampRoots, TimeStampSettings,
};
#[cfg(any(feature = "http", feature = "postgres", feature = "syslog"))]
pub use crate::tls::{Tls, TlsError, TlsIdentity, TlsSettings};
#[cfg(feature = "witness")]
pub use crate::witness::{ProofSource, WitnessClient, WitnessError, WitnessSettings};
