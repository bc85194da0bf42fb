//! What can be done with a grant again and again: verifying, and readers.

use std::collections::HashSet;
use std::io::{Read, Seek};
use std::sync::Mutex;

use medsec_crypto::{
    Backend, Execution, Metadata, OpenError, Opened, RangeReader, ReleasingReader, SideCar,
    UnsignedRange,
};

use super::{Grant, Granted, Source};
use crate::error::UseError;

/// What a package says of the name of its file, to whoever has names to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these three")]
pub enum FileNameAmong<'n> {
    /// It says none.
    Unnamed,
    /// It says this one.
    One(&'n str),
    /// It says one that was not asked for.
    Another,
}

impl Grant {
    /// Reads the whole package and releases nothing.
    ///
    /// # Errors
    /// [`UseError`] with what is wrong.
    pub fn verify<R: Read + Seek + Send>(
        &self,
        source: R,
        execution: &Execution<'_>,
    ) -> Result<Opened, UseError> {
        self.while_live(execution, |unlocked, execution| unlocked.verify(source, execution))
    }

    /// Whether the package holds exactly what `content` does; see [`Unlocked::compare`](medsec_crypto::Unlocked::compare).
    ///
    /// # Errors
    /// [`UseError`] with what is wrong with either.
    pub fn compare<R: Read + Seek + Send, C: Read + Send>(
        &self,
        source: R,
        content: C,
        execution: &Execution<'_>,
    ) -> Result<Option<Opened>, UseError> {
        self.while_live(execution, |unlocked, execution| {
            unlocked.compare(source, content, execution)
        })
    }

    /// The metadata alone; see [`Unlocked::read_metadata`](medsec_crypto::Unlocked::read_metadata).
    ///
    /// # Errors
    /// [`UseError`] if they are damaged, the session is over, or the grant is one to verify, which releases nothing.
    pub fn read_metadata<R: Read + Seek + Send>(
        &self,
        source: R,
    ) -> Result<Option<Metadata>, UseError> {
        let unlocked = self.kept.begin()?;
        match self.bounds.releases_nothing {
            true => Err(OpenError::Unfinished.into()),
            false => Ok(unlocked.read_metadata(source)?),
        }
    }

    /// Whether the package says that its file is called by one of these names. Of another one nothing is told but that
    /// it is another: also a grant to verify permits it.
    ///
    /// # Errors
    /// [`UseError`] if the metadata are damaged, or the session is over.
    pub fn file_name_among<'n, R: Read + Seek + Send>(
        &self,
        source: R,
        names: &'n HashSet<String>,
    ) -> Result<FileNameAmong<'n>, UseError> {
        let metadata = self.kept.begin()?.read_metadata(source)?;
        let name = metadata.as_ref().and_then(|data| data.file_name.as_ref());
        Ok(name.map_or(FileNameAmong::Unnamed, |name| {
            names.get(name).map_or(FileNameAmong::Another, |name| FileNameAmong::One(name))
        }))
    }

    /// Random access to a package of which no signer is required.
    ///
    /// # Errors
    /// [`UseError`]; nothing was released.
    pub fn reader<R: Read + Seek + Send + 'static>(
        &self,
        source: R,
        backend: Backend,
    ) -> Result<Granted<'_, RangeReader<Source<R>>>, UseError> {
        let unlocked = self.releasable(true)?;
        self.lend(source, |source| Ok(unlocked.ranged(source, backend)?))
    }

    /// Random access to a signed package with its side-car.
    ///
    /// # Errors
    /// [`UseError`]; nothing was released.
    pub fn reader_with<R: Read + Seek + Send + 'static>(
        &self,
        source: R,
        side_car: SideCar,
        backend: Backend,
    ) -> Result<Granted<'_, RangeReader<Source<R>>>, UseError> {
        let unlocked = self.releasable(true)?;
        self.lend(source, |source| Ok(unlocked.ranged_with(source, side_car, backend)?))
    }

    /// Random access to a signed package without a side-car: reads and checks all of it first.
    ///
    /// # Errors
    /// [`UseError`]; nothing was released.
    pub fn reader_after_reading_all<R: Read + Seek + Send + 'static>(
        &self,
        mut source: R,
        execution: &Execution<'_>,
    ) -> Result<Granted<'_, RangeReader<Source<R>>>, UseError> {
        let unlocked = self.releasable(true)?;
        let max_chunks = self.expectation.limits.max_chunks;
        let side_car = self.while_live(execution, |_, execution| {
            SideCar::build(self.header(), &mut source, max_chunks, execution)
        })?;
        self.lend(source, |source| Ok(unlocked.ranged_with(source, side_car, execution.backend)?))
    }

    /// Random access without the proof of origin that is required; the type says so.
    ///
    /// # Errors
    /// [`UseError`]; nothing was released. Refused where the policy requires signatures.
    pub fn danger_unsigned_reader<R: Read + Seek + Send + 'static>(
        &self,
        source: R,
        backend: Backend,
    ) -> Result<Granted<'_, UnsignedRange<Source<R>>>, UseError> {
        let unlocked = self.releasable(false)?;
        self.lend(source, |source| Ok(unlocked.danger_ranged_unsigned(source, backend)?))
    }

    /// Content that goes out chunk by chunk, before the end of the package and its signature are verified.
    ///
    /// # Errors
    /// [`UseError`] if the backend refuses the key; [`OpenError::Unfinished`](medsec_crypto::OpenError::Unfinished)
    /// where the policy requires signatures and [`Self::verify`] has not been called before.
    pub fn danger_release_unverified<R: Read + Send + 'static>(
        &self,
        rest: R,
        backend: Backend,
    ) -> Result<Granted<'_, ReleasingReader<'static, Source<R>>>, UseError> {
        let unlocked = self.releasable(false)?;
        self.lend(rest, |rest| Ok(unlocked.danger_release_unverified_shared(rest, backend)?))
    }

    /// A reader that the end of the session erases, of a source that it does not.
    fn lend<R: Send + 'static, T: Send + 'static>(
        &self,
        source: R,
        reader: impl FnOnce(Source<R>) -> Result<T, UseError>,
    ) -> Result<Granted<'_, T>, UseError> {
        let source = Source::new(source);
        let held = source.held();
        let reader = self.kept.beside(Mutex::new(reader(source)?))?;
        Ok(Granted::new(reader, held, self.conclusion.read()))
    }
}
