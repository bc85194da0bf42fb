//! The vectors of the sealed package, on every backend.

pub(crate) mod file;

use medsec_crypto::Backend;

use self::file::vectors;

/// Runs all vectors of a class; there must be exactly `count`.
fn class(expected: &str, count: usize) {
    let all = vectors();
    let mut run = 0;
    for vector in all.iter().filter(|vector| vector.expected() == expected) {
        for backend in Backend::ALL {
            vector.run(*backend);
        }
        run += 1;
    }
    let (backends, all) = (Backend::ALL.len(), all.len());
    println!("{expected}: {run} of {all} vectors on {backends} backends");
    assert_eq!(run, count);
}

#[test]
fn vectors_of_success_open() {
    class("success", 21);
}

#[test]
fn vectors_not_authentic_are_refused() {
    class("not-authentic", 10);
}

#[test]
fn vectors_with_damaged_payload_are_refused() {
    class("damaged", 6);
}

#[test]
fn vectors_with_damaged_metadata_are_refused() {
    class("damaged-metadata", 3);
}

#[test]
fn vectors_wrongly_signed_are_refused() {
    class("signature", 5);
}

#[test]
fn vectors_of_bad_format_are_refused() {
    class("format", 31);
}

#[test]
fn vectors_not_as_expected_are_refused() {
    class("expectation", 9);
}

#[test]
fn vectors_belong_to_known_classes() {
    let classes = [
        "success",
        "not-authentic",
        "damaged",
        "damaged-metadata",
        "signature",
        "format",
        "expectation",
    ];
    let all = vectors();
    for vector in &all {
        assert!(classes.contains(&vector.expected()), "{}", vector.name);
    }
    assert_eq!(all.len(), 85);
}
