//! The opening side.

use std::io::Cursor;
use std::time::Duration;

use medsec_crypto::{
    Checked, Context, Execution, Expectation, ExpectationError, Header, Limits, OpenError,
    PolicyExpectation, SharedDataKey, SignerExpectation, Stanza,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyServiceError, OpeningCache, SharedKeyLimits};
use medsec_testkit::Asked;
use pollster::block_on;

use super::{HOUR, Shared};

fn expectation(shared: &Shared, header: &Header, allowed: SharedDataKey) -> Expectation {
    let mut limits = Limits::default();
    limits.shared_data_key = allowed;
    Expectation {
        policy: PolicyExpectation::Any,
        signer: SignerExpectation::OneOf(vec![shared.signer.verifying_key()]),
        keys: vec![header.stanzas()[0].key_ref().clone()],
        reproduced: Context::new(),
        limits,
    }
}

fn open(shared: &Shared, cache: &OpeningCache, package: &[u8]) -> Vec<u8> {
    let mut source = Cursor::new(package);
    let header = Header::read(&mut source).unwrap();
    let stanza = header.stanzas()[0].clone();
    let dek = block_on(cache.unwrap_dek(&shared.keys, &header, &stanza)).unwrap();
    let expectation = expectation(shared, &header, SharedDataKey::Accepted);
    let unlocked = header.check(expectation).unwrap().unlock(dek).unwrap();
    unlocked.open_to_memory(source, 1024, &Execution::default()).unwrap().0.to_vec()
}

fn cache(shared: &Shared, limits: SharedKeyLimits) -> OpeningCache {
    OpeningCache::new(limits, shared.timer.clone())
}

fn shared() -> Shared {
    Shared::new(SharedKeyLimits::default())
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a package under a shared data key is refused by an opener who did not accept shared data keys",
    polarity = deny,
)]
fn shared_key_is_refused_unless_accepted(ev: Ev) -> Proven {
    let shared = shared();
    let package = shared.seal(b"a finding");
    let header = Header::read(&mut package.as_slice()).unwrap();
    let refusing = expectation(&shared, &header, SharedDataKey::Refused);
    let refused = Checked::read(&mut package.as_slice(), refusing);
    ev.denies(refused, |error| {
        matches!(error, OpenError::Expectation(ExpectationError::SharedDataKey))
    });
    let accepting = expectation(&shared, &header, SharedDataKey::Accepted);
    ev.allows(Checked::read(&mut package.as_slice(), accepting));
    ev.proven()
}

#[test]
fn packages_of_one_key_open_with_one_call() {
    let shared = shared();
    let packages: Vec<_> = (0..50_u8).map(|at| shared.seal(&[at])).collect();
    let cache = cache(&shared, SharedKeyLimits::default());
    for (at, package) in (0_u8..).zip(&packages) {
        assert_eq!(open(&shared, &cache, package), [at]);
    }
    assert_eq!(shared.keys.count(Asked::Unwrap), 1);
}

#[test]
fn kept_key_ends_with_age_number_and_session() {
    let shared = shared();
    let package = shared.seal(b"a finding");
    let asked = || shared.keys.count(Asked::Unwrap);
    let aged = cache(&shared, SharedKeyLimits::default());
    open(&shared, &aged, &package);
    shared.timer.advance(HOUR - Duration::from_secs(1));
    open(&shared, &aged, &package);
    assert_eq!(asked(), 1);
    shared.timer.advance(Duration::from_secs(1));
    open(&shared, &aged, &package);
    assert_eq!(asked(), 2);
    let counted = cache(&shared, SharedKeyLimits::default().with_packages(2));
    (0..4).for_each(|_| drop(open(&shared, &counted, &package)));
    assert_eq!(asked(), 4);
    aged.end();
    (0..3).for_each(|_| drop(open(&shared, &aged, &package)));
    assert_eq!(asked(), 7);
}

/// Also if what is opened then has nothing to do with it.
#[test]
fn key_whose_time_is_over_is_erased_when_the_cache_is_next_asked() {
    let shared = shared();
    let (package, single) = (shared.seal(b"a finding"), single(&shared));
    let cache = cache(&shared, SharedKeyLimits::default());
    open(&shared, &cache, &package);
    shared.timer.advance(HOUR - Duration::from_secs(1));
    open(&shared, &cache, &single);
    assert!(format!("{cache:?}").contains("kept: 1"), "{cache:?}");
    shared.timer.advance(Duration::from_secs(1));
    open(&shared, &cache, &single);
    assert!(format!("{cache:?}").contains("kept: 0"), "{cache:?}");
}

#[test]
fn changed_stanza_is_asked_about_again() {
    let shared = shared();
    let package = shared.seal(b"a finding");
    let cache = cache(&shared, SharedKeyLimits::default());
    open(&shared, &cache, &package);
    let header = Header::read(&mut package.as_slice()).unwrap();
    let mut wrapped = header.stanzas()[0].wrapped().to_vec();
    wrapped[40] ^= 1;
    let changed = Stanza::new(header.stanzas()[0].key_ref().clone(), wrapped).unwrap();
    let refused = block_on(cache.unwrap_dek(&shared.keys, &header, &changed));
    assert!(matches!(refused, Err(KeyServiceError::NotAuthentic)), "{refused:?}");
    assert_eq!(shared.keys.count(Asked::Unwrap), 2);
}

/// A package under a data key of its own.
fn single(shared: &Shared) -> Vec<u8> {
    let draft = shared.draft(shared.spec());
    let context = medsec_kms::KeyContext { bind: draft.bind(), dataset: None };
    let key = crate::support::key("mri");
    let generated = medsec_kms::KeyService::generate_dek(&shared.keys, &key, &context);
    let (dek, stanza) = block_on(generated).unwrap();
    draft.address(dek, vec![stanza]).unwrap().seal_bytes(b"a finding").unwrap()
}

#[test]
fn key_of_one_package_is_not_kept() {
    let shared = shared();
    let package = single(&shared);
    let cache = cache(&shared, SharedKeyLimits::default());
    (0..3).for_each(|_| drop(open(&shared, &cache, &package)));
    assert_eq!(shared.keys.count(Asked::Unwrap), 3);
}

#[test]
fn oldest_key_makes_room_for_a_new_one() {
    let shared = Shared::new(SharedKeyLimits::default().with_packages(1));
    let number = OpeningCache::MAX_KEYS + 1;
    let packages: Vec<_> = (0..number).map(|_| shared.seal(b"a finding")).collect();
    let cache = cache(&shared, SharedKeyLimits::default());
    for package in &packages {
        open(&shared, &cache, package);
        shared.timer.advance(Duration::from_secs(1));
    }
    open(&shared, &cache, &packages[number - 1]);
    assert_eq!(shared.keys.count(Asked::Unwrap), number);
    open(&shared, &cache, &packages[0]);
    assert_eq!(shared.keys.count(Asked::Unwrap), number + 1);
}
