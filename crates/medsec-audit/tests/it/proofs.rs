//! Proofs that this crate makes, verified; and everything near them, refused.

use medsec_audit::{
    ConsistencyError, ConsistencyProof, EMPTY_ROOT, Hash, InclusionError, InclusionProof,
    ProveError,
};
use proptest::prelude::*;

use crate::support::{MemoryTree, leaves, other_hash, place, root_by_definition};

fn included(tree: &mut MemoryTree, index: u64, size: u64) -> InclusionProof {
    InclusionProof::prove(tree, index, size).unwrap()
}

fn consistent(tree: &mut MemoryTree, old: u64, new: u64) -> ConsistencyProof {
    ConsistencyProof::prove(tree, old, new).unwrap()
}

/// Every path that differs in one hash: flipped, left out, doubled, or two exchanged.
fn neighbours(path: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..path.len() {
        for byte in [0, 17, 31] {
            let mut flipped = path.to_vec();
            let mut bytes = *flipped[at].as_bytes();
            bytes[byte] ^= 0x10;
            flipped[at] = Hash::from_bytes(bytes);
            all.push(flipped);
        }
        let mut shorter = path.to_vec();
        shorter.remove(at);
        all.push(shorter);
        let mut exchanged = path.to_vec();
        exchanged.swap(at, (at + 1) % path.len());
        all.push(exchanged);
    }
    for at in 0..=path.len() {
        let mut longer = path.to_vec();
        longer.insert(at, other_hash());
        all.push(longer);
        let mut doubled = path.to_vec();
        doubled.insert(at, path.get(at).copied().unwrap_or(EMPTY_ROOT));
        all.push(doubled);
    }
    all.retain(|other| other != path);
    all
}

#[test]
fn no_proof_is_made_outside_the_tree() {
    let mut tree = MemoryTree::of(&leaves(5));
    for (index, size) in [(0, 0), (5, 5), (u64::MAX, 5)] {
        let refused = ProveError::OutOfRange { asked: index, size };
        assert_eq!(InclusionProof::prove(&mut tree, index, size), Err(refused));
    }
    for (old, new) in [(0, 5), (0, 0), (6, 5)] {
        let refused = ProveError::OutOfRange { asked: old, size: new };
        assert_eq!(ConsistencyProof::prove(&mut tree, old, new), Err(refused));
    }
}

#[test]
fn inclusion_refuses_index_outside_the_tree() {
    let leaf = leaves(1)[0];
    for (index, size) in [(0, 0), (1, 1), (7, 3), (u64::MAX, u64::MAX), (u64::MAX, 0)] {
        let proof = InclusionProof::new(index, size, Vec::new());
        assert_eq!(proof.verify(&leaf, &leaf), Err(InclusionError::OutOfTree), "{index} of {size}");
    }
}

#[test]
fn endless_proof_is_refused_after_64_hashes() {
    let leaf = leaves(1)[0];
    let path = vec![other_hash(); 10_000];
    let proof = InclusionProof::new(u64::MAX - 1, u64::MAX, path.clone());
    assert_eq!(proof.verify(&leaf, &leaf), Err(InclusionError::Length));
    let proof = ConsistencyProof::new(u64::MAX - 1, u64::MAX, path);
    assert_eq!(proof.verify(&leaf, &leaf), Err(ConsistencyError::Length));
}

#[test]
fn consistency_refuses_empty_and_shrunken_trees() {
    let root = leaves(1)[0];
    let verify = |old, new, path: &[Hash]| {
        ConsistencyProof::new(old, new, path.to_vec()).verify(&root, &root)
    };
    for new in [0, 1, 7, u64::MAX] {
        assert_eq!(verify(0, new, &[]), Err(ConsistencyError::EmptyTree));
        assert_eq!(verify(0, new, &[root]), Err(ConsistencyError::EmptyTree));
    }
    assert_eq!(verify(2, 1, &[]), Err(ConsistencyError::Shrunk));
    assert_eq!(verify(7, 7, &[root]), Err(ConsistencyError::Length));
    assert_eq!(verify(7, 8, &[]), Err(ConsistencyError::Length));
    assert_eq!(verify(7, 7, &[]), Ok(()));
    let other = ConsistencyProof::new(7, 7, Vec::new()).verify(&root, &other_hash());
    assert_eq!(other, Err(ConsistencyError::NewRoot));
}

#[test]
fn consistency_names_the_root_that_differs() {
    let all = leaves(9);
    let [old, new] = [6, 9].map(|size| root_by_definition(&all[..size]));
    let proof = consistent(&mut MemoryTree::of(&all), 6, 9);
    assert_eq!(proof.verify(&other_hash(), &new), Err(ConsistencyError::OldRoot));
    assert_eq!(proof.verify(&old, &other_hash()), Err(ConsistencyError::NewRoot));
    assert_eq!(proof.verify(&old, &new), Ok(()));
}

#[test]
fn all_proofs_up_to_40_leaves_hold() {
    let all = leaves(40);
    let mut tree = MemoryTree::of(&all);
    let (mut inclusions, mut consistencies) = (0, 0);
    for size in 1..=40_u64 {
        let root = root_by_definition(&all[..place(size)]);
        for (index, leaf) in (0..size).zip(&all) {
            included(&mut tree, index, size).verify(leaf, &root).unwrap();
            inclusions += 1;
        }
        for old in 1..=size {
            let old_root = root_by_definition(&all[..place(old)]);
            consistent(&mut tree, old, size).verify(&old_root, &root).unwrap();
            consistencies += 1;
        }
    }
    assert_eq!((inclusions, consistencies), (820, 820));
}

#[test]
fn no_neighbour_of_an_inclusion_proof_holds() {
    let all = leaves(21);
    let mut tree = MemoryTree::of(&all);
    let mut refused = 0;
    for size in 1..=21_u64 {
        let root = root_by_definition(&all[..place(size)]);
        for (index, leaf) in (0..size).zip(&all) {
            let proof = included(&mut tree, index, size);
            for path in neighbours(&proof.path) {
                let forged = InclusionProof::new(index, size, path);
                assert!(forged.verify(leaf, &root).is_err(), "{index} of {size}");
                refused += 1;
            }
            for other in (0..size).filter(|other| *other != index) {
                let forged = InclusionProof::new(other, size, proof.path.clone());
                assert!(forged.verify(leaf, &root).is_err(), "{index} as {other} of {size}");
                refused += 1;
            }
            assert_eq!(proof.verify(&other_hash(), &root), Err(InclusionError::Root));
            assert_eq!(proof.verify(leaf, &other_hash()), Err(InclusionError::Root));
        }
    }
    println!("{refused} forged inclusion proofs refused");
    assert!(refused > 6_000);
}

#[test]
fn no_neighbour_of_a_consistency_proof_holds() {
    let all = leaves(21);
    let mut tree = MemoryTree::of(&all);
    let mut refused = 0;
    for (old, new) in (1..=21_u64).flat_map(|new| (1..new).map(move |old| (old, new))) {
        let [old_root, new_root] = [old, new].map(|size| root_by_definition(&all[..place(size)]));
        let proof = consistent(&mut tree, old, new);
        for path in neighbours(&proof.path) {
            let forged = ConsistencyProof::new(old, new, path);
            assert!(forged.verify(&old_root, &new_root).is_err(), "{old} to {new}");
            refused += 1;
        }
        assert!(proof.verify(&new_root, &old_root).is_err(), "{old} to {new}");
    }
    println!("{refused} forged consistency proofs refused");
    assert!(refused > 6_000);
}

/// RFC 9162, section 2.1.5: the example tree of seven leaves.
#[test]
fn proofs_of_the_standard_have_its_nodes() {
    let l = leaves(7);
    let node = medsec_audit::node_hash;
    let [g, h, i, j] = [node(&l[0], &l[1]), node(&l[2], &l[3]), node(&l[4], &l[5]), l[6]];
    let (k, m) = (node(&g, &h), node(&i, &j));
    let mut tree = MemoryTree::of(&l);
    assert_eq!(included(&mut tree, 0, 7).path, [l[1], h, m]);
    assert_eq!(included(&mut tree, 3, 7).path, [l[2], g, m]);
    assert_eq!(included(&mut tree, 4, 7).path, [l[5], j, k]);
    assert_eq!(included(&mut tree, 6, 7).path, [i, k]);
    assert_eq!(consistent(&mut tree, 3, 7).path, [l[2], l[3], g, m]);
    assert_eq!(consistent(&mut tree, 4, 7).path, [m]);
    assert_eq!(consistent(&mut tree, 6, 7).path, [i, j, k]);
    assert!(consistent(&mut tree, 7, 7).path.is_empty());
}

proptest! {
    #[test]
    fn random_proofs_hold_and_their_neighbours_do_not(size in 1_u64..3000, a in any::<u64>(), b in any::<u64>()) {
        let all = leaves(size);
        let mut tree = MemoryTree::of(&all);
        let root = root_by_definition(&all);
        let index = a % size;
        let proof = included(&mut tree, index, size);
        let leaf = all[place(index)];
        prop_assert_eq!(proof.verify(&leaf, &root), Ok(()));
        for path in neighbours(&proof.path) {
            prop_assert!(InclusionProof::new(index, size, path).verify(&leaf, &root).is_err());
        }
        let old = 1 + b % size;
        let old_root = root_by_definition(&all[..place(old)]);
        let proof = consistent(&mut tree, old, size);
        prop_assert_eq!(proof.verify(&old_root, &root), Ok(()));
        for path in neighbours(&proof.path) {
            prop_assert!(ConsistencyProof::new(old, size, path).verify(&old_root, &root).is_err());
        }
    }
}

/// A property of RFC 9162, not a defect: on the left of a tree the path has no place that depends on the exact
/// size. Root and size are therefore believed together, from one signed checkpoint.
#[test]
fn inclusion_path_alone_does_not_fix_the_size() {
    let all = leaves(3);
    let proof = included(&mut MemoryTree::of(&all), 0, 3);
    let root = root_by_definition(&all);
    assert_eq!(InclusionProof::new(0, 4, proof.path.clone()).verify(&all[0], &root), Ok(()));
    for size in [1, 2, 5, 6, 7, 8, u64::MAX] {
        let forged = InclusionProof::new(0, size, proof.path.clone());
        assert_eq!(forged.verify(&all[0], &root), Err(InclusionError::Length), "{size}");
    }
}
