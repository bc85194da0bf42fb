//! What the audit commands refuse because the anchor, or a checkpoint, speaks against it or is missing.

use std::fs;

use crate::audit_log::{home, home_with};
use crate::ward::Ward;

/// A home whose stream lacks an acknowledged record, and whose anchor is away.
fn cut() -> Ward {
    let ward = home_with(2);
    ward.line("audit checkpoint").ok();
    let lines = crate::audit_log::lines(&ward);
    let first = lines.iter().position(|line| line.starts_with("{\"commit\"")).unwrap();
    ward.write(crate::audit_log::SEGMENT, format!("{}\n", lines[..=first].join("\n")).as_bytes());
    ward
}

#[test]
fn repair_and_rekey_refuse_while_the_anchor_is_away() {
    let ward = cut();
    fs::rename(ward.path("state"), ward.path("away")).unwrap();
    let before = ward.read(crate::audit_log::SEGMENT);
    for command in ["repair", "rekey"] {
        let run = ward.line(&format!("audit {command} main --confirm main"));
        assert_eq!(run.code, 17, "{command}: {}", run.stderr);
        assert!(run.stderr.contains("--without-anchor"), "{}", run.stderr);
        assert_eq!(ward.read(crate::audit_log::SEGMENT), before);
    }
}

#[test]
fn repair_refuses_an_anchor_that_was_emptied() {
    let ward = cut();
    for entry in fs::read_dir(ward.path(crate::audit_log::ANCHORED)).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let run = ward.line("audit repair main --confirm main");
    assert_eq!(run.code, 17, "{}", run.stderr);
    assert!(run.stderr.contains("--without-anchor"), "{}", run.stderr);
}

#[test]
fn repair_without_the_anchor_goes_on_when_told_to() {
    let ward = home_with(2);
    ward.write(crate::audit_log::MARK, &[b'x'; 512]);
    fs::rename(ward.path("state"), ward.path("away")).unwrap();
    assert_eq!(ward.line("audit repair main --confirm main").code, 17);
    ward.line("audit repair main --confirm main --without-anchor").ok();
}

#[test]
fn verify_refuses_a_known_checkpoint_that_fits_no_stream() {
    let (ward, other) = (home(), Ward::new());
    other.line("init --user ada --no-passphrase --audit-name other.example/log").ok();
    other.line("audit checkpoint --out there").ok();
    let name = other.names().into_iter().find(|name| name.starts_with("there")).unwrap();
    let path = other.path(&name);
    let path = match path.is_dir() {
        true => fs::read_dir(&path).unwrap().next().unwrap().unwrap().path(),
        false => path,
    };
    ward.write("foreign", &fs::read(path).unwrap());
    let run = ward.line("audit verify --known foreign");
    assert_eq!(run.code, 20, "{}", run.stderr);
    assert_eq!(ward.line("audit verify --seq 0 --known foreign").code, 20);
}

#[test]
fn checkpoint_refuses_to_sign_what_the_anchor_cannot_contradict() {
    let ward = home_with(1);
    fs::rename(ward.path("state"), ward.path("away")).unwrap();
    let before = ward.read("home/audit/streams/main/checkpoint");
    let run = ward.line("audit checkpoint");
    assert_eq!(run.code, 9, "{}", run.stderr);
    assert_eq!(ward.read("home/audit/streams/main/checkpoint"), before);
    // It is signed when that is wanted, and the end tells that nobody keeps it.
    assert_eq!(ward.line("audit checkpoint --without-anchor").code, 9);
    assert_ne!(ward.read("home/audit/streams/main/checkpoint"), before);
}

#[test]
fn checkpoint_looks_at_its_file_before_it_signs() {
    let ward = home_with(1);
    ward.write("there", b"x");
    let before = ward.read("home/audit/streams/main/checkpoint");
    assert_eq!(ward.line("audit checkpoint --out there").code, 8);
    assert_eq!(ward.read("home/audit/streams/main/checkpoint"), before);
}
