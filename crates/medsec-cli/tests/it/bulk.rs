//! Whole folders.

mod damage;
#[cfg(target_os = "linux")]
mod killed;
mod paths;
mod study;
mod tampered;

use std::fs;
use std::time::Duration;

use medsec_evidence::{Ev, Proven, evidence};

use self::study::{Study, tree};

#[test]
fn wrong_calls_touch_nothing() {
    let study = Study::new(3);
    study.ward.write("file", b"x");
    for line in [
        "seal study file --to own.key --out-dir out",
        "seal study --to own.key -o out",
        "seal study --to own.key --stdout",
        "seal study --to own.key --out-dir study/out",
        "seal study --to own.key --out-dir study",
        "seal study --to own.key --no-metadata --out-dir out",
        "seal file --to own.key --identity own.key -o out",
        "seal file --to own.key --report rep -o out",
        "open study --identity own.key --any-signer -o out",
        "open study --identity own.key --any-signer --show-metadata --out-dir out",
        "open file --identity own.key --any-signer --resume --out-dir .",
        "verify study",
        "verify study --signer sign.key --identity own.key",
        "verify file --signer sign.key --seen seen",
        "rewrap study --identity own.key --to partner.key -o out",
    ] {
        let run = study.ward.line(line);
        assert_eq!(run.code, 2, "{line}: {}", run.stderr);
    }
    assert!(!study.ward.exists("out") && !study.ward.exists("study/out"));
}

#[test]
fn missing_folder_is_told() {
    let study = Study::new(0);
    let run = study.ward.line("verify nowhere --signer sign.key");
    assert_eq!(run.code, 9, "{}", run.stderr);
}

#[test]
fn resume_without_key_is_refused() {
    let study = Study::new(3);
    study.seal("").ok();
    let before = tree(&study.ward.path("sealed"));
    let run = study.seal_without_identity();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("--identity"));
    assert_eq!(tree(&study.ward.path("sealed")), before);
}

#[test]
fn resume_with_strange_key_seals_beside() {
    let study = Study::new(3);
    study.seal("").ok();
    let run = study.seal_as("--identity stranger.key");
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(study.packages().len(), 6);
}

#[test]
fn taken_folder_is_refused() {
    let study = Study::new(3);
    fs::create_dir(study.ward.path("sealed")).unwrap();
    let folder = fs::File::open(study.ward.path("sealed")).unwrap();
    folder.lock().unwrap();
    let run = study.seal("");
    assert_eq!(run.code, 8, "{}", run.stderr);
    drop(folder);
    study.seal("").ok();
}

#[test]
fn existing_report_is_not_replaced() {
    let study = Study::new(3);
    study.ward.write("rep", b"old");
    let run = study.seal("--report rep");
    assert_eq!((run.code, study.ward.read("rep")), (8, b"old".to_vec()));
    assert!(!study.ward.exists("sealed"));
}

#[test]
fn existing_outputs_are_left_alone() {
    let study = Study::new(3);
    study.seal("").ok();
    study.open("").ok();
    let name = study.files()[0].clone();
    study.ward.write(&format!("opened/{name}"), b"changed");
    fs::remove_file(study.ward.path(&format!("opened/{}", study.files()[1]))).unwrap();
    let run = study.open("");
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert_eq!(study.ward.read(&format!("opened/{name}")), b"changed");
    let run = study.open("--resume --json");
    assert_eq!(run.code, 8, "{}", run.stderr);
    let document = run.json();
    assert_eq!((&document["skipped"], &document["failed"]), (&2.into(), &1.into()));
    assert_eq!(study.ward.read(&format!("opened/{name}")), b"changed");
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a folder is encrypted file by file and decrypted again to the same tree and bytes",
    polarity = allow,
)]
fn folder_comes_back_as_it_was(ev: Ev) -> Proven {
    let study = Study::new(40);
    for way in ["", "--sign-with sign.key", "--sign-with sign.key --keep-names --threads 3"] {
        ev.allows(study.seal(way).result());
        let names = study.packages();
        ev.holds("one package a file", names.len() == study.files().len());
        let named = names.iter().any(|name| name.contains("KOWALSKA"));
        ev.holds("names are opaque unless asked for", named == way.contains("keep-names"));
        ev.allows(study.open("").result());
        ev.holds("the tree is the same", tree(&study.ward.path("opened")) == study.content());
        fs::remove_dir_all(study.ward.path("sealed")).unwrap();
        fs::remove_dir_all(study.ward.path("opened")).unwrap();
    }
    ev.proven()
}

#[test]
fn large_file_is_worked_on_by_all_threads() {
    let study = Study::new(2);
    let content: Vec<u8> = (0..20_000_000_u32).map(|n| (n >> 3) as u8).collect();
    study.ward.write("study/large", &content);
    study.seal("--sign-with sign.key").ok();
    study.open("").ok();
    assert!(study.ward.read("opened/large") == content);
}

#[test]
fn second_run_seals_nothing_twice() {
    for way in ["", "--sign-with sign.key", "--sign-with sign.key --keep-names"] {
        let study = Study::new(25);
        study.seal(way).ok();
        let before = tree(&study.ward.path("sealed"));
        let document = {
            let run = study.seal(&format!("{way} --json"));
            run.ok();
            run.json()
        };
        assert_eq!((&document["done"], &document["skipped"]), (&0.into(), &25.into()), "{way}");
        assert_eq!(tree(&study.ward.path("sealed")), before, "{way}");
    }
}

#[test]
fn kept_names_are_resumed_by_signature_alone() {
    let study = Study::new(10);
    let way = "--sign-with sign.key --keep-names";
    study.seal(way).ok();
    let packages = study.packages();
    fs::remove_file(study.ward.path(&format!("sealed/{}", packages[3]))).unwrap();
    let run = study.seal_as(&format!("{way} --json"));
    run.ok();
    assert_eq!((&run.json()["done"], &run.json()["skipped"]), (&1.into(), &9.into()));
    let unsigned = study.seal_as("--keep-names");
    assert_eq!(unsigned.code, 8, "{}", unsigned.stderr);
}

#[test]
fn changed_file_is_sealed_again_and_its_newest_package_opened() {
    let study = Study::new(5);
    let name = study.files()[2].clone();
    study.seal("").ok();
    // Packages tell their time in seconds.
    std::thread::sleep(Duration::from_millis(1100));
    let len = study.ward.read(&format!("study/{name}")).len();
    study.ward.write(&format!("study/{name}"), &vec![7; len]);
    let run = study.seal("--json");
    run.ok();
    assert_eq!((&run.json()["done"], &run.json()["skipped"]), (&1.into(), &4.into()));
    study.open("").ok();
    assert_eq!(tree(&study.ward.path("opened")), study.content());
    let kept = study.seal_as("--keep-names --identity own.key --out-dir kept");
    kept.ok();
    study.ward.write(&format!("study/{name}"), b"shorter");
    let kept = study.seal_as("--keep-names --identity own.key --out-dir kept");
    assert_eq!(kept.code, 8, "{}", kept.stderr);
}

#[test]
fn recipients_of_a_folder_are_changed_once() {
    let study = Study::new(12);
    study.seal("--sign-with sign.key").ok();
    let rewrap = "rewrap sealed --identity own.key --to partner.key --json";
    for (done, skipped) in [(12, 0), (0, 12)] {
        let run = study.ward.line(rewrap);
        run.ok();
        assert_eq!((&run.json()["done"], &run.json()["skipped"]), (&done.into(), &skipped.into()));
    }
    study.ward.line("verify sealed --signer sign.key").ok();
    study.ward.line("rewrap sealed --identity partner.key --drop own.key").ok();
    assert_eq!(study.open("").code, 4);
    study.ward.line("open sealed --identity partner.key --any-signer --out-dir opened").ok();
    assert_eq!(tree(&study.ward.path("opened")), study.content());
    study.ward.line("verify sealed --signer sign.key").ok();
}
