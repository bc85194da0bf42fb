//! What a grant to open permits: the content of one package, in one of several ways, each of them recorded.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use medsec_audit::Outcome;
use medsec_crypto::{
    Backend, Dek, Execution, Expectation, Header, Metadata, OpenError, Opened, OutputOptions,
    PendingFile, RangeError, RangeReader, ReleasingReader, SideCar, Unlocked, UnlockedRecipients,
    UnsignedRange, VerifiedSignature,
};
use zeroize::Zeroizing;

use crate::conclusion::Conclusion;
use crate::error::{ReleaseError, of_open};
use crate::gate::Admission;
use crate::release::Release;
use crate::tally::Tally;

/// One package that may be opened once, as a whole, or read in many ranges. It is on record that this is about to
/// happen; how it ends is recorded when it ends, or when the grant is dropped.
///
/// Its calls block for as long as their input and output take, and for the log: do not make them inside a poll.
pub struct Grant {
    unlocked: Unlocked,
    expectation: Expectation,
    bounds: Bounds,
    conclusion: Conclusion,
}

/// What a grant does not permit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// It is for finding out whether the package opens: nothing of the content leaves.
    pub(crate) releases_nothing: bool,
    /// Nothing of the content leaves before the signature is verified.
    pub(crate) signature_first: bool,
}

impl Grant {
    pub(crate) const fn new(
        unlocked: Unlocked,
        expectation: Expectation,
        bounds: Bounds,
        conclusion: Conclusion,
    ) -> Self {
        Self { unlocked, expectation, bounds, conclusion }
    }

    /// Whether content may leave; `verified` says whether its origin is checked on the way.
    fn may_release(&self, verified: bool) -> Result<(), OpenError> {
        let unsigned = self.bounds.signature_first
            && !verified
            && self.unlocked.verified_signature().is_none();
        match self.bounds.releases_nothing || unsigned {
            true => Err(OpenError::Unfinished),
            false => Ok(()),
        }
    }

    /// The package's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        self.unlocked.header()
    }

    /// What was permitted and recorded.
    #[must_use]
    pub const fn admission(&self) -> &Admission {
        self.conclusion.admission()
    }

    /// Opens into a new file that appears under `path` when every byte is verified, the outcome is on record, and
    /// both are durable. The package starts at offset 0 of `source`.
    ///
    /// # Errors
    /// [`ReleaseError`]; no file was made.
    pub fn open_to_file<R: Read + Seek + Send>(
        self,
        source: R,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Opened, ReleaseError> {
        let file = match PendingFile::create(path, options) {
            Ok(file) => file,
            Err(error) => return Err(self.failed(error.into())),
        };
        let (opened, release) = self.open_to_release(source, file, execution)?;
        release.publish()?;
        Ok(opened)
    }

    /// Opens into a file that waits for its record and its name, for instance together with others in a
    /// [`ReleaseGroup`](crate::ReleaseGroup).
    ///
    /// # Errors
    /// [`ReleaseError`]; the file is gone.
    pub fn open_to_release<R: Read + Seek + Send>(
        self,
        source: R,
        file: PendingFile,
        execution: &Execution<'_>,
    ) -> Result<(Opened, Release), ReleaseError> {
        let opened = self.may_release(true);
        let opened = opened.and_then(|()| self.unlocked.open_to_pending(source, file, execution));
        self.await_release(opened)
    }

    /// Like [`Self::open_to_file`] for a source that can only be read forwards and stands behind the header.
    ///
    /// # Errors
    /// [`ReleaseError`]; no file was made.
    pub fn open_stream_to_file<R: Read + Send>(
        self,
        rest: R,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Opened, ReleaseError> {
        let file = match PendingFile::create(path, options) {
            Ok(file) => file,
            Err(error) => return Err(self.failed(error.into())),
        };
        let opened = self.may_release(true);
        let opened =
            opened.and_then(|()| self.unlocked.open_stream_to_pending(rest, file, execution));
        let (opened, release) = self.await_release(opened)?;
        release.publish()?;
        Ok(opened)
    }

    /// Opens a content of at most `limit` bytes into memory that is erased on drop.
    ///
    /// # Errors
    /// [`ReleaseError`]; nothing was released.
    pub fn open_to_memory<R: Read + Seek + Send>(
        self,
        source: R,
        limit: u64,
        execution: &Execution<'_>,
    ) -> Result<(Zeroizing<Vec<u8>>, Opened), ReleaseError> {
        let opened = self.may_release(true);
        match opened.and_then(|()| self.unlocked.open_to_memory(source, limit, execution)) {
            Ok((content, opened)) => {
                self.succeeded(opened.plain_len)?;
                Ok((content, opened))
            }
            Err(error) => Err(self.failed(error.into())),
        }
    }

    /// Reads the whole package and releases nothing.
    ///
    /// # Errors
    /// [`OpenError`] with what is wrong.
    pub fn verify<R: Read + Seek + Send>(
        &self,
        source: R,
        execution: &Execution<'_>,
    ) -> Result<Opened, OpenError> {
        self.unlocked.verify(source, execution)
    }

    /// Whether the package holds exactly what `content` does; see [`Unlocked::compare`].
    ///
    /// # Errors
    /// [`OpenError`] with what is wrong with either.
    pub fn compare<R: Read + Seek + Send, C: Read + Send>(
        &self,
        source: R,
        content: C,
        execution: &Execution<'_>,
    ) -> Result<Option<Opened>, OpenError> {
        self.unlocked.compare(source, content, execution)
    }

    /// The metadata alone; see [`Unlocked::read_metadata`].
    ///
    /// # Errors
    /// [`OpenError`] if they are damaged.
    pub fn read_metadata<R: Read + Seek + Send>(
        &self,
        source: R,
    ) -> Result<Option<Metadata>, OpenError> {
        self.unlocked.read_metadata(source)
    }

    /// Random access to a package of which no signer is required.
    ///
    /// # Errors
    /// [`RangeError`]; nothing was released.
    pub fn reader<R: Read + Seek>(
        &self,
        source: R,
        backend: Backend,
    ) -> Result<Granted<'_, RangeReader<'_, R>>, RangeError> {
        self.may_release(true)?;
        Ok(self.granted(self.unlocked.ranged(source, backend)?))
    }

    /// Random access to a signed package with its side-car.
    ///
    /// # Errors
    /// [`RangeError`]; nothing was released.
    pub fn reader_with<R: Read + Seek>(
        &self,
        source: R,
        side_car: SideCar,
        backend: Backend,
    ) -> Result<Granted<'_, RangeReader<'_, R>>, RangeError> {
        self.may_release(true)?;
        Ok(self.granted(self.unlocked.ranged_with(source, side_car, backend)?))
    }

    /// Random access to a signed package without a side-car: reads and checks all of it first.
    ///
    /// # Errors
    /// [`RangeError`]; nothing was released.
    pub fn reader_after_reading_all<R: Read + Seek + Send>(
        &self,
        source: R,
        execution: &Execution<'_>,
    ) -> Result<Granted<'_, RangeReader<'_, R>>, RangeError> {
        self.may_release(true)?;
        Ok(self.granted(self.unlocked.ranged_after_reading_all(source, execution)?))
    }

    /// Random access without the proof of origin that is required; the type says so.
    ///
    /// # Errors
    /// [`RangeError`]; nothing was released. Refused where the policy requires signatures.
    pub fn danger_unsigned_reader<R: Read + Seek>(
        &self,
        source: R,
        backend: Backend,
    ) -> Result<Granted<'_, UnsignedRange<'_, R>>, RangeError> {
        self.may_release(false)?;
        Ok(self.granted(self.unlocked.danger_ranged_unsigned(source, backend)?))
    }

    /// Content that goes out chunk by chunk, before the end of the package and its signature are verified.
    ///
    /// # Errors
    /// [`OpenError`] if the backend refuses the key; [`OpenError::Unfinished`] where the policy requires signatures and
    /// [`Self::verify`] has not been called before.
    pub fn danger_release_unverified<R: Read + Send>(
        &self,
        rest: R,
        backend: Backend,
    ) -> Result<Granted<'_, ReleasingReader<'_, R>>, OpenError> {
        self.may_release(false)?;
        Ok(self.granted(self.unlocked.danger_release_unverified(rest, backend)?))
    }

    /// Ends it and records what was read. What went wrong meanwhile is recorded as its outcome.
    ///
    /// # Errors
    /// [`ReleaseError::Record`] if the outcome could not be recorded.
    pub fn close(self, result: Result<(), &OpenError>) -> Result<(), ReleaseError> {
        let outcome = match result {
            Ok(()) => Outcome::Success,
            Err(error) => Outcome::Failure(of_open(error)),
        };
        let mut conclusion = self.conclusion;
        // Nothing read is an extent too.
        conclusion.account_mut().add_extent(0, 0);
        Ok(conclusion.conclude(outcome)?)
    }

    /// Puts it aside: what is kept takes little memory, and the package need not be there.
    ///
    /// # Errors
    /// [`ReleaseError`] if there is no memory for the key.
    pub fn park(self) -> Result<Parked, ReleaseError> {
        let Self { unlocked, expectation, bounds, conclusion } = self;
        let signature = unlocked.verified_signature();
        let recipients = UnlockedRecipients::from(unlocked);
        let mut copy = Zeroizing::new(*recipients.dek().expose_secret());
        let dek = Dek::take_from(copy.as_mut_slice());
        let dek = dek.map_err(|_| OpenError::NotAuthentic(medsec_crypto::NotAuthentic))?;
        Ok(Parked { dek, signature, expectation, bounds, conclusion })
    }

    fn granted<T>(&self, reader: T) -> Granted<'_, T> {
        Granted { reader, tally: self.conclusion.read() }
    }

    fn succeeded(self, bytes: u64) -> Result<(), ReleaseError> {
        let mut conclusion = self.conclusion;
        conclusion.account_mut().add_extent(bytes, 1);
        let recorded = conclusion.conclude_for_now(Outcome::Success);
        Ok(recorded.inspect_err(|error| {
            // Nothing is released, and the log is to say so as far as it takes that.
            let _ = conclusion.correct(ReleaseError::from(*error).outcome());
        })?)
    }

    fn failed(self, error: ReleaseError) -> ReleaseError {
        self.conclusion.fail(error.outcome());
        error
    }

    fn await_release(
        self,
        opened: Result<(Opened, PendingFile), OpenError>,
    ) -> Result<(Opened, Release), ReleaseError> {
        match opened {
            Ok((opened, file)) => {
                let mut conclusion = self.conclusion;
                conclusion.account_mut().add_extent(opened.plain_len, 1);
                let release = Release::new(file, opened.plain_len, conclusion);
                Ok((opened, release))
            }
            Err(error) => Err(self.failed(error.into())),
        }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("admission", self.admission()).finish_non_exhaustive()
    }
}

/// A grant put aside.
pub struct Parked {
    dek: Dek,
    signature: Option<VerifiedSignature>,
    expectation: Expectation,
    bounds: Bounds,
    conclusion: Conclusion,
}

impl Parked {
    /// Goes on with it: the header must be that of the same package.
    ///
    /// # Errors
    /// [`ReleaseError::Open`] if it is another.
    pub fn resume(self, header: Header) -> Result<Grant, ReleaseError> {
        let Self { dek, signature, expectation, bounds, conclusion } = self;
        let checked = header.check(expectation.clone());
        let unlocked = checked.and_then(|checked| checked.unlock(dek).map_err(OpenError::from));
        match unlocked {
            Ok(unlocked) => {
                let unlocked = match signature {
                    Some(signature) => unlocked.with_verified_signature(signature),
                    None => unlocked,
                };
                Ok(Grant::new(unlocked, expectation, bounds, conclusion))
            }
            Err(error) => {
                let error = ReleaseError::Open(error);
                conclusion.fail(error.outcome());
                Err(error)
            }
        }
    }

    /// Ends several that are not needed any more. What was read of them before they were put aside is told.
    ///
    /// # Errors
    /// [`ReleaseError::Record`] if that could not be recorded.
    pub fn close_all(parked: Vec<Self>) -> Result<(), ReleaseError> {
        let mut parked = parked;
        parked.iter_mut().for_each(|one| one.conclusion.account_mut().add_extent(0, 0));
        let conclusions = parked.iter_mut().map(|one| &mut one.conclusion);
        Ok(Conclusion::conclude_all(conclusions, Outcome::Success)?)
    }
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked")
            .field("admission", self.conclusion.admission())
            .finish_non_exhaustive()
    }
}

/// A reader under a grant: what it releases is counted for the log.
#[derive(Debug)]
pub struct Granted<'g, T> {
    reader: T,
    tally: &'g Tally,
}

impl<T: Read> Read for Granted<'_, T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        if read > 0 {
            self.tally.add(read);
        }
        Ok(read)
    }
}

impl<T: Seek> Seek for Granted<'_, T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.reader.seek(to)
    }
}

impl<R: Read + Seek> Granted<'_, RangeReader<'_, R>> {
    /// See [`RangeReader::content_len`].
    ///
    /// # Errors
    /// [`OpenError`] if the last chunk does not authenticate.
    pub fn content_len(&mut self) -> Result<u64, OpenError> {
        self.reader.content_len()
    }

    /// See [`RangeReader::read_range`].
    ///
    /// # Errors
    /// [`OpenError`]; `out` holds nothing to use.
    pub fn read_range(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, OpenError> {
        let read = self.reader.read_range(offset, out)?;
        self.tally.add(read);
        Ok(read)
    }
}

impl<R: Read + Seek> Granted<'_, UnsignedRange<'_, R>> {
    /// See [`UnsignedRange::content_len`].
    ///
    /// # Errors
    /// [`OpenError`] if the last chunk does not authenticate.
    pub fn content_len(&mut self) -> Result<u64, OpenError> {
        self.reader.content_len()
    }

    /// See [`UnsignedRange::read_range`].
    ///
    /// # Errors
    /// [`OpenError`]; `out` holds nothing to use.
    pub fn read_range(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, OpenError> {
        let read = self.reader.read_range(offset, out)?;
        self.tally.add(read);
        Ok(read)
    }
}

impl<R: Read + Send> Granted<'_, ReleasingReader<'_, R>> {
    /// See [`ReleasingReader::finish`].
    ///
    /// # Errors
    /// [`OpenError`]; what was released before must be taken back.
    pub fn finish(self) -> Result<Opened, OpenError> {
        self.reader.finish()
    }
}
