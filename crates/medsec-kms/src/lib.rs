//! Keys of medsec at rest: identity files, the passphrase slot they share with the local key store, the strings
//! in which partners exchange public keys, and emergency keys that exist as shares only.
//!
//! An identity file holds one private key: X25519 or X-Wing to open packages with, or Ed25519 to sign
//! them. The formats are described in `docs/formats/identity.md`.
//!
//! Key services on a network are behind a feature each: `aws` (AWS KMS), which needs Rust 1.94.1 where the rest of the
//! crate needs 1.89.
//!
//! ```
//! use medsec_crypto::Timestamp;
//! use medsec_kms::{IdentityFile, KeyKind, PrivateKey, PublicKey};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = PrivateKey::generate(KeyKind::X25519)?;
//! let partner_gets = key.public_key().to_string();
//! let now = Timestamp::from(std::time::SystemTime::now());
//! let text = IdentityFile::plain(key, now).render();
//!
//! let read = IdentityFile::parse(text.as_bytes())?;
//! assert_eq!(*read.public_key(), partner_gets.parse::<PublicKey>()?);
//! assert_eq!(read.unlock(None)?.public_key(), *read.public_key());
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

#[cfg(feature = "aws")]
mod aws;
mod cache;
mod decorate;
mod emergency;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod identity;
mod keyring;
mod name;
mod passphrase;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod private_key;
mod public_key;
#[cfg(any(feature = "aws", feature = "vault"))]
mod remote;
mod secret;
mod service;
mod services;
mod steps;
mod store;
mod text_value;
mod timer;
mod utc;
#[cfg(feature = "vault")]
mod vault;

#[cfg(feature = "aws")]
pub use crate::aws::{
    AwsAccessKey, AwsAddress, AwsAdmin, AwsBootstrap, AwsBootstrapError, AwsConnection,
    AwsCredentials, AwsDatasets, AwsKeyError, AwsKeyFacts, AwsKeyOrigin, AwsKeyScope, AwsKeys,
    AwsNewKey, AwsOpenError, AwsPatience, AwsPolicies, AwsPrincipals, AwsRoots, AwsSettings,
    KeyArn,
};
pub use crate::cache::{
    KeyDates, OpeningCache, SealingCache, SharedKeyError, SharedKeyLimits, SharedScope, SharedSeal,
};
pub use crate::decorate::{
    Breaker, BreakerLimits, Deadline, Guards, Limit, PlaintextAgain, Retry, RetryLimits,
};
pub use crate::emergency::{
    AddShareError, CombineError, EmergencySet, EmergencyShares, InvalidScheme, LoadShareError,
    MAX_SHARE_LEN, NewShare, ShareFormatError, ShareScheme, ShareText, StageError,
};
pub use crate::identity::{
    IdentityFile, IdentityFormatError, LoadError, MAX_IDENTITY_LEN, ProtectError, ReplaceError,
    UnlockError,
};
pub use crate::keyring::Keyring;
pub use crate::name::{Digest, EmergencySetId, KeyId, KeyName, StoreId, UserName};
pub use crate::passphrase::{
    Argon2Params, InvalidPassphrase, MAX_SLOT_SECRET_LEN, Passphrase, PassphraseKdf,
    PassphraseSlot, SlotError,
};
#[cfg(feature = "pkcs11")]
pub use crate::pkcs11::{
    InvalidToken, Pkcs11Admin, Pkcs11Keys, Pkcs11Settings, TokenPin, TokenSerial,
};
pub use crate::private_key::PrivateKey;
pub use crate::public_key::{KeyKind, PublicKey, PublicKeyError};
#[cfg(any(feature = "aws", feature = "vault"))]
pub use crate::remote::{InvalidAddress, ServiceAddress};
pub use crate::service::{
    Claim, ConnectionFault, FileFault, KeyAdmin, KeyContext, KeyDescription, KeyFuture, KeyFutures,
    KeyProxy, KeyService, KeyServiceError, KeySpec, KeyState, Standing, TokenFault,
};
pub use crate::services::{InvalidService, KeyServices, ServiceName};
pub use crate::store::{
    Administrator, Change, ChangeError, Clock, CopyContents, CopyError, KeyView, LocalStore,
    MAX_STORE_LEN, NewUser, Present, Restored, Role, StoreAdmin, StoreError, StorePlace,
    SystemClock, UnlockStoreError, UserKeys, UserView, contents_of_copy,
};
pub use crate::timer::{Sleep, ThreadTimer, Timer};
pub use crate::utc::UtcTime;
#[cfg(feature = "vault")]
pub use crate::vault::{
    BootstrapError, BootstrapPlan, BootstrapSpec, BootstrapStep, Patience, SecretText, VaultAdmin,
    VaultHealth, VaultIdentity, VaultKeys, VaultLogin, VaultPlace, VaultSettings,
};
