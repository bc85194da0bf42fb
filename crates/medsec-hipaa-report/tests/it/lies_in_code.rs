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

/// A file whose test has the same tokens and another `open`.
fn weak(scene: &Scene) -> String {
    let honest = scene
        .text(SESSION)
        .replace("use clinic::{SessionError, open};", "use clinic::SessionError;");
    let weaker = "fn open(_: &str, minutes: u32) -> Result<(), SessionError> {\n\
                  \x20   if minutes < 15 { Ok(()) } else { Err(SessionError::Expired) }\n}\n";
    format!("{honest}\n{weaker}")
}

#[test]
fn module_from_another_file_by_condition_is_named() {
    let scene = Scene::lying("cfg-attr-path", |scene| {
        let elsewhere = "#[cfg_attr(all(), path = \"weak/session.rs\")]\nmod session";
        scene.edit("clinic/tests/it/main.rs", "mod session", elsewhere);
        scene.put("clinic/tests/it/weak/session.rs", &weak(scene));
    });
    let report = scene.report();
    named(&report, &["clinic/tests/it/main.rs:", "cfg_attr"]);
    named(&report, &[IDLE, SESSION, "the file that ran"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn attribute_by_condition_is_named() {
    let scene = Scene::lying("cfg-attr-evidence", |scene| {
        let text = scene.text(SESSION);
        let (before, rest) = text
            .split_once("#[evidence(hipaa2013::\"164.312(a)(2)(iii)\", claim = \"a busy")
            .unwrap();
        let (arguments, after) = rest.split_once(")]").unwrap();
        let lie = format!(
            "{before}#[cfg_attr(all(), evidence(hipaa2013::\"{LOGOFF}\", claim = \"a busy{arguments}))]{after}"
        );
        scene.put(SESSION, &lie);
    });
    named(&scene.report(), &[SESSION, "cfg_attr"]);
}

#[test]
fn test_that_calls_what_the_attribute_calls_is_named() {
    let scene = Scene::lying("private", |scene| {
        scene.edit(SESSION, FUNCTION, &format!("#[cfg(any())]\n{FUNCTION}"));
        let text = scene.text(SESSION);
        let body = text.split_once(FUNCTION).unwrap().1.split_once("\n}\n").unwrap().0;
        let hash = scene.text("compliance/compliance.lock");
        let hash = hash
            .split_once("idle_session_cannot_open\"\npolarity = \"deny\"\nclaim = \"an idle")
            .unwrap()
            .1;
        let hash = hash.split_once("body = \"").unwrap().1.get(..64).unwrap().to_owned();
        let bytes: Vec<_> = hash
            .as_bytes()
            .chunks(2)
            .map(|two| format!("0x{}", std::str::from_utf8(two).unwrap()))
            .collect();
        let lie = format!(
            "\n#[test]\nfn idle_session_cannot_open() {{\n    fn body(ev: Ev) -> Proven {{\n        let open = |_: &str, _: u32| Err::<(), _>(SessionError::Expired);\n{body}\n    }}\n    \
             medsec_evidence::__private::run(medsec_evidence::__private::Declaration {{ edition: \"hipaa2013\", \
             citations: &[\"{LOGOFF}\"], claim: \"an idle session opens nothing\", polarity: medsec_evidence::Polarity::Deny, \
             body_sha256: [{}], module_path: module_path!(), function: \"idle_session_cannot_open\", file: \"{SESSION}\", line: 4, \
             package: \"clinic\", package_version: \"0.1.0\", crate_name: \"it\" }}, body);\n}}\n",
            bytes.join(", ")
        );
        scene.put(SESSION, &format!("{text}{lie}"));
    });
    let report = scene.report();
    named(&report, &[SESSION, "__private"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn macro_that_makes_the_same_test_does_not_stand_in() {
    let scene = Scene::lying("macro", |scene| {
        let text = scene.text(SESSION);
        let (uses, tests) = text.split_once("#[evidence(").unwrap();
        let weaker = "fn open(_: &str, minutes: u32) -> Result<(), SessionError> {\n    \
                      if minutes < 15 { Ok(()) } else { Err(SessionError::Expired) }\n}\n";
        let shown =
            format!("#[evidence({tests}").replace("#[evidence(", "#[cfg(any())]\n#[evidence(");
        let uses = uses.replace("SessionError, open", "SessionError");
        let lie = format!(
            "macro_rules! same {{\n    () => {{\n#[evidence({tests}\n    }};\n}}\nsame!();\n"
        );
        scene.put(SESSION, &format!("{uses}{shown}{weaker}{lie}"));
    });
    let report = scene.report();
    named(&report, &[IDLE, SESSION, "the line that ran"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn attribute_by_its_path_in_a_file_that_nothing_names_is_found() {
    let scene = Scene::lying("unreached-path", |scene| {
        scene.edit("clinic/tests/it/main.rs", "mod session;", "");
        scene.edit(SESSION, "#[evidence(", "#[medsec_evidence::evidence(");
        scene.edit(SESSION, "#[evidence(hipaa", "#[ medsec_evidence :: evidence (hipaa");
    });
    let report = scene.report();
    named(&report, &["session.rs:4:", "part of no target"]);
    named(&report, &["session.rs:14:", "part of no target"]);
}

#[test]
fn failing_test_that_is_no_evidence_is_named() {
    let scene = Scene::lying("ordinary", |scene| {
        let file = "clinic/tests/it/rest.rs";
        let more = "\n#[test]\nfn doors_are_shut() {\n    assert!(open(\"\", 0).is_ok());\n}\n";
        scene.put(file, &format!("{}{more}", scene.text(file)));
    });
    let report = scene.report();
    named(&report, &["`default`", "clinic::it rest::doors_are_shut"]);
    let mut files = medsec_hipaa_report::render(&report).unwrap();
    medsec_hipaa_report::state(&report, &mut files, None).unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&files["statement.json"]).unwrap();
    assert_eq!(statement["predicate"]["result"], "FAILED");
    let failed = statement["predicate"]["failedTests"].to_string();
    assert!(failed.contains("rest::doors_are_shut"), "{failed}");
}

#[test]
fn test_that_is_in_no_lock_evidences_nothing() {
    let scene = Scene::lying("unlocked", |scene| {
        let text = scene.text("compliance/compliance.lock");
        let (head, entries) = text.split_once("[[evidence]]").unwrap();
        let kept: Vec<_> =
            entries.split("[[evidence]]").filter(|entry| !entry.contains(LOGOFF)).collect();
        scene.put(
            "compliance/compliance.lock",
            &format!("{head}[[evidence]]{}", kept.join("[[evidence]]")),
        );
    });
    let report = scene.report();
    assert_eq!(status(&report, LOGOFF), "partial");
    let why = report.row(LOGOFF).unwrap().why.join("; ");
    assert!(why.contains("2 tests are not locked yet"), "{why}");
}

#[test]
fn two_declarations_of_a_name_are_told_apart_by_where_they_ran() {
    let scene = Scene::lying("two-names", |scene| {
        let text = scene.text(SESSION);
        let first = text.find("#[evidence(").unwrap();
        let other = text[first..].replace("opens nothing", "opens nothing at night");
        let other = other.replace("fn ", "#[cfg(windows)]\nfn ");
        let here = text[first..].replace("fn ", "#[cfg(not(windows))]\nfn ");
        scene.put(SESSION, &format!("{}{here}\n{other}", &text[..first]));
    });
    let report = scene.report();
    assert_eq!(status(&report, LOGOFF), "evidenced", "{:?}", report.problems);
}

#[test]
fn weakened_helper_is_named() {
    let scene = Scene::lying("helper", |scene| {
        let helper = "fn expired(ev: &Ev, minutes: u32) {\n    ev.denies(open(\"ada\", minutes), |e| matches!(e, SessionError::Expired));\n}\n";
        scene.edit(SESSION, CHECK, "    expired(&ev, 15);\n");
        scene.put(SESSION, &format!("{}\n{helper}", scene.text(SESSION)));
    });
    scene.bless();
    scene.commit();
    scene.reseal();
    assert_eq!(status(&scene.report(), LOGOFF), "evidenced");
    scene.edit(
        SESSION,
        "|e| matches!(e, SessionError::Expired)",
        "|e| !matches!(e, SessionError::Nobody)",
    );
    scene.commit();
    scene.reseal();
    let report = scene.report();
    named(&report, &[LOGOFF, IDLE, SESSION, "its helpers", "changed"]);
    assert_eq!(status(&report, LOGOFF), "partial");
}
