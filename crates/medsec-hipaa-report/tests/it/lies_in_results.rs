//! Lies told in what a run left behind. Where `run.json` would show the edit, it is made to vouch for it, so that the
//! join itself has to notice.

use std::fs;

use medsec_hipaa_report::Date;

use crate::scene::{IDLE, LOGOFF, SESSION, Scene, named, status};

/// Changes the JUnit file.
fn edit_junit(scene: &Scene, from: &str, to: &str) {
    let path = scene.results().join("junit.xml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// The element of the test that most lies are about, as nextest writes it.
fn idle_case(scene: &Scene) -> String {
    let text = fs::read_to_string(scene.results().join("junit.xml")).unwrap();
    let suite = text.find("<testsuite name=\"clinic::it\"").unwrap();
    let from = suite + text[suite..].find("<testcase name=\"session::idle").unwrap();
    let inside = &text[from..];
    let end = inside.find("</testcase>").map_or(inside.find("/>").unwrap() + 2, |end| end + 11);
    inside[..end].to_owned()
}

#[test]
fn honest_run_has_nothing_wrong() {
    let scene = Scene::recorded("nothing-wrong");
    let report = scene.report();
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let technical = report.rows.iter().filter(|row| row.section == 312);
    assert!(
        technical.clone().all(|row| row.status.key() == "evidenced") && technical.count() == 12
    );
    assert_eq!(status(&report, "164.308(a)(2)"), "attested");
    assert_eq!(status(&report, "164.310(a)(1)"), "partial");
    assert_eq!(report.valid_until, Some("2026-12-31".parse::<Date>().unwrap()));
}

#[test]
fn edited_junit_is_named() {
    let scene = Scene::recorded("edited-junit");
    let case = idle_case(&scene);
    edit_junit(&scene, &case, "");
    named(&scene.report(), &["default/junit.xml", "is not as it was"]);
    scene.reseal();
    let report = scene.report();
    named(&report, &["default/junit.xml", "says", "holds"]);
    named(&report, &[IDLE, SESSION, "part of the run is missing"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn failure_that_was_edited_away_has_no_witness() {
    let scene = Scene::recorded("edited-away");
    fs::remove_file(scene.idle_witness()).unwrap();
    scene.reseal();
    let report = scene.report();
    named(&report, &[IDLE, SESSION, "left no witness"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn flaky_test_turns_the_row_red() {
    let scene = Scene::recorded("flaky");
    let case = idle_case(&scene);
    let open = case.strip_suffix("</testcase>").or(case.strip_suffix("/>")).unwrap();
    let open = open.trim_end_matches('/').trim_end();
    let open = if case.ends_with("/>") { format!("{open}>") } else { open.to_owned() };
    edit_junit(
        &scene,
        &case,
        &format!("{open}<flakyFailure timestamp=\"x\" time=\"0\"/></testcase>"),
    );
    scene.reseal();
    let report = scene.report();
    named(&report, &[IDLE, SESSION, "failed before it passed"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn retried_test_turns_the_row_red() {
    let scene = Scene::recorded("retried");
    let witness = scene.idle_witness();
    let text = fs::read_to_string(&witness).unwrap();
    fs::write(&witness, text.replace("\"attempt\": 1", "\"attempt\": 2")).unwrap();
    scene.reseal();
    named(&scene.report(), &[IDLE, SESSION, "of attempt 2"]);
    fs::write(witness.with_extension("again.json"), text).unwrap();
    scene.reseal();
    let report = scene.report();
    named(&report, &[IDLE, SESSION, "left 2 witnesses"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn witnesses_of_an_older_run_are_named() {
    let scene = Scene::recorded("old-witnesses");
    for witness in scene.witnesses() {
        let text = fs::read_to_string(&witness).unwrap();
        let (before, rest) = text.split_once("\"run\": \"").unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        fs::write(&witness, format!("{before}\"run\": \"yesterday.default\"{after}")).unwrap();
    }
    scene.reseal();
    let report = scene.report();
    named(&report, &["is a witness of another run, yesterday.default", IDLE]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn run_of_another_commit_is_named() {
    let scene = Scene::recorded("other-commit");
    scene.put("letter-2.txt", "later");
    scene.commit();
    let report = scene.report();
    named(&report, &["`default` ran at commit", &report.commit]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn missing_shard_is_named() {
    let scene = Scene::recorded("shard");
    let path = scene.results().join("junit.xml");
    let text = fs::read_to_string(&path).unwrap();
    let from = text.find("<testsuite name=\"clinic::it\"").unwrap();
    let end = from + text[from..].find("</testsuite>").unwrap() + "</testsuite>".len();
    fs::write(&path, format!("{}{}", &text[..from], &text[end..])).unwrap();
    scene.reseal();
    let report = scene.report();
    named(&report, &[IDLE, SESSION, "part of the run is missing"]);
    assert_eq!(status(&report, LOGOFF), "failing");
    assert_eq!(status(&report, "164.312(b)"), "failing");
}

#[test]
fn partition_that_did_not_run_is_named() {
    let scene = Scene::recorded("partition");
    let path = scene.results().join("list.json");
    let mut list: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let cases = &mut list["rust-suites"]["clinic::it"]["testcases"];
    cases["session::idle_session_cannot_open"]["filter-match"] =
        serde_json::json!({ "status": "mismatch", "reason": "partition" });
    fs::write(&path, list.to_string()).unwrap();
    fs::remove_file(scene.idle_witness()).unwrap();
    scene.reseal();
    named(&scene.report(), &[LOGOFF, IDLE, "not selected in `default` (partition)"]);
}

#[test]
fn dirty_tree_shows_nothing_and_names_its_files() {
    let scene = Scene::recorded("dirty");
    scene.edit(SESSION, "open(\"ada\", 15)", "open(\"ada\", 16)");
    let report = scene.report();
    named(&report, &["the tree differs from the commit", SESSION]);
    assert!(report.rows.iter().all(|row| row.status.key() != "evidenced"));
    assert_eq!(status(&report, "164.312(b)"), "no-evidence");
}

#[test]
fn witness_that_nothing_declares_is_named() {
    let scene = Scene::recorded("undeclared");
    let witness = scene.idle_witness();
    let text = fs::read_to_string(&witness).unwrap();
    fs::write(&witness, text.replace("idle_session_cannot_open", "made_by_a_macro")).unwrap();
    scene.reseal();
    named(&scene.report(), &["made_by_a_macro left a witness, and no source declares it", SESSION]);
}

#[test]
fn witness_of_another_body_turns_the_row_red() {
    let scene = Scene::recorded("other-body");
    let witness = scene.idle_witness();
    let text = fs::read_to_string(&witness).unwrap();
    let (before, rest) = text.split_once("\"body_sha256\": \"").unwrap();
    fs::write(&witness, format!("{before}\"body_sha256\": \"{}{}", "0".repeat(64), &rest[64..]))
        .unwrap();
    scene.reseal();
    let report = scene.report();
    named(&report, &[IDLE, SESSION, "the body that ran"]);
    assert_eq!(status(&report, LOGOFF), "failing");
}

#[test]
fn configuration_that_vanished_is_named() {
    let scene = Scene::recorded("vanished");
    scene.plan(&["default", "live"]);
    named(&scene.report(), &["`live`", "planned"]);
}

#[test]
fn configuration_of_another_run_is_named() {
    let scene = Scene::recorded("two-runs");
    let other = scene.runs().join("other");
    fs::create_dir_all(other.join("witnesses")).unwrap();
    for file in ["junit.xml", "list.json", "run.json"] {
        fs::copy(scene.results().join(file), other.join(file)).unwrap();
    }
    let facts = fs::read_to_string(other.join("run.json")).unwrap();
    let facts =
        facts.replace(".default\"", ".other\"").replace("\"run\": \"", "\"run\": \"yesterday-");
    fs::write(other.join("run.json"), facts).unwrap();
    named(&scene.report(), &["other", "another run"]);
}

#[test]
fn witness_that_was_never_finished_is_none() {
    let scene = Scene::recorded("unfinished");
    let witness = scene.idle_witness();
    let name = witness.file_name().unwrap().to_string_lossy().into_owned();
    fs::rename(&witness, witness.with_file_name(format!(".{name}.unfinished"))).unwrap();
    scene.reseal();
    let report = scene.report();
    named(&report, &[IDLE, SESSION, "left no witness"]);
    assert!(report.problems.iter().all(|one| !one.to_string().contains("unfinished")));
}

#[test]
fn what_a_new_lock_drops_is_printed() {
    let scene = Scene::recorded("dropped");
    scene.edit(
        "compliance/compliance.lock",
        "session::busy_session_opens",
        "session::busy_session_reads",
    );
    scene.commit();
    scene.reseal();
    let said = scene.program(&["make", "--bless"], |_| ());
    let dropped = format!("no longer locked: {LOGOFF} clinic::it session::busy_session_reads");
    assert!(said.contains(&dropped), "{said}");
}

#[test]
fn test_that_is_shown_in_fewer_configurations_is_named() {
    let scene = Scene::recorded("fewer");
    let lock = "compliance/compliance.lock";
    scene.put(lock, &scene.text(lock).replace("[\"default\"]", "[\"default\", \"live\"]"));
    scene.commit();
    scene.reseal();
    let report = scene.report();
    named(&report, &[LOGOFF, IDLE, SESSION, "not shown in `live` any more"]);
    assert_eq!(status(&report, LOGOFF), "partial");
}
