//! Packages of a folder, met twice: first to learn what each was made of, then for its content.

use std::fs::File;
use std::path::Path;

use medsec_crypto::{
    Checked, Context, Dek, Header, HeaderHash, NotAuthentic, PackageId, SignerExpectation,
    Timestamp, Unlocked, UnlockedRecipients,
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
    /// So that a key agreement, which takes longer than opening a small package, is done once.
    pub(super) dek: Dek,
}

impl Reader<'_> {
    /// The header, of which nothing is authentic; the file stands behind it.
    pub(super) fn header(&self, package: &Path) -> Result<(File, Header), Failure> {
        let mut file = walk::open(self.folder, package)?.file;
        let header = Header::read_patiently(&mut file)?;
        Ok((file, header))
    }

    /// What the package says of itself.
    pub(super) fn look(&self, file: File, header: Header) -> Result<Looked, Failure> {
        let (checked, fitting) = self.check(header)?;
        let unlocked = checked.unlock_with(&fitting.identities())?;
        let metadata = unlocked.read_metadata(file)?;
        let core = unlocked.header().core();
        let (package_id, created_at) = (core.package_id, core.created_at);
        let id = (package_id, unlocked.header().hash());
        let unlocked = UnlockedRecipients::from(unlocked);
        let mut copy = Zeroizing::new(*unlocked.dek().expose_secret());
        let dek = Dek::take_from(copy.as_mut_slice()).map_err(|_| NotAuthentic)?;
        let name = metadata.and_then(|mut data| data.file_name.take());
        Ok(Looked { id, created_at, name, dek })
    }

    /// The package again, with the data key it had.
    pub(super) fn open(
        &self,
        package: &Path,
        dek: Option<Dek>,
    ) -> Result<(File, Unlocked), Failure> {
        let (file, header) = self.header(package)?;
        let (checked, _) = self.check(header)?;
        Ok((file, checked.unlock(dek.ok_or(NotAuthentic)?)?))
    }

    fn check(&self, header: Header) -> Result<(Checked, Fitting), Failure> {
        let fitting = self.keys.fitting(&header)?;
        let expectation = fitting.expectation(&self.signer, self.reproduced);
        Ok((header.check(expectation)?, fitting))
    }
}
