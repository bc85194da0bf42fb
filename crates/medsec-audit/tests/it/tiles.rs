//! Names, contents and growth of tiles, and proofs from them.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use medsec_audit::{
    ConsistencyProof, Frontier, Hash, InclusionProof, InvalidTile, MAX_TREE_SIZE, NodeId,
    NodeSource as _, RightEdge, Tile, TileError, TileFormatError, TileId, TiledTree, leaf_hash,
    root_of, tiles_created, tiles_of,
};
use proptest::prelude::*;

use crate::support::{MemoryTiles, leaves, place, root_by_definition};

fn tile(path: &str) -> TileId {
    path.parse().unwrap()
}

#[test]
fn tile_refuses_every_other_path() {
    let wrong = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/+0/000",
        "tile/-1/000",
        "tile/8/000",
        "tile/63/000",
        "tile/64/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/x001/x000",
        "tile/0/X001/000",
        "tile/0/x0001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1.p/1",
        "tile/0/000.p/1/",
        "tile/0/000.p/-1",
        "tile/0/00\u{0661}",
        "tile/0/x001//000",
        "tile/entries/000",
        "tile/0/../000",
        "tile/0/x018/x446/x744/x073/x709/x551/615",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/7/000.p/128",
        "tile/0/000 ",
        " tile/0/000",
    ];
    for path in wrong {
        assert_eq!(TileId::from_str(path), Err(InvalidTile), "{path}");
    }
    assert_eq!(TileId::new(0, 0, 0), Err(InvalidTile));
    assert_eq!(TileId::new(0, 0, 257), Err(InvalidTile));
    assert_eq!(TileId::new(0, u64::MAX, 1), Err(InvalidTile));
    assert_eq!(TileId::new(255, 0, 1), Err(InvalidTile));
}

#[test]
fn paths_are_those_of_the_specification() {
    let cases = [
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 1_234_067, 112, "tile/0/x001/x234/067.p/112"),
        (0, 0, 1, "tile/0/000.p/1"),
        (1, 999, 256, "tile/1/999"),
        (2, 1000, 255, "tile/2/x001/000.p/255"),
        (7, 0, 127, "tile/7/000.p/127"),
        (0, (MAX_TREE_SIZE >> 8) - 1, 256, "tile/0/x036/x028/x797/x018/x963/966"),
    ];
    for (level, index, width, path) in cases {
        let id = TileId::new(level, index, width).unwrap();
        assert_eq!(id.to_string(), path);
        assert_eq!(tile(path), id);
    }
}

#[test]
fn tree_of_70_000_has_the_tiles_of_the_specification() {
    let tiles: Vec<_> = tiles_of(70_000).collect();
    let at = |level| tiles.iter().filter(move |tile| tile.level() == level);
    assert_eq!(at(0).filter(|tile| tile.is_full()).count(), 273);
    assert_eq!(at(0).next_back(), Some(&tile("tile/0/273.p/112")));
    assert_eq!(at(1).copied().collect::<Vec<_>>(), [tile("tile/1/000"), tile("tile/1/001.p/17")]);
    assert_eq!(at(2).copied().collect::<Vec<_>>(), [tile("tile/2/000.p/1")]);
    assert_eq!(tiles.len(), 277);
    let of_256: Vec<_> = tiles_of(256).collect();
    assert_eq!(of_256, [tile("tile/0/000"), tile("tile/1/000.p/1")]);
}

#[test]
fn growth_creates_only_what_changed() {
    let created = |old, new| tiles_created(old, new).map(|t| t.to_string()).collect::<Vec<_>>();
    assert!(created(0, 0).is_empty());
    assert!(created(70_000, 70_000).is_empty());
    assert!(created(70_000, 69_999).is_empty());
    assert_eq!(created(0, 1), ["tile/0/000.p/1"]);
    assert_eq!(created(254, 255), ["tile/0/000.p/255"]);
    assert_eq!(created(255, 256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(created(256, 257), ["tile/0/001.p/1"]);
    let grown = ["tile/0/001", "tile/0/002.p/1", "tile/1/000.p/2"];
    assert_eq!(created(300, 513), grown);
    let largest = tiles_of(MAX_TREE_SIZE).next().unwrap();
    assert_eq!(largest.to_string(), "tile/0/000");
}

#[test]
fn tile_refuses_bytes_of_another_length() {
    for (path, expected) in [("tile/0/000.p/3", 96), ("tile/0/000", 8192)] {
        for actual in [0, 1, 32, expected - 32, expected - 1, expected + 1, expected + 32] {
            let error = TileFormatError::Length { expected, actual };
            assert_eq!(Tile::parse(&tile(path), &vec![1; actual]), Err(error));
        }
        let bytes = vec![1; expected];
        assert_eq!(Tile::parse(&tile(path), &bytes).unwrap().to_bytes(), bytes);
    }
}

#[test]
fn root_of_a_full_tile_is_the_hash_above() {
    let all = leaves(256);
    let files = MemoryTiles::of(&all);
    let full = Tile::parse(&tile("tile/0/000"), &files.files["tile/0/000"]).unwrap();
    let root = full.root().unwrap();
    assert_eq!(root, root_by_definition(&all));
    assert_eq!(files.files["tile/1/000.p/1"], root.as_bytes());
    assert_eq!(full.node(9, 0), None);
    assert_eq!(full.node(0, 256), None);
    let partial = Tile::parse(&tile("tile/0/000.p/255"), &full.to_bytes()[..255 * 32]).unwrap();
    assert_eq!((partial.root(), partial.width()), (None, 255));
    assert_eq!(partial.node(7, 0), full.node(7, 0));
    assert_eq!(partial.node(7, 1), None);
}

#[test]
fn nodes_outside_the_tree_are_refused() {
    let mut tree = TiledTree::new(MemoryTiles::of(&leaves(300)), 300);
    for (level, index) in
        [(0, 300), (8, 1), (9, 0), (63, 0), (64, 0), (255, 0), (0, u64::MAX), (2, 75)]
    {
        let node = tree.node(NodeId::new(level, index));
        assert_eq!(node, Err(TileError::OutsideTree), "{level} {index}");
    }
    assert!(tree.node(NodeId::new(2, 74)).is_ok());
    assert!(tree.node(NodeId::new(8, 0)).is_ok());
}

#[test]
fn missing_and_damaged_tiles_are_named() {
    let mut files = MemoryTiles::of(&leaves(300));
    files.files.remove("tile/0/000");
    let mut tree = TiledTree::new(files.clone(), 300);
    assert_eq!(tree.node(NodeId::new(0, 0)), Err(TileError::Missing(tile("tile/0/000"))));
    let partial = tile("tile/0/001.p/44");
    files.files.get_mut("tile/0/001.p/44").unwrap().pop();
    let mut tree = TiledTree::new(files.clone(), 300);
    let source = TileFormatError::Length { expected: 1408, actual: 1407 };
    let damaged = Err(TileError::Format { tile: partial, source });
    assert_eq!(tree.node(NodeId::new(0, 299)), damaged);
    // A full tile in place of the partial one must be a full one.
    files.files.remove("tile/0/001.p/44");
    files.files.insert("tile/0/001".to_owned(), vec![1; 8191]);
    let source = TileFormatError::Length { expected: 8192, actual: 8191 };
    let mut tree = TiledTree::new(files, 300);
    assert_eq!(tree.node(NodeId::new(0, 299)), Err(TileError::Format { tile: partial, source }));
}

#[test]
fn no_single_changed_bit_of_a_tile_goes_unnoticed() {
    let all = leaves(259);
    let files = MemoryTiles::of(&all);
    let root = root_by_definition(&all);
    for path in files.files.keys() {
        for at in (0..files.files[path].len()).step_by(29) {
            let mut changed = files.clone();
            changed.files.get_mut(path).unwrap()[at] ^= 1;
            // The root needs the hashes of the upper level and of the right edge, the leaves' tile their proofs.
            let mut tree = TiledTree::new(changed, 259);
            let leaf = (at / 32) as u64 + if path.starts_with("tile/0/001") { 256 } else { 0 };
            let proof = InclusionProof::prove(&mut tree, leaf, 259).unwrap();
            let leaf_there = tree.node(NodeId::new(0, leaf)).unwrap();
            let kept = proof.verify(&leaf_there, &root).is_ok();
            let rooted = root_of(&mut tree, 259) == Ok(root);
            assert!(!(kept && rooted), "{path} at {at}");
        }
    }
}

#[test]
fn partial_tile_that_is_gone_is_cut_from_the_full_one() {
    let all = leaves(600);
    let mut files = MemoryTiles::of(&all);
    assert!(!files.files.contains_key("tile/0/001.p/44"));
    files.files.retain(|path, _| !path.contains(".p/") || path.starts_with("tile/0/002"));
    files
        .files
        .insert("tile/1/000.p/2".to_owned(), MemoryTiles::of(&all).files["tile/1/000.p/2"].clone());
    let mut at_300 = TiledTree::new(files, 300);
    // The tile above was partial then too, and no full one of it exists.
    let missing = TileError::Missing(tile("tile/1/000.p/1"));
    assert_eq!(root_of(&mut at_300, 300), Err(missing));
    let leaf = at_300.node(NodeId::new(0, 299));
    assert_eq!(leaf, Ok(all[299]));
}

#[test]
fn warm_proof_reads_no_tile_again() {
    let all = leaves(70_000);
    let mut tiles = MemoryTiles::of(&all);
    let mut tree = TiledTree::new(&mut tiles, 70_000);
    let first = InclusionProof::prove(&mut tree, 12_345, 70_000).unwrap();
    assert_eq!(InclusionProof::prove(&mut tree, 12_345, 70_000), Ok(first.clone()));
    let neighbour = InclusionProof::prove(&mut tree, 12_346, 70_000).unwrap();
    drop(tree);
    assert_eq!(tiles.reads, 4, "the path and the right edge at two levels");
    let root = root_by_definition(&all);
    assert_eq!(first.verify(&all[12_345], &root), Ok(()));
    assert_eq!(neighbour.verify(&all[12_346], &root), Ok(()));
}

#[test]
fn reader_keeps_answers_right_beyond_what_it_keeps() {
    let all = leaves(256 * 80);
    let mut tree = TiledTree::new(MemoryTiles::of(&all), all.len() as u64);
    for round in [1, 79, 7] {
        for step in 0..80_u64 {
            let index = (step * round % 80) * 256 + step;
            assert_eq!(tree.node(NodeId::new(0, index)), Ok(all[place(index)]));
        }
    }
    tree.resize(257);
    assert_eq!(tree.node(NodeId::new(0, 257)), Err(TileError::OutsideTree));
    assert_eq!(tree.size(), 257);
}

#[test]
fn edge_of_a_stopped_writer_goes_on_where_it_was() {
    let all = leaves(70_000);
    let mut edge = RightEdge::new();
    let mut files = MemoryTiles::default();
    let (mut size, mut written) = (0, BTreeSet::new());
    for part in [1, 255, 1, 299, 65_000, 3_000, 1_444] {
        let before = size as u64;
        all[size..size + part].iter().for_each(|leaf| edge.push(*leaf).unwrap());
        size += part;
        let tiles: Vec<_> = edge.take_full().into_iter().chain(edge.partial()).collect();
        let mut names: Vec<_> =
            tiles.iter().map(|(tile, _)| *tile).filter(|tile| written.insert(*tile)).collect();
        names.sort();
        let mut expected: Vec<_> = tiles_created(before, size as u64).collect();
        expected.sort();
        assert_eq!(names, expected, "{before} to {size}");
        files.store(tiles);
        edge = RightEdge::load(&mut files, size as u64).unwrap();
        assert_eq!(edge.size(), size as u64);
    }
    assert_eq!(size, 70_000);
    let at_once = MemoryTiles::of(&all);
    for path in tiles_of(70_000).map(|tile| tile.to_string()) {
        assert_eq!(files.files.get(&path), at_once.files.get(&path));
    }
}

#[test]
fn edge_without_its_tiles_is_not_loaded() {
    let mut files = MemoryTiles::of(&leaves(300));
    files.files.remove("tile/1/000.p/1");
    let missing = TileError::Missing(tile("tile/1/000.p/1"));
    assert_eq!(RightEdge::load(files, 300).err(), Some(missing));
}

/// The tile as the specification defines it: MTH(D[(n · 256 + i) · 256^l : (n · 256 + i + 1) · 256^l]).
fn by_definition(tile: &TileId, leaves: &[Hash]) -> Vec<u8> {
    let span = 256_usize.pow(tile.level().into());
    let hash = |i: usize| {
        let start = (usize::try_from(tile.index()).unwrap() * 256 + i) * span;
        *root_by_definition(&leaves[start..start + span]).as_bytes()
    };
    (0..tile.width().into()).flat_map(hash).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn proofs_from_tiles_are_those_from_all_nodes(size in 1_u64..70_000, a in any::<u64>(), b in any::<u64>()) {
        let all = leaves(size);
        let files = MemoryTiles::of(&all);
        for tile in tiles_of(size).step_by(7) {
            prop_assert_eq!(&files.files[&tile.to_string()], &by_definition(&tile, &all));
        }
        let mut tree = TiledTree::new(files, size);
        let root = root_of(&mut tree, size).unwrap();
        prop_assert_eq!(root, root_by_definition(&all));
        let mut frontier = Frontier::new();
        frontier.extend(&all).unwrap();
        prop_assert_eq!(Frontier::load(&mut tree, size), Ok(frontier));
        let (index, old) = (a % size, 1 + b % size);
        let proof = InclusionProof::prove(&mut tree, index, size).unwrap();
        prop_assert_eq!(proof.verify(&all[place(index)], &root), Ok(()));
        let old_root = root_by_definition(&all[..place(old)]);
        let proof = ConsistencyProof::prove(&mut tree, old, size).unwrap();
        prop_assert_eq!(proof.verify(&old_root, &root), Ok(()));
    }

    #[test]
    fn every_tile_has_one_path(level in 0_u8..8, index in any::<u64>(), width in 0_u16..300) {
        let index = index >> (8 * u32::from(level) + (index % 56) as u32).min(63);
        if let Ok(id) = TileId::new(level, index, width) {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn random_paths_never_parse_to_another(path in "tile/[0-9]{1,2}(/x?[0-9]{3}){1,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(id) = path.parse::<TileId>() {
            prop_assert_eq!(id.to_string(), path);
        }
    }
}

#[test]
fn leaf_hash_is_what_level_0_holds() {
    let line = br#"{"v":1,"seq":0}"#;
    let mut edge = RightEdge::new();
    edge.push(leaf_hash(line)).unwrap();
    let (id, bytes) = edge.partial().next().unwrap();
    assert_eq!(
        (id.to_string().as_str(), &bytes[..]),
        ("tile/0/000.p/1", &leaf_hash(line).as_bytes()[..])
    );
}
