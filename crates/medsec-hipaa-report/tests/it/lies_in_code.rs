//! Lies told in the source of tests. Each names the test, its file, and the row.

use crate::scene::{IDLE, LOGOFF, SESSION, Scene, named, status};

const CHECK: &str = "    ev.denies(open(\"ada\", 15), |e| matches!(e, SessionError::Expired));\n";
const FUNCTION: &str = "fn idle_session_cannot_open(ev: Ev) -> Proven {\n";

/// Takes the first test of the file away.
fn delete(scene: &Scene) {
    let text = scene.text(SESSION);
    let (head, rest) = text.split_once("#[evidence(").unwrap();
    let (_, after) = rest.split_once("#[evidence(").unwrap();
    scene.put(SESSION, &format!("{}#[evidence({after}", head.replace("SessionError, ", "")));
}

#[test]
fn deleted_test_is_named() {
    let report = Scene::lying("deleted", delete).report();
    named(&report, &[LOGOFF, IDLE, SESSION, "no source declares it"]);
    named(&report, &[LOGOFF, "no deny evidence"]);
    assert_eq!(status(&report, LOGOFF), "partial");
}

#[test]
fn test_of_another_crate_does_not_stand_in() {
    // The crate `ward` has a test of the same binary and the same name.
    let scene = Scene::lying("same-name", |scene| {
        delete(scene);
        scene.edit("ward/tests/it/session.rs", "164.310(a)(1)", LOGOFF);
    });
    let report = scene.report();
    named(&report, &[LOGOFF, IDLE, "no source declares it"]);
    named(&report, &[LOGOFF, "ward::it session::idle_session_cannot_open", "is in no lock"]);
}

#[test]
fn renamed_test_is_named_with_its_new_name() {
    let scene = Scene::lying("renamed", |scene| {
        scene.edit(SESSION, "fn idle_session_cannot_open", "fn idle_session_is_fine");
    });
    let report = scene.report();
    named(&report, &[IDLE, "clinic::it session::idle_session_is_fine has the same body"]);
    named(&report, &["session::idle_session_is_fine", "is in no lock"]);
}

#[test]
fn test_behind_a_condition_is_named() {
    let scene = Scene::lying("cfg", |scene| {
        scene.edit(SESSION, FUNCTION, &format!("#[cfg(feature = \"never\")]\n{FUNCTION}"));
    });
    let report = scene.report();
    named(&report, &[LOGOFF, IDLE, "cfg(feature = \"never\")"]);
    assert_eq!(status(&report, LOGOFF), "partial");
}

#[test]
fn module_behind_a_condition_is_named() {
    let scene = Scene::lying("cfg-module", |scene| {
        scene.edit(
            "clinic/tests/it/main.rs",
            "mod session",
            "#[cfg(feature = \"never\")]\nmod session",
        );
    });
    let report = scene.report();
    named(&report, &[IDLE, "cfg(feature = \"never\")"]);
    assert_eq!(status(&report, LOGOFF), "no-evidence");
}

#[test]
fn module_that_nothing_names_is_found() {
    let scene = Scene::lying("unreached", |scene| {
        scene.edit("clinic/tests/it/main.rs", "mod session;", "");
    });
    let report = scene.report();
    named(&report, &[SESSION, "part of no target"]);
    named(&report, &[LOGOFF, IDLE]);
}

#[test]
fn weakened_assertion_is_named() {
    let scene = Scene::lying("weakened", |scene| {
        scene.edit(SESSION, "matches!(e, SessionError::Expired)", "*e != SessionError::Nobody");
    });
    let report = scene.report();
    named(&report, &[LOGOFF, IDLE, SESSION, "its body changed"]);
    assert_eq!(status(&report, LOGOFF), "partial");
}

#[test]
fn early_return_turns_the_row_red() {
    let scene = Scene::lying("early-return", |scene| {
        scene.edit(
            SESSION,
            CHECK,
            &format!("    if true {{\n        return ev.proven();\n    }}\n{CHECK}"),
        );
    });
    let report = scene.report();
    named(&report, &[IDLE, SESSION, "failed in `default`"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn exit_that_looks_like_success_turns_the_row_red() {
    let scene = Scene::lying("exit", |scene| {
        scene.edit(
            SESSION,
            CHECK,
            &format!("    if true {{\n        std::process::exit(0);\n    }}\n{CHECK}"),
        );
    });
    let report = scene.report();
    assert_eq!(report.configurations[0].failed, 0, "to nextest it passed");
    named(&report, &[IDLE, SESSION, "left no witness"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn swapped_citation_is_named_in_both_rows() {
    let scene = Scene::lying("swapped", |scene| scene.edit(SESSION, LOGOFF, "164.312(a)(2)(iv)"));
    let report = scene.report();
    named(&report, &[LOGOFF, IDLE, "it cites 164.312(a)(2)(iv) now"]);
    named(&report, &["164.312(a)(2)(iv)", IDLE, "is in no lock"]);
    assert_eq!(status(&report, LOGOFF), "partial");
}

#[test]
fn settings_that_retry_are_named() {
    let scene = Scene::recorded("retries");
    scene.put(".config/nextest.toml", "[profile.default]\nretries = 2\n");
    scene.commit();
    scene.reseal();
    named(&scene.report(), &[".config/nextest.toml", "retries"]);
}

#[test]
fn ignored_test_does_not_build() {
    let said = Scene::broken("ignored", |scene| {
        scene.edit(SESSION, FUNCTION, &format!("#[ignore]\n{FUNCTION}"));
    });
    assert!(said.contains("an ignored test is no evidence") && said.contains(SESSION), "{said}");
}

#[test]
fn should_panic_does_not_build() {
    let said = Scene::broken("should-panic", |scene| {
        scene.edit(SESSION, FUNCTION, &format!("#[should_panic]\n{FUNCTION}"));
    });
    assert!(said.contains("should panic proves nothing") && said.contains(SESSION), "{said}");
}

#[test]
fn emptied_body_does_not_build() {
    let said = Scene::broken("emptied", |scene| {
        scene.edit(SESSION, &format!("{CHECK}    ev.proven()\n"), "");
    });
    assert!(said.contains("an empty body proves nothing") && said.contains(SESSION), "{said}");
}

#[test]
fn unknown_citation_does_not_build() {
    // tidy: wrong citation
    let said = Scene::broken("unknown", |scene| scene.edit(SESSION, LOGOFF, "164.312(a)(2)(v)"));
    assert!(said.contains("unknown citation") && said.contains(SESSION), "{said}");
}

#[test]
fn wrong_edition_does_not_build() {
    let said = Scene::broken("edition", |scene| scene.edit(SESSION, "hipaa2013", "hipaa2025"));
    assert!(said.contains("unknown edition") && said.contains(SESSION), "{said}");
}
