//! Packages that are damaged or not the program's own, met by every command.

use std::fs;

use super::study::{Study, tree};

/// A study of six files, signed, with one package cut, one changed and one that is none.
fn damaged() -> Study {
    let study = Study::new(6);
    study.seal("--sign-with sign.key").ok();
    let packages = study.packages();
    let path = |n: usize| format!("sealed/{}", packages[n]);
    let cut = study.ward.read(&path(0));
    study.ward.write(&path(0), &cut[..cut.len() - 1]);
    study.ward.flip_from_end(&path(1), 300);
    study.ward.write(&path(2), b"text");
    study
}

#[test]
fn damaged_packages_do_not_keep_others_from_opening() {
    let study = damaged();
    let run = study.open("--json");
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!((&run.json()["done"], &run.json()["failed"]), (&3.into(), &3.into()));
    assert_eq!(tree(&study.ward.path("opened")).len(), 3);
}

#[test]
fn damaged_packages_are_told_and_their_files_sealed_again() {
    let study = damaged();
    let run = study.seal("--sign-with sign.key --json");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let document = run.json();
    let counts = ["done", "skipped", "failed"].map(|name| document[name].as_u64().unwrap());
    assert_eq!(counts, [3, 3, 3]);
    let run = study.open("--json");
    assert_eq!(run.json()["done"], 6);
    assert!(study.is_back());
}

#[test]
fn damaged_packages_are_not_rewrapped() {
    let study = damaged();
    let name = study.packages()[2].clone();
    let run = study.ward.line("rewrap sealed --identity own.key --to partner.key --json");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(study.ward.read(&format!("sealed/{name}")), b"text");
}

#[test]
fn unsigned_packages_are_findings_without_manifest() {
    let study = Study::new(4);
    study.seal("").ok();
    let run = study.ward.line("verify sealed --signer sign.key --json");
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(run.json()["failed"], 4);
    assert!(run.json()["manifest"].is_null());
}

#[test]
fn folder_without_packages_verifies_nothing() {
    let study = Study::new(4);
    let run = study.ward.line("verify study --signer sign.key --json");
    run.ok();
    assert_eq!((&run.json()["done"], &run.json()["skipped"]), (&0.into(), &4.into()));
}

#[test]
fn foreign_manifest_is_not_replaced() {
    let study = Study::new(4);
    study.ward.line("identity new --no-passphrase --kind signer --out other.key").ok();
    study.seal("--sign-with sign.key").ok();
    let before = tree(&study.ward.path("sealed"));
    let run = study.seal("--sign-with other.key");
    assert_eq!(run.code, 13, "{}", run.stderr);
    assert_eq!(tree(&study.ward.path("sealed")), before);
}

#[test]
fn removed_package_stays_listed() {
    let study = Study::new(4);
    study.seal("--sign-with sign.key").ok();
    let name = study.packages()[1].clone();
    fs::remove_file(study.ward.path(&format!("sealed/{name}"))).unwrap();
    let run = study.seal("--sign-with sign.key --json");
    assert_eq!(run.code, 13, "{}", run.stderr);
    assert_eq!(run.json()["manifest"]["missing"], 1);
    let run = study.ward.line("verify sealed --signer sign.key --json");
    assert_eq!((run.code, &run.json()["failures"][0]["file"]), (13, &name.into()));
}
