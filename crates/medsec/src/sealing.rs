//! What a grant to seal permits: one package, with what the policy demands of it.

use std::fmt;
use std::io::{Read, Write};
use std::path::Path;

use medsec_audit::Outcome;
use medsec_crypto::{
    Execution, OutputError, OutputOptions, PackageId, PendingFile, SealError, Sealed, Sealer,
};

use crate::conclusion::Conclusion;
use crate::error::ReleaseError;
use crate::hold::{Kept, Watched};
use crate::release::Release;

/// One package that may be sealed. It is on record that this is about to happen; how it ends is recorded when it
/// ends, or when this is dropped. Its calls block.
///
/// It ends with the session that it was granted in: its keys, the signer's too, are then erased, and a seal under way
/// is interrupted within 256 KiB.
pub struct SealGrant {
    package: PackageId,
    sealer: Kept<Sealer>,
    conclusion: Conclusion,
}

impl SealGrant {
    pub(crate) const fn new(
        package: PackageId,
        sealer: Kept<Sealer>,
        conclusion: Conclusion,
    ) -> Self {
        Self { package, sealer, conclusion }
    }

    /// The package's random name.
    #[must_use]
    pub const fn package_id(&self) -> PackageId {
        self.package
    }

    /// Seals into a new file that appears under `path` when it is complete, on record, and durable.
    ///
    /// # Errors
    /// [`ReleaseError`]; no file was made.
    pub fn seal_to_file<R: Read + Send>(
        self,
        reader: R,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Sealed, ReleaseError> {
        let file = match PendingFile::create(path, options) {
            Ok(file) => file,
            Err(error) => return Err(self.refused(error)),
        };
        let (sealed, release) = self.seal_to_release(reader, file, execution)?;
        release.publish()?;
        Ok(sealed)
    }

    /// Seals into a file that waits for its record and its name.
    ///
    /// # Errors
    /// [`ReleaseError`]; the file is gone.
    pub fn seal_to_release<R: Read + Send>(
        self,
        reader: R,
        file: PendingFile,
        execution: &Execution<'_>,
    ) -> Result<(Sealed, Release), ReleaseError> {
        let Self { sealer, mut conclusion, .. } = self;
        let sealed = sealing(&conclusion, sealer, execution, |sealer, execution| {
            sealer.seal_to_pending(reader, file, execution)
        });
        match sealed {
            Ok((sealed, file)) => {
                conclusion.account_mut().add_extent(sealed.plain_len, 1);
                Ok((sealed, Release::new(file, sealed.package_len, conclusion)))
            }
            Err(error) => Err(failed(conclusion, error)),
        }
    }

    /// Seals into a writer, which cannot take back what it was given.
    ///
    /// # Errors
    /// [`ReleaseError`]; what `writer` got is not a package, or its outcome is not on record.
    pub fn seal<R: Read + Send, W: Write + Send>(
        self,
        reader: R,
        writer: W,
        execution: &Execution<'_>,
    ) -> Result<Sealed, ReleaseError> {
        let Self { sealer, mut conclusion, .. } = self;
        let sealed = sealing(&conclusion, sealer, execution, |sealer, execution| {
            sealer.seal(reader, writer, execution)
        });
        match sealed.and_then(|sealed| Ok(conclusion.tether().check().map(|()| sealed)?)) {
            Ok(sealed) => {
                conclusion.account_mut().add_extent(sealed.plain_len, 1);
                conclusion.conclude(Outcome::Success)?;
                Ok(sealed)
            }
            Err(error) => Err(failed(conclusion, error)),
        }
    }

    fn refused(self, error: OutputError) -> ReleaseError {
        failed(self.conclusion, SealError::Output(error).into())
    }
}

/// Seals while the session lives.
fn sealing<T>(
    conclusion: &Conclusion,
    sealer: Kept<Sealer>,
    execution: &Execution<'_>,
    seal: impl FnOnce(Sealer, &Execution<'_>) -> Result<T, SealError>,
) -> Result<T, ReleaseError> {
    let sealer = sealer.take()?;
    let watched = Watched::new(conclusion.tether(), execution);
    let sealed = seal(sealer, &watched.execution(execution));
    sealed.map_err(|error| match (error, conclusion.tether().over()) {
        (SealError::Interrupted, Some(why)) => why.into(),
        (error, _) => error.into(),
    })
}

fn failed(conclusion: Conclusion, error: ReleaseError) -> ReleaseError {
    conclusion.fail(error.outcome());
    error
}

impl fmt::Debug for SealGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealGrant")
            .field("package", &self.package_id())
            .field("admission", self.conclusion.admission())
            .finish_non_exhaustive()
    }
}
