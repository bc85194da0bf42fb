//! Which tests leave a witness, and what it says.

use std::collections::BTreeSet;
use std::fs;

use medsec_evidence::{CheckKind, Polarity};
use tempfile::tempdir;

use crate::children::{Child, files_in, only_witness_in, witness_in};

const REFUSAL: &str = "fixtures::refusal_is_proven";
const SUCCESS: &str = "fixtures::success_is_proven";
const LENT: &str = "fixtures::proof_cannot_be_lent";
const AWAITED: &str = "fixtures::awaited_refusal_is_proven";
const PROPERTY: &str = "fixtures::property_is_proven";
const DROPPED: &str = "fixtures::property_whose_failure_is_dropped";
const TABLE: &str = "fixtures::table_is_proven";

#[test]
fn exit_in_a_body_leaves_no_witness() {
    let folder = tempdir().unwrap();
    // To libtest and the shell this looks like success.
    Child::of(REFUSAL).recorded_in(folder.path()).told_to("exit").passes();
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn panicking_body_leaves_no_witness() {
    let folder = tempdir().unwrap();
    Child::of(REFUSAL).recorded_in(folder.path()).told_to("panic").fails_saying("told to");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn failed_check_names_its_own_line() {
    let folder = tempdir().unwrap();
    let child = Child::of(REFUSAL).recorded_in(folder.path()).told_to("fail");
    child.fails_saying("fixtures.rs");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn body_without_checks_leaves_no_witness() {
    let folder = tempdir().unwrap();
    let child = Child::of(REFUSAL).recorded_in(folder.path()).told_to("check nothing");
    child.fails_saying("no check was made");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn proof_of_another_test_is_refused() {
    let folder = tempdir().unwrap();
    let child = Child::of(LENT).recorded_in(folder.path()).told_to("lend");
    child.fails_saying("was made by another test");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn async_test_that_proves_nothing_leaves_no_witness() {
    let folder = tempdir().unwrap();
    let told = |misbehave| Child::of(AWAITED).recorded_in(folder.path()).told_to(misbehave);
    told("exit").passes();
    told("fail").fails_saying("expected a denial");
    told("check nothing").fails_saying("no check was made");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn failing_property_names_the_smallest_case_and_leaves_no_witness() {
    let folder = tempdir().unwrap();
    let child = Child::of(PROPERTY).recorded_in(folder.path()).told_to("fail");
    child.fails_saying("number = 100");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn dropped_failure_of_a_property_is_remembered() {
    let folder = tempdir().unwrap();
    let child = Child::of(DROPPED).recorded_in(folder.path()).told_to("fail");
    child.fails_saying("its panic was caught");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn missing_folder_fails_the_test() {
    let folder = tempdir().unwrap();
    let missing = folder.path().join("missing");
    Child::of(REFUSAL).recorded_in(&missing).fails_saying("cannot be written to");
    assert!(!missing.exists());
}

#[test]
fn file_in_place_of_folder_fails_the_test() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    Child::of(REFUSAL).recorded_in(&file).fails_saying("cannot be written to");
}

#[test]
fn missing_run_id_fails_the_test() {
    let folder = tempdir().unwrap();
    let child = Child::of(REFUSAL).recorded_in(folder.path()).with("MEDSEC_EVIDENCE_RUN", "");
    child.fails_saying("`MEDSEC_EVIDENCE_RUN` is missing");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn unset_folder_leaves_the_test_alone() {
    Child::of(REFUSAL).passes();
}

#[test]
fn two_runs_write_distinct_files() {
    let folder = tempdir().unwrap();
    Child::of(REFUSAL).recorded_in(folder.path()).passes();
    Child::of(REFUSAL).recorded_in(folder.path()).passes();
    assert_eq!(files_in(folder.path()).len(), 2);
}

#[test]
fn witness_of_refusal_says_what_ran() {
    let folder = tempdir().unwrap();
    Child::of(REFUSAL).recorded_in(folder.path()).passes();
    let witness = only_witness_in(folder.path());
    assert_eq!(witness.run().as_str(), "run-1");
    assert_eq!(witness.binary().as_str(), "medsec-evidence::it");
    assert_eq!(witness.test().as_str(), REFUSAL);
    assert_eq!(witness.attempt().get(), 1);
    assert_eq!(witness.claim(), "fixture: a refusal is recorded");
    assert_eq!(witness.polarity(), Polarity::Deny);
    assert_eq!(witness.package().name, env!("CARGO_PKG_NAME"));
    assert_eq!(witness.package().version, env!("CARGO_PKG_VERSION"));
    assert!(witness.source().file.ends_with("tests/it/fixtures.rs"));
    let [check] = witness.checks().listed() else { panic!("{witness:?}") };
    assert_eq!((check.kind, check.times), (CheckKind::Denies, 1));
    assert_eq!(check.fact, "it::fixtures::Refused");
}

#[test]
fn witness_of_success_lists_its_checks() {
    let folder = tempdir().unwrap();
    Child::of(SUCCESS).recorded_in(folder.path()).passes();
    let witness = only_witness_in(folder.path());
    let cited: Vec<_> = witness.citations().iter().map(ToString::to_string).collect();
    assert_eq!(cited, ["164.316(b)(1)", "164.316(b)(2)(i)"]);
    assert_eq!(witness.claim(), "fixture: a \"quoted\" success is recorded");
    assert_eq!(witness.checks().counts().total(), 4);
    let facts: Vec<_> = witness.checks().listed().iter().map(|c| c.fact.as_str()).collect();
    assert_eq!(facts[0], "alloc::vec::Vec<u8>");
    assert_eq!(facts[3], "the value is not empty");
}

#[test]
fn async_test_leaves_one_witness_under_its_own_name() {
    let folder = tempdir().unwrap();
    Child::of(AWAITED).recorded_in(folder.path()).passes();
    let witness = only_witness_in(folder.path());
    assert_eq!(witness.test().as_str(), AWAITED);
    let [check] = witness.checks().listed() else { panic!("{witness:?}") };
    assert_eq!((check.kind, check.times), (CheckKind::Denies, 2));
}

#[test]
fn property_and_table_leave_one_witness_that_counts_their_cases() {
    for (test, cases) in [(PROPERTY, 32), (TABLE, 3)] {
        let folder = tempdir().unwrap();
        Child::of(test).recorded_in(folder.path()).passes();
        let witness = only_witness_in(folder.path());
        let [check] = witness.checks().listed() else { panic!("{witness:?}") };
        assert_eq!((check.kind, check.times), (CheckKind::Denies, cases), "{test}");
    }
}

#[test]
fn runner_names_binary_and_attempt() {
    let folder = tempdir().unwrap();
    let child = Child::of(REFUSAL).recorded_in(folder.path());
    child.with("NEXTEST_BINARY_ID", "other::it").with("NEXTEST_ATTEMPT", "2").passes();
    let witness = only_witness_in(folder.path());
    assert_eq!(witness.binary().as_str(), "other::it");
    assert_eq!(witness.attempt().get(), 2);
}

#[test]
fn body_hash_tells_bodies_apart_only() {
    let folder = tempdir().unwrap();
    for test in [REFUSAL, LENT, REFUSAL] {
        Child::of(test).recorded_in(folder.path()).passes();
    }
    let files = files_in(folder.path());
    let hashes: BTreeSet<_> = files.iter().map(|file| witness_in(file).body()).collect();
    assert_eq!(hashes.len(), 2);
}
