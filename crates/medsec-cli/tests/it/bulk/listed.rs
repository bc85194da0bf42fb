//! What `seal` writes into the manifest, and what `open` makes of it.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};

use super::study::{Study, tree};

fn signed(count: usize) -> Study {
    let study = Study::new(count);
    study.seal("--sign-with sign.key").ok();
    study
}

/// A package of `sign` that the folder's own `seal` did not make.
fn foreign(study: &Study) -> Vec<u8> {
    study.ward.line("seal own.key --to own.key --sign-with sign.key -o foreign.msp").ok();
    study.ward.read("foreign.msp")
}

fn outcomes(run: &crate::ward::Run) -> Vec<String> {
    let failures = run.json()["failures"].clone();
    let outcome = |one: &serde_json::Value| one["outcome"].as_str().unwrap().to_owned();
    failures.as_array().unwrap().iter().map(outcome).collect()
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "sealing on does not make a foreign package one of the folder's own",
    polarity = deny,
)]
fn foreign_package_is_not_adopted(ev: Ev) -> Proven {
    let study = signed(3);
    study.ward.write(&format!("sealed/{}.msp", "ab".repeat(16)), &foreign(&study));
    ev.allows(study.seal("--sign-with sign.key").result());
    let run = study.ward.line("verify sealed --signer sign.key --json");
    ev.denies(run.result(), |refused| refused.0 == 13);
    ev.holds("it is foreign", outcomes(&run) == ["foreign"]);
    ev.proven()
}

#[test]
fn packages_of_a_run_that_was_cut_off_are_adopted_and_told() {
    let study = signed(3);
    fs::remove_file(study.ward.path("sealed/manifest.medsec")).unwrap();
    study.ward.write("sealed/.medsec-0123456789abcdef.part", b"half");
    let run = study.seal("--sign-with sign.key --json");
    run.ok();
    assert_eq!(run.json()["manifest"]["adopted"], 3);
    study.ward.line("verify sealed --signer sign.key").ok();
}

#[test]
fn unlisted_package_says_that_a_cut_off_run_goes_on() {
    let study = signed(3);
    study.ward.write("sealed/x.msp", &foreign(&study));
    let run = study.ward.line("verify sealed --signer sign.key");
    assert!(run.stderr.contains("if a `seal` was cut off, run it again"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn damaged_file_whose_name_cannot_be_listed_is_foreign() {
    let study = signed(3);
    study.ward.write("sealed/a\nb.msp", b"garbage");
    let cut = study.ward.read(&format!("sealed/{}", study.packages()[1]));
    study.ward.write("sealed/c\\d.msp", &cut[..cut.len() - 1]);
    let run = study.ward.line("verify sealed --signer sign.key --json");
    assert_eq!((run.code, outcomes(&run)), (13, vec!["foreign".to_owned(); 2]));
    assert_eq!(run.json()["manifest"]["findings"]["foreign"], 2);
}

#[test]
fn package_missed_at_the_beginning_is_told_though_its_name_is_filled_again() {
    let study = Study::new(3);
    study.seal("--sign-with sign.key --keep-names").ok();
    fs::remove_file(study.ward.path(&format!("sealed/{}", study.packages()[1]))).unwrap();
    let run = study.seal("--sign-with sign.key --keep-names --json");
    assert_eq!(run.code, 13, "{}", run.stderr);
    assert_eq!((&run.json()["done"], &run.json()["manifest"]["missing"]), (&1.into(), &1.into()));
    study.seal("--sign-with sign.key --keep-names").ok();
}

#[test]
fn missing_package_is_told_beside_other_failures() {
    let study = signed(3);
    study.ward.flip_from_end(&format!("sealed/{}", study.packages()[0]), 300);
    fs::remove_file(study.ward.path(&format!("sealed/{}", study.packages()[1]))).unwrap();
    let run = study.seal("--sign-with sign.key --json");
    assert_eq!((run.code, outcomes(&run)), (13, vec!["manifest".to_owned(), "failed".to_owned()]));
}

#[test]
fn advice_fits_what_is_wrong_with_the_manifest() {
    let study = signed(3);
    study.ward.line("identity new --no-passphrase --kind signer --out other.key").ok();
    let run = study.seal("--sign-with other.key");
    assert!(run.code == 13 && run.stderr.contains("move it away"), "{}", run.stderr);
    study.ward.flip_from_end("sealed/manifest.medsec", 400);
    let run = study.seal("--sign-with sign.key");
    assert!(run.code == 13 && run.stderr.contains("from a copy"), "{}", run.stderr);
    assert!(!run.stderr.contains("move it away"));
}

#[test]
fn unsigned_run_into_a_folder_with_manifest_is_refused() {
    let study = signed(3);
    let before = tree(&study.ward.path("sealed"));
    study.ward.write("study/new", b"new");
    assert_eq!(study.seal("").code, 2);
    assert!(tree(&study.ward.path("sealed")) == before);
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "a folder that was put back is not signed forward by who remembers its newest manifest",
    polarity = deny,
)]
fn rollback_is_not_signed_forward(ev: Ev) -> Proven {
    let study = Study::new(3);
    let seal = "--sign-with sign.key --seen seen";
    ev.allows(study.seal(seal).result());
    let before = tree(&study.ward.path("sealed"));
    study.ward.write("study/new", b"new");
    ev.allows(study.seal(seal).result());
    ev.allows(study.ward.line("verify sealed --signer sign.key --seen seen").result());
    fs::remove_dir_all(study.ward.path("sealed")).unwrap();
    fs::create_dir(study.ward.path("sealed")).unwrap();
    for (name, bytes) in &before {
        study.ward.write(&format!("sealed/{name}"), bytes);
    }
    ev.denies(study.seal(seal).result(), |refused| refused.0 == 13);
    ev.holds("the folder is as it was", tree(&study.ward.path("sealed")) == before);
    fs::remove_file(study.ward.path("sealed/manifest.medsec")).unwrap();
    ev.denies(study.seal(seal).result(), |refused| refused.0 == 13);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "a removed, damaged or added package shows where a folder is opened, and no older one passes for it",
    polarity = deny,
)]
fn folder_that_is_not_as_listed_does_not_open_silently(ev: Ev) -> Proven {
    let study = signed(4);
    let newer = study.files()[1].clone();
    let first = study.packages();
    study.ward.write(&format!("study/{newer}"), b"newer");
    ev.allows(study.seal("--sign-with sign.key").result());
    let second: Vec<String> =
        study.packages().into_iter().filter(|name| !first.contains(name)).collect();
    let path = study.ward.path(&format!("sealed/{}", second[0]));
    let whole = fs::read(&path).unwrap();
    let refused = |way: &'static str| {
        let run = study.open_signed("--json");
        let _ = fs::remove_dir_all(study.ward.path("opened"));
        ev.denies(run.result(), |refused| refused.0 == 13);
        ev.holds(way, outcomes(&run).len() == 1);
    };
    fs::remove_file(&path).unwrap();
    refused("removed");
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    refused("cut");
    fs::write(&path, b"text").unwrap();
    refused("no package");
    fs::write(&path, &whole).unwrap();
    study.ward.write("sealed/added.msp", &foreign(&study));
    refused("added");
    ev.allows(study.open_signed("--ignore-manifest").result());
    ev.holds("only if asked for", study.ward.exists("opened/own.key"));
    ev.proven()
}

#[test]
fn forged_manifest_keeps_everything_closed() {
    let study = signed(3);
    study.ward.flip_from_end("sealed/manifest.medsec", 400);
    let run = study.open_signed("");
    assert_eq!(run.code, 13, "{}", run.stderr);
    assert!(tree(&study.ward.path("opened")).is_empty());
    study.open_signed("--ignore-manifest").ok();
    assert!(study.is_back());
}

#[test]
fn copy_of_a_package_is_no_tie() {
    let study = signed(3);
    let package = study.ward.read(&format!("sealed/{}", study.packages()[0]));
    study.ward.write("sealed/copy.msp", &package);
    let run = study.open_signed("--json");
    run.ok();
    assert_eq!((&run.json()["done"], &run.json()["skipped"]), (&3.into(), &1.into()));
    assert!(study.is_back());
}
