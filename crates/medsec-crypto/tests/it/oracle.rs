//! Rust against the oracle, a second implementation in Python that was written from the page alone:
//! each opens what the other sealed, and both refuse the same things for the same reason.

mod packages;

use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::Backend;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::layout::{Layout, u32_at};
use crate::vectors::file::{Vector, class, vectors};

/// The oracle's interpreter. Without one its tests say so, or fail where it is demanded.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MEDSEC_ORACLE_PYTHON").map(PathBuf::from);
    if python.is_none() {
        println!("not run: MEDSEC_ORACLE_PYTHON is not set (cargo xtask test sets it)");
        let demanded = std::env::var_os("MEDSEC_REQUIRE_ORACLE").is_some_and(|v| v == "1");
        assert!(!demanded, "MEDSEC_REQUIRE_ORACLE=1, but there is no oracle");
    }
    python
}

/// Where the known answers of `cryptography-vectors` lie.
pub(crate) fn vectors_folder() -> Option<PathBuf> {
    let code = "import cryptography_vectors as v; print(v.__path__[0])";
    let output = Command::new(python()?).args(["-c", code]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap().trim_end().into())
}

/// Puts requests to the oracle, all in one process.
fn ask(command: &str, requests: &[Value]) -> Option<Vec<Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/oracle/oracle.py");
    let mut oracle = Command::new(python()?)
        .arg(script)
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = oracle.stdin.take().unwrap();
    stdin.write_all(json!(requests).to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = oracle.wait_with_output().unwrap();
    assert!(output.status.success(), "the oracle failed");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), requests.len());
    Some(answers)
}

/// A vector as a request to open it.
fn request(vector: &Vector) -> Value {
    let mut request = Map::new();
    for (name, value) in &vector.lines {
        request.insert(name.replace('-', "_"), json!(value));
    }
    let context: Map<_, _> =
        vector.context().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    request.insert("context".to_owned(), Value::Object(context));
    request.insert("package".to_owned(), json!(STANDARD.encode(&vector.package)));
    Value::Object(request)
}

/// What the oracle's answer must say of a vector.
fn compare(vector: &Vector, answer: &Value) {
    let name = &vector.name;
    assert_eq!(answer["outcome"], vector.expected(), "{name}: {answer}");
    if vector.expected() != "success" {
        return;
    }
    let hash = vector.value("plaintext-sha256").unwrap();
    assert_eq!(answer["sha256"], hash, "{name}");
    let len: u64 = vector.value("plaintext-len").unwrap().parse().unwrap();
    assert_eq!(answer["len"], len, "{name}");
    let file_name = answer["metadata"]["file_name"].as_str();
    assert_eq!(file_name, vector.value("metadata-file-name"), "{name}");
    let warned = !answer["warnings"].as_array().unwrap().is_empty();
    assert_eq!(warned, vector.value("slots").is_some(), "{name}");
}

/// Has the oracle open the vectors.
fn oracle_opens(vectors: &[Vector]) -> Option<usize> {
    let requests: Vec<_> = vectors.iter().map(request).collect();
    let answers = ask("open", &requests)?;
    for (vector, answer) in vectors.iter().zip(&answers) {
        compare(vector, answer);
    }
    Some(answers.len())
}

#[test]
fn oracle_agrees_on_every_vector() {
    if let Some(count) = oracle_opens(&vectors()) {
        println!("the oracle agrees on {count} vectors");
        assert_eq!(count, 85);
    }
}

#[test]
fn oracle_opens_what_rust_seals() {
    let packages = packages::sealed_by_rust();
    if let Some(count) = oracle_opens(&packages) {
        println!("the oracle opens {count} packages of Rust's");
        assert_eq!(count, 46);
    }
}

#[test]
fn rust_opens_what_oracle_seals() {
    let plans = packages::plans();
    let requests: Vec<_> = plans.iter().map(packages::Plan::request).collect();
    let Some(answers) = ask("seal", &requests) else {
        return;
    };
    for (plan, answer) in plans.iter().zip(&answers) {
        let package = STANDARD.decode(answer["package"].as_str().unwrap()).unwrap();
        for backend in Backend::ALL {
            plan.vector(package.clone()).run(*backend);
        }
    }
    println!("Rust opens {} packages of the oracle's", plans.len());
    assert_eq!(plans.len(), 46);
}

/// Has both open damaged packages: whatever is broken, they must say the same. Gives how many.
fn both_judge(damaged: &[Vector]) -> Option<usize> {
    let requests: Vec<_> = damaged.iter().map(request).collect();
    let answers = ask("open", &requests)?;
    let judged = damaged.iter().zip(&answers).filter_map(|(vector, answer)| {
        let found = vector.open(Backend::default());
        let class = found.as_ref().map_or_else(class, |_| "success");
        (answer["outcome"] != class).then(|| format!("{}: {found:?}, oracle {answer}", vector.name))
    });
    let different: Vec<_> = judged.take(20).collect();
    assert!(different.is_empty(), "{different:#?}");
    println!("both agree on {} damaged packages", damaged.len());
    Some(damaged.len())
}

#[test]
fn oracle_and_rust_agree_on_damage() {
    let mut damaged = Vec::new();
    for original in packages::to_damage() {
        let len = original.package.len();
        let step = (len / 150).max(1);
        // The head in full, since that is where the rules are.
        for at in (0..len).filter(|at| *at < 400 || at % step == 0 || len - at < 200) {
            let name = format!("{}, byte {at}", original.name);
            damaged.push(original.changed(name, |package| package[at] ^= 1 << (at % 8)));
        }
        for cut in [1, 2, 15, 16, 17, 139, 140, 141, 300, 16_399, 16_400] {
            let name = format!("{}, cut by {cut}", original.name);
            damaged.push(original.changed(name, |package| {
                package.truncate(len.saturating_sub(cut));
            }));
        }
    }
    if let Some(count) = both_judge(&damaged) {
        assert!(count > 2_000);
    }
}

#[test]
fn oracle_and_rust_agree_on_cores() {
    let original = packages::everything_short();
    let core = Layout::of(&original.package).core;
    let flips = (core.start..core.end).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    let damaged: Vec<_> = flips
        .map(|(at, bit)| {
            let name = format!("core, byte {at}, bit {bit}");
            original.changed(name, |package| package[at] ^= 1 << bit)
        })
        .collect();
    if let Some(count) = both_judge(&damaged) {
        assert!(count > 1_500);
    }
}

/// The digest is right, so that what is read is the damaged body.
#[test]
fn oracle_and_rust_agree_on_slots() {
    let original = packages::everything_short();
    let slot = Layout::of(&original.package).slot_a;
    let body_len = u32_at(&original.package, slot.start + 8);
    let flips = (0..12 + body_len + 2).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    let damaged: Vec<_> = flips
        .map(|(at, bit)| {
            let name = format!("slot, byte {at}, bit {bit}");
            original.changed(name, |package| {
                package[slot.start + at] ^= 1 << bit;
                redigest(package, &slot);
            })
        })
        .collect();
    if let Some(count) = both_judge(&damaged) {
        assert!(count > 2_000);
    }
}

/// Key references of every type, well formed and not, before the stanza that is used.
#[test]
fn oracle_and_rust_agree_on_stanza_types() {
    let original = packages::blind();
    let slot = Layout::of(&original.package).slot_a;
    let with = |(kind, key_ref, wrapped_len): (u8, &[u8], usize)| {
        let name = format!("type {kind}, {key_ref:?}, {wrapped_len} bytes");
        original.changed(name, |package| {
            let used = package[slot.start + 13..slot.start + 13 + 5 + 36 + 104].to_vec();
            let len = |len: usize| u16::try_from(len).unwrap().to_be_bytes();
            let stanza = [
                &[2, kind][..],
                &len(key_ref.len()),
                &len(wrapped_len),
                key_ref,
                &vec![0xEE; wrapped_len],
                &used,
            ];
            let body = stanza.concat();
            let body_len = u32::try_from(body.len()).unwrap();
            package[slot.start + 8..slot.end].fill(0);
            package[slot.start + 8..slot.start + 12].copy_from_slice(&body_len.to_be_bytes());
            package[slot.start + 12..slot.start + 12 + body.len()].copy_from_slice(&body);
            redigest(package, &slot);
        })
    };
    let key = b"arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
    let changed: Vec<_> = [
        (0, &b"a"[..], 10),
        (1, &[3; 36], 104),
        (1, &[3; 35], 104),
        (1, &[3; 36], 105),
        (2, key, 180),
        (2, b"arn:aws:kms:eu-central-1:111122223333:alias/x", 180),
        (2, b"arn:aws:s3:eu-central-1:111122223333:key/x", 180),
        (2, b"arn:aws:kms:eu-central-1:111122223333", 180),
        (2, b"arn:aws:kms:eu central-1:111122223333:key/x", 180),
        (3, b"clinic/transit/ehr", 90),
        (3, b"/transit/ehr", 90),
        (3, b"transit/ehr", 90),
        (3, "ns/transit/\u{e4}".as_bytes(), 90),
        (4, b"serial\0\x01\x02", 72),
        (4, b"serial\0\0", 72),
        (4, b"serial\0", 72),
        (4, b"\0id", 72),
        (4, b"serial", 72),
        (4, b"serial\0id", 80),
        (4, b"seri\xFFal\0id", 72),
        (5, &[3; 32], 80),
        (5, &[3; 33], 80),
        (5, &[3; 32], 79),
        (6, &[3; 32], 1168),
        (6, &[3; 32], 1120),
        (7, b"x", 1),
        (7, b"", 1),
        (7, b"x", 0),
        (255, &[0xFF; 1000], 500),
    ]
    .map(with)
    .into();
    if let Some(count) = both_judge(&changed) {
        let opened = changed.iter().filter(|v| v.open(Backend::default()).is_ok());
        assert_eq!((count, opened.count()), (29, 10));
    }
}

fn redigest(package: &mut [u8], slot: &Range<usize>) {
    let len = u32::try_from(slot.len()).unwrap().to_be_bytes();
    let digest = Sha256::new()
        .chain_update(len)
        .chain_update(&package[slot.start..slot.end - 32])
        .finalize();
    package[slot.end - 32..slot.end].copy_from_slice(&digest);
}

#[test]
fn side_cars_of_both_are_equal() {
    let signed = packages::signed();
    let requests: Vec<_> = signed.iter().map(request).collect();
    let Some(answers) = ask("side-car", &requests) else {
        return;
    };
    for (vector, answer) in signed.iter().zip(&answers) {
        let theirs = STANDARD.decode(answer["side_car"].as_str().unwrap()).unwrap();
        assert_eq!(packages::side_car(vector), theirs, "{}", vector.name);
    }
    println!("side-cars: {}", answers.len());
    assert_eq!(answers.len(), 8);
}
