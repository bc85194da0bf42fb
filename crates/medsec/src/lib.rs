//! The gate and the Custodian: protected health information is opened, sealed, rewrapped or handed on only after a
//! decision of the policy and a durable record in the audit log.
//!
//! A [`Custodian`] joins what the other crates of medsec offer: packages (`medsec-crypto`), keys (`medsec-kms`),
//! the audit log (`medsec-audit`) and the policy (`medsec-policy`). Each part stands behind a trait and can be
//! another one. The order of things is held by types, see [`gate`].
//!
//! What is claimed holds for code that has a [`Custodian`] and nothing else. Who takes `medsec-crypto` alone
//! composes for himself.

#![forbid(unsafe_code)]

mod account;
mod conclusion;
mod custodian;
mod emergencies;
mod error;
pub mod gate;
mod grant;
mod hold;
#[cfg(feature = "https-key-set")]
mod https_key_set;
mod journal;
mod login;
mod policy;
mod release;
mod sealing;
mod session;
mod shared;
mod signer;
mod tally;
mod time;

pub use crate::custodian::{
    Aim, Confirmed, Custodian, CustodianError, EmergencyKeyUse, EmergencyNote, EmergencyStep,
    EndedRewraps, ExportGrant, NewList, OpenRequest, OpenWish, Parts, RewrapBatch, RewrapGrant,
    RewrapWish, SealRequest, SealWish, SessionChange, Unbound, UnseenRequest, UnseenWish,
    WantedRecipients,
};
pub use crate::emergencies::{BookEntry, BookError, Emergencies, EmergencyBook, NoEmergencies};
pub use crate::error::{Demand, Refused, ReleaseError, UseError};
pub use crate::grant::{FileNameAmong, Grant, Granted, Parked, RangeAccess, Source};
pub use crate::hold::{Hold, Holdings, KeyHandle};
#[cfg(feature = "https-key-set")]
pub use crate::https_key_set::{
    HttpsKeySet, HttpsKeySetSetup, InvalidProviderAddress, KeySetFetchError, KeySetLimits,
    KeySetPlace, KeySetSetupError, ProviderAddress, ProviderRoots,
};
pub use crate::journal::{Journal, JournalError, Recorded};
pub use crate::login::{LoggedIn, Login, NotLoggedIn};
pub use crate::policy::PolicyInForce;
pub use crate::release::{Release, ReleaseGroup};
pub use crate::sealing::SealGrant;
pub use crate::session::{SessionLogin, Unlocks};
pub use crate::shared::{SharedKeys, Sharing};
pub use crate::signer::Signer;
pub use crate::time::ClockFault;
