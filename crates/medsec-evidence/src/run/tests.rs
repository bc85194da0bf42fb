use std::collections::HashMap;
use std::ffi::OsString;

use super::*;

fn declaration() -> Declaration {
    Declaration {
        edition: "hipaa2013",
        citations: &["164.312(a)(2)(iii)"],
        claim: "an idle session cannot open a package",
        polarity: Polarity::Deny,
        body_sha256: [7; 32],
        module_path: "it::session",
        function: "idle_session_cannot_open",
        file: "tests/it/session.rs",
        line: 12,
        package: "clinic-records",
        package_version: "0.1.0",
        crate_name: "it",
    }
}

fn destination(set: &[(&'static str, &str)]) -> Result<Option<Destination>, RecordError> {
    let set: HashMap<_, _> =
        set.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
    Destination::from_lookup(|variable| set.get(variable).cloned())
}

#[test]
fn destination_without_run_id_is_refused() {
    for run in [None, Some(""), Some("../r"), Some("r s")] {
        let run = run.map(|run| ("MEDSEC_EVIDENCE_RUN", run));
        let set: Vec<_> = [("MEDSEC_EVIDENCE_DIR", "w")].into_iter().chain(run).collect();
        let Err(RecordError::Variable { variable }) = destination(&set) else { panic!("{run:?}") };
        assert_eq!(variable, "MEDSEC_EVIDENCE_RUN");
    }
}

#[test]
fn malformed_environment_is_refused() {
    let empty = destination(&[("MEDSEC_EVIDENCE_DIR", ""), ("MEDSEC_EVIDENCE_RUN", "r")]);
    assert!(matches!(empty, Err(RecordError::Variable { variable: "MEDSEC_EVIDENCE_DIR" })));
    let attempt = destination(&[
        ("MEDSEC_EVIDENCE_DIR", "w"),
        ("MEDSEC_EVIDENCE_RUN", "r"),
        ("NEXTEST_ATTEMPT", "first"),
    ]);
    assert!(matches!(attempt, Err(RecordError::Variable { variable: "NEXTEST_ATTEMPT" })));
}

#[test]
fn unset_folder_means_no_witness() {
    assert!(destination(&[("MEDSEC_EVIDENCE_RUN", "r")]).unwrap().is_none());
}

#[test]
fn attempt_is_one_without_a_runner() {
    let set = [("MEDSEC_EVIDENCE_DIR", "w"), ("MEDSEC_EVIDENCE_RUN", "r")];
    assert_eq!(destination(&set).unwrap().unwrap().attempt, 1);
}

#[test]
fn test_name_leaves_out_the_crate() {
    assert_eq!(declaration().test(), "session::idle_session_cannot_open");
    let root = Declaration { module_path: "it", ..declaration() };
    assert_eq!(root.test(), "idle_session_cannot_open");
}

#[test]
fn binary_of_library_is_its_package() {
    assert_eq!(declaration().binary(), "clinic-records::it");
    let library = Declaration { crate_name: "clinic_records", ..declaration() };
    assert_eq!(library.binary(), "clinic-records");
}

#[test]
fn source_file_reveals_no_machine() {
    assert_eq!(source_file("crates/x/src/a.rs"), "crates/x/src/a.rs");
    assert_eq!(source_file("crates\\x\\src\\a.rs"), "crates/x/src/a.rs");
    for path in ["/home/someone/a.rs", "C:\\Users\\someone\\a.rs", "tests/../../a.rs"] {
        assert_eq!(source_file(path), "a.rs");
    }
}

#[test]
fn file_names_never_meet() {
    let body = BodyHash::new([0xab; 32]);
    let (one, other) = (store::file_name("f", body, 1), store::file_name("f", body, 2));
    assert_ne!(one, other);
    assert!(one.starts_with("f-abababab-"), "{one}");
}

#[test]
fn failed_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    // The final name is taken by a folder, so the rename fails after the write.
    std::fs::create_dir(folder.path().join("w.json")).unwrap();
    assert!(store::write(folder.path(), "w.json", b"{}").is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
