//! Packages of a folder, met twice: first to learn what each was made of, then for its content.

use std::fs::File;
use std::path::Path;

use medsec_crypto::{
    Checked, Context, Dek, Header, HeaderHash, NotAuthentic, PackageId, SignerExpectation,
    Timestamp, Unlocked, UnlockedRecipients, VerifiedSignature,
};
use zeroize::Zeroizing;

use super::{Keys, walk};
use crate::failure::Failure;
use crate::openers::Fitting;

/// How the packages of a folder are opened.
pub(super) struct Reader<'a> {
    pub(super) folder: &'a Path,
    pub(super) keys: &'a Keys,
    pub(super) signer: SignerExpectation,
    pub(super) reproduced: &'a Context,
}

/// What a package says of itself; all of it is authentic, of the content nothing is known yet.
pub(super) struct Looked {
    pub(super) id: (PackageId, HeaderHash),
    pub(super) created_at: Timestamp,
    /// The path of the file that it was made of.
    pub(super) name: Option<String>,
    pub(super) kept: Kept,
}

/// What need not be found out again when a package is met for the second time.
pub(super) struct Kept {
    /// A key agreement takes longer than opening a small package.
    pub(super) dek: Dek,
    /// So does a signature.
    pub(super) signature: Option<VerifiedSignature>,
}

impl Kept {
    fn of(unlocked: Unlocked) -> Result<Self, NotAuthentic> {
        let signature = unlocked.verified_signature();
        let unlocked = UnlockedRecipients::from(unlocked);
        let mut copy = Zeroizing::new(*unlocked.dek().expose_secret());
        let dek = Dek::take_from(copy.as_mut_slice()).map_err(|_| NotAuthentic)?;
        Ok(Self { dek, signature })
    }
}

impl Reader<'_> {
    /// The header, of which nothing is authentic; the file stands behind it.
    pub(super) fn header(&self, package: &Path) -> Result<(File, Header), Failure> {
        let mut file = walk::open(self.folder, package)?.file;
        let header = Header::read_patiently(&mut file)?;
        Ok((file, header))
    }

    /// Whether there is a key for the package.
    pub(super) fn find_key(&self, header: &Header) -> Result<(), Failure> {
        self.keys.fitting(header).map(drop)
    }

    /// What the package says of itself.
    pub(super) fn look(&self, file: File, header: Header) -> Result<Looked, Failure> {
        let (checked, fitting) = self.check(header)?;
        let unlocked = checked.unlock_with(&fitting.identities())?;
        let metadata = unlocked.read_metadata(file)?;
        let core = unlocked.header().core();
        let (package_id, created_at) = (core.package_id, core.created_at);
        let id = (package_id, unlocked.header().hash());
        let name = metadata.and_then(|mut data| data.file_name.take());
        Ok(Looked { id, created_at, name, kept: Kept::of(unlocked)? })
    }

    /// The package again, with what was kept of it.
    pub(super) fn open(
        &self,
        package: &Path,
        kept: Option<Kept>,
    ) -> Result<(File, Unlocked), Failure> {
        let (file, header) = self.header(package)?;
        let (checked, _) = self.check(header)?;
        let Kept { dek, signature } = kept.ok_or(NotAuthentic)?;
        let unlocked = checked.unlock(dek)?;
        Ok((
            file,
            match signature {
                Some(signature) => unlocked.with_verified_signature(signature),
                None => unlocked,
            },
        ))
    }

    fn check(&self, header: Header) -> Result<(Checked, Fitting), Failure> {
        let fitting = self.keys.fitting(&header)?;
        let expectation = fitting.expectation(&self.signer, self.reproduced);
        Ok((header.check(expectation)?, fitting))
    }
}
