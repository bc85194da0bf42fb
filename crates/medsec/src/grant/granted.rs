//! Readers under a grant.

use std::fmt;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use medsec_crypto::{OpenError, Opened, RangeReader, ReleasingReader, UnsignedRange};

use crate::error::UseError;
use crate::hold::Kept;
use crate::login::NotLoggedIn;
use crate::tally::Tally;

/// Bytes that are read between two questions whether the session lives: those of a signed group.
const PIECE: usize = 1 << 20;

/// A reader under a grant: what it releases is counted for the log. It ends with the session: its keys and what it has
/// read last are erased then, and every later call is refused with [`UseError::Login`], a read as an error of the kind
/// [`ErrorKind::PermissionDenied`].
///
/// Each read asks whether the session lives, and once more for each MiB, as [`Hold::glance`](crate::Hold::glance) does.
pub struct Granted<'g, T> {
    reader: Kept<Mutex<T>>,
    /// The end of the session drops the reader, wherever it is noticed; not what the caller gave.
    _source: Arc<dyn Send + Sync>,
    tally: &'g Tally,
}

/// Random access, whether the origin of what is read is proved or not: the two readers of medsec-crypto.
pub trait RangeAccess: Read + Seek + Send {
    /// Length of the content in bytes.
    ///
    /// # Errors
    /// [`OpenError`] if the last chunk does not authenticate.
    fn content_len(&mut self) -> Result<u64, OpenError>;

    /// Reads up to `out.len()` bytes from `offset` on; fewer only at the end of the content.
    ///
    /// # Errors
    /// [`OpenError`]; `out` holds nothing to use.
    fn read_range(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, OpenError>;
}

macro_rules! range_access {
    ($reader:ident) => {
        impl<R: Read + Seek + Send> RangeAccess for $reader<R> {
            fn content_len(&mut self) -> Result<u64, OpenError> {
                Self::content_len(self)
            }

            fn read_range(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, OpenError> {
                Self::read_range(self, offset, out)
            }
        }
    };
}

range_access!(RangeReader);
range_access!(UnsignedRange);

impl<'g, T: Send + 'static> Granted<'g, T> {
    pub(super) const fn new(
        reader: Kept<Mutex<T>>,
        source: Arc<dyn Send + Sync>,
        tally: &'g Tally,
    ) -> Self {
        Self { reader, _source: source, tally }
    }

    /// Uses the reader while the session lives.
    fn used<U>(&self, used: impl FnOnce(&mut T) -> U) -> Result<U, NotLoggedIn> {
        let reader = self.reader.go_on()?;
        let result = used(&mut *reader.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(result)
    }
}

impl<T: RangeAccess + 'static> Granted<'_, T> {
    /// See [`RangeReader::content_len`].
    ///
    /// # Errors
    /// [`UseError`] if the last chunk does not authenticate, or the session is over.
    pub fn content_len(&mut self) -> Result<u64, UseError> {
        Ok(self.used(T::content_len)??)
    }

    /// See [`RangeReader::read_range`].
    ///
    /// # Errors
    /// [`UseError`]; `out` is zeros.
    pub fn read_range(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, UseError> {
        let read = self.pieces(offset, out);
        match &read {
            Ok(read) => self.tally.add(*read),
            Err(_) => out.fill(0),
        }
        read
    }

    fn pieces(&self, offset: u64, out: &mut [u8]) -> Result<usize, UseError> {
        let mut filled = 0_usize;
        loop {
            let rest = out.get_mut(filled..).unwrap_or_default();
            let len = rest.len().min(PIECE);
            let piece = rest.get_mut(..len).unwrap_or_default();
            let at = offset.saturating_add(filled as u64);
            let read = self.used(|reader| reader.read_range(at, piece))??;
            filled = filled.saturating_add(read);
            if read < PIECE || filled >= out.len() {
                return Ok(filled);
            }
        }
    }
}

impl<R: Read + Send + 'static> Granted<'_, ReleasingReader<'static, Source<R>>> {
    /// See [`ReleasingReader::finish`].
    ///
    /// # Errors
    /// [`UseError`]; what was released before must be taken back.
    pub fn finish(self) -> Result<Opened, UseError> {
        let reader = self.reader.take()?;
        Ok(reader.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?)
    }
}

impl<T: Read + Send + 'static> Read for Granted<'_, T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(PIECE);
        let piece = out.get_mut(..len).unwrap_or_default();
        let read = self.used(|reader| reader.read(piece)).map_err(refused)??;
        if read > 0 {
            self.tally.add(read);
        }
        Ok(read)
    }
}

impl<T: Seek + Send + 'static> Seek for Granted<'_, T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.used(|reader| reader.seek(to)).map_err(refused)?
    }
}

fn refused(why: NotLoggedIn) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, why)
}

impl<T> fmt::Debug for Granted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("read", &self.tally.found()).finish_non_exhaustive()
    }
}

/// What a caller gave to be read from, as the reader sees it. It is the caller's: dropped with the [`Granted`], not by
/// the end of a session.
pub struct Source<R>(Arc<Mutex<R>>);

impl<R> Source<R> {
    pub(super) fn new(source: R) -> Self {
        Self(Arc::new(Mutex::new(source)))
    }

    fn lock(&self) -> MutexGuard<'_, R> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Send + 'static> Source<R> {
    pub(super) fn held(&self) -> Arc<dyn Send + Sync> {
        let held: Arc<Mutex<R>> = Arc::clone(&self.0);
        held
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.lock().read(out)
    }
}

impl<R: Seek> Seek for Source<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.lock().seek(to)
    }
}

impl<R> fmt::Debug for Source<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}
