//! A package whose key, context and header are authentic.

use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use crate::assurance::PackageAssurance;
use crate::backend::Direction;
use crate::cobblestone::{ChunkCipher, MessageKeys, SEALED_CHUNK_LEN};
use crate::execution::Execution;
use crate::expectation::{Expectation, SignerExpectation};
use crate::header::{Header, SlotCondition};
use crate::ids::{MerkleRoot, PackageId};
use crate::merkle::{Hash, Tree, leaf_hash};
use crate::metadata::Metadata;
use crate::open::memory::{Places, zeroed};
use crate::open::release::Lease;
use crate::open::source::{Chunks, HeldBack};
use crate::open::{Ending, OpenError, ReleasingReader, Seekable};
use crate::output::{OutputOptions, PendingFile};
use crate::pipeline::{self, Batch, Sink};
use crate::secret::Dek;
use crate::signature::VerifyingKey;
use crate::strided::write_plain;
use crate::suite::Backend;
use crate::trailer::{SignatureError, Trailer, VerifiedSignature};
use crate::verify::Origin;

/// A package ready to be opened, as often as needed. Holds the data key; erases it on drop.
#[derive(Debug)]
pub struct Unlocked {
    pub(crate) header: Header,
    pub(crate) dek: Dek,
    pub(crate) keys: MessageKeys,
    pub(crate) expectation: Expectation,
    /// The signature that was verified last, if it was this package's.
    pub(crate) signature: OnceLock<VerifiedSignature>,
}

/// What was opened, all of it verified.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The package's random name.
    pub package_id: PackageId,
    /// Bytes of content.
    pub plain_len: u64,
    /// What the package says about its content.
    pub metadata: Option<Metadata>,
    /// Who signed it; its signature verifies.
    pub signer: Option<VerifyingKey>,
    /// Root over the encrypted chunks; only if the package is signed.
    pub root: Option<MerkleRoot>,
    /// Whether its recipient slots are as they should be.
    pub slots: SlotCondition,
}

impl Opened {
    /// What verifying the signature without a key would have given; nothing for an unsigned package.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        let (signer, root) = self.signer.zip(self.root)?;
        Some(Origin { signer, root, plain_len: self.plain_len })
    }
}

impl Unlocked {
    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What the cryptography of this package may be called when `backend` computes.
    #[must_use]
    pub fn assurance(&self, backend: Backend) -> PackageAssurance {
        PackageAssurance::of(&self.header, backend)
    }

    /// Opens into a new file that appears under `path` only when every byte has been verified and is
    /// durable. The package starts at offset 0 of `source`.
    ///
    /// # Errors
    /// [`OpenError`]; no file was made. Where the system has files without names, no named file ever held
    /// plaintext.
    pub fn open_to_file<R: Read + Seek + Send>(
        &self,
        source: R,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Opened, OpenError> {
        self.publish(self.seekable(source)?, path, options, execution)
    }

    /// Opens into a file that the caller publishes, for instance together with others in an
    /// [`OutputGroup`](crate::OutputGroup). It comes back only if every byte has been verified.
    ///
    /// # Errors
    /// [`OpenError`]; the file is gone.
    pub fn open_to_pending<R: Read + Seek + Send>(
        &self,
        source: R,
        mut file: PendingFile,
        execution: &Execution<'_>,
    ) -> Result<(Opened, PendingFile), OpenError> {
        let chunks = self.seekable(source)?;
        let opened = self.drain(chunks, file.writer(), execution, |_| Ok(()))?;
        Ok((opened, file))
    }

    /// Like [`Self::open_to_file`] for a source that can only be read forwards and stands behind the
    /// header, as [`Header::read`] leaves it.
    ///
    /// # Errors
    /// [`OpenError`]; no file was made. Where the system has files without names, no named file ever held
    /// plaintext.
    pub fn open_stream_to_file<R: Read + Send>(
        &self,
        rest: R,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Opened, OpenError> {
        let chunks = HeldBack::new(&self.header, rest, self.expectation.limits.max_chunks);
        self.publish(chunks, path, options, execution)
    }

    /// Like [`Self::open_to_pending`] for a source that can only be read forwards and stands behind the header, as
    /// [`Header::read`] leaves it.
    ///
    /// # Errors
    /// [`OpenError`]; the file is gone.
    pub fn open_stream_to_pending<R: Read + Send>(
        &self,
        rest: R,
        mut file: PendingFile,
        execution: &Execution<'_>,
    ) -> Result<(Opened, PendingFile), OpenError> {
        let chunks = HeldBack::new(&self.header, rest, self.expectation.limits.max_chunks);
        let opened = self.drain(chunks, file.writer(), execution, |_| Ok(()))?;
        Ok((opened, file))
    }

    /// Opens a content of at most `limit` bytes into memory that is erased on drop.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was released.
    pub fn open_to_memory<R: Read + Seek + Send>(
        &self,
        source: R,
        limit: u64,
        execution: &Execution<'_>,
    ) -> Result<(Zeroizing<Vec<u8>>, Opened), OpenError> {
        let chunks = self.seekable(source)?;
        let len = chunks.len.plain_len();
        let capacity = usize::try_from(len).ok().filter(|_| len <= limit);
        let capacity = capacity.ok_or(OpenError::OverLimit { len, limit })?;
        let mut content = zeroed(capacity).ok_or(OpenError::OverLimit { len, limit })?;
        let places = Places::new(&mut content);
        let opened = self.drain(chunks, std::io::sink(), execution, |batch| places.fill(batch))?;
        drop(places);
        Ok((content, opened))
    }

    /// Verifies the whole package and releases nothing: key, context, every chunk, metadata and
    /// signature.
    ///
    /// # Errors
    /// [`OpenError`] with what is wrong.
    pub fn verify<R: Read + Seek + Send>(
        &self,
        source: R,
        execution: &Execution<'_>,
    ) -> Result<Opened, OpenError> {
        self.drain(self.seekable(source)?, std::io::sink(), execution, |_| Ok(()))
    }

    /// Releases content while the package is still being read, each chunk verified, but before the
    /// end, the metadata and the signature are. Whoever uses it must be able to take back everything
    /// done with the content if the reader ends in an error.
    ///
    /// `rest` stands behind the header, as [`Header::read`] leaves it.
    ///
    /// # Errors
    /// [`OpenError`] if the backend refuses the key.
    pub fn danger_release_unverified<R: Read + Send>(
        &self,
        rest: R,
        backend: Backend,
    ) -> Result<ReleasingReader<'_, R>, OpenError> {
        let chunks = HeldBack::new(&self.header, rest, self.expectation.limits.max_chunks);
        ReleasingReader::new(Lease::Borrowed(self), chunks, backend)
    }

    /// Like [`Self::danger_release_unverified`], with a reader that keeps the package itself.
    ///
    /// # Errors
    /// [`OpenError`] if the backend refuses the key.
    pub fn danger_release_unverified_shared<R: Read + Send>(
        self: Arc<Self>,
        rest: R,
        backend: Backend,
    ) -> Result<ReleasingReader<'static, R>, OpenError> {
        let chunks = HeldBack::new(&self.header, rest, self.expectation.limits.max_chunks);
        ReleasingReader::new(Lease::Shared(self), chunks, backend)
    }

    /// The metadata alone, authentic under the data key and, if the package is signed, under its signature;
    /// nothing of the payload is read.
    ///
    /// # Errors
    /// [`OpenError::DamagedMetadata`] or [`OpenError::Signature`], or the source fails.
    pub fn read_metadata<R: Read + Seek + Send>(
        &self,
        source: R,
    ) -> Result<Option<Metadata>, OpenError> {
        let (_, _, ending) = self.seekable(source)?.into_parts();
        let metadata = self.open_metadata(&ending, Backend::default())?;
        if let Some(trailer) = &ending.trailer {
            self.verify_signature(trailer)?;
            trailer.check_metadata(ending.section.as_deref())?;
        }
        Ok(metadata)
    }

    /// The signature, if a call on this package has verified it.
    #[must_use]
    pub fn verified_signature(&self) -> Option<VerifiedSignature> {
        self.signature.get().copied()
    }

    /// Remembers that a signature was verified, by [`Self::verified_signature`] of the same package, which
    /// was read for a first time. If what is read now is signed otherwise, it does not count.
    #[must_use]
    pub fn with_verified_signature(self, verified: VerifiedSignature) -> Self {
        Self { signature: OnceLock::from(verified), ..self }
    }

    fn verify_signature(&self, trailer: &Trailer) -> Result<(), SignatureError> {
        let verified = trailer.verify_once(&self.header, self.signature.get())?;
        // Another one may stand there if the package was replaced; then it is verified every time.
        let _ = self.signature.set(verified);
        Ok(())
    }

    pub(crate) fn seekable<R: Read + Seek>(&self, source: R) -> Result<Seekable<R>, OpenError> {
        Seekable::new(&self.header, source, self.expectation.limits.max_chunks)
    }

    pub(crate) fn cipher(&self, backend: Backend) -> Result<ChunkCipher, OpenError> {
        Ok(ChunkCipher::new(backend, self.header.suite(), &self.keys, Direction::Open)?)
    }

    /// Whether the expectation demands a signature.
    pub(crate) const fn demands_signature(&self) -> bool {
        matches!(self.expectation.signer, SignerExpectation::OneOf(_))
    }

    fn publish(
        &self,
        chunks: impl Chunks,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Opened, OpenError> {
        let mut file = PendingFile::create(path, options)?;
        let opened = self.drain(chunks, file.writer(), execution, |_| Ok(()))?;
        file.publish()?;
        Ok(opened)
    }

    /// Opens all chunks into `writer`, in order, and verifies the rest. `keep` sees each opened batch
    /// before its turn, on the thread that opened it.
    pub(super) fn drain<W: Write + Send>(
        &self,
        mut chunks: impl Chunks,
        writer: W,
        execution: &Execution<'_>,
        keep: impl Fn(&Batch) -> Result<(), OpenError> + Sync,
    ) -> Result<Opened, OpenError> {
        let cipher = self.cipher(execution.backend)?;
        let mut plaintext =
            Plaintext { writer, execution: *execution, tree: Tree::new(), plain_len: 0 };
        pipeline::run(execution, &mut chunks, &mut plaintext, |batch| {
            let leaves = self.open_batch(&cipher, execution.backend, batch)?;
            keep(batch).map(|()| leaves)
        })?;
        let Plaintext { mut writer, tree, plain_len, .. } = plaintext;
        let opened = self.conclude(&chunks.into_ending()?, &tree, plain_len, execution.backend)?;
        writer.flush().map_err(OpenError::Write)?;
        Ok(opened)
    }

    /// Hashes, verifies and decrypts a batch in place.
    pub(crate) fn open_batch(
        &self,
        cipher: &ChunkCipher,
        backend: Backend,
        batch: &mut Batch,
    ) -> Result<Vec<Hash>, OpenError> {
        let leaves = match self.header.core().signer {
            Some(_) => leaves_of(backend, batch.chunks()),
            None => Vec::new(),
        };
        let first = batch.first;
        cipher.open_run(first, batch.chunks_mut()).map_err(|chunk| OpenError::Damaged { chunk })?;
        Ok(leaves)
    }

    /// Verifies what follows the payload.
    pub(crate) fn conclude(
        &self,
        ending: &Ending,
        tree: &Tree,
        plain_len: u64,
        backend: Backend,
    ) -> Result<Opened, OpenError> {
        let metadata = self.open_metadata(ending, backend)?;
        let stated = metadata.as_ref().and_then(|metadata| metadata.size);
        if stated.is_some_and(|size| size != plain_len) {
            return Err(OpenError::DamagedMetadata);
        }
        let root = ending.trailer.as_ref().map(|_| tree.merkle_root());
        if let Some((trailer, root)) = ending.trailer.as_ref().zip(root) {
            self.verify_signature(trailer)?;
            trailer.check_all(root, ending.section.as_deref())?;
        }
        Ok(Opened {
            package_id: self.header.core().package_id,
            plain_len,
            metadata,
            signer: self.header.core().signer.filter(|_| root.is_some()),
            root,
            slots: self.header.slot_condition(),
        })
    }

    fn open_metadata(
        &self,
        ending: &Ending,
        backend: Backend,
    ) -> Result<Option<Metadata>, OpenError> {
        let Some(section) = &ending.section else {
            return Ok(None);
        };
        let hash = self.header.hash();
        Metadata::open(backend, self.header.suite(), &self.dek, &hash, section)
            .map(Some)
            .map_err(|_| OpenError::DamagedMetadata)
    }
}

/// Leaves of the tree for a run of encrypted chunks.
pub(crate) fn leaves_of(backend: Backend, chunks: &[u8]) -> Vec<Hash> {
    chunks.chunks(SEALED_CHUNK_LEN).map(|chunk| leaf_hash(backend, chunk)).collect()
}

/// The content being written.
struct Plaintext<'a, W> {
    writer: W,
    execution: Execution<'a>,
    tree: Tree,
    plain_len: u64,
}

impl<W: Write> Sink<Vec<Hash>, OpenError> for Plaintext<'_, W> {
    fn put(&mut self, batch: &Batch, leaves: Vec<Hash>) -> Result<(), OpenError> {
        let written = write_plain(&mut self.writer, batch.chunks()).map_err(OpenError::Write)?;
        leaves.into_iter().for_each(|leaf| self.tree.push(leaf));
        self.plain_len = self.plain_len.saturating_add(written as u64);
        let goes_on = self.execution.goes_on(self.plain_len);
        goes_on.then_some(()).ok_or(OpenError::Interrupted)
    }
}
