//! Packages that are right, but not the one expected.

use medsec_crypto::{
    Context, DatasetId, Dek, DekId, Draft, Expectation, ExpectationError, Header, Identity,
    OpenError, PackageId, PolicyExpectation, PolicyHash, Recipient, SharedDataKey,
    SignerExpectation, Suite, Timestamp, context_difference,
};

use crate::support::sample::Plan;
use crate::support::{SEALED_AT, SIGNER, context_of, kek, signing_key};

const POLICY: PolicyHash = PolicyHash::from_bytes([5; 32]);
const OTHER_POLICY: PolicyHash = PolicyHash::from_bytes([6; 32]);

/// A signed package under a policy.
fn header() -> Header {
    let mut spec = Plan::new(0).spec();
    spec.policy = Some(POLICY);
    let draft = Draft::new(spec, SEALED_AT, Some(signing_key(SIGNER).into())).unwrap();
    header_of(draft)
}

/// A package under a shared data key.
fn shared() -> Header {
    let mut spec = Plan::new(0).spec();
    spec.policy = Some(POLICY);
    spec.dataset = Some(DatasetId::new("ct-2026").unwrap());
    spec.shared_data_key = Some(DekId::from_bytes([7; 16]));
    let draft = Draft::new(spec, SEALED_AT, Some(signing_key(SIGNER).into())).unwrap();
    let dek = Dek::generate().unwrap();
    let stanza = kek(1).wrap_dek(&dek, &draft.bind()).unwrap();
    let package = draft.address(dek, vec![stanza]).unwrap().seal_bytes(b"").unwrap();
    Header::read(&mut &package[..]).unwrap()
}

fn header_of(draft: Draft) -> Header {
    let package = draft.seal_to(&[&kek(1)]).unwrap().seal_bytes(b"").unwrap();
    Header::read(&mut &package[..]).unwrap()
}

fn usual() -> Expectation {
    let mut expectation = Plan::new(0).signed().expectation(1);
    expectation.policy = PolicyExpectation::Exactly(POLICY);
    expectation
}

/// The one change to the expectation must lead to this error.
#[track_caller]
fn unexpected(header: Header, expected: ExpectationError, change: impl FnOnce(&mut Expectation)) {
    let mut expectation = usual();
    change(&mut expectation);
    match header.check(expectation) {
        Err(OpenError::Expectation(found)) => assert_eq!(found, expected),
        other => panic!("expected {expected:?}, found {other:?}"),
    }
}

#[test]
fn other_policy_is_refused() {
    unexpected(header(), ExpectationError::Policy, |e| {
        e.policy = PolicyExpectation::Exactly(OTHER_POLICY);
    });
    unexpected(header(), ExpectationError::Policy, |e| {
        e.policy = PolicyExpectation::OneOf(vec![OTHER_POLICY]);
    });
    unexpected(header(), ExpectationError::Policy, |e| {
        e.policy = PolicyExpectation::OneOf(Vec::new());
    });
}

#[test]
fn package_without_policy_is_refused() {
    let draft = Plan::new(0).signed().draft();
    unexpected(header_of(draft), ExpectationError::Policy, |_| ());
}

#[test]
fn other_signer_is_refused() {
    unexpected(header(), ExpectationError::Signer, |e| {
        e.signer = SignerExpectation::OneOf(vec![signing_key(3).verifying_key()]);
    });
    unexpected(header(), ExpectationError::Signer, |e| {
        e.signer = SignerExpectation::OneOf(Vec::new());
    });
}

#[test]
fn unsigned_package_is_refused() {
    let draft = Plan::new(0).draft();
    unexpected(header_of(draft), ExpectationError::NotSigned, |e| {
        e.policy = PolicyExpectation::Any;
    });
}

#[test]
fn other_context_names_are_refused() {
    let mut more = crate::support::patient();
    more.insert("study", "1.2.3").unwrap();
    for context in [Context::new(), context_of("subject", "MRN-0042"), more] {
        unexpected(header(), ExpectationError::ContextNames, |e| {
            e.reproduced = context;
        });
    }
}

#[test]
fn difference_of_context_names_is_told() {
    let header = header();
    let supplied = context_of("study", "1.2.3");
    let (missing, surplus) = context_difference(&header, &supplied);
    let names = |keys: Vec<&medsec_crypto::ContextKey>| {
        keys.iter().map(|key| key.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((names(missing), names(surplus)), (vec!["patient".into()], vec!["study".into()]));
}

#[test]
fn other_package_id_is_refused() {
    unexpected(header(), ExpectationError::PackageId, |e| {
        e.limits.package_id = Some(PackageId::from_bytes([0; 16]));
    });
}

#[test]
fn suite_not_accepted_is_refused() {
    unexpected(header(), ExpectationError::Suite, |e| {
        e.limits.suites = vec![Suite::ChaCha20Poly1305];
    });
    unexpected(header(), ExpectationError::Suite, |e| {
        e.limits.suites = Vec::new();
    });
}

#[test]
fn older_package_is_refused() {
    unexpected(header(), ExpectationError::TooOld, |e| {
        let later = SEALED_AT.unix_seconds() + 1;
        e.limits.created_from = Some(Timestamp::from_unix_seconds(later));
    });
}

#[test]
fn shared_data_key_is_refused() {
    let header = shared();
    unexpected(header.clone(), ExpectationError::SharedDataKey, |_| ());
    let mut accepting = usual();
    accepting.limits.shared_data_key = SharedDataKey::Accepted;
    header.check(accepting).unwrap().unlock_with(&[&kek(1)]).unwrap();
}

#[test]
fn package_for_other_recipients_is_refused() {
    unexpected(header(), ExpectationError::NotARecipient, |e| {
        e.keys = vec![Identity::key_ref(&kek(2))];
    });
    unexpected(header(), ExpectationError::NotARecipient, |e| e.keys.clear());
}

#[test]
fn longer_package_than_accepted_is_refused() {
    let sample = Plan::new(40 * 1024).seal();
    let mut expectation = sample.plan.expectation(1);
    expectation.limits.max_chunks = 2;
    let checked = medsec_crypto::Checked::read(&mut &sample.package[..], expectation).unwrap();
    let unlocked = checked.unlock_with(&[&kek(1)]).unwrap();
    let source = std::io::Cursor::new(&sample.package);
    let error = unlocked.verify(source, &medsec_crypto::Execution::default());
    assert!(matches!(error, Err(OpenError::TooLong)));
}

#[test]
fn package_as_expected_is_accepted() {
    let header = header();
    let mut exact = usual();
    exact.limits.package_id = Some(header.core().package_id);
    exact.limits.created_from = Some(SEALED_AT);
    exact.limits.suites = vec![Suite::Aes256Gcm];
    for policy in [
        PolicyExpectation::Exactly(POLICY),
        PolicyExpectation::OneOf(vec![OTHER_POLICY, POLICY]),
        PolicyExpectation::Any,
    ] {
        exact.policy = policy;
        let checked = header.clone().check(exact.clone()).unwrap();
        checked.unlock_with(&[&kek(1)]).unwrap();
    }
}
