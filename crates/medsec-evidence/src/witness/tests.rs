use proptest::prelude::*;

use super::*;
use crate::catalog::Catalog;
use crate::checks::{Check, CheckKind, MAX_LISTED};

fn sample() -> RawWitness {
    RawWitness {
        schema: SCHEMA.to_owned(),
        run: "20260301-1".to_owned(),
        binary: "clinic::it".to_owned(),
        test: "session::idle_session_cannot_open".to_owned(),
        attempt: 1,
        edition: "hipaa2013".to_owned(),
        citations: vec!["164.312(a)(2)(iii)".to_owned(), "164.312(d)".to_owned()],
        claim: "an idle session cannot open a package".to_owned(),
        polarity: Polarity::Deny,
        checks: RawChecks {
            denies: 3,
            allows: 0,
            holds: 0,
            equal: 0,
            listed: vec![check(CheckKind::Denies, "clinic::SessionError", 3)],
        },
        body_sha256: "0f".repeat(32),
        source: RawSource { file: "crates/clinic/tests/it/session.rs".to_owned(), line: 12 },
        package: RawPackage { name: "clinic".to_owned(), version: "0.1.0".to_owned() },
    }
}

fn check(kind: CheckKind, fact: &str, times: u64) -> Check {
    Check { kind, fact: fact.to_owned(), times }
}

fn json(raw: &RawWitness) -> Vec<u8> {
    serde_json::to_vec_pretty(raw).unwrap()
}

/// What `from_json` says of the sample after one change.
fn refusal(change: impl FnOnce(&mut RawWitness)) -> InvalidField {
    let mut raw = sample();
    change(&mut raw);
    match Witness::from_json(&json(&raw)) {
        Err(ReadWitnessError::Field(field)) => field,
        other => panic!("not refused for a field: {other:?}"),
    }
}

#[test]
fn every_truncation_is_refused() {
    let whole = json(&sample());
    assert!(Witness::from_json(&whole).is_ok());
    for end in 0..whole.len() {
        let truncated = Witness::from_json(&whole[..end]);
        assert!(matches!(truncated, Err(ReadWitnessError::Json(_))), "{end}");
    }
}

#[test]
fn trailing_or_unknown_content_is_refused() {
    let mut trailing = json(&sample());
    trailing.extend_from_slice(b"{}");
    assert!(matches!(Witness::from_json(&trailing), Err(ReadWitnessError::Json(_))));
    let text = String::from_utf8(json(&sample())).unwrap();
    for unknown in [
        text.replacen('{', "{\"signed_by\": \"nobody\",", 1),
        text.replacen('{', "{\"run\": \"again\",", 1),
        text.replacen("\"line\"", "\"column\": 1, \"line\"", 1),
        text.replacen("\"times\"", "\"value\": 1, \"times\"", 1),
        text.replacen("\"deny\"", "\"maybe\"", 1),
        text.replacen("\"attempt\": 1", "\"attempt\": -1", 1),
    ] {
        assert!(matches!(Witness::from_json(unknown.as_bytes()), Err(ReadWitnessError::Json(_))));
    }
}

#[test]
fn oversized_input_is_refused_unread() {
    let blanks = vec![b' '; MAX_LEN + 1];
    let len = MAX_LEN + 1;
    let refused = Witness::from_json(&blanks);
    assert!(matches!(refused, Err(ReadWitnessError::TooLong { len: l }) if l == len));
}

#[test]
fn other_schema_is_named_as_such() {
    let later = br#"{"schema": "medsec-test-witness/v2", "tests": []}"#;
    assert!(matches!(Witness::from_json(later), Err(ReadWitnessError::UnknownSchema)));
}

#[test]
fn malformed_names_are_refused() {
    use FieldProblem::{Character, Empty, TooLong};
    assert_eq!(refusal(|w| w.run.clear()), Empty.of("run"));
    assert_eq!(refusal(|w| w.run = "../r".to_owned()), Character.of("run"));
    assert_eq!(refusal(|w| w.run = "r".repeat(65)), TooLong { max: 64 }.of("run"));
    assert_eq!(refusal(|w| w.binary = "a b".to_owned()), Character.of("binary"));
    assert_eq!(refusal(|w| w.test = "a\u{7f}".to_owned()), Character.of("test"));
    assert_eq!(refusal(|w| w.claim = " ".to_owned()), Empty.of("claim"));
    assert_eq!(refusal(|w| w.claim = "c".repeat(201)), TooLong { max: 200 }.of("claim"));
    assert_eq!(refusal(|w| w.package.version.clear()), Empty.of("package"));
    assert_eq!(refusal(|w| w.attempt = 0), Empty.of("attempt"));
}

#[test]
fn unknown_editions_and_citations_are_refused() {
    let unknown = refusal(|w| w.edition = "hipaa2025".to_owned());
    assert!(matches!(unknown.problem, FieldProblem::Edition(_)));
    for citation in ["164.312(a)(2)", "164.312(x)", "logoff"] {
        let unknown = refusal(|w| w.citations.push(citation.to_owned()));
        assert!(matches!(unknown.problem, FieldProblem::Citation(_)), "{citation}");
    }
    assert_eq!(refusal(|w| w.citations.clear()), FieldProblem::Empty.of("citations"));
    let twice = refusal(|w| w.citations.push(w.citations[0].clone()));
    assert_eq!(twice, FieldProblem::Duplicate.of("citations"));
    let nine = refusal(|w| w.citations = vec!["164.312(b)".to_owned(); 9]);
    assert_eq!(nine, FieldProblem::TooLong { max: 8 }.of("citations"));
}

#[test]
fn contradicting_checks_are_refused() {
    use FieldProblem::{Counts, Duplicate, Empty, Polarity as Unshown, TooLong};
    assert_eq!(refusal(|w| w.checks.denies = 4), Counts.of("checks"));
    assert_eq!(refusal(|w| w.checks.holds = 1), Counts.of("checks"));
    assert_eq!(refusal(|w| w.checks.listed[0].times = 0), Empty.of("checks"));
    assert_eq!(refusal(|w| w.checks.listed[0].fact.clear()), Empty.of("checks"));
    let twice = refusal(|w| w.checks.listed.push(w.checks.listed[0].clone()));
    assert_eq!(twice, Duplicate.of("checks"));
    let many = refusal(|w| w.checks.listed = vec![w.checks.listed[0].clone(); MAX_LISTED + 1]);
    assert_eq!(many, TooLong { max: MAX_LISTED }.of("checks"));
    let unproven = refusal(|w| {
        (w.checks.denies, w.checks.holds) = (0, 3);
        w.checks.listed[0].kind = CheckKind::Holds;
    });
    assert_eq!(unproven, Unshown.of("polarity"));
}

#[test]
fn paths_that_leave_their_root_are_refused() {
    for file in ["/etc/x.rs", "../x.rs", "a/../../x.rs", "C:/x.rs", "a\\x.rs", "a//x.rs", "./x.rs"]
    {
        let refused = refusal(|w| w.source.file = file.to_owned());
        assert_eq!(refused, FieldProblem::Path.of("source"), "{file}");
    }
    assert_eq!(refusal(|w| w.source.line = 0), FieldProblem::Empty.of("source"));
}

#[test]
fn digests_of_another_spelling_are_refused() {
    for digest in ["", "0f", &"0F".repeat(32), &"0g".repeat(32), &"0f".repeat(33), &"ä".repeat(32)]
    {
        let refused = refusal(|w| w.body_sha256 = digest.to_owned());
        assert_eq!(refused, FieldProblem::Digest.of("body_sha256"), "{digest}");
    }
}

#[test]
fn undescribed_checks_need_a_full_list() {
    let mut raw = sample();
    raw.checks.listed =
        (0..MAX_LISTED).map(|n| check(CheckKind::Denies, &n.to_string(), 1)).collect();
    raw.checks.denies = 1000;
    let witness = Witness::try_from(raw.clone()).unwrap();
    assert_eq!(witness.checks().counts().denies, 1000);
    raw.checks.listed.pop();
    assert_eq!(Witness::try_from(raw), Err(FieldProblem::Counts.of("checks")));
}

#[test]
fn largest_witness_stays_readable() {
    let mut raw = sample();
    raw.claim = "\"".repeat(200);
    raw.test = "\\".repeat(512);
    raw.binary = "\"".repeat(256);
    raw.source.file = format!("{}.rs", "\"".repeat(509));
    let fact = |n| format!("{n:02}{}", "\"".repeat(198));
    raw.checks.listed =
        (0..MAX_LISTED).map(|n| check(CheckKind::Denies, &fact(n), u64::MAX / 64)).collect();
    raw.checks.denies = u64::MAX;
    let witness = Witness::try_from(raw).unwrap();
    assert_eq!(Witness::from_json(&witness.to_json().unwrap()).unwrap(), witness);
}

#[test]
fn published_example_reads_and_writes_back() {
    // The example of docs/formats/test-witness.md.
    let example = include_bytes!("../../tests/vectors/witness.json");
    let witness = Witness::from_json(example).unwrap();
    assert_eq!(witness.checks().counts().total(), 4);
    assert_eq!(witness.to_json().unwrap(), example);
}

fn listed() -> impl Strategy<Value = Vec<Check>> {
    let kind = prop_oneof![
        Just(CheckKind::Denies),
        Just(CheckKind::Allows),
        Just(CheckKind::Holds),
        Just(CheckKind::Equal)
    ];
    proptest::collection::btree_map("[a-z\"\\\\ä]{1,40}", (kind, 1u64..1000), 1..20)
        .prop_map(|map| map.iter().map(|(f, (k, times))| check(*k, f, *times)).collect())
}

prop_compose! {
    fn arbitrary()(
        run in "[a-zA-Z0-9._-]{1,64}", binary in "[a-z:é\"-]{1,80}", test in "[a-z_:é]{1,99}",
        claim in "[a-zA-Z ,.\"ü]{0,60}x", attempt in 1u32.., line in 1u32..,
        file in "[a-z]{1,9}(/[a-z_é]{1,9}){0,4}\\.rs", digest in "[0-9a-f]{64}",
        cited in proptest::sample::subsequence((0..71).collect::<Vec<usize>>(), 1..=8),
        listed in listed(),
    ) -> RawWitness {
        let mut counts = crate::checks::CheckCounts::default();
        listed.iter().for_each(|check| counts.add(check.kind, check.times));
        let items: Vec<_> = Catalog::hipaa2013().items().collect();
        RawWitness {
            run, binary, test, claim, attempt,
            citations: cited.iter().map(|index| items[*index].citation.to_string()).collect(),
            polarity: if counts.denies > 0 { Polarity::Deny } else { Polarity::Allow },
            checks: RawChecks {
                denies: counts.denies, allows: counts.allows,
                holds: counts.holds, equal: counts.equal, listed,
            },
            body_sha256: digest,
            source: RawSource { file, line },
            ..sample()
        }
    }
}

proptest! {
    #[test]
    fn every_witness_survives_its_file(raw in arbitrary()) {
        let witness = Witness::try_from(raw).unwrap();
        let read = Witness::from_json(&witness.to_json().unwrap()).unwrap();
        prop_assert_eq!(read, witness);
    }

    #[test]
    fn changed_bytes_never_panic(raw in arbitrary(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = json(&raw);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(witness) = Witness::from_json(&bytes) {
            prop_assert!(witness.checks().counts().total() > 0);
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Witness::from_json(&bytes).is_err());
    }
}
