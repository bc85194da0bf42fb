//! Verifying a signature without any key. It proves who made the package, not that anyone can still
//! open it.

use std::io::{Read, Seek};

use crate::execution::Execution;
use crate::expectation::{SignerExpectation, check_signer};
use crate::header::Header;
use crate::ids::MerkleRoot;
use crate::merkle::{Groups, Hash, Tree};
use crate::open::{Ending, OpenError, Seekable};
use crate::pipeline::{self, Batch, Sink};
use crate::signature::VerifyingKey;
use crate::strided::plain_parts;
use crate::trailer::SignatureError;

/// A package's origin, proven without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origin {
    /// Who signed.
    pub signer: VerifyingKey,
    /// Root over the encrypted chunks.
    pub root: MerkleRoot,
    /// Bytes of content, which the signature covers too.
    pub plain_len: u64,
}

impl Header {
    /// Verifies signature, encrypted payload and encrypted metadata of the package at offset 0 of
    /// `source`. Needs no key and no right to read.
    ///
    /// # Errors
    /// [`OpenError::Signature`] with what does not fit; [`OpenError::Expectation`] if the signer is not
    /// expected; other errors for malformed packages and failing sources.
    pub fn verify_origin<R: Read + Seek + Send>(
        &self,
        source: R,
        signer: &SignerExpectation,
        max_chunks: u64,
        execution: &Execution<'_>,
    ) -> Result<Origin, OpenError> {
        check_signer(signer, self.core().signer)?;
        let signer = self.core().signer.ok_or(SignatureError::NotSigned)?;
        // The signature is verified in there.
        let (tree, ending, plain_len) =
            hash_payload(self, source, max_chunks, execution, Tree::new())?;
        let root = tree.merkle_root();
        let trailer = ending.trailer.ok_or(SignatureError::NotSigned)?;
        trailer.check_all(root, ending.section.as_deref())?;
        Ok(Origin { signer, root, plain_len })
    }
}

/// What takes the leaves of the tree.
pub(crate) trait Leaves: Send {
    fn push(&mut self, leaf: Hash);
}

impl Leaves for Tree {
    fn push(&mut self, leaf: Hash) {
        Self::push(self, leaf);
    }
}

impl Leaves for Groups {
    fn push(&mut self, leaf: Hash) {
        Self::push(self, leaf);
    }
}

struct Hashed<'a, L> {
    leaves: L,
    execution: Execution<'a>,
    done: u64,
}

impl<L: Leaves> Sink<Vec<Hash>, OpenError> for Hashed<'_, L> {
    fn put(&mut self, batch: &Batch, leaves: Vec<Hash>) -> Result<(), OpenError> {
        leaves.into_iter().for_each(|leaf| self.leaves.push(leaf));
        let text: usize = plain_parts(batch.chunks()).map(<[u8]>::len).sum();
        self.done = self.done.saturating_add(text as u64);
        let goes_on = self.execution.goes_on(self.done);
        goes_on.then_some(()).ok_or(OpenError::Interrupted)
    }
}

/// Verifies the signature, then hashes the encrypted chunks for who compares them with it; also gives what
/// follows them and the length of the content.
pub(crate) fn hash_payload<R: Read + Seek + Send, L: Leaves>(
    header: &Header,
    source: R,
    max_chunks: u64,
    execution: &Execution<'_>,
    leaves: L,
) -> Result<(L, Ending, u64), OpenError> {
    let mut chunks = Seekable::new(header, source, max_chunks)?;
    chunks.trailer().ok_or(SignatureError::NotSigned)?.verify(header)?;
    let mut sink = Hashed { leaves, execution: *execution, done: 0 };
    pipeline::run(execution, &mut chunks, &mut sink, |batch| {
        Ok(crate::open::leaves_of(execution.backend, batch.chunks()))
    })?;
    let (_, len, ending) = chunks.into_parts();
    Ok((sink.leaves, ending, len.plain_len()))
}
