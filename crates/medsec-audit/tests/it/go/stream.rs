//! The folder of a stream as Go sees it: its checkpoint, its tiles, and proofs from both sides.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_audit::{Algorithm, ConsistencyProof, RecordProof, leaf_hash};
use serde_json::{Map, Value, json};

use super::{accepted, ask, strings};
use crate::streams::{Home, LOG, opened, stream};
use crate::support::signer;

/// Records of the older checkpoint, and behind it.
const BATCHES: [u64; 2] = [300, 400];

/// A stream with two checkpoints, the newest of more than two full tiles.
struct Published {
    home: Home,
    /// Size, root and note of each.
    checkpoints: Vec<(u64, String, String)>,
}

impl Published {
    fn new() -> Self {
        let home = Home::new();
        let key = signer(LOG, Algorithm::Ed25519, 7);
        let writer = home.writer();
        let mut checkpoints = Vec::new();
        for count in BATCHES {
            let events: Vec<_> = (0..count).map(opened).collect();
            let _ = writer.append_all(&events).unwrap();
            let published = home.log.publish(&stream(), &key).unwrap().checkpoint;
            let note = fs::read_to_string(home.path().join("checkpoint")).unwrap();
            checkpoints.push((published.size(), published.root().to_string(), note));
        }
        writer.close().unwrap();
        Self { home, checkpoints }
    }

    fn older(&self) -> &(u64, String, String) {
        &self.checkpoints[0]
    }

    fn newest(&self) -> &(u64, String, String) {
        &self.checkpoints[1]
    }

    /// The records, as their lines stand.
    fn records(&self) -> Vec<String> {
        let lines = self.home.lines().into_iter();
        lines.filter(|line| line.starts_with("{\"v\":1")).collect()
    }

    fn proof(&self, index: u64) -> RecordProof {
        self.home.log.prove(&stream(), index).unwrap()
    }

    /// The hashes of our proof of a record.
    fn path(&self, index: u64) -> Vec<String> {
        let text = self.proof(index).render();
        let lines = text.split("\n\n").next().unwrap().lines();
        lines.skip(2).map(str::to_owned).collect()
    }

    fn growth(&self) -> ConsistencyProof {
        self.home.log.prove_consistency(&stream(), self.older().0).unwrap()
    }
}

/// Every tile in the folder of a stream, by its path.
fn tiles(of_stream: &Path) -> Map<String, Value> {
    fn walk(folder: &Path, name: &str, found: &mut Map<String, Value>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                walk(&entry.path(), &name, found);
            } else {
                found.insert(name, STANDARD.encode(fs::read(entry.path()).unwrap()).into());
            }
        }
    }
    let mut found = Map::new();
    walk(&of_stream.join("tile"), "tile", &mut found);
    found
}

#[test]
fn go_refuses_checkpoints_tiles_and_proofs_of_a_stream_that_were_altered() {
    let published = Published::new();
    let (size, root, note) = published.newest();
    let (old, old_root, _) = published.older();
    let records = published.records();
    let key = published.home.log.pin().key().to_string();
    let other = leaf_hash(b"other").to_string();
    let mut altered = tiles(&published.home.path());
    let tile = altered.get_mut("tile/0/001").unwrap();
    let mut bytes = STANDARD.decode(tile.as_str().unwrap()).unwrap();
    bytes[100] ^= 1;
    *tile = STANDARD.encode(bytes).into();
    let requests = [
        json!({ "Do": "open", "Note": note.replacen(&size.to_string(), "9", 1), "Keys": [key] }),
        json!({
            "Do": "prove-from-tiles", "Size": size, "Root": root, "Index": 300, "Old": old, "Tiles": altered,
        }),
        json!({
            "Do": "check-record", "Size": size, "Root": root, "Index": 300,
            "Leaf": leaf_hash(records[301].as_bytes()).to_string(), "Proof": published.path(300),
        }),
        json!({
            "Do": "check-tree", "Size": size, "Root": root, "Old": old, "Older": other,
            "Proof": strings(&published.growth().path),
        }),
        json!({
            "Do": "check-tree", "Size": size, "Root": other, "Old": old, "Older": old_root,
            "Proof": strings(&published.growth().path),
        }),
    ];
    let Some(answers) = ask(&requests) else { return };
    for (request, answer) in requests.iter().zip(&answers) {
        assert!(!accepted(answer), "{}", request["Do"]);
    }
}

#[test]
fn go_verifies_checkpoint_tiles_and_proofs_of_a_stream() {
    let published = Published::new();
    let (size, root, note) = published.newest();
    let (old, old_root, _) = published.older();
    let records = published.records();
    let found = tiles(&published.home.path());
    assert!(["tile/0/000", "tile/0/001"].iter().all(|tile| found.contains_key(*tile)));
    let key = published.home.log.pin().key().to_string();
    let all = usize::try_from(*size).unwrap();
    let mut requests = vec![
        json!({ "Do": "open", "Note": note, "Keys": [key] }),
        json!({ "Do": "grow", "Lines": records[..all] }),
        json!({
            "Do": "check-tree", "Size": size, "Root": root, "Old": old, "Older": old_root,
            "Proof": strings(&published.growth().path),
        }),
    ];
    let indexes = [0, 1, 255, 256, 300, *size - 1];
    for index in indexes {
        let leaf = leaf_hash(records[usize::try_from(index).unwrap()].as_bytes()).to_string();
        requests.push(json!({
            "Do": "check-record", "Size": size, "Root": root, "Index": index, "Leaf": leaf,
            "Proof": published.path(index),
        }));
        requests.push(json!({
            "Do": "prove-from-tiles", "Size": size, "Root": root, "Index": index, "Old": old, "Tiles": found,
        }));
    }
    let Some(answers) = ask(&requests) else { return };
    for (request, answer) in requests.iter().zip(&answers) {
        assert!(accepted(answer), "{}: {answer}", request["Do"]);
    }
    assert_eq!(answers[0]["text"], format!("{LOG}/main\n{size}\n{root}\n"));
    assert_eq!(answers[1]["root"], **root);
    for (path, bytes) in answers[1]["tiles"].as_object().unwrap() {
        assert_eq!(found[path], *bytes, "{path}");
    }
    for (index, answer) in indexes.iter().zip(answers[3..].chunks_exact(2)) {
        let ours = [published.path(*index), strings(&published.growth().path)].concat();
        assert_eq!(answer[1]["proof"], json!(ours), "record {index}");
    }
}
