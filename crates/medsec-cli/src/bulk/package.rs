//! Packages of a folder, met twice: first to learn what each was made of, then for its content.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use medsec::{FileNameAmong, Grant, OpenRequest, OpenWish, Parked, UseError};
use medsec_crypto::{Header, HeaderHash, PackageId, Timestamp};

use super::walk;
use crate::custody::Custody;
use crate::failure::Failure;

/// How the packages of a folder are opened.
pub(super) struct Reader<'a> {
    pub(super) folder: &'a Path,
    pub(super) custody: &'a Custody,
    pub(super) wish: &'a OpenWish,
    /// The names that whoever only verifies may find again; none where the wish is to open.
    pub(super) names: Option<&'a HashSet<String>>,
}

/// The path of the file that a package was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MadeOf {
    /// It says none.
    Unnamed,
    Named(String),
    /// It is none of those that are asked for.
    Another,
}

/// What a package says of itself; all of it is authentic, of the content nothing is known yet.
pub(super) struct Looked {
    pub(super) id: (PackageId, HeaderHash),
    pub(super) created_at: Timestamp,
    pub(super) made_of: MadeOf,
    /// The grant, put aside: what it took to get it need not be done again.
    pub(super) parked: Option<Parked>,
}

impl Reader<'_> {
    /// The header, of which nothing is authentic; the file stands behind it.
    pub(super) fn header(&self, package: &Path) -> Result<(File, Header), Failure> {
        walk::header(self.folder, package)
    }

    /// As [`Self::header`], for a package that is to be opened: that it is none stands in the log.
    pub(super) fn header_to_open(&self, package: &Path) -> Result<(File, Header), Failure> {
        let mut file = walk::open(self.folder, package)?.file;
        match Header::read_patiently(&mut file) {
            Ok(header) => Ok((file, header)),
            // It is refused; the grant that there never is would end with its record.
            malformed => Ok((file, self.custody.open(malformed, self.wish)?.header().clone())),
        }
    }

    /// Whether there is a key for the package.
    pub(super) fn has_key(&self, header: &Header) -> Result<(), Failure> {
        self.custody.find_key(header)
    }

    /// What packages say of themselves; the grants are recorded together.
    pub(super) fn look_all(
        &self,
        packages: Vec<(File, Header)>,
    ) -> impl Iterator<Item = Result<Looked, Failure>> {
        let (files, requests): (Vec<File>, Vec<_>) = packages
            .into_iter()
            .map(|(file, header)| (file, OpenRequest { header: Ok(header), wish: self.wish }))
            .unzip();
        let granted = self.custody.open_all(requests);
        files.into_iter().zip(granted).map(|(file, granted)| self.looked(file, granted?))
    }

    /// The package again, under the grant that was put aside.
    pub(super) fn open(&self, package: &Path, parked: Parked) -> Result<(File, Grant), Failure> {
        // The grant ends with its record if the package is not there any more.
        let (file, header) = self.header(package)?;
        Ok((file, parked.resume(header)?))
    }

    fn looked(&self, file: File, grant: Grant) -> Result<Looked, Failure> {
        let made_of = match self.made_of(file, &grant) {
            Ok(made_of) => made_of,
            Err(error) => return Err(given_up(grant, error)),
        };
        let core = grant.header().core();
        let (id, created_at) = ((core.package_id, grant.header().hash()), core.created_at);
        Ok(Looked { id, created_at, made_of, parked: Some(grant.park()?) })
    }

    fn made_of(&self, file: File, grant: &Grant) -> Result<MadeOf, UseError> {
        let Some(names) = self.names else {
            let name = grant.read_metadata(file)?.and_then(|mut data| data.file_name.take());
            return Ok(name.map_or(MadeOf::Unnamed, MadeOf::Named));
        };
        Ok(match grant.file_name_among(file, names)? {
            FileNameAmong::Unnamed => MadeOf::Unnamed,
            FileNameAmong::One(name) => MadeOf::Named(name.to_owned()),
            FileNameAmong::Another => MadeOf::Another,
        })
    }
}

/// Ends a grant of which nothing came.
pub(crate) fn given_up(grant: Grant, error: UseError) -> Failure {
    // Nothing was released; that the record failed too would only hide why.
    let _ = grant.close(Err(&error));
    error.into()
}
