//! Metadata section and trailer: missing, doubled, swapped, contradicting.

use medsec_crypto::{FormatError, OpenError, Part, SignatureError};

use super::assert_format;
use crate::support::sample::{Plan, Sample, origin_of};

fn sample() -> Sample {
    Plan::new(20_000).signed().with_metadata().seal()
}

fn is_signature(error: &OpenError, expected: SignatureError) -> bool {
    matches!(error, OpenError::Signature(found) if *found == expected)
}

#[test]
fn missing_trailer_is_refused() {
    let sample = sample();
    let error = sample.refusal_after(|package, layout| package.truncate(layout.trailer.start));
    assert!(matches!(error, OpenError::Format(_)), "{error:?}");
}

#[test]
fn doubled_trailer_is_refused() {
    let error = sample().refusal_after(|package, layout| {
        package.extend_from_within(layout.trailer.clone());
    });
    assert!(matches!(error, OpenError::Format(_)), "{error:?}");
}

#[test]
fn trailer_of_another_package_is_refused() {
    let (one, other) = (sample(), sample());
    let error = one.refusal_after(|package, layout| {
        let trailer = layout.trailer.clone();
        package[trailer.clone()].copy_from_slice(&other.package[trailer]);
    });
    assert!(is_signature(&error, SignatureError::Invalid), "{error:?}");
}

#[test]
fn trailer_magic_is_checked() {
    let error = sample().refusal_after(|package, layout| package[layout.trailer.start] = b'm');
    let field = "trailer magic";
    assert_format(&error, &FormatError::Value { field });
}

#[test]
fn trailer_that_states_another_length_is_refused() {
    let field = "payload length in the trailer";
    for len in [0, 1, 20_000, u64::MAX] {
        let error = sample().refusal_after(|package, layout| {
            package[layout.trailer.start + 4..][..8].copy_from_slice(&len.to_be_bytes());
        });
        assert_format(&error, &FormatError::Value { field });
    }
}

#[test]
fn trailer_that_states_other_hashes_is_refused() {
    for offset in [12, 44] {
        let error = sample().refusal_after(|package, layout| {
            package[layout.trailer.start + offset] ^= 1;
        });
        assert!(is_signature(&error, SignatureError::Invalid), "{error:?}");
    }
}

#[test]
fn missing_metadata_is_refused() {
    let error = sample().refusal_after(|package, layout| {
        package.drain(layout.metadata.clone());
    });
    assert!(matches!(error, OpenError::Format(_)), "{error:?}");
}

#[test]
fn doubled_metadata_is_refused() {
    for plan in [Plan::new(100).with_metadata(), Plan::new(100).with_metadata().signed()] {
        plan.seal().refusal_after(|package, layout| {
            let section = package[layout.metadata.clone()].to_vec();
            let end = layout.metadata.end;
            package.splice(end..end, section);
        });
    }
}

#[test]
fn metadata_of_another_package_is_refused() {
    for plan in [Plan::new(100).with_metadata(), Plan::new(100).with_metadata().signed()] {
        let (one, other) = (plan.seal(), plan.seal());
        let package = one.edited(|package, layout| {
            let section = layout.metadata.clone();
            package[section.clone()].copy_from_slice(&other.package[section]);
        });
        let error = plan.refusal(&package);
        assert!(matches!(error, OpenError::DamagedMetadata), "{error:?}");
    }
}

#[test]
fn metadata_of_another_package_fails_origin() {
    let (one, other) = (sample(), sample());
    let package = one.edited(|package, layout| {
        let section = layout.metadata.clone();
        package[section.clone()].copy_from_slice(&other.package[section]);
    });
    let error = origin_of(&package).unwrap_err();
    assert!(is_signature(&error, SignatureError::Metadata), "{error:?}");
}

#[test]
fn metadata_length_outside_limits_is_refused() {
    for len in [0_u32, 71, 1024 * 1024 + 1, 0x7FFF_FFFF, 0xFFFF_FFFF] {
        let error = sample().refusal_after(|package, layout| {
            let field = layout.metadata.end - 4..layout.metadata.end;
            package[field].copy_from_slice(&len.to_be_bytes());
        });
        assert_format(&error, &FormatError::Length { field: "metadata" });
    }
}

#[test]
fn metadata_length_beyond_the_start_is_refused() {
    let error = sample().refusal_after(|package, layout| {
        let field = layout.metadata.end - 4..layout.metadata.end;
        package[field].copy_from_slice(&1_000_000_u32.to_be_bytes());
    });
    let part = Part::Payload;
    assert_format(&error, &FormatError::Truncated { part });
}

#[test]
fn bytes_behind_the_end_are_refused() {
    for plan in [Plan::new(100), Plan::new(100).signed(), Plan::new(100).with_metadata()] {
        for extra in [1, 16, 140, 20_000] {
            plan.seal().refusal_after(|package, _| {
                package.resize(package.len() + extra, 0);
            });
        }
    }
}

#[test]
fn stripped_signature_is_refused() {
    let sample = sample();
    // Flag, signer's field and trailer gone: the header is another one then.
    let error = sample.refusal_after(|package, layout| {
        package.truncate(layout.trailer.start);
        let flags = layout.core.start + 19;
        assert_eq!(package[flags], 7);
        package[flags] = 6;
    });
    assert!(matches!(error, OpenError::Format(_)), "{error:?}");
}
