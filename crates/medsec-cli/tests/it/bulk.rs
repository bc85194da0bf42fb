//! Whole folders.

mod again;
mod damage;
#[cfg(target_os = "linux")]
mod killed;
mod listed;
mod paths;
mod study;
mod tampered;

use std::fs;

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
        "seal file --to own.key --report rep -o out",
        "open study --identity own.key --any-signer -o out",
        "open study --identity own.key --any-signer --show-metadata --out-dir out",
        "open file --identity own.key --any-signer --resume --out-dir .",
        "verify study --home nowhere",
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
fn resume_without_a_key_to_the_packages_is_refused() {
    let study = Study::new(3);
    study.seal("").ok();
    study.seal("--keep-names --sign-with sign.key --out-dir kept").ok();
    for way in ["", "--keep-names --sign-with sign.key --out-dir kept"] {
        let folder = study.ward.path(if way.is_empty() { "sealed" } else { "kept" });
        let before = tree(&folder);
        let run = study.seal_as(way);
        assert_eq!(run.code, 4, "{}", run.stderr);
        assert!(run.stderr.contains("--identity"));
        assert!(tree(&folder) == before);
    }
}

#[test]
fn taken_folder_is_refused() {
    let study = Study::new(3);
    fs::create_dir(study.ward.path("sealed")).unwrap();
    let folder = fs::File::open(study.ward.path("sealed")).unwrap();
    folder.lock().unwrap();
    let run = study.seal("");
    assert_eq!(run.code, 9, "{}", run.stderr);
    assert_eq!(study.ward.line("verify sealed --signer sign.key").code, 9);
    let rewrap = "rewrap sealed --identity own.key --to partner.key";
    assert_eq!(study.ward.line(rewrap).code, 9);
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
fn report_that_cannot_be_made_keeps_everything_from_being_done() {
    let study = Study::new(3);
    let run = study.seal("--report nowhere/rep");
    assert_eq!(run.code, 9, "{}", run.stderr);
    assert!(!study.ward.exists("sealed"));
}

#[test]
fn one_file_is_called_one_file() {
    for (count, said) in [(0, "sealed 0 files"), (1, "sealed 1 file,"), (2, "sealed 2 files")] {
        let run = Study::new(count).seal("");
        assert!(run.text().starts_with(said), "{}", run.text());
    }
}

#[cfg(unix)]
#[test]
fn unfinished_files_are_swept_where_the_run_writes_and_only_then() {
    use std::time::{Duration, SystemTime};
    let study = Study::new(8);
    let old = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    fs::create_dir_all(study.ward.path("sealed/KOWALSKA")).unwrap();
    let parts = ["", "KOWALSKA/"].map(|at| format!("sealed/{at}.medsec-0123456789abcdef.part"));
    for part in &parts {
        study.ward.write(part, b"x");
        let file = fs::File::options().write(true).open(study.ward.path(part)).unwrap();
        file.set_modified(old).unwrap();
    }
    assert_eq!(study.seal("--no-metadata").code, 2);
    assert!(parts.iter().all(|part| study.ward.exists(part)));
    study.seal("--keep-names").ok();
    assert!(!parts.iter().any(|part| study.ward.exists(part)));
}

#[test]
fn two_programs_at_once_seal_nothing_twice() {
    let study = Study::new(300);
    let seal = "seal study --to own.key --identity own.key --sign-with sign.key --out-dir sealed";
    let children = [(); 3].map(|()| study.ward.spawn(seal));
    let codes = children.map(|child| crate::ward::finished(Ok(child)).code);
    assert!(codes.contains(&0) && codes.iter().all(|code| matches!(code, 0 | 9)), "{codes:?}");
    assert_eq!(study.packages().len(), 300);
    study.ward.line("verify sealed --signer sign.key").ok();
    study.open_signed("").ok();
    assert!(study.is_back());
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
    let run = study.ward.line("rewrap sealed --identity partner.key --drop stranger.key");
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(study.open("").code, 4);
    study.ward.line("open sealed --identity partner.key --any-signer --out-dir opened").ok();
    assert_eq!(tree(&study.ward.path("opened")), study.content());
    study.ward.line("verify sealed --signer sign.key").ok();
}
