use std::fs;

use super::*;

const TEST: &str =
    "#[evidence(hipaa2013::\"164.312(b)\", claim = \"it is recorded\", polarity = deny)]
fn refusal_is_recorded(ev: Ev) -> Proven {
    ev.proven()
}
";

/// Writes files of a package `clinic` and scans them.
fn scanned(files: &[(&str, &str)]) -> Scan {
    let root = tempfile::tempdir().unwrap();
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let path = |name: &str| root.path().join(name).display().to_string();
    let metadata = serde_json::json!({ "packages": [{
        "name": "clinic", "manifest_path": path("Cargo.toml"), "targets": [
            { "name": "clinic", "kind": ["lib"], "src_path": path("src/lib.rs") },
            { "name": "it", "kind": ["test"], "src_path": path("tests/it/main.rs") },
        ] }] });
    let files = [names.as_slice(), &["Cargo.toml".to_owned()]].concat();
    let targets = Targets::parse(&metadata.to_string(), root.path(), &[], &files).unwrap();
    scan(root.path(), &targets, &files).unwrap()
}

fn names(scan: &Scan) -> Vec<String> {
    scan.declared.iter().map(|declared| declared.key.to_string()).collect()
}

#[test]
fn tests_get_the_names_of_nextest() {
    let inline = format!("mod outer {{ mod inner {{ {TEST} }} mod deeper; }}");
    let scan = scanned(&[
        ("src/lib.rs", &inline),
        ("src/outer/deeper.rs", TEST),
        ("tests/it/main.rs", "mod controls; mod old; #[path = \"elsewhere/x.rs\"] mod named;"),
        ("tests/it/controls.rs", "mod below;"),
        ("tests/it/controls/below.rs", TEST),
        ("tests/it/old/mod.rs", TEST),
        ("tests/it/elsewhere/x.rs", TEST),
    ]);
    assert_eq!(
        names(&scan),
        [
            "clinic outer::deeper::refusal_is_recorded",
            "clinic outer::inner::refusal_is_recorded",
            "clinic::it controls::below::refusal_is_recorded",
            "clinic::it named::refusal_is_recorded",
            "clinic::it old::refusal_is_recorded",
        ]
    );
    assert!(scan.problems.is_empty());
}

#[test]
fn file_outside_of_all_modules_is_named() {
    let scan = scanned(&[("src/lib.rs", ""), ("tests/it/main.rs", ""), ("tests/it/lost.rs", TEST)]);
    assert!(scan.declared.is_empty());
    assert_eq!(
        scan.problems,
        [Problem::Unreached { file: "tests/it/lost.rs".to_owned(), line: 1 }]
    );
}

#[test]
fn unknown_citations_and_editions_are_named() {
    // tidy: wrong citation
    for (from, to) in [("164.312(b)", "164.312(z)"), ("hipaa2013", "hipaa2025")] {
        let scan = scanned(&[("src/lib.rs", &TEST.replace(from, to)), ("tests/it/main.rs", "")]);
        let [problem] = scan.problems.as_slice() else { panic!("{:?}", scan.problems) };
        assert!(problem.to_string().contains(to), "{problem}");
    }
}

#[test]
fn conditions_around_a_test_are_kept() {
    let module = format!("#[cfg(unix)] #[cfg(test)] mod a {{ #[cfg(feature = \"x\")] {TEST} }}");
    let scan = scanned(&[("src/lib.rs", &module), ("tests/it/main.rs", "")]);
    assert_eq!(scan.declared[0].conditions, ["unix", "feature = \"x\""]);
}

#[test]
fn excerpt_begins_after_the_attribute() {
    let indented =
        format!("mod a {{\n{}}}\n", TEST.replace("\n", "\n    ").replacen('#', "    #", 1));
    let scan = scanned(&[("src/lib.rs", &indented), ("tests/it/main.rs", "")]);
    let declared = &scan.declared[0];
    let function = TEST.find("fn ").unwrap();
    assert_eq!(declared.excerpt, TEST[function..].trim_end());
    assert_eq!((declared.line, declared.end), (2, 5));
}

#[test]
fn unknown_calls_of_the_inside_are_found_where_the_package_is_no_part_of_it() {
    let call = "fn f() { medsec_evidence::__private::run(d, b); }";
    let scan = scanned(&[("src/lib.rs", call), ("tests/it/main.rs", TEST)]);
    let [problem] = scan.problems.as_slice() else { panic!("{:?}", scan.problems) };
    assert!(problem.to_string().starts_with("src/lib.rs:1: calls `__private`"), "{problem}");
    assert_eq!(scan.declared[0].posing.as_deref(), Some("src/lib.rs:1"));
}
