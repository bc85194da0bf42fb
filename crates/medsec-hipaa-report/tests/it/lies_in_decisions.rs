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

/// Decides that something stands in place of automatic logoff.
fn decide_otherwise(scene: &Scene) {
    let implemented = "citation = \"164.312(a)(2)(iii)\"\nchoice = \"implement\"";
    let otherwise = "citation = \"164.312(a)(2)(iii)\"\nchoice = \"alternative\"\n\
                     alternative = \"somebody watches the room\"";
    scene.edit("compliance/decisions.toml", implemented, otherwise);
}

#[test]
fn row_decided_otherwise_is_not_evidenced_by_the_tests_it_has() {
    let report = changed("decided-otherwise", decide_otherwise).report();
    assert_eq!(status(&report, LOGOFF), "alternative");
    let row = report.row(LOGOFF).unwrap();
    assert!(row.why.iter().any(|why| why.contains("somebody watches the room")), "{:?}", row.why);
    assert_eq!(row.claims.len(), 2, "its tests are listed beneath");
    assert!(!row.status.is_satisfied(), "nobody signed for the alternative");
}

#[test]
fn alternative_nobody_signed_for_is_a_part() {
    let decision = "[[decision]]\ncitation = \"164.310(a)(2)(iv)\"\nchoice = \"alternative\"\nreason = \"r\"\n\
                    alternative = \"the landlord keeps them\"\nowner_role = \"o\"\ndate = 2026-01-01\n";
    let scene = changed("unsigned-alternative", |scene| {
        let file = "compliance/decisions.toml";
        scene.put(file, &format!("{}{decision}", scene.text(file)));
    });
    assert_eq!(status(&scene.report(), "164.310(a)(2)(iv)"), "partial");
    scene.edit(STATEMENT, "[\"164.308(a)(2)\"]", "[\"164.308(a)(2)\", \"164.310(a)(2)(iv)\"]");
    scene.sign_again();
    scene.commit();
    scene.reseal();
    assert_eq!(status(&scene.report(), "164.310(a)(2)(iv)"), "alternative");
}

#[test]
fn decision_of_nobody_or_of_tomorrow_is_named() {
    let scene = changed("decision-owner", |scene| {
        scene.edit(
            "compliance/decisions.toml",
            "owner_role = \"Security official\"",
            "owner_role = \" \"",
        );
    });
    named(&scene.report(), &["compliance/decisions.toml", LOGOFF, "who decided"]);
    let scene = changed("decision-date", |scene| {
        scene.edit("compliance/decisions.toml", "date = 2026-01-01", "date = 2026-06-02");
    });
    named(&scene.report(), &["compliance/decisions.toml", LOGOFF, "2026-06-02"]);
}

#[test]
fn waiver_does_not_hide_a_failing_test() {
    let waiver = format!(
        "citation = \"{LOGOFF}\"\ngap = \"g\"\nplan = \"p\"\nowner_role = \"o\"\nexpires = 2026-06-01\n"
    );
    let scene = Scene::recorded("waived-failure");
    scene.put("compliance/waivers/logoff.toml", &waiver);
    scene.commit();
    std::fs::remove_file(scene.idle_witness()).unwrap();
    scene.reseal();
    assert_eq!(status(&scene.report(), LOGOFF), "failing");
}

#[test]
fn second_waiver_of_a_row_is_named() {
    let waiver = "citation = \"164.312(d)\"\ngap = \"g\"\nplan = \"p\"\nowner_role = \"o\"\nexpires = 2026-06-01\n";
    let scene = changed("two-waivers", |scene| {
        scene.put("compliance/waivers/d.toml", waiver);
        scene.put("compliance/waivers/e.toml", waiver);
    });
    named(
        &scene.report(),
        &["compliance/waivers/e.toml", "164.312(d)", "compliance/waivers/d.toml"],
    );
}

#[test]
fn broken_statement_on_a_technical_row_counts_against_it() {
    let cite = |scene: &Scene| scene.edit(STATEMENT, "164.308(a)(2)", "164.312(d)");
    let scene = changed("technical-unsigned", cite);
    assert_eq!(status(&scene.report(), "164.312(d)"), "failing");
    let scene = changed("technical-expired", |scene| {
        cite(scene);
        scene.edit(STATEMENT, "2026-12-31", "2026-05-31");
        scene.sign_again();
    });
    assert_eq!(status(&scene.report(), "164.312(d)"), "partial");
}

#[test]
fn row_stands_as_the_worst_of_its_statements() {
    let scene = changed("two-statements", |scene| {
        let sooner = scene.text(STATEMENT).replace("2026-12-31", "2026-07-31");
        scene.put("compliance/attestations/second.toml", &sooner);
        scene.sign_as("compliance/attestations/second.toml");
    });
    assert_eq!(
        scene.report().row(OFFICIAL).unwrap().status.to_string(),
        "Attested until 2026-07-31"
    );
    let scene = changed("two-statements-one-over", |scene| {
        let over = scene.text(STATEMENT).replace("2026-12-31", "2026-05-31");
        scene.put("compliance/attestations/second.toml", &over);
        scene.sign_as("compliance/attestations/second.toml");
    });
    assert_eq!(status(&scene.report(), OFFICIAL), "attestation-expired");
}

#[test]
fn statements_of_parts_leave_the_row_partial() {
    let scene = changed("parts", |scene| {
        scene.edit(STATEMENT, "expires = 2026-12-31\n", "expires = 2026-12-31\npart = true\n");
        scene.sign_again();
    });
    assert_eq!(status(&scene.report(), OFFICIAL), "partial");
}

#[test]
fn exception_of_the_rule_is_stated_and_signed() {
    let scene = changed("exception", |scene| {
        scene.edit(STATEMENT, OFFICIAL, "164.314(b)(1)");
        scene.edit(STATEMENT, "expires = 2026-12-31\n", "expires = 2026-12-31\napplies = false\n");
        scene.sign_again();
    });
    let row = scene.report();
    let row = row.row("164.314(b)(1)").unwrap();
    assert_eq!(row.status.to_string(), "Does not apply, stated until 2026-12-31");
}

#[test]
fn row_of_somebody_else_is_never_satisfied() {
    let scene = changed("not-ours", |scene| {
        let file = "compliance/controls.toml";
        let text = scene.text(file);
        let (before, rest) = text.split_once("[control.\"164.312(d)\"]\n").unwrap();
        let (_, after) = rest.split_once("\n\n").unwrap();
        let others = "[control.\"164.312(d)\"]\nnot_ours = \"the identity provider\"\n";
        scene.put(file, &format!("{before}{others}\n{after}"));
    });
    let report = scene.report();
    let row = report.row("164.312(d)").unwrap();
    assert_eq!(row.status.key(), "operator");
    assert!(!row.status.is_satisfied() && row.is_owed() && !row.claims.is_empty());
    assert!(row.why[0].contains("the identity provider"));
}

#[test]
fn lock_that_is_gone_is_named_where_there_was_one() {
    let gone = |scene: &Scene| {
        std::fs::remove_file(scene.root.join("compliance/compliance.lock")).unwrap()
    };
    let scene = changed("lock-gone", gone);
    named(&scene.report(), &["compliance/compliance.lock is gone"]);
    assert!(medsec_hipaa_report::is_binding(&scene.root, true).unwrap());
    assert!(!medsec_hipaa_report::is_binding(&scene.root, false).unwrap());
    // A clone without history has the setting.
    scene.git(&["checkout", "-q", "--orphan", "shallow"]);
    scene.commit();
    assert!(!medsec_hipaa_report::is_binding(&scene.root, true).unwrap());
    let settings = scene.text("compliance/report.toml");
    scene.put("compliance/report.toml", &format!("locked = true\n{settings}"));
    scene.commit();
    scene.reseal();
    assert!(medsec_hipaa_report::is_binding(&scene.root, true).unwrap());
    named(&scene.report(), &["compliance/compliance.lock is gone"]);
}

#[test]
fn tree_that_differs_does_not_switch_the_check_of_a_ci_off() {
    let scene = Scene::recorded("dirty-ci");
    scene.put("letter-2.txt", "x");
    assert!(medsec_hipaa_report::is_binding(&scene.root, true).unwrap());
    assert!(!medsec_hipaa_report::is_binding(&scene.root, false).unwrap());
}

#[test]
fn evidence_of_a_statement_has_to_be_in_the_commit() {
    let scene = changed("ignored-letter", |scene| {
        scene.put(".git/info/exclude", "private.txt\n");
        scene.put("private.txt", &scene.text("letter.txt"));
        scene.edit(STATEMENT, "letter.txt", "private.txt");
        scene.sign_again();
    });
    named(&scene.report(), &["the tree differs from the commit", "private.txt"]);
}
