//! Packages that are wrong on purpose, one thing at a time, and the error each gets.

mod attempts;
mod chunks;
mod core;
mod ending;
mod expectation;
mod opacity;
mod preamble;
mod signer;
mod slots;

use medsec_crypto::{FormatError, OpenError};

/// The error must be this one.
#[track_caller]
fn assert_format(error: &OpenError, expected: &FormatError) {
    match error {
        OpenError::Format(found) => assert_eq!(found, expected),
        other => panic!("expected {expected:?}, found {other:?}"),
    }
}
