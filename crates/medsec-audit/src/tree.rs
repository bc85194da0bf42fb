//! The Merkle tree of RFC 6962 over the records of a stream: hashes, the state that grows it, and proofs that a
//! record is in it (inclusion) or that a tree continues another (consistency), verified as RFC 9162 says.
//!
//! Nothing here reads files or knows what a record is: the leaves are bytes, the nodes come from a
//! [`NodeSource`]. Verification takes constant memory and at most 64 steps.

mod consistency;
mod frontier;
mod hash;
mod inclusion;
mod source;
mod tie;

pub use self::consistency::{ConsistencyError, ConsistencyProof};
pub use self::frontier::{Frontier, FrontierError, TreeFull};
pub(crate) use self::frontier::{Subtree, subtrees};
pub use self::hash::{EMPTY_ROOT, Hash, InvalidHash, leaf_hash, leaf_hashes, node_hash};
pub use self::inclusion::{InclusionError, InclusionProof};
pub use self::source::{NodeId, NodeSource, ProveError, root_of};
pub(crate) use self::tie::Tie;

pub(crate) use self::hash::pair_up;

/// Most leaves of a tree: what Go's `tlog` and every signed 64-bit counter can still hold.
pub const MAX_TREE_SIZE: u64 = i64::MAX.unsigned_abs();

/// Shifts without a panic: by 64 or more, nothing is left.
fn shifted(value: u64, by: u32) -> u64 {
    value.checked_shr(by).unwrap_or(0)
}
