//! The core: flags and typed fields. Crafted whole, so that nothing else is wrong.

use medsec_crypto::{FormatError, OpenError, Part};

use super::assert_format;
use crate::support::craft::{field, package, usual_fields};
use crate::support::sample::Plan;

const MAC: u32 = 2;

/// A package of these fields must be refused with this error.
#[track_caller]
fn refused(flags: u32, fields: &[u8], expected: &FormatError) {
    let error = Plan::new(7).refusal(&package(flags, fields, b"content"));
    assert_format(&error, expected);
}

/// The usual fields with more behind them.
fn usual_and(more: &[u8]) -> Vec<u8> {
    [usual_fields(), more.to_vec()].concat()
}

#[test]
fn reserved_flags_are_refused() {
    for bit in 3..32 {
        let flags = MAC | 1 << bit;
        refused(flags, &usual_fields(), &FormatError::ReservedFlags { flags });
    }
}

#[test]
fn unsorted_fields_are_refused() {
    let names = field(4, b"\x00\x01\x00\x07patient");
    let fields = [field(7, &[0; 8]), names].concat();
    refused(MAC, &fields, &FormatError::FieldOrder { tag: 4 });
}

#[test]
fn repeated_fields_are_refused() {
    let fields = usual_and(&field(7, &[0; 8]));
    refused(MAC, &fields, &FormatError::FieldOrder { tag: 7 });
}

#[test]
fn field_longer_than_core_is_refused() {
    for len in [9_u32, 0xFFFF, 0xFFFF_FFFF] {
        let mut fields = usual_and(&[0x80, 1]);
        fields.extend_from_slice(&len.to_be_bytes());
        fields.extend_from_slice(&[0; 8]);
        refused(MAC, &fields, &FormatError::Truncated { part: Part::Core });
    }
}

#[test]
fn trailing_bytes_in_core_are_refused() {
    for trailing in 1..6 {
        let fields = usual_and(&vec![0xFF; trailing]);
        refused(MAC, &fields, &FormatError::Truncated { part: Part::Core });
    }
}

#[test]
fn more_than_64_fields_are_refused() {
    let more: Vec<u8> = (0x8000..0x8040).flat_map(|tag| field(tag, b"")).collect();
    let expected = FormatError::Length { field: "number of fields" };
    refused(MAC, &usual_and(&more), &expected);
}

#[test]
fn unknown_critical_fields_are_refused() {
    for tag in [0x0009, 0x0100, 0x7FFF] {
        let fields = usual_and(&field(tag, b"x"));
        refused(MAC, &fields, &FormatError::UnknownField { tag });
    }
    let fields = [field(0, b""), usual_fields()].concat();
    refused(MAC, &fields, &FormatError::UnknownField { tag: 0 });
}

#[test]
fn unknown_optional_field_is_authenticated() {
    let fields = usual_and(&field(0x8001, b"later"));
    let good = package(MAC, &fields, b"content");
    let (content, _) = Plan::new(7).open(&good).unwrap();
    assert_eq!(content, b"content");
    let mut bad = good;
    let at = 16 + 20 + fields.len() - 1;
    assert_eq!(bad[at], b'r');
    bad[at] = b's';
    assert!(matches!(Plan::new(7).refusal(&bad), OpenError::NotAuthentic(_)));
}

#[test]
fn crafted_packages_open_otherwise() {
    for flags in [0, MAC] {
        let (content, _) = Plan::new(7).open(&package(flags, &usual_fields(), b"content")).unwrap();
        assert_eq!(content, b"content");
    }
}

#[test]
fn fields_of_wrong_length_are_refused() {
    let cases: [(u16, usize, &str); 6] = [
        (1, 31, "policy hash"),
        (1, 33, "policy hash"),
        (5, 15, "data key id"),
        (6, 31, "signer key"),
        (7, 7, "creation time"),
        (7, 0, "creation time"),
    ];
    for (tag, len, name) in cases {
        let fields = field(tag, &vec![0; len]);
        // Padded by an optional field, so that the core is not too short.
        let fields = [fields, field(0x8000, &[0; 30])].concat();
        refused(MAC, &fields, &FormatError::Length { field: name });
    }
}

#[test]
fn values_outside_their_alphabet_are_refused() {
    let long = [b'a'; 129];
    let cases: [(u16, &[u8], &str); 9] = [
        (2, b"", "dataset id"),
        (2, b"a b", "dataset id"),
        (2, b"\xC3\xA4", "dataset id"),
        (2, b"\xFF\xFE", "dataset id"),
        (2, &long, "dataset id"),
        (3, b"\x00\x01\x00\x01A\x00\x00", "context key"),
        (3, b"\x00\x01\x00\x01a\x00\x02\xC3\x28", "stored context"),
        (4, b"\x00\x01\x00\x01A", "context key"),
        (8, b"text", "content type"),
    ];
    for (tag, value, name) in cases {
        // Sorted: the time of sealing stands before the content type only.
        let time = field(7, &[0; 8]);
        let later = field(0x8000, &[0; 30]);
        let fields = if tag > 7 {
            [time, field(tag, value), later].concat()
        } else {
            [field(tag, value), later].concat()
        };
        refused(MAC, &fields, &FormatError::Value { field: name });
    }
}

#[test]
fn malformed_context_maps_are_refused() {
    let value = FormatError::Value { field: "stored context" };
    let cases: [&[u8]; 6] = [
        b"",
        b"\x00",
        b"\x00\x02\x00\x01a\x00\x00",
        b"\x00\x02\x00\x01b\x00\x00\x00\x01a\x00\x00",
        b"\x00\x02\x00\x01a\x00\x00\x00\x01a\x00\x00",
        b"\x00\x01\x00\x01a\x00\x00!",
    ];
    for map in cases {
        let fields = [field(3, map), field(0x8000, &[0; 30])].concat();
        refused(MAC, &fields, &value);
    }
    let empty = [field(3, b"\x00\x00"), field(0x8000, &[0; 30])].concat();
    let length = FormatError::Length { field: "stored context" };
    refused(MAC, &empty, &length);
}

#[test]
fn malformed_context_names_are_refused() {
    let field_name = "names of reproduced context";
    let length = FormatError::Length { field: field_name };
    let value = FormatError::Value { field: field_name };
    let cases: [(&[u8], &FormatError); 6] = [
        (b"\x00\x00", &length),
        (b"\x00\x21", &length),
        (b"", &value),
        (b"\x00\x02\x00\x01a", &value),
        (b"\x00\x02\x00\x01a\x00\x01a", &value),
        (b"\x00\x01\x00\x01a\x00", &value),
    ];
    for (names, expected) in cases {
        let fields = [field(4, names), field(0x8000, &[0; 30])].concat();
        refused(MAC, &fields, expected);
    }
}

#[test]
fn fields_that_contradict_flags_are_refused() {
    let signer = crate::support::signing_key(1).verifying_key();
    let time = field(7, &[0; 8]);
    let with_signer = [field(6, signer.as_bytes()), time.clone()].concat();
    let disagreement = |field| FormatError::Disagreement { field };
    refused(MAC, &with_signer, &disagreement("signer key"));
    refused(MAC | 1, &usual_fields(), &disagreement("signer key"));
    let untimed = field(0x8000, &[0; 30]);
    refused(MAC, &untimed, &disagreement("creation time"));
    let shared = [field(5, &[1; 16]), time].concat();
    refused(MAC, &shared, &disagreement("shared data key"));
}

#[test]
fn key_stored_and_reproduced_is_refused() {
    let stored = field(3, b"\x00\x01\x00\x07patient\x00\x01x");
    let fields = [stored, usual_fields()].concat();
    let expected = FormatError::Value { field: "context key both stored and reproduced" };
    refused(MAC, &fields, &expected);
}
