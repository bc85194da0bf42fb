//! Where a shared data key ends.

use std::io::Cursor;
use std::time::Duration;

use medsec_crypto::{Header, MAX_METADATA_LEN, SealError};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{SharedKeyError, SharedKeyLimits};

use super::{HOUR, Shared};

fn most() -> SharedKeyLimits {
    SharedKeyLimits::default()
}

/// Names of the data keys of some packages.
fn keys_of(packages: &[Vec<u8>]) -> Vec<String> {
    let id = |package: &Vec<u8>| {
        let header = Header::read(&mut Cursor::new(package)).unwrap();
        header.core().dek_id.unwrap().to_string()
    };
    packages.iter().map(id).collect()
}

#[test]
fn service_is_asked_once_within_the_limits() {
    let shared = Shared::new(most());
    let packages: Vec<_> = (0..1000_u32).map(|at| shared.seal(&at.to_be_bytes())).collect();
    assert_eq!(shared.asked(), 1);
    let mut names = keys_of(&packages);
    names.dedup();
    assert_eq!(names.len(), 1);
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a shared data key seals no package beyond its limits of number, bytes and age",
    polarity = deny,
)]
fn key_is_replaced_at_each_limit(ev: Ev) -> Proven {
    let shared = Shared::new(most().with_packages(3));
    let packages: Vec<_> = (0..7).map(|_| shared.seal(b"a finding")).collect();
    let names = keys_of(&packages);
    ev.equal("asked for each third package", &shared.asked(), &3);
    ev.holds("three under one key", names[0] == names[2] && names[2] != names[3]);

    let each = 1000 + MAX_METADATA_LEN as u64;
    let shared = Shared::new(most().with_bytes(2 * each + 1));
    let packages: Vec<_> = (0..4).map(|_| shared.seal(&[7; 1000])).collect();
    let names = keys_of(&packages);
    ev.equal("asked for each second package", &shared.asked(), &2);
    ev.holds("two under one key", names[0] == names[1] && names[1] != names[2]);

    let shared = Shared::new(most());
    let first = shared.seal(b"a finding");
    shared.timer.advance(HOUR - Duration::from_secs(1));
    let second = shared.seal(b"a finding");
    shared.timer.advance(Duration::from_secs(1));
    let third = shared.seal(b"a finding");
    let names = keys_of(&[first, second, third]);
    ev.holds("an hour under one key", names[0] == names[1] && names[1] != names[2]);
    ev.denies(shared.seal_as(b"a finding", 8), |error| {
        matches!(error, SharedKeyError::Seal(SealError::OverReserved))
    });
    ev.denies(shared.seal_as(b"", SharedKeyLimits::MAX_BYTES), |error| {
        matches!(error, SharedKeyError::TooLong)
    });
    ev.proven()
}

#[test]
fn content_longer_than_counted_is_not_sealed() {
    let shared = Shared::new(most());
    for (content, len) in [(&[7; 10][..], 9), (&[7; 100_000][..], 99_999), (&[7; 1][..], 0)] {
        let refused = shared.seal_as(content, len);
        assert!(
            matches!(refused, Err(SharedKeyError::Seal(SealError::OverReserved))),
            "{refused:?}"
        );
    }
    shared.seal_as(&[7; 10], 11).unwrap();
}

#[test]
fn content_that_no_key_may_protect_is_refused() {
    let shared = Shared::new(most());
    let refused = shared.seal_as(b"", SharedKeyLimits::MAX_BYTES);
    assert!(matches!(refused, Err(SharedKeyError::TooLong)), "{refused:?}");
    let none = Shared::new(most().with_packages(0));
    assert!(matches!(none.seal_as(b"", 0), Err(SharedKeyError::TooLong)));
    assert_eq!((shared.asked(), none.asked()), (0, 0));
}

#[test]
fn limit_holds_among_threads() {
    let shared = Shared::new(most().with_packages(10));
    let packages = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let package = shared.seal(b"a finding");
                    packages.lock().unwrap().push(package);
                }
            });
        }
    });
    let names = keys_of(&packages.into_inner().unwrap());
    let mut each = std::collections::BTreeMap::<_, usize>::new();
    names.into_iter().for_each(|name| *each.entry(name).or_default() += 1);
    assert!(each.values().all(|count| *count <= 10), "{each:?}");
    assert_eq!(shared.asked(), each.len());
}

#[test]
fn key_of_no_age_serves_one_package() {
    let shared = Shared::new(most().with_age(Duration::ZERO));
    (0..3).for_each(|_| drop(shared.seal(b"a finding")));
    assert_eq!(shared.asked(), 3);
}

/// Also by a content that it would not be used for.
#[test]
fn key_that_is_too_old_is_erased_when_the_cache_is_next_asked() {
    let shared = Shared::new(SharedKeyLimits::default().with_bytes(1 << 30));
    shared.seal(b"a finding");
    assert!(format!("{:?}", shared.cache).contains("holds: true"));
    shared.timer.advance(HOUR);
    assert!(matches!(shared.seal_as(b"", 1 << 30), Err(SharedKeyError::TooLong)));
    assert!(format!("{:?}", shared.cache).contains("holds: false"), "{:?}", shared.cache);
}
