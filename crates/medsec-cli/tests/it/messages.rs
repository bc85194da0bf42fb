//! What the program says to somebody who has never seen it: what became of their data, and what to do.

use crate::ward::{Run, SCAN, Ward};

#[track_caller]
fn says(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, code, "{}", run.stderr);
    for words in words {
        assert!(run.stderr.contains(words), "`{words}` is not in: {}", run.stderr);
    }
}

#[test]
fn first_command_without_a_home_leads_to_init() {
    let ward = Ward::new();
    for line in ["seal x --key default -o y", "seal x --to own.key -o y", "open x -o y", "status"] {
        says(&ward.line(line), 14, &["medsec init"]);
    }
}

#[test]
fn sealing_for_nobody_names_both_ways() {
    let ward = Ward::with_home();
    says(&ward.line(&format!("seal {SCAN} -o x.msp")), 2, &["nobody", "--key", "--to"]);
    assert!(!ward.exists("x.msp"));
}

#[test]
fn missing_inputs_and_folders_are_told_apart_from_outputs() {
    let ward = Ward::with_home();
    let run = ward.line("seal missing --key default -o x.msp");
    says(&run, 9, &["input 1: the input cannot be read: there is no such file or folder"]);
    ward.line(&format!("seal {SCAN} --key default -o x.msp")).ok();
    for line in ["open x.msp -o none/x", "open x.msp --out-dir none"] {
        says(&ward.line(line), 9, &["the folder of the output is not there; nothing was written"]);
    }
    says(&ward.line("open x.msp -o home"), 8, &["the output is a folder", "--out-dir"]);
    says(&ward.line("side-car home -o x.side"), 9, &["it is a folder"]);
}

#[test]
fn folder_without_packages_is_told_to_be_one() {
    let ward = Ward::with_home();
    std::fs::create_dir(ward.path("empty")).unwrap();
    for line in ["open empty --out-dir out", "verify empty"] {
        let run = ward.line(line);
        run.ok();
        assert!(run.text().contains("there was no package in the folder"), "{}", run.text());
    }
    let run = ward.line("seal empty --key default --out-dir sealed");
    run.ok();
    assert!(run.text().contains("there was no file in the folder"), "{}", run.text());
}

#[test]
fn parts_of_a_home_that_are_gone_are_named() {
    let ward = Ward::with_home();
    ward.line(&format!("seal {SCAN} --key default -o x.msp")).ok();
    let without = |part: &str| {
        std::fs::rename(ward.path(&format!("home/{part}")), ward.path("aside")).unwrap();
        let run = ward.line("open x.msp -o out");
        std::fs::rename(ward.path("aside"), ward.path(&format!("home/{part}"))).unwrap();
        assert!(!ward.exists("out"));
        run
    };
    says(&without("audit"), 17, &["no log here", "bring it back from a copy"]);
    says(&without("policy"), 26, &["no policy in force; nothing was done"]);
    says(&without("identities"), 9, &["the identity file", "restore it from a backup"]);
    says(&without("store"), 14, &["key store"]);
}
