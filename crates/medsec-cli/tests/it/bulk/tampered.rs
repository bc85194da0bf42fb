//! Thirteen ways to tamper with a folder, each noticed without any private key and called by its kind.

use std::fs;
use std::time::Duration;

use medsec_crypto::{Manifest, SigningKey};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::PublicKey;

use super::study::Study;
use crate::ward::Run;

type Tamper = fn(&Study);

/// Sealed, signed, and seen once by a verifier.
fn sealed() -> Study {
    let study = Study::new(6);
    study.ward.line("identity new --no-passphrase --kind signer --out other.key").ok();
    study.seal("--sign-with sign.key").ok();
    verify(&study).ok();
    study
}

fn verify(study: &Study) -> Run {
    study.ward.line("verify sealed --signer sign.key --seen seen --json")
}

fn package(study: &Study, number: usize) -> String {
    format!("sealed/{}", study.packages()[number])
}

/// Seals one file by itself and gives its package.
fn foreign(study: &Study, signer: &str) -> Vec<u8> {
    let name = format!("{signer}.msp");
    let seal = format!("seal own.key --to own.key --sign-with {signer} -o {name}");
    study.ward.line(&seal).ok();
    study.ward.read(&name)
}

fn delete(study: &Study) {
    fs::remove_file(study.ward.path(&package(study, 0))).unwrap();
}

fn alter(study: &Study) {
    study.ward.flip_from_end(&package(study, 0), 300);
}

fn add(study: &Study) {
    study.ward.write("sealed/added.msp", &foreign(study, "sign.key"));
}

fn rename(study: &Study) {
    let to = study.ward.path("sealed/renamed.msp");
    fs::rename(study.ward.path(&package(study, 0)), to).unwrap();
}

fn copy(study: &Study) {
    let to = study.ward.path("sealed/copy.msp");
    fs::copy(study.ward.path(&package(study, 0)), to).unwrap();
}

/// An older package of the same signer in place of a listed one.
fn roll_back_one(study: &Study) {
    let older = foreign(study, "sign.key");
    std::thread::sleep(Duration::from_millis(1100));
    study.ward.write("study/new", b"new");
    study.seal("--sign-with sign.key").ok();
    study.ward.write(&package(study, 0), &older);
}

fn replace_by_other_signer(study: &Study) {
    let other = foreign(study, "other.key");
    study.ward.write(&package(study, 0), &other);
}

fn cut_manifest(study: &Study) {
    let text = study.ward.read("sealed/manifest.medsec");
    study.ward.write("sealed/manifest.medsec", &text[..text.len() - 20]);
}

fn edit_manifest(study: &Study) {
    study.ward.flip_from_end("sealed/manifest.medsec", 400);
}

/// The same list, signed by a stranger.
fn sign_manifest_anew(study: &Study) {
    let signer: PublicKey =
        study.ward.line("identity show sign.key").text().trim().parse().unwrap();
    let file = study.ward.read("sealed/manifest.medsec");
    let manifest = Manifest::parse(&file, &[*signer.as_signer().unwrap()]).unwrap();
    let (created, stranger) = (manifest.created(), SigningKey::generate().unwrap());
    let manifest = Manifest::sign(None, manifest.into_entries(), created, &stranger).unwrap();
    study.ward.write("sealed/manifest.medsec", manifest.render().as_bytes());
}

fn remove_manifest(study: &Study) {
    fs::remove_file(study.ward.path("sealed/manifest.medsec")).unwrap();
}

/// Puts the whole folder back, manifest and all, after a newer state was seen.
fn roll_back_all(study: &Study) {
    let before = super::study::tree(&study.ward.path("sealed"));
    study.ward.write("study/new", b"new");
    study.seal("--sign-with sign.key").ok();
    verify(study).ok();
    fs::remove_dir_all(study.ward.path("sealed")).unwrap();
    fs::create_dir(study.ward.path("sealed")).unwrap();
    for (name, bytes) in before {
        study.ward.write(&format!("sealed/{name}"), &bytes);
    }
}

/// Puts only the manifest back.
fn older_manifest(study: &Study) {
    let before = study.ward.read("sealed/manifest.medsec");
    study.ward.write("study/new", b"new");
    study.seal("--sign-with sign.key").ok();
    verify(study).ok();
    study.ward.write("sealed/manifest.medsec", &before);
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(c)(2)"],
    claim = "destroyed, replaced, added, renamed or rolled back packages of a folder are noticed without a key",
    polarity = deny,
)]
fn tampering_with_a_folder_is_noticed(ev: Ev) -> Proven {
    let ways: [(Tamper, &[&str]); 13] = [
        (delete, &["missing"]),
        (alter, &["altered"]),
        (add, &["foreign"]),
        (rename, &["renamed"]),
        (copy, &["duplicate"]),
        (roll_back_one, &["older"]),
        (replace_by_other_signer, &["other-signer"]),
        (cut_manifest, &["manifest"]),
        (edit_manifest, &["manifest"]),
        (sign_manifest_anew, &["manifest"]),
        (remove_manifest, &["manifest"]),
        (roll_back_all, &["manifest"]),
        // It does not list what was sealed after it.
        (older_manifest, &["manifest", "foreign"]),
    ];
    for (tamper, expected) in ways {
        let study = sealed();
        let seen = study.ward.read("seen");
        tamper(&study);
        let run = verify(&study);
        let kinds = run.json()["failures"].clone();
        let kinds: Vec<_> = kinds.as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
        ev.denies(run.result(), |refused| refused.0 == 13);
        assert_eq!(kinds, expected);
        let lasting = !matches!(expected[0], "older" | "manifest");
        ev.holds("what was seen stays", !lasting || study.ward.read("seen") == seen);
    }
    ev.proven()
}

#[test]
fn untouched_folder_verifies() {
    let study = sealed();
    let run = verify(&study);
    run.ok();
    assert_eq!(run.json()["manifest"]["packages"], 6);
    study.ward.write("study/new", b"new");
    study.seal("--sign-with sign.key").ok();
    verify(&study).ok();
}
