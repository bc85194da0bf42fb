//! Why a manifest was not believed, or not signed. No error holds a name or a line's text: names of files
//! may be those of patients.

use std::io;

use super::{MAX_MANIFEST_LEN, MAX_MANIFEST_PACKAGES};
use crate::error::RandomError;

/// Why a manifest was not accepted. Nothing of it is to be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The source failed.
    #[error("reading the manifest failed")]
    Read(#[source] io::Error),
    /// Longer than a manifest may be.
    #[error("longer than the {MAX_MANIFEST_LEN} bytes a manifest may have")]
    TooLong,
    /// The first line is missing.
    #[error("not a manifest")]
    NotAManifest,
    /// The last line is no signature.
    #[error("the manifest does not end with its signature: it was cut or edited")]
    Cut,
    /// A line is not as it must be.
    #[error("line {line} of the manifest is not as it must be")]
    Line {
        /// Its number, from 1.
        line: u64,
    },
    /// It lists more packages than a manifest may.
    #[error("the manifest lists more than {MAX_MANIFEST_PACKAGES} packages")]
    TooManyPackages,
    /// The signer is none of those expected.
    #[error("the manifest is signed by another key than those expected")]
    UnexpectedSigner,
    /// The signature does not verify under the signer's key.
    #[error("the manifest is not what was signed: it was cut or edited")]
    Signature,
    /// Names are not ascending, or a name or package stands there twice. Its signer made it so.
    #[error("the manifest's packages are out of order or repeated")]
    Order,
}

/// Why no manifest was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignManifestError {
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// More packages than a manifest may list.
    #[error("more than the {MAX_MANIFEST_PACKAGES} packages a manifest may list")]
    TooManyPackages,
    /// The text would be longer than a manifest may be.
    #[error("longer than the {MAX_MANIFEST_LEN} bytes a manifest may have")]
    TooLong,
    /// Two packages have the same name.
    #[error("two packages have the same name")]
    RepeatedName,
    /// Two names have the same package.
    #[error("the same package has two names")]
    RepeatedPackage,
    /// The last possible version has been signed.
    #[error("the manifest has reached its last version")]
    TooManyVersions,
}
