//! Tiles and proofs.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::convert::Infallible;
use std::sync::OnceLock;

use super::edits::edited;
use crate::{
    ConsistencyProof, Frontier, Hash, InclusionProof, RightEdge, Tile, TileId, TileReader,
    TiledTree, leaf_hash, root_of,
};

/// Leaves of the tree whose proofs and tiles are edited.
const SIZE: u64 = 300;

/// Tiles by path.
#[derive(Clone, Default)]
struct Files(Vec<(TileId, Vec<u8>)>);

impl TileReader for Files {
    type Error = Infallible;

    fn read(&mut self, tile: &TileId) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.iter().find(|(id, _)| id == tile).map(|(_, bytes)| bytes.clone()))
    }
}

struct Known {
    leaves: Vec<Hash>,
    files: Files,
    root: Hash,
    old_root: Hash,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let leaves: Vec<_> = (0..SIZE).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let (mut edge, mut tree, mut old) = (RightEdge::new(), Frontier::new(), Frontier::new());
        leaves.iter().for_each(|leaf| edge.push(*leaf).unwrap());
        tree.extend(&leaves).unwrap();
        old.extend(&leaves[..100]).unwrap();
        let full = edge.take_full();
        let files = Files(full.into_iter().chain(edge.partial()).collect());
        Known { leaves, files, root: tree.root(), old_root: old.root() }
    })
}

/// A path, a frontier, forged proofs with any index, sizes and hashes, edits of valid proofs, and a tree over edited
/// tiles: names have one form, nothing but the valid proof verifies, and nothing ends in a panic.
pub fn tile_proof(data: &[u8]) {
    if let Some(id) = std::str::from_utf8(data).ok().and_then(|path| path.parse::<TileId>().ok()) {
        assert!(id.to_string().as_bytes() == data, "another path of a tile");
    }
    if let Ok(frontier) = Frontier::from_bytes(data) {
        assert!(frontier.to_bytes() == data, "another form of a frontier");
        let _ = frontier.root();
    }
    let Some((numbers, rest)) = data.split_first_chunk::<16>() else { return };
    let [a, b] = [numbers.first_chunk(), numbers.last_chunk()]
        .map(|number| u64::from_be_bytes(*number.unwrap()));
    any_proof(a, b, rest);
    edited_proofs(a, rest);
    edited_tiles(a, b, rest);
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.as_chunks::<32>().0.iter().copied().map(Hash::from_bytes).collect()
}

/// Whatever the numbers and hashes, an end is reached; and a proof of hashes that nobody drew is none.
fn any_proof(a: u64, b: u64, rest: &[u8]) {
    let known = known();
    let path = hashes(rest);
    let drawn = path.iter().any(|hash| known.leaves.contains(hash)) || path.is_empty();
    let inclusion = InclusionProof::new(a, b, path.clone());
    let forged = inclusion.verify(&leaf_hash(b"never appended"), &known.root);
    assert!(forged.is_err(), "a leaf that was never appended is included");
    let verified = ConsistencyProof::new(a, b, path).verify(&known.old_root, &leaf_hash(rest));
    assert!(verified.is_err() || drawn, "a proof out of nothing");
}

/// Edited paths of valid proofs.
fn edited_proofs(a: u64, edits: &[u8]) {
    let known = known();
    let mut tree = TiledTree::new(known.files.clone(), SIZE);
    let flat = |path: &[Hash]| path.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>();
    let index = a % SIZE;
    let proof = InclusionProof::prove(&mut tree, index, SIZE).unwrap();
    let path = hashes(&edited(&flat(&proof.path), edits));
    let same = path == proof.path;
    let leaf = &known.leaves[usize::try_from(index).unwrap()];
    let verified = InclusionProof::new(index, SIZE, path).verify(leaf, &known.root);
    assert!(verified.is_ok() == same, "an edited inclusion proof");

    let proof = ConsistencyProof::prove(&mut tree, 100, SIZE).unwrap();
    let path = hashes(&edited(&flat(&proof.path), edits));
    let same = path == proof.path;
    let verified = ConsistencyProof::new(100, SIZE, path).verify(&known.old_root, &known.root);
    assert!(verified.is_ok() == same, "an edited consistency proof");
}

/// A tree over tiles of which one was edited, asked for more or fewer leaves than it has.
fn edited_tiles(a: u64, b: u64, edits: &[u8]) {
    let known = known();
    let mut files = known.files.clone();
    let which = usize::try_from(a % 3).unwrap();
    let original = files.0[which].1.clone();
    files.0[which].1 = edited(&original, edits);
    let untouched = files.0[which].1 == original;
    let parsed = Tile::parse(&files.0[which].0, &files.0[which].1);
    assert!(
        parsed.is_ok() == (files.0[which].1.len() == original.len()),
        "a tile of another length"
    );
    let mut tree = TiledTree::new(files.clone(), SIZE);
    if untouched {
        assert!(root_of(&mut tree, SIZE) == Ok(known.root), "another root of the same tiles");
    }
    if let Ok(proof) = InclusionProof::prove(&mut tree, b % SIZE, SIZE) {
        let leaf = &known.leaves[usize::try_from(b % SIZE).unwrap()];
        let _ = proof.verify(leaf, &known.root);
    }
    let mut tree = TiledTree::new(files, b);
    let _ = root_of(&mut tree, b);
    let _ = InclusionProof::prove(&mut tree, a, b);
    let _ = ConsistencyProof::prove(&mut tree, a, b);
}

/// First inputs.
#[cfg(test)]
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let paths = ["tile/0/x001/x234/067.p/112", "tile/0/000", "tile/7/000.p/127", "tile/2/x001/000"];
    let mut seeds: Vec<Vec<u8>> = paths.map(Vec::from).to_vec();
    let mut tree = Frontier::new();
    tree.extend(&known().leaves).unwrap();
    seeds.push(tree.to_bytes());
    let numbers = |a: u64, b: u64| [a.to_be_bytes(), b.to_be_bytes()].concat();
    for (a, b) in
        [(0, 1), (299, 300), (100, 300), (u64::MAX, 0), (u64::MAX - 1, u64::MAX), (256, 257)]
    {
        seeds.push(numbers(a, b));
        seeds.push([numbers(a, b), vec![0, 0, 40, 1]].concat());
        seeds.push([numbers(a, b), vec![1, 0, 0, 0, 2, 1, 0, 0]].concat());
        seeds.push([numbers(a, b), [9; 96].to_vec()].concat());
    }
    seeds
}
