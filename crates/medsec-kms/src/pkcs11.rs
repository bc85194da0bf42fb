//! Keys on a PKCS#11 token: an HSM, a smart card, or SoftHSM.
//!
//! ```text
//! key_ref = token serial number ‖ 0 ‖ CKA_ID
//! wrapped = AES-KWP (RFC 5649) of data key(32) ‖ bind(32), 72 bytes
//! CKA_ID  = SHA-256("medsec/pkcs11-key/v1" ‖ 0 ‖ CKA_LABEL)[..16] ‖ version u32 ‖ made u64 ‖ max_age_days u32,
//!           32 bytes, big-endian, for keys made here; `made` in seconds since 1970, 0 days for no limit
//! ```
//!
//! A key is what has one `CKA_LABEL`: its versions are objects of that label, each with a `CKA_ID` of its own. Keys that
//! were made by other programs may have any id, as long as one object has the label when the first version is made here.
//!
//! **What the token does.** `C_WrapKey` and `C_UnwrapKey` with `CKM_AES_KEY_WRAP_PAD`: the wrapping key never leaves it.
//! The data key is in this process, where the package is sealed and opened, and passes through the token as a session
//! object that is destroyed at once: for wrapping one that can be wrapped and not read, after unwrapping one that can be
//! read. Tokens that do not permit such an object (some HSMs in FIPS mode) cannot be used. Data keys are drawn by this
//! process, since it needs them in clear anyway. The token sees no dataset, and the bind as bytes among the wrapped.
//!
//! **Blocking.** Calls of a module block. They are made by threads of this service, one for each session, so that no
//! poll waits for one.
//!
//! Specification: PKCS#11 v2.40 (OASIS), and RFC 5649 for the mechanism.

mod admin;
mod desk;
mod fault;
mod keys;
mod label;
mod logins;
mod module;
mod object;
mod reply;
mod settings;
mod workers;
mod wrap;

pub use self::admin::Pkcs11Admin;
pub use self::keys::Pkcs11Keys;
pub use self::settings::{InvalidToken, Pkcs11Settings, TokenPin, TokenSerial};
