//! Writing a package whose header is complete.

use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use crate::backend::Direction;
use crate::cobblestone::{ChunkCipher, MessageKeys, Prefix, SALT_LEN, overhead_of};
use crate::execution::Execution;
use crate::ids::{HeaderHash, MerkleRoot, PackageId};
use crate::label::labelled;
use crate::merkle::Tree;
use crate::metadata::Metadata;
use crate::output::{OutputOptions, PendingFile};
use crate::pipeline;
use crate::seal::payload::{Ciphertext, Plaintext, seal_batch};
use crate::seal::{SealError, SealWriter};
use crate::secret::{Dek, random_array};
use crate::signature::SigningKey;
use crate::suite::{Backend, Suite};
use crate::trailer::{Statement, metadata_digest};

/// Parts of a package that together are shorter than this are written together. Batches are longer and pass by.
const JOINED_LEN: usize = 32 * 1024;

/// A package ready to be written, once.
#[derive(Debug)]
pub struct Sealer {
    pub(super) suite: Suite,
    pub(super) package_id: PackageId,
    pub(super) header: Vec<u8>,
    pub(super) hash: HeaderHash,
    pub(super) context_digest: [u8; 64],
    pub(super) dek: Dek,
    /// Most bytes of content, where they are counted.
    pub(super) longest: Option<u64>,
    pub(super) metadata: Option<Metadata>,
    pub(super) signer: Option<Arc<SigningKey>>,
}

/// What was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sealed {
    /// The package's random name.
    pub package_id: PackageId,
    /// Hash of its immutable header.
    pub header_hash: HeaderHash,
    /// Bytes of content.
    pub plain_len: u64,
    /// Bytes of the whole package.
    pub package_len: u64,
    /// Root over the encrypted chunks; only if the package is signed.
    pub root: Option<MerkleRoot>,
}

/// What remains to be written once the header is out.
pub(super) struct Begun {
    pub(super) cipher: ChunkCipher,
    pub(super) prefix: Prefix,
}

impl Sealer {
    /// The package's random name.
    #[must_use]
    pub const fn package_id(&self) -> PackageId {
        self.package_id
    }

    /// Seals everything `reader` yields into `writer`. Memory is one batch of 256 KiB a thread.
    ///
    /// # Errors
    /// [`SealError`]; what `writer` got before is not a package and will not open.
    pub fn seal<R: Read + Send, W: Write + Send>(
        self,
        reader: R,
        mut writer: W,
        execution: &Execution<'_>,
    ) -> Result<Sealed, SealError> {
        let begun = self.begin(execution.backend, &mut writer)?;
        let signed = self.signer.is_some();
        let mut sink = Ciphertext::new(writer, *execution, self.longest);
        pipeline::run(
            execution,
            &mut Plaintext::new(reader, self.expected_len()),
            &mut sink,
            |batch| seal_batch(&begun.cipher, execution, signed, batch),
        )?;
        let Ciphertext { mut writer, tree, plain_len, .. } = sink;
        self.finish(execution.backend, &begun.prefix, &mut writer, &tree, plain_len)
    }

    /// Seals into a new file that appears under `path` only when it is complete and durable.
    ///
    /// # Errors
    /// [`SealError`]; no file was made.
    pub fn seal_to_file<R: Read + Send>(
        self,
        reader: R,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Sealed, SealError> {
        let file = PendingFile::create(path, options)?;
        let (sealed, file) = self.seal_to_pending(reader, file, execution)?;
        file.publish()?;
        Ok(sealed)
    }

    /// Seals into a file that the caller publishes, for instance together with others in an
    /// [`OutputGroup`](crate::OutputGroup).
    ///
    /// # Errors
    /// [`SealError`]; the file is gone.
    pub fn seal_to_pending<R: Read + Send>(
        self,
        reader: R,
        mut file: PendingFile,
        execution: &Execution<'_>,
    ) -> Result<(Sealed, PendingFile), SealError> {
        // A short package is written by one call, which saves a journal's work for each of its parts.
        let writer = BufWriter::with_capacity(JOINED_LEN, file.writer());
        let sealed = self.seal(reader, writer, execution)?;
        Ok((sealed, file))
    }

    /// Seals a small content in memory.
    ///
    /// # Errors
    /// [`SealError`]; nothing was sealed.
    pub fn seal_bytes(self, content: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut package = Vec::new();
        self.seal(content, &mut package, &Execution::default())?;
        Ok(package)
    }

    /// A writer for content that is pushed rather than read. Without [`SealWriter::finish`] what it
    /// wrote is not a package and will not open.
    ///
    /// # Errors
    /// [`SealError`] if the header cannot be written.
    pub fn into_writer<W: Write>(
        self,
        mut writer: W,
        backend: Backend,
    ) -> Result<SealWriter<W>, SealError> {
        let begun = self.begin(backend, &mut writer)?;
        Ok(SealWriter::new(self, begun, backend, writer))
    }

    /// What the metadata state.
    fn expected_len(&self) -> Option<u64> {
        self.metadata.as_ref().and_then(|metadata| metadata.size)
    }

    /// Derives the keys under a fresh salt and writes everything before the first chunk.
    fn begin<W: Write>(&self, backend: Backend, writer: &mut W) -> Result<Begun, SealError> {
        let salt = random_array::<SALT_LEN>()?;
        let context = labelled("payload", &[self.hash.as_bytes(), &self.context_digest]);
        let dek = self.dek.expose_secret();
        let keys = MessageKeys::derive(backend, self.suite, dek, &salt, &context)?;
        let prefix = keys.prefix(salt);
        writer.write_all(&self.header).map_err(SealError::Write)?;
        writer.write_all(&prefix.to_bytes()).map_err(SealError::Write)?;
        let cipher = ChunkCipher::new(backend, self.suite, &keys, Direction::Seal)?;
        Ok(Begun { cipher, prefix })
    }

    /// Writes metadata and trailer.
    pub(super) fn finish<W: Write>(
        &self,
        backend: Backend,
        prefix: &Prefix,
        writer: &mut W,
        tree: &Tree,
        plain_len: u64,
    ) -> Result<Sealed, SealError> {
        if self.expected_len().is_some_and(|expected| expected != plain_len) {
            return Err(SealError::SizeChanged);
        }
        let payload_len = plain_len.saturating_add(overhead_of(plain_len));
        let section = match &self.metadata {
            Some(metadata) => Some(metadata.seal(backend, self.suite, &self.dek, &self.hash)?),
            None => None,
        };
        let root = self.signer.as_ref().map(|_| tree.merkle_root());
        let trailer = self.signer.as_ref().zip(root).map(|(signer, root)| {
            let metadata_digest = metadata_digest(section.as_deref());
            let statement = Statement { payload_len, root, metadata_digest };
            statement.sign(signer, &self.hash, prefix)
        });
        let mut around = self.header.len() as u64;
        for part in [section, trailer].into_iter().flatten() {
            writer.write_all(&part).map_err(SealError::Write)?;
            around = around.saturating_add(part.len() as u64);
        }
        writer.flush().map_err(SealError::Write)?;
        Ok(Sealed {
            package_id: self.package_id,
            header_hash: self.hash,
            plain_len,
            package_len: payload_len.saturating_add(around),
            root,
        })
    }
}
