//! What a hostile package can make its opener's keys do: at most eight unwraps, of allowed keys only.

use std::sync::atomic::{AtomicUsize, Ordering};

use medsec_crypto::{
    Bind, Checked, Dek, Identity, KeyRef, LocalKek, MAX_STANZAS, MAX_UNWRAP_ATTEMPTS, NotAuthentic,
    OpenError, Stanza,
};

use crate::support::kek;
use crate::support::sample::{Plan, Sample};

/// Counts; unwraps only if it is the real key.
struct Counting<'a> {
    name: KeyRef,
    real: Option<LocalKek>,
    calls: &'a AtomicUsize,
}

impl Identity for Counting<'_> {
    fn key_ref(&self) -> KeyRef {
        self.name.clone()
    }

    fn unwrap_dek(&self, stanza: &Stanza, bind: &Bind) -> Result<Dek, NotAuthentic> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.real.as_ref().map_or(Err(NotAuthentic), |kek| kek.unwrap_dek(stanza, bind))
    }
}

fn sample() -> Sample {
    Plan { recipients: u8::try_from(MAX_STANZAS).unwrap(), ..Plan::new(10) }.seal()
}

/// Tries the keys 1 to 32 with only `real` working; gives the result and the number of unwraps.
fn attempt(sample: &Sample, allowed: &[u8], real: &[u8]) -> (Result<(), OpenError>, usize) {
    let calls = AtomicUsize::new(0);
    let identities: Vec<Counting<'_>> = (1..=32)
        .map(|number| Counting {
            name: Identity::key_ref(&kek(number)),
            real: real.contains(&number).then(|| kek(number)),
            calls: &calls,
        })
        .collect();
    let identities: Vec<&dyn Identity> = identities.iter().map(|i| i as &dyn Identity).collect();
    let mut expectation = sample.plan.expectation(1);
    expectation.keys = allowed.iter().map(|n| Identity::key_ref(&kek(*n))).collect();
    let checked = Checked::read(&mut &sample.package[..], expectation).unwrap();
    let result = checked.unlock_with(&identities).map(|_| ());
    (result, calls.load(Ordering::Relaxed))
}

fn all() -> Vec<u8> {
    (1..=32).collect()
}

#[test]
fn at_most_eight_stanzas_are_tried() {
    let (result, calls) = attempt(&sample(), &all(), &[]);
    assert!(matches!(result, Err(OpenError::NotAuthentic(_))));
    assert_eq!((calls, MAX_UNWRAP_ATTEMPTS), (8, 8));
}

#[test]
fn ninth_stanza_is_not_tried() {
    let (result, calls) = attempt(&sample(), &all(), &[9]);
    assert!(result.is_err());
    assert_eq!(calls, 8);
}

#[test]
fn keys_not_allowed_are_never_tried() {
    let (result, calls) = attempt(&sample(), &[20], &all());
    assert!(result.is_ok());
    assert_eq!(calls, 1);
}

#[test]
fn first_key_that_unwraps_decides() {
    let (result, calls) = attempt(&sample(), &all(), &[3, 4]);
    assert!(result.is_ok());
    assert_eq!(calls, 3);
}

#[test]
fn package_of_32_recipients_opens_for_each() {
    let sample = sample();
    for key in all() {
        assert_eq!(sample.plan.open_as(key, &sample.package).unwrap().0, sample.content);
    }
}
