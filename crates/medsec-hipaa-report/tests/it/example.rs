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
