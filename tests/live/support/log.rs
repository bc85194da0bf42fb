//! A log's tree, and checkpoints of any size of it under its key.

use medsec_audit::{
    Algorithm, Checkpoint, ConsistencyProof, Ed25519NoteSigner, Hash, KeyName, LogOrigin, NodeId,
    NodeSource, Note, NoteSigner as _, NoteText, VerifierKey, leaf_hash, node_hash, root_of,
};

/// A log whose leaves are all known.
pub(crate) struct Log {
    pub(crate) origin: LogOrigin,
    leaves: Vec<Hash>,
    signer: Ed25519NoteSigner,
}

impl Log {
    pub(crate) fn new(origin: &str, size: u64) -> Self {
        Self::with(origin, size, "record")
    }

    /// Another history of the same log under the same key: what a thief of the key makes.
    pub(crate) fn forged(origin: &str, size: u64) -> Self {
        Self::with(origin, size, "forged record")
    }

    fn with(origin: &str, size: u64, word: &str) -> Self {
        let name = KeyName::new("clinic.example/log").unwrap();
        let signer = Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut [7; 32]).unwrap();
        let leaves = (0..size).map(|n| leaf_hash(format!("{word} {n}").as_bytes())).collect();
        Self { origin: LogOrigin::new(origin).unwrap(), leaves, signer }
    }

    /// Records that it has.
    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(crate) fn key(&self) -> &VerifierKey {
        self.signer.verifier_key()
    }

    pub(crate) fn checkpoint(&self, size: u64) -> Checkpoint {
        let root = root_of(&mut Nodes(&self.leaves), size).unwrap();
        Checkpoint::new(self.origin.clone(), size, root).unwrap()
    }

    /// The checkpoint of a size, signed.
    pub(crate) fn note(&self, size: u64) -> Note {
        Note::sign(self.checkpoint(size).to_text().unwrap(), &self.signer).unwrap()
    }

    /// Any text under the log's key.
    pub(crate) fn signed(&self, text: &str) -> String {
        Note::sign(NoteText::new(text).unwrap(), &self.signer).unwrap().render()
    }

    pub(crate) fn proof(&self, old: u64, new: u64) -> ConsistencyProof {
        ConsistencyProof::prove(&mut Nodes(&self.leaves), old, new).unwrap()
    }
}

/// Hashes of complete subtrees, by definition.
struct Nodes<'a>(&'a [Hash]);

impl NodeSource for Nodes<'_> {
    type Error = std::convert::Infallible;

    fn node(&mut self, node: NodeId) -> Result<Hash, Self::Error> {
        Ok(self.subtree(node.level, usize::try_from(node.index).unwrap()))
    }
}

impl Nodes<'_> {
    fn subtree(&self, level: u8, index: usize) -> Hash {
        match level.checked_sub(1) {
            None => self.0[index],
            Some(below) => {
                node_hash(&self.subtree(below, index * 2), &self.subtree(below, index * 2 + 1))
            }
        }
    }
}
