//! The files of `testdata/policy-bundle`, for whoever reads policies with another program.

use std::path::{Path, PathBuf};

use super::*;

const VECTORS: [&str; 5] = ["first", "second", "edited", "reordered", "later-signer"];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/policy-bundle").join(name)
}

fn file(name: &str) -> Vec<u8> {
    let first = signed_by(original(), [7]);
    let text = |signed: &SignedBundle| String::from_utf8(signed.to_bytes()).unwrap();
    match name {
        "first" => first.to_bytes(),
        "second" => signed_by(&next(original()), [7, 8]).to_bytes(),
        "edited" => text(&first).replacen("\"idle\": 900", "\"idle\": 901", 1).into_bytes(),
        "reordered" => {
            let document = String::from_utf8(original().document().to_vec()).unwrap();
            let (idle, absolute) = ("\"idle\": 900", "\"absolute\": 43200");
            let (idle, absolute) = (format!("      {idle},\n"), format!("      {absolute}\n"));
            let turned = format!("{},\n{}\n", absolute.trim_end(), idle.trim_end_matches(",\n"));
            let document = document.replacen(&format!("{idle}{absolute}"), &turned, 1);
            signed_by(&Bundle::new(original().contents.clone(), document.into_bytes()), [7])
                .to_bytes()
        }
        _ => signed_by(&next(original()), [8]).to_bytes(),
    }
}

/// What a reader that trusts the key of the seed 07…07 finds.
fn expectation(name: &str) -> String {
    let bytes = file(name);
    let signed = SignedBundle::read(&bytes).unwrap();
    let found = match signed.verify_for(schema(), &[trusted(7)], 1) {
        Ok(bundle) => format!("sequence {}", bundle.sequence()),
        Err(BundleError::NotAuthentic) => "not authentic".to_owned(),
        Err(BundleError::Document) => "not a document".to_owned(),
        Err(BundleError::TooFew { .. }) => "too few signatures".to_owned(),
        Err(error) => panic!("{error}"),
    };
    format!("{name}.policy {} {found}\n", signed.hash())
}

/// Writes the files when `MEDSEC_WRITE_VECTORS` is `policy`; compares them with what is made otherwise.
#[test]
fn vectors_are_what_this_version_makes() {
    let key = crate::text::hex(&Signer([7; 32]).public_key());
    let list: String = VECTORS.into_iter().map(expectation).collect();
    let list = format!("trusted {key}\n{list}");
    let files = VECTORS.map(|name| (format!("{name}.policy"), file(name)));
    let files = files.into_iter().chain([("expected.txt".to_owned(), list.into_bytes())]);
    let write = std::env::var("MEDSEC_WRITE_VECTORS").is_ok_and(|what| what == "policy");
    for (name, bytes) in files {
        if write {
            std::fs::write(path(&name), &bytes).unwrap();
        }
        assert!(std::fs::read(path(&name)).unwrap() == bytes, "{name}");
    }
}

#[test]
fn vectors_are_told_apart() {
    let expected = std::fs::read_to_string(path("expected.txt")).unwrap();
    let told: Vec<_> = expected.lines().map(|line| line.splitn(3, ' ').last().unwrap()).collect();
    let all = ["sequence 1", "sequence 2", "not authentic", "not a document", "too few signatures"];
    assert_eq!(told[1..], all);
    assert_ne!(file("reordered"), file("first"));
}
