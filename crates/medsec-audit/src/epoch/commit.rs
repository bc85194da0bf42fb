//! What an epoch key signs.

use super::{EpochKey, EpochPublicKey};
use crate::checkpoint::LogOrigin;
use crate::count::Count;
use crate::epoch::LogId;
use crate::line::CommitLine;
use crate::tree::Hash;

/// What no other signature of an Ed25519 key begins with.
const LABEL: &[u8] = b"medsec/audit-log/v1\0";

/// What all that is signed of a stream begins with: label ‖ length of the origin ‖ origin ‖ log id.
pub(super) fn labelled(label: &[u8], origin: &LogOrigin, id: &LogId) -> Vec<u8> {
    let text = origin.as_str().as_bytes();
    // An origin has at most 255 bytes.
    let len = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
    [label, &len, text, id.as_bytes()].concat()
}

/// Which stream of which log commits are of: part of what is signed, though not of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitScope {
    // The label, the origin with its length, the log's id.
    prefix: Vec<u8>,
}

impl CommitScope {
    pub(crate) fn new(origin: &LogOrigin, id: &LogId) -> Self {
        Self { prefix: labelled(LABEL, origin, id) }
    }

    /// Signs the tree of a size.
    pub(crate) fn sign(
        &self,
        key: &EpochKey,
        [epoch, counter, size]: [Count; 3],
        root: Hash,
    ) -> CommitLine {
        let signature = key.sign(&self.message([epoch, counter, size], &root));
        CommitLine { epoch, counter, size, root, signature }
    }

    pub(crate) fn verifies(&self, key: &EpochPublicKey, commit: &CommitLine) -> bool {
        let CommitLine { epoch, counter, size, root, signature } = commit;
        key.verifies(&self.message([*epoch, *counter, *size], root), signature)
    }

    /// label ‖ length of the origin ‖ origin ‖ log id ‖ epoch ‖ counter ‖ size ‖ root
    fn message(&self, numbers: [Count; 3], root: &Hash) -> Vec<u8> {
        let numbers = numbers.map(|number| number.get().to_be_bytes());
        [&self.prefix[..], numbers.as_flattened(), root.as_bytes()].concat()
    }
}
