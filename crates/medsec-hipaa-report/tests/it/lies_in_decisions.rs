//! Lies told in `compliance/`.

use crate::scene::{LOGOFF, Scene, named, status};

const OFFICIAL: &str = "164.308(a)(2)";
const STATEMENT: &str = "compliance/attestations/official.toml";

/// The honest run in a repository in which something was changed and committed.
fn changed(name: &str, change: impl FnOnce(&Scene)) -> Scene {
    let scene = Scene::recorded(name);
    change(&scene);
    scene.commit();
    scene.reseal();
    scene
}

#[test]
fn expired_attestation_turns_the_row_red() {
    let scene = changed("expired", |scene| {
        scene.edit(STATEMENT, "2026-12-31", "2026-05-31");
        scene.sign_again();
    });
    let report = scene.report();
    named(&report, &[STATEMENT, "expired on 2026-05-31"]);
    assert_eq!(status(&report, OFFICIAL), "attestation-expired");
}

#[test]
fn attestation_that_was_edited_turns_the_row_red() {
    let scene =
        changed("edited-statement", |scene| scene.edit(STATEMENT, "2026-12-31", "2036-12-31"));
    let report = scene.report();
    named(&report, &[STATEMENT, "no signature by a signer"]);
    assert_eq!(status(&report, OFFICIAL), "failing");
}

#[test]
fn changed_evidence_of_an_attestation_turns_the_row_red() {
    let scene = changed("letter", |scene| scene.put("letter.txt", "Eve is appointed."));
    let report = scene.report();
    named(&report, &[STATEMENT, "letter.txt"]);
    assert_eq!(status(&report, OFFICIAL), "failing");
}

#[test]
fn waiver_without_expiry_is_named() {
    let waiver = "citation = \"164.312(d)\"\ngap = \"g\"\nplan = \"p\"\nowner_role = \"o\"\n";
    let scene = changed("waiver", |scene| scene.put("compliance/waivers/d.toml", waiver));
    named(&scene.report(), &["compliance/waivers/d.toml", "164.312(d)", "without an expiry"]);
}

#[test]
fn waiver_stays_an_open_gap_until_its_day() {
    let waiver = "citation = \"164.312(d)\"\ngap = \"g\"\nplan = \"p\"\nowner_role = \"o\"\nexpires = 2026-06-01\n";
    let scene = changed("waiver-holds", |scene| scene.put("compliance/waivers/d.toml", waiver));
    let report = scene.report();
    assert_eq!(status(&report, "164.312(d)"), "waived");
    assert_eq!(report.valid_until.unwrap().to_string(), "2026-06-01");
}

#[test]
fn addressable_row_without_decision_is_not_evidenced() {
    let scene = changed("decision", |scene| {
        let file = "compliance/decisions.toml";
        let text = scene.text(file);
        let kept: Vec<_> =
            text.split("[[decision]]").filter(|part| !part.contains(LOGOFF)).collect();
        scene.put(file, &kept.join("[[decision]]"));
    });
    let report = scene.report();
    named(&report, &[LOGOFF, "Automatic logoff", "has no decision"]);
    assert_eq!(status(&report, LOGOFF), "partial");
}

#[test]
fn required_row_with_alternative_is_named() {
    let scene = changed("alternative", |scene| {
        let file = "compliance/decisions.toml";
        let more = "[[decision]]\ncitation = \"164.312(a)(2)(i)\"\nchoice = \"alternative\"\nreason = \"r\"\n\
                    alternative = \"one account for all\"\nowner_role = \"o\"\ndate = 2026-01-01\n";
        scene.put(file, &format!("{}{more}", scene.text(file)));
    });
    named(&scene.report(), &["compliance/decisions.toml", "164.312(a)(2)(i) is required"]);
}

#[test]
fn path_that_is_gone_is_named() {
    let scene = changed("path", |scene| {
        scene.edit("compliance/controls.toml", "clinic/src/lib.rs", "clinic/src/session.rs");
    });
    named(&scene.report(), &["compliance/controls.toml", "164.312(a)(1)", "clinic/src/session.rs"]);
}
