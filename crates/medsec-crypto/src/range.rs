//! Reading parts of a package: only the chunks needed are fetched, verified and decrypted.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use crate::cobblestone::{CHUNK_LEN, ChunkCipher, MessageLen};
use crate::execution::Execution;
use crate::ids::PackageId;
use crate::merkle::{GROUP_CHUNKS, Hash, group_root};
use crate::open::{Ending, OpenError, Unlocked, leaves_of, read_at};
use crate::pipeline::BATCH_CHUNKS;
use crate::secret::secret_buffer;
use crate::sidecar::SideCar;
use crate::strided::plain_parts;
use crate::suite::Backend;
use crate::trailer::SignatureError;
use zeroize::Zeroizing;

const CHUNK: u64 = CHUNK_LEN as u64;

/// Why a range was not read; nothing of it was released.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// The package could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A signer is required, and without a side-car a range cannot be checked against a signature.
    #[error("a signer is required: give the package's side-car, or have the whole package read")]
    SideCarNeeded,
}

/// Random access to the content of a package. Also [`Read`] and [`Seek`].
///
/// The source must not change while it is read: pin the version of a stored object. It holds the keys of the payload
/// itself, and erases them and what it read last on drop.
pub struct RangeReader<R> {
    source: R,
    cipher: ChunkCipher,
    backend: Backend,
    package_id: PackageId,
    /// Where the payload begins.
    payload: u64,
    shape: MessageLen,
    length_verified: bool,
    /// Roots of groups of 64 chunks, checked against the signed root.
    groups: Option<Vec<Hash>>,
    cache: Cache,
    position: u64,
}

/// Random access although a signer is required and no side-car is at hand: every byte is authentic
/// under the data key, but any recipient of the package could have written it.
#[derive(Debug)]
pub struct UnsignedRange<R>(RangeReader<R>);

impl<R: Read + Seek> UnsignedRange<R> {
    /// See [`RangeReader::content_len`].
    ///
    /// # Errors
    /// [`OpenError::Damaged`] if the last chunk does not authenticate.
    pub fn content_len(&mut self) -> Result<u64, OpenError> {
        self.0.content_len()
    }

    /// See [`RangeReader::read_range`].
    ///
    /// # Errors
    /// [`OpenError`]; `out` holds nothing to use.
    pub fn read_range(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, OpenError> {
        self.0.read_range(offset, out)
    }
}

impl<R: Read + Seek> Read for UnsignedRange<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl<R: Read + Seek> Seek for UnsignedRange<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// The run of chunks read last, decrypted.
struct Cache {
    buffer: Zeroizing<Vec<u8>>,
    first: u64,
    chunks: u64,
    len: usize,
}

impl Unlocked {
    /// Random access to a package of which no signer is required.
    ///
    /// # Errors
    /// [`RangeError::SideCarNeeded`] if a signer is required; [`RangeError::Open`] if the package is
    /// malformed.
    pub fn ranged<R: Read + Seek>(
        &self,
        source: R,
        backend: Backend,
    ) -> Result<RangeReader<R>, RangeError> {
        if self.demands_signature() {
            return Err(RangeError::SideCarNeeded);
        }
        Ok(self.range_reader(source, backend)?.0)
    }

    /// Random access to a signed package with its side-car, which is checked against the signature
    /// here, once.
    ///
    /// # Errors
    /// [`RangeError::Open`] if package, side-car and signature do not fit each other.
    pub fn ranged_with<R: Read + Seek>(
        &self,
        source: R,
        side_car: SideCar,
        backend: Backend,
    ) -> Result<RangeReader<R>, RangeError> {
        let (mut reader, ending) = self.range_reader(source, backend)?;
        side_car.verify(&self.header, &ending).map_err(OpenError::from)?;
        reader.groups = Some(side_car.into_groups());
        Ok(reader)
    }

    /// Random access to a signed package without a side-car: reads and checks all of it first.
    ///
    /// # Errors
    /// [`RangeError::Open`] if the package is not what was signed.
    pub fn ranged_after_reading_all<R: Read + Seek + Send>(
        &self,
        mut source: R,
        execution: &Execution<'_>,
    ) -> Result<RangeReader<R>, RangeError> {
        let max_chunks = self.expectation.limits.max_chunks;
        let side_car = SideCar::build(&self.header, &mut source, max_chunks, execution)?;
        self.ranged_with(source, side_car, execution.backend)
    }

    /// Random access without the proof of origin that is required; the type says so.
    ///
    /// # Errors
    /// [`RangeError::Open`] if the package is malformed.
    pub fn danger_ranged_unsigned<R: Read + Seek>(
        &self,
        source: R,
        backend: Backend,
    ) -> Result<UnsignedRange<R>, RangeError> {
        Ok(UnsignedRange(self.range_reader(source, backend)?.0))
    }

    fn range_reader<R: Read + Seek>(
        &self,
        source: R,
        backend: Backend,
    ) -> Result<(RangeReader<R>, Ending), OpenError> {
        let (source, shape, ending) = self.seekable(source)?.into_parts();
        let reader = RangeReader {
            source,
            cipher: self.cipher(backend)?,
            backend,
            package_id: self.header.core().package_id,
            payload: self.header.payload_offset(),
            shape,
            length_verified: false,
            groups: None,
            cache: Cache { buffer: Zeroizing::new(Vec::new()), first: 0, chunks: 0, len: 0 },
            position: 0,
        };
        Ok((reader, ending))
    }
}

impl<R: Read + Seek> RangeReader<R> {
    /// Length of the content in bytes. Decrypts the last chunk once, which authenticates it.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] if the last chunk does not authenticate: the package was cut or extended.
    pub fn content_len(&mut self) -> Result<u64, OpenError> {
        if !self.length_verified {
            self.load(self.shape.full_chunks, self.shape.full_chunks)?;
        }
        Ok(self.shape.plain_len())
    }

    /// Reads up to `out.len()` bytes from `offset` on; fewer only at the end of the content, which is
    /// then authenticated.
    ///
    /// # Errors
    /// [`OpenError`]; `out` holds nothing to use.
    pub fn read_range(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, OpenError> {
        let wanted_end = offset.saturating_add(out.len() as u64);
        if wanted_end > self.shape.plain_len() {
            self.content_len()?;
        }
        let mut filled = 0_usize;
        while let Some(rest) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(filled as u64);
            if at >= self.shape.plain_len() {
                break;
            }
            self.load(at / CHUNK, wanted_end.saturating_sub(1) / CHUNK)?;
            filled = filled.saturating_add(self.cache.copy(at, rest));
        }
        Ok(filled)
    }

    /// Makes sure that `chunk` is in the cache, with what follows it up to `last` as far as it fits.
    fn load(&mut self, chunk: u64, last: u64) -> Result<(), OpenError> {
        if self.cache.holds(chunk) {
            return Ok(());
        }
        let (first, chunks) = self.run_for(chunk, last);
        self.cache.forget();
        let last = first.saturating_add(chunks).saturating_sub(1);
        let len = self.shape.chunk_offset(last).saturating_sub(self.shape.chunk_offset(first));
        let len = usize::try_from(len)
            .unwrap_or(usize::MAX)
            .saturating_add(self.shape.sealed_chunk_len(last));
        self.fetch(first, chunks, len)?;
        if last == self.shape.full_chunks {
            self.length_verified = true;
        }
        Ok(())
    }

    /// First chunk and number of chunks to fetch for a range that goes on from `chunk` to `last`. A signed
    /// group must be read whole; else only what is wanted is fetched.
    fn run_for(&self, chunk: u64, last: u64) -> (u64, u64) {
        let rest = |first: u64| self.shape.chunks().saturating_sub(first);
        if self.groups.is_some() {
            let first = (chunk / GROUP_CHUNKS).saturating_mul(GROUP_CHUNKS);
            return (first, GROUP_CHUNKS.min(rest(first)));
        }
        let wanted = last.saturating_sub(chunk).saturating_add(1);
        (chunk, wanted.min(BATCH_CHUNKS as u64).min(rest(chunk)))
    }

    fn fetch(&mut self, first: u64, chunks: u64, len: usize) -> Result<(), OpenError> {
        let offset = self.payload.saturating_add(self.shape.chunk_offset(first));
        if self.cache.buffer.len() < len {
            self.cache.buffer = secret_buffer(len);
        }
        let place = self.cache.buffer.get_mut(..len).unwrap_or_default();
        read_at(&mut self.source, offset, place)?;
        if let Some(groups) = &self.groups {
            let root = group_root(leaves_of(self.backend, place).into_iter());
            let expected = usize::try_from(first / GROUP_CHUNKS).ok().and_then(|n| groups.get(n));
            if expected != Some(&root) {
                return Err(SignatureError::Payload.into());
            }
        }
        self.cipher.open_run(first, place).map_err(|chunk| OpenError::Damaged { chunk })?;
        self.cache.first = first;
        self.cache.chunks = chunks;
        self.cache.len = len;
        Ok(())
    }
}

impl Cache {
    const fn end(&self) -> u64 {
        self.first.saturating_add(self.chunks)
    }

    const fn holds(&self, chunk: u64) -> bool {
        self.first <= chunk && chunk < self.end()
    }

    const fn forget(&mut self) {
        self.chunks = 0;
        self.len = 0;
    }

    /// Copies from the chunk that holds `at`.
    fn copy(&self, at: u64, out: &mut [u8]) -> usize {
        let index = usize::try_from((at / CHUNK).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let within = usize::try_from(at % CHUNK).unwrap_or(usize::MAX);
        let held = self.buffer.get(..self.len).unwrap_or_default();
        let part = plain_parts(held).nth(index).and_then(|part| part.get(within..));
        let part = part.unwrap_or_default();
        out.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        part.len().min(out.len())
    }
}

impl<R: Read + Seek> Read for RangeReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.read_range(self.position, out).map_err(io::Error::other)?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl<R: Read + Seek> Seek for RangeReader<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
            SeekFrom::End(delta) => {
                self.content_len().map_err(io::Error::other)?.checked_add_signed(delta)
            }
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl<R> fmt::Debug for RangeReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RangeReader")
            .field("package_id", &self.package_id)
            .field("signed", &self.groups.is_some())
            .finish_non_exhaustive()
    }
}
