//! `examples/hospital-service` makes its own report in one command.

use std::process::Command;

use crate::scene::Scene;

const LOCK: &str = "compliance/compliance.lock";

/// Runs the tests of the example and makes its report; what the command printed.
fn run(scene: &Scene, option: &str) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_medsec-hipaa-report"));
    program.arg("--root").arg(&scene.root).args(["run", option, "--out"]);
    let out = scene.root.join("target/compliance");
    let output = scene.quiet(program.arg(&out)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn ends(said: &str, rows: &[(&str, &str)]) {
    for (cited, status) in rows {
        let line = said.lines().find(|line| line.starts_with(&format!("{cited} "))).unwrap();
        assert!(line.ends_with(status), "{said}");
    }
}

#[test]
fn hospital_service_makes_its_own_report_and_a_ci_lets_it_pass() {
    let scene = Scene::example("example");
    let said = run(&scene, "--check");
    ends(&said, &[("164.312(a)(1)", "Evidenced"), ("164.312(a)(2)(iii)", "Evidenced")]);
    ends(&said, &[("164.312(b)", "Evidenced"), ("164.312(d)", "Operator")]);
    let out = scene.root.join("target/compliance");
    for file in [
        "report.html",
        "report.md",
        "report.json",
        "statement.json",
        "run-statement.json",
        "oscal/catalog.json",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
}

#[test]
fn first_lock_is_made_of_what_counts() {
    let scene = Scene::example("example-first");
    let committed = scene.text(LOCK);
    std::fs::remove_file(scene.root.join(LOCK)).unwrap();
    scene.begin_anew();
    ends(&run(&scene, "--bless"), &[("164.312(a)(1)", "Evidenced")]);
    assert_eq!(scene.text(LOCK), committed);
}

/// An alias gives way to a command of Cargo's own, silently.
#[test]
fn command_of_the_readme_is_an_alias_that_holds() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/hospital-service");
    let readme = std::fs::read_to_string(format!("{example}/README.md")).unwrap();
    let command = readme.lines().find_map(|line| line.strip_prefix("    cargo ")).unwrap();
    let word = command.split_whitespace().next().unwrap();
    let listed = Command::new("cargo").current_dir(example).arg("--list").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let line = listed.lines().find(|line| line.split_whitespace().next() == Some(word)).unwrap();
    assert!(line.contains("alias: run") && line.contains("medsec-hipaa-report"), "{line}");
}
