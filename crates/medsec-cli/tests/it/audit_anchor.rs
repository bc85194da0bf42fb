//! `medsec audit anchor init`: what it must not bless.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};

use crate::audit_log::{ANCHORED, home_with};
use crate::ward::Ward;

/// The checkpoints that the anchor keeps of `main`, sorted.
fn kept(ward: &Ward) -> Vec<String> {
    let entries = fs::read_dir(ward.path(ANCHORED)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != "LOCK").collect();
    names.sort();
    names
}

/// A home whose log was put back to what it was, and has gone on without its anchor to more records than that knows.
fn forked() -> Ward {
    let ward = home_with(1);
    assert!(ward.shell("cp -a home/audit older").status().unwrap().success());
    ward.line("audit test").ok();
    ward.line("audit checkpoint").ok();
    fs::remove_dir_all(ward.path("home/audit")).unwrap();
    fs::rename(ward.path("older"), ward.path("home/audit")).unwrap();
    fs::rename(ward.path("state"), ward.path("away")).unwrap();
    (0..3).for_each(|_| ward.line("audit test").ok());
    assert_eq!(ward.line("audit checkpoint --without-anchor").code, 9);
    fs::rename(ward.path("away"), ward.path("state")).unwrap();
    ward
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an anchor that knows another history of the log is not made to vouch for the one there is",
    polarity = deny,
)]
fn anchor_init_refuses_a_longer_log_of_another_history(ev: Ev) -> Proven {
    let ward = forked();
    let before = kept(&ward);
    for _ in 0..2 {
        let refused = ward.line("audit anchor init").result();
        ev.denies(refused, |refused| refused.0 == 20);
        ev.equal("what the anchor keeps", &kept(&ward), &before);
    }
    ev.denies(ward.line("audit verify").result(), |refused| refused.0 == 20);
    ev.proven()
}

#[test]
fn anchor_init_refuses_a_log_of_another_history_where_tiles_are_gone() {
    let ward = forked();
    let before = kept(&ward);
    fs::remove_dir_all(ward.path("home/audit/streams/main/tile")).unwrap();
    assert_ne!(ward.line("audit anchor init").code, 0);
    assert_eq!(kept(&ward), before);
}

#[test]
fn anchor_init_takes_a_newer_checkpoint_of_the_same_history() {
    let ward = home_with(1);
    fs::rename(ward.path("state"), ward.path("away")).unwrap();
    assert_eq!(ward.line("audit checkpoint --without-anchor").code, 9);
    fs::rename(ward.path("away"), ward.path("state")).unwrap();
    let before = kept(&ward).len();
    ward.line("audit anchor init").ok();
    assert_eq!(kept(&ward).len(), before + 1);
    ward.line("audit verify --strict-anchors").ok();
}

#[test]
fn a_place_that_was_taken_away_is_not_made_unseen() {
    let ward = home_with(1);
    fs::remove_dir_all(ward.path(ANCHORED)).unwrap();
    let refused = ward.line("audit stream add gateway");
    assert_eq!(refused.code, 9, "{}", refused.stderr);
    assert!(!refused.stderr.contains("anchor init"), "{}", refused.stderr);
    let made = || {
        let shown = ward.audit("show --action anchor-lag --format jsonl");
        shown.text().lines().filter(|line| line.contains("\"outcome\":\"success\"")).count()
    };
    assert_eq!(made(), 0);
    ward.line("audit anchor init").ok();
    assert_eq!(made(), 1);
    ward.line("audit anchor init").ok();
    assert_eq!(made(), 1);
    ward.line("audit verify --strict-anchors").ok();
}
