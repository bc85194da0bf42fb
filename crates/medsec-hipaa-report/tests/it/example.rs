//! `examples/hospital-service` makes its own report in one command.

use std::process::Command;

use crate::scene::Scene;

#[test]
fn hospital_service_makes_its_own_report() {
    let scene = Scene::example();
    let mut program = Command::new(env!("CARGO_BIN_EXE_medsec-hipaa-report"));
    program.arg("--root").arg(&scene.root).args(["run", "--bless", "--out"]);
    let out = scene.root.join("target/compliance");
    let output = scene.quiet(program.arg(&out)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for shown in ["164.312(a)(1)", "164.312(a)(2)(iii)", "164.312(b)"] {
        let line = said.lines().find(|line| line.starts_with(&format!("{shown} "))).unwrap();
        // The lock that was just written makes the tree differ from its commit.
        assert!(line.ends_with("No evidence"), "{said}");
    }
    scene.commit();
    let mut program = Command::new(env!("CARGO_BIN_EXE_medsec-hipaa-report"));
    program.arg("--root").arg(&scene.root).args(["run", "--check", "--out"]).arg(&out);
    let output = scene.quiet(&mut program).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "a CI lets it pass: {output:?}");
    for (cited, ends) in [
        ("164.312(a)(1)", "Evidenced"),
        ("164.312(a)(2)(iii)", "Evidenced"),
        ("164.312(b)", "Evidenced"),
        ("164.312(d)", "Operator"),
        ("164.312(e)(2)(ii)", "Operator"),
    ] {
        let line = said.lines().find(|line| line.starts_with(&format!("{cited} "))).unwrap();
        assert!(line.ends_with(ends), "{said}");
    }
    for file in ["report.html", "report.md", "report.json", "statement.json", "oscal/catalog.json"]
    {
        assert!(out.join(file).is_file(), "{file}");
    }
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
