//! Hashes and the state that grows a tree.

use medsec_audit::{
    EMPTY_ROOT, Frontier, FrontierError, Hash, InvalidHash, MAX_TREE_SIZE, TreeFull, leaf_hash,
    leaf_hashes, node_hash, root_of,
};
use proptest::prelude::*;

use crate::support::{MemoryTree, leaves, other_hash, root_by_definition};

/// The leaves of the Certificate Transparency reference tree, in hexadecimal, and its root at each size.
const REFERENCE: [(&str, &str); 8] = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        "606162636465666768696a6b6c6d6e6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
];

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn hash_refuses_every_other_text() {
    let text = leaf_hash(b"x").to_string();
    let unpadded = text.trim_end_matches('=');
    let url_safe = Hash::from_bytes([0xFF; 32]).to_string().replace('/', "_");
    for wrong in ["", unpadded, &text[1..], &format!("{text}="), &format!("{text}\n"), &url_safe] {
        assert_eq!(wrong.parse::<Hash>(), Err(InvalidHash), "{wrong}");
    }
    // 33 bytes have 44 characters too; and the last character holds two bits that must be zero.
    assert_eq!("A".repeat(44).parse::<Hash>(), Err(InvalidHash));
    let trailing_bits = format!("{}B=", "A".repeat(42));
    assert_eq!(trailing_bits.parse::<Hash>(), Err(InvalidHash));
    assert_eq!(text.parse(), Ok(leaf_hash(b"x")));
    assert_eq!(EMPTY_ROOT.to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn leaf_never_passes_for_a_node() {
    let (left, right) = (leaf_hash(b"l"), leaf_hash(b"r"));
    let children = [*left.as_bytes(), *right.as_bytes()].concat();
    assert_ne!(leaf_hash(&children), node_hash(&left, &right));
    assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
}

#[test]
fn reference_tree_has_the_published_roots() {
    let mut tree = Frontier::new();
    assert_eq!(tree.root(), EMPTY_ROOT);
    let mut leaves = Vec::new();
    for (index, (leaf, root)) in (0..).zip(REFERENCE) {
        let leaf = leaf_hash(&unhex(leaf));
        leaves.push(leaf);
        assert_eq!(tree.push(leaf), Ok(index));
        assert_eq!(tree.root().as_bytes()[..], unhex(root));
        assert_eq!(root_by_definition(&leaves), tree.root());
    }
}

#[test]
fn every_root_up_to_600_follows_the_definition() {
    let all = leaves(600);
    let (mut tree, mut nodes) = (Frontier::new(), MemoryTree::of(&all));
    for (leaf, size) in all.iter().zip(1..) {
        tree.push(*leaf).unwrap();
        assert_eq!(tree.root(), root_by_definition(&all[..size]));
        let size = size as u64;
        assert_eq!(root_of(&mut nodes, size), Ok(tree.root()));
        assert_eq!(Frontier::load(&mut nodes, size), Ok(tree.clone()));
    }
}

#[test]
fn full_tree_takes_no_more_leaves() {
    let peaks: Vec<u8> = [7; 32 * 63].to_vec();
    let bytes = [&MAX_TREE_SIZE.to_be_bytes()[..], &peaks].concat();
    let mut tree = Frontier::from_bytes(&bytes).unwrap();
    let before = tree.clone();
    assert_eq!(tree.push(other_hash()), Err(TreeFull));
    assert_eq!(tree.extend(&leaves(3)), Err(TreeFull));
    assert_eq!(tree, before);
    assert_eq!(tree.to_bytes().len(), 2024);
}

#[test]
fn frontier_refuses_bytes_of_another_length() {
    let mut tree = Frontier::new();
    tree.extend(&leaves(1000)).unwrap();
    let bytes = tree.to_bytes();
    for len in 0..bytes.len() {
        let error = if len < 8 { FrontierError::Size } else { FrontierError::Length };
        assert_eq!(Frontier::from_bytes(&bytes[..len]), Err(error), "{len}");
    }
    assert_eq!(Frontier::from_bytes(&[&bytes[..], &[0]].concat()), Err(FrontierError::Length));
    assert_eq!(Frontier::from_bytes(&[&bytes[..], &[0; 32]].concat()), Err(FrontierError::Length));
    let large = (MAX_TREE_SIZE + 1).to_be_bytes();
    assert_eq!(Frontier::from_bytes(&[&large[..], &[0; 32]].concat()), Err(FrontierError::Size));
    assert_eq!(Frontier::from_bytes(&bytes), Ok(tree));
}

#[test]
fn cached_frontier_with_changed_hash_has_another_root() {
    let mut tree = Frontier::new();
    tree.extend(&leaves(77)).unwrap();
    let bytes = tree.to_bytes();
    for at in 8..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_ne!(Frontier::from_bytes(&changed).unwrap().root(), tree.root());
    }
}

proptest! {
    #[test]
    fn batches_grow_the_same_tree_as_single_leaves(parts in prop::collection::vec(0_usize..700, 0..6)) {
        let all = leaves(parts.iter().sum::<usize>() as u64);
        let (mut batched, mut rest) = (Frontier::new(), &all[..]);
        for part in parts {
            let (now, later) = rest.split_at(part);
            batched.extend(now).unwrap();
            rest = later;
        }
        let mut single = Frontier::new();
        all.iter().for_each(|leaf| { single.push(*leaf).unwrap(); });
        prop_assert_eq!(&batched, &single);
        prop_assert_eq!(Frontier::from_bytes(&batched.to_bytes()).unwrap(), single);
    }

    #[test]
    fn many_leaves_hash_as_each_by_itself(lines in prop::collection::vec(any::<Vec<u8>>(), 0..40)) {
        let mut hashes = vec![other_hash()];
        leaf_hashes(lines.iter().map(Vec::as_slice), &mut hashes);
        let each: Vec<_> = lines.iter().map(|line| leaf_hash(line)).collect();
        prop_assert_eq!(&hashes[1..], each);
    }
}
