//! Against Go's `sumdb/note` and `sumdb/tlog`: each side verifies what the other made, and refuses the same.

mod stream;

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_audit::{
    Algorithm, Checkpoint, ConsistencyProof, Hash, InclusionProof, Note, NoteSigner as _,
    TiledTree, VerifierKey, leaf_hash,
};
use serde_json::{Map, Value, json};

use crate::checkpoints::checkpoint;
use crate::notes::text;
use crate::support::{MemoryTiles, leaves, place, root_by_definition, signer};

/// Puts requests to the oracle, all in one process. Without an oracle a test says so, or fails where it is demanded.
fn ask(requests: &[Value]) -> Option<Vec<Value>> {
    let Some(program) = std::env::var_os("MEDSEC_ORACLE_GO") else {
        println!("not run: MEDSEC_ORACLE_GO is not set (cargo xtask test sets it)");
        let demanded = std::env::var_os("MEDSEC_REQUIRE_ORACLE").is_some_and(|v| v == "1");
        assert!(!demanded, "MEDSEC_REQUIRE_ORACLE=1, but there is no oracle in Go");
        return None;
    };
    let mut oracle =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = oracle.stdin.take().unwrap();
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the oracle failed");
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let answers: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(answers.len(), requests.len());
    Some(answers)
}

fn strings(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_string).collect()
}

fn accepted(answer: &Value) -> bool {
    answer.get("error").is_none()
}

#[test]
fn go_opens_our_checkpoint_and_refuses_each_flip() {
    let log = signer("clinic.example/log", Algorithm::Ed25519, 1);
    let body = checkpoint("clinic.example/log", 70_000, leaf_hash(b"root")).to_text().unwrap();
    let note = Note::sign(body.clone(), &log).unwrap().render();
    let key = log.verifier_key().to_string();
    let mut variants = vec![note.clone()];
    for at in 0..note.len() {
        let mut changed = note.clone().into_bytes();
        changed[at] ^= 1;
        variants.extend(String::from_utf8(changed));
    }
    let requests: Vec<_> =
        variants.iter().map(|note| json!({ "Do": "open", "Note": note, "Keys": [key] })).collect();
    let Some(answers) = ask(&requests) else { return };
    assert_eq!(answers[0]["text"], body.as_str());
    assert_eq!(
        answers[0]["keys"],
        json!([format!("clinic.example/log+{}", log.verifier_key().id())])
    );
    for (variant, answer) in variants.iter().zip(&answers) {
        let ours = Checkpoint::open(variant.as_bytes(), log.verifier_key(), &[]);
        assert_eq!(ours.is_ok(), accepted(answer), "{variant:?}: {answer}");
    }
    assert_eq!(answers.len(), note.len() + 1);
}

#[test]
fn we_open_what_go_signed() {
    let ours = signer("clinic.example/log", Algorithm::Ed25519, 7);
    let key = ours.verifier_key();
    let seed = STANDARD.encode([&[1][..], ours.expose_seed()].concat());
    let private = format!("PRIVATE+KEY+{}+{}+{seed}", key.name(), key.id());
    let texts = ["\n", "a\n\nb\n", "\u{2014} not a signature\n", "clinic\u{e8}\n"];
    let requests: Vec<_> =
        texts.iter().map(|text| json!({ "Do": "sign", "Text": text, "Skey": private })).collect();
    let Some(answers) = ask(&requests) else { return };
    for (signed, answer) in texts.iter().zip(&answers) {
        let theirs = answer["text"].as_str().unwrap();
        let note = Note::parse(theirs.as_bytes()).unwrap();
        assert_eq!(note.text().as_str(), *signed);
        assert!(note.verify(&[key]).is_ok());
        assert_eq!(Note::sign(text(signed), &ours).unwrap().render(), theirs);
    }
}

#[test]
fn both_judge_malformed_notes_alike() {
    let log = signer("log", Algorithm::Ed25519, 1);
    let line = Note::sign(text("t\n"), &log).unwrap().render();
    let line = line.split_once("\n\n").unwrap().1;
    let other = "\u{2014} other AAAAAAA=\n";
    let notes = [
        format!("t\n\n{line}"),
        format!("t\n\n{other}{line}{other}"),
        format!("t\n\n{line}{line}"),
        format!("t\n{line}"),
        format!("t\n\n{line}\n"),
        format!("t\n\n{}", line.trim_end()),
        format!("t\r\n\n{line}"),
        format!("t\n\n{other}"),
        format!("\n\n{line}"),
        format!("t\n\n\u{2014} AAAAAAA=\n{line}"),
        format!("t\n\n\u{2014} o+o AAAAAAA=\n{line}"),
        format!("t\n\n\u{2014} o\u{2003} AAAAAAA=\n{line}"),
        format!("t\n\n\u{2014} o\u{7f} AAAAAAA=\n{line}"),
        format!("t\n\n\u{2014} o AAAAAA==\n{line}"),
        format!("t\n\n\u{2014} o AAAAAAA\n{line}"),
        format!("t\n\n{}{line}", other.repeat(99)),
        format!("t\n\n{}{line}", other.repeat(100)),
        format!("t\n\n- o AAAAAAA=\n{line}"),
        format!("t\u{1f}\n\n{line}"),
    ];
    let key = log.verifier_key().to_string();
    let requests: Vec<_> =
        notes.iter().map(|note| json!({ "Do": "open", "Note": note, "Keys": [key] })).collect();
    let Some(answers) = ask(&requests) else { return };
    let ours = notes.each_ref().map(|note| {
        Note::parse(note.as_bytes()).is_ok_and(|note| note.verify(&[log.verifier_key()]).is_ok())
    });
    for ((note, ours), answer) in notes.iter().zip(ours).zip(&answers) {
        assert_eq!(ours, accepted(answer), "{note:?}: {answer}");
    }
    assert_eq!(ours.iter().filter(|ok| **ok).count(), 5);
}

#[test]
fn go_verifies_our_proofs_and_makes_the_same_from_our_tiles() {
    let mut requests = Vec::new();
    let mut expected = Vec::new();
    for size in [1_u64, 2, 3, 255, 256, 257, 511, 513, 1000, 66_000] {
        let all = leaves(size);
        let files = MemoryTiles::of(&all);
        let root = root_by_definition(&all);
        let tiles: Map<String, Value> = files
            .files
            .iter()
            .map(|(path, bytes)| (path.clone(), STANDARD.encode(bytes).into()))
            .collect();
        let mut tree = TiledTree::new(files, size);
        for index in [0, size / 3, size / 2, size - 1] {
            let record = InclusionProof::prove(&mut tree, index, size).unwrap();
            let older = index + 1;
            let old_root = root_by_definition(&all[..place(older)]);
            let grown = ConsistencyProof::prove(&mut tree, older, size).unwrap();
            let leaf = all[place(index)];
            let mut request = json!({
                "Do": "check-record", "Size": size, "Root": root.to_string(), "Index": index,
                "Leaf": leaf.to_string(), "Proof": strings(&record.path),
            });
            requests.push(request.clone());
            expected.push(Some(Vec::new()));
            request["Leaf"] = leaf_hash(b"other").to_string().into();
            requests.push(request);
            expected.push(None);
            let mut request = json!({
                "Do": "check-tree", "Size": size, "Root": root.to_string(), "Old": older,
                "Older": old_root.to_string(), "Proof": strings(&grown.path),
            });
            requests.push(request.clone());
            expected.push(Some(Vec::new()));
            request["Older"] = leaf_hash(b"other").to_string().into();
            requests.push(request);
            expected.push(None);
            requests.push(json!({
                "Do": "prove-from-tiles", "Size": size, "Root": root.to_string(), "Index": index, "Old": older, "Tiles": tiles,
            }));
            expected.push(Some(strings(&[record.path, grown.path].concat())));
        }
    }
    let Some(answers) = ask(&requests) else { return };
    for ((answer, expected), request) in answers.iter().zip(expected).zip(&requests) {
        let Some(path) = expected else {
            assert!(!accepted(answer), "{} accepted", request["Do"]);
            continue;
        };
        assert!(accepted(answer), "{} of {}: {answer}", request["Do"], request["Size"]);
        let made = answer["proof"].as_array().cloned().unwrap_or_default();
        assert_eq!(made, path, "{} of {}", request["Do"], request["Size"]);
    }
    println!("{} questions put to Go", answers.len());
}

#[test]
fn go_grows_the_same_root_and_tiles() {
    let sizes = [1_u64, 7, 256, 300, 513, 70_000];
    let lines = |size| (0..size).map(|n| format!("record {n}")).collect::<Vec<_>>();
    let requests: Vec<_> =
        sizes.iter().map(|size| json!({ "Do": "grow", "Lines": lines(*size) })).collect();
    let Some(answers) = ask(&requests) else { return };
    for (size, answer) in sizes.into_iter().zip(&answers) {
        let all = leaves(size);
        assert_eq!(answer["root"], root_by_definition(&all).to_string());
        let ours = MemoryTiles::of(&all).files;
        let theirs = answer["tiles"].as_object().unwrap();
        assert_eq!(theirs.len(), medsec_audit::tiles_of(size).count());
        for (path, bytes) in theirs {
            assert_eq!(STANDARD.encode(&ours[path]), bytes.as_str().unwrap(), "{path} of {size}");
        }
    }
}

#[test]
fn go_reads_our_verifier_keys() {
    let keys: Vec<VerifierKey> =
        (0..20).map(|n| signer("a/b", Algorithm::Ed25519, n).verifier_key().clone()).collect();
    let requests: Vec<_> = keys
        .iter()
        .map(|key| json!({ "Do": "open", "Note": "t\n\n\u{2014} o AAAAAAA=\n", "Keys": [key.to_string()] }))
        .collect();
    let Some(answers) = ask(&requests) else { return };
    for answer in answers {
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains("no verifiable signatures"), "{error}");
    }
}
