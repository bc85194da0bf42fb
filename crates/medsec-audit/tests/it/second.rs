//! Against a second implementation of RFC 6962, the crate ct-merkle.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof as TheirConsistency, InclusionProof as TheirInclusion};
use medsec_audit::{ConsistencyProof, Frontier, InclusionProof, leaf_hash};
use sha2::Sha256;

use crate::support::MemoryTree;

const SIZES: [u64; 12] = [1, 2, 3, 4, 7, 8, 9, 31, 64, 100, 255, 300];

fn record(number: u64) -> Vec<u8> {
    format!("record {number}").into_bytes()
}

fn flat(path: &[medsec_audit::Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[test]
fn both_implementations_make_the_same_proofs() {
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let (mut ours, mut leaves) = (Frontier::new(), Vec::new());
    let (mut inclusions, mut consistencies) = (0, 0);
    for size in 1..=300_u64 {
        let line = record(size - 1);
        leaves.push(leaf_hash(&line));
        ours.push(leaf_hash(&line)).unwrap();
        theirs.push(line);
        assert_eq!(theirs.root().as_bytes()[..], ours.root().as_bytes()[..]);
        if !SIZES.contains(&size) {
            continue;
        }
        let mut nodes = MemoryTree::of(&leaves);
        for index in 0..size {
            let proof = InclusionProof::prove(&mut nodes, index, size).unwrap();
            let other = theirs.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(flat(&proof.path), other.as_bytes(), "leaf {index} of {size}");
            let received = TheirInclusion::<Sha256>::try_from_bytes(flat(&proof.path)).unwrap();
            theirs.root().verify_inclusion(&record(index), index, &received).unwrap();
            inclusions += 1;
        }
        for old in 1..size {
            let proof = ConsistencyProof::prove(&mut nodes, old, size).unwrap();
            let other = theirs.prove_consistency(usize::try_from(size - old).unwrap());
            assert_eq!(flat(&proof.path), other.as_bytes(), "{old} to {size}");
            assert!(TheirConsistency::<Sha256>::try_from_bytes(flat(&proof.path)).is_ok());
            consistencies += 1;
        }
    }
    assert_eq!((inclusions, consistencies), (784, 772));
}
