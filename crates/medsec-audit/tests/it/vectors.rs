//! The vectors of transparency-dev/merkle: 98 inclusion proofs and 98 consistency proofs, of which 6 each hold.
//!
//! They lie beside the workspace, not in it; `cargo xtask test` names their folder in `MEDSEC_VECTORS`.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_audit::{ConsistencyProof, Hash, InclusionProof, InvalidHash, leaf_hash};
use serde_json::Value;

/// Vectors of each kind, and those among them that hold.
const EACH: (usize, usize) = (98, 6);

/// The vectors of one kind, or a line that says why there are none.
fn vectors(kind: &str) -> Option<Vec<(PathBuf, Value)>> {
    let Some(folder) = std::env::var_os("MEDSEC_VECTORS").map(PathBuf::from) else {
        println!("not run: MEDSEC_VECTORS is not set; `cargo xtask test` sets it");
        return None;
    };
    let mut found = Vec::new();
    files_under(&folder.join(kind), &mut found);
    let read = |path: PathBuf| {
        let vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path, vector)
    };
    Some(found.into_iter().map(read).collect())
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() { files_under(&path, found) } else { found.push(path) }
    }
}

fn hash(value: &Value) -> Result<Hash, InvalidHash> {
    value.as_str().unwrap().parse()
}

fn path(vector: &Value) -> Result<Vec<Hash>, InvalidHash> {
    vector["proof"].as_array().into_iter().flatten().map(hash).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn inclusion_holds(vector: &Value) -> Option<()> {
    let [leaf, root] = [&vector["leafHash"], &vector["root"]].map(|value| hash(value).ok());
    let path = path(vector).ok()?;
    let proof = InclusionProof::new(number(&vector["leafIdx"]), number(&vector["treeSize"]), path);
    proof.verify(&leaf?, &root?).ok()
}

/// Some roots of these vectors are words like `don't care`: they stand for any root, equal or not.
fn any_root(value: &Value) -> Hash {
    hash(value).unwrap_or_else(|_| leaf_hash(&STANDARD.decode(value.as_str().unwrap()).unwrap()))
}

fn consistency_holds(vector: &Value) -> Option<()> {
    let [old, new] = [&vector["root1"], &vector["root2"]].map(any_root);
    let path = path(vector).ok()?;
    let proof = ConsistencyProof::new(number(&vector["size1"]), number(&vector["size2"]), path);
    proof.verify(&old, &new).ok()
}

/// Every vector comes out as it says; how many there are and how many hold.
fn judged(vectors: &[(PathBuf, Value)], holds: fn(&Value) -> Option<()>) -> (usize, usize) {
    let mut held = 0;
    for (path, vector) in vectors {
        let refused = vector["wantErr"].as_bool().unwrap();
        assert_eq!(holds(vector).is_none(), refused, "{}: {}", path.display(), vector["desc"]);
        held += usize::from(!refused);
    }
    (vectors.len(), held)
}

#[test]
fn inclusion_vectors_hold_or_are_refused() {
    let Some(vectors) = vectors("inclusion") else { return };
    assert_eq!(judged(&vectors, inclusion_holds), EACH);
}

#[test]
fn consistency_vectors_hold_or_are_refused() {
    let Some(vectors) = vectors("consistency") else { return };
    assert_eq!(judged(&vectors, consistency_holds), EACH);
}
