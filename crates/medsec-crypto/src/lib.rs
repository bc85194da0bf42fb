//! Sealed packages for medical data.
//!
//! A sealed package is one file that holds a content of any size encrypted under a data key of its own,
//! the data key wrapped for each recipient, and, if wanted, encrypted metadata and a signature. It opens
//! only with a recipient's key *and* the context it was sealed with; every changed, moved or missing
//! byte is noticed before content is released. Memory does not grow with the file.
//!
//! The format is described byte by byte in `docs/formats/sealed-package.md`.
//!
//! # Sealing and opening
//!
//! ```
//! use std::io::Cursor;
//! use medsec_crypto::{
//!     Checked, Context, Draft, Execution, Expectation, HpkeIdentity, HpkeKind, Identity, Limits,
//!     PackageSpec, PolicyExpectation, SignerExpectation, Timestamp,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = HpkeIdentity::generate(HpkeKind::X25519)?;
//! let mut patient = Context::new();
//! patient.insert("patient", "MRN-0042")?;
//!
//! let mut spec = PackageSpec::default();
//! spec.reproduced = patient.clone();
//! let created_at = Timestamp::from(std::time::SystemTime::now());
//! let package = Draft::new(spec, created_at, None)?
//!     .seal_to(&[identity.recipient()])?
//!     .seal_bytes(b"a finding")?;
//!
//! let expectation = Expectation {
//!     policy: PolicyExpectation::Any,
//!     signer: SignerExpectation::NotRequired,
//!     keys: vec![identity.key_ref()],
//!     reproduced: patient,
//!     limits: Limits::default(),
//! };
//! let mut source = Cursor::new(&package);
//! let unlocked = Checked::read(&mut source, expectation)?.unlock_with(&[&identity])?;
//! let (content, _) = unlocked.open_to_memory(source, 1024, &Execution::default())?;
//! assert_eq!(*content, b"a finding");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! Changing recipients is rotation, not revocation: who had the data key keeps it, and whoever controls
//! the storage can put back an older recipient list. Nothing here decides who may open what, and nothing
//! records it: that is for the crates above this one.

#![forbid(unsafe_code)]

mod assurance;
mod backend;
mod cobblestone;
mod context;
mod error;
mod execution;
mod expectation;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod header;
mod ids;
mod inspect;
mod label;
mod manifest;
mod merkle;
mod metadata;
mod open;
mod output;
mod pipeline;
mod range;
mod recipient;
mod rewrap;
mod seal;
mod secret;
mod sidecar;
mod signature;
mod strided;
mod suite;
mod trailer;
mod verify;
mod wire;

pub use crate::assurance::{Assurance, PackageAssurance};
pub use crate::cobblestone::{open_message, seal_message};
pub use crate::context::{
    Context, ContextKey, MAX_CONTEXT_KEY_LEN, MAX_CONTEXT_LEN, MAX_CONTEXT_PAIRS,
    MAX_CONTEXT_VALUE_LEN,
};
pub use crate::error::{
    FormatError, InvalidKeyLength, InvalidValue, NotAuthentic, Part, RandomError,
};
pub use crate::execution::{Execution, Observer};
pub use crate::expectation::{
    Expectation, ExpectationError, Limits, MAX_UNWRAP_ATTEMPTS, PolicyExpectation, SharedDataKey,
    SignerExpectation, context_difference,
};
pub use crate::header::core::{Core, RecipientProfile};
pub use crate::header::slot::{MAX_SLOT_LEN, MAX_STANZAS, MIN_SLOT_LEN};
pub use crate::header::stanza::{KeyRef, MAX_KEY_REF_LEN, MAX_WRAPPED_LEN, Stanza, StanzaKind};
pub use crate::header::{Header, HeaderError, SlotCondition};
pub use crate::ids::{
    Bind, ContentType, DatasetId, DekId, HeaderHash, ManifestHash, ManifestId, MerkleRoot,
    PackageId, PolicyHash, SlotDigest, Timestamp,
};
pub use crate::inspect::Inspection;
pub use crate::manifest::{
    Comparison, Finding, Found, FoundPackage, MAX_MANIFEST_LEN, MAX_MANIFEST_PACKAGES, Manifest,
    ManifestEntry, ManifestError, ManifestRoom, PackageName, SeenManifest, SignManifestError,
    SuccessionError,
};
pub use crate::metadata::{MAX_METADATA_LEN, MAX_METADATA_TEXT_LEN, Metadata};
pub use crate::open::{Checked, OpenError, Opened, ReleasingReader, Unlocked};
pub use crate::output::{
    Access, Existing, GroupLimits, OutputError, OutputGroup, OutputOptions, PendingFile,
    is_unfinished, sweep_unfinished, write_file,
};
pub use crate::range::{RangeError, RangeReader, UnsignedRange};
pub use crate::recipient::{
    HpkeIdentity, HpkeKind, HpkeRecipient, Identity, LocalKek, Recipient, WrapError,
};
pub use crate::rewrap::{
    Confirmation, LockedPackage, NewRecipients, PackageFile, RewrapError, RewrapGroup, Rewrapped,
    StartedRewrap, UnlockedRecipients,
};
pub use crate::seal::{Draft, PackageSpec, SealError, SealWriter, Sealed, Sealer};
pub use crate::secret::{Dek, KEY_LEN, Kek};
pub use crate::sidecar::{MAX_SIDE_CAR_LEN, SideCar, SideCarError};
pub use crate::signature::{SIGNATURE_LEN, SigningKey, VerifyingKey};
pub use crate::suite::{Backend, Suite};
pub use crate::trailer::{SignatureError, VerifiedSignature};
pub use crate::verify::Origin;
