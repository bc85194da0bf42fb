//! A wrong key, a wrong context and an altered header look alike.

use medsec_crypto::{Checked, Dek, OpenError};

use super::assert_format;
use crate::support::layout::renew_digest;
use crate::support::sample::{Plan, Sample};
use crate::support::{context_of, kek};

fn sample() -> Sample {
    Plan::new(100).with_metadata().seal()
}

/// Everything about a refusal that a caller could tell another by.
fn look(error: &OpenError) -> (String, String) {
    (error.to_string(), format!("{error:?}"))
}

fn wrong_key() -> OpenError {
    let sample = sample();
    let checked = Checked::read(&mut &sample.package[..], sample.plan.expectation(1)).unwrap();
    checked.unlock(Dek::generate().unwrap()).unwrap_err().into()
}

fn wrong_context() -> OpenError {
    let sample = sample();
    let mut expectation = sample.plan.expectation(1);
    expectation.reproduced = context_of("patient", "MRN-0043");
    let checked = Checked::read(&mut &sample.package[..], expectation).unwrap();
    checked.unlock_with(&[&kek(1)]).unwrap_err()
}

/// Refusals after edits of: package id, creation time, wrapped key, recipients' MAC, salt, commitment.
fn altered() -> Vec<OpenError> {
    let sample = sample();
    let layout = &sample.layout;
    let first = layout.first_stanza();
    let places = [
        layout.core.start,
        layout.core.end - 1,
        first + 100,
        layout.slot_a.end - 40,
        layout.payload.start,
        layout.payload.start + 24,
    ];
    let alter = |offset: usize| {
        sample.refusal_after(|package, layout| {
            package[offset] ^= 1;
            renew_digest(package, layout.slot_a.clone());
        })
    };
    places.map(alter).into()
}

#[test]
fn all_refusals_after_unwrapping_look_alike() {
    let expected = look(&OpenError::NotAuthentic(medsec_crypto::NotAuthentic));
    let mut refusals = altered();
    refusals.push(wrong_key());
    refusals.push(wrong_context());
    assert_eq!(refusals.len(), 8);
    for refusal in refusals {
        assert_eq!(look(&refusal), expected);
    }
}

#[test]
fn refusal_names_neither_context_nor_key() {
    for refusal in altered().iter().chain([&wrong_key(), &wrong_context()]) {
        let (display, debug) = look(refusal);
        for text in [display, debug] {
            assert!(!text.contains("MRN") && !text.contains("patient"), "{text}");
        }
    }
}

#[test]
fn digest_failure_is_told_apart() {
    // A damaged slot is a public fact: anyone can compute its digest.
    let error = sample().refusal_after(|package, layout| package[layout.slot_a.start + 20] ^= 1);
    assert_format(&error, &medsec_crypto::FormatError::SlotsDamaged);
}
