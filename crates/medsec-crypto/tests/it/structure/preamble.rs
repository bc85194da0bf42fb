//! The first 16 bytes: magic, version, suite, length of the core.

use medsec_crypto::{FormatError, Part};

use super::assert_format;
use crate::support::sample::{Plan, Sample};

fn sample() -> Sample {
    Plan::new(100).signed().seal()
}

/// Every byte above 0x7F as Latin-1 read and UTF-8 written.
fn latin1_as_utf8(package: &[u8]) -> Vec<u8> {
    let text: String = package.iter().map(|byte| char::from(*byte)).collect();
    text.into_bytes()
}

fn replaced(package: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = package;
    while let Some(first) = rest.first() {
        if let Some(tail) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = tail;
        } else {
            out.push(*first);
            rest = &rest[1..];
        }
    }
    out
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks_exact(3);
    let encode = |group: &[u8]| {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| ALPHABET[bits >> shift & 63])
    };
    groups.flat_map(encode).collect()
}

#[test]
fn transfer_in_text_mode_is_named() {
    let package = sample().package;
    let seven_bits: Vec<u8> = package.iter().map(|byte| byte & 0x7F).collect();
    let damaged = [
        ("line ends to LF", replaced(&package, b"\r\n", b"\n")),
        ("line ends to CRLF", replaced(&package, b"\n", b"\r\n")),
        ("line ends to CR", replaced(&package, b"\n", b"\r")),
        ("seven bits", seven_bits),
        ("latin-1 to UTF-8", latin1_as_utf8(&package)),
        ("lossy UTF-8", String::from_utf8_lossy(&package).into_owned().into_bytes()),
        ("base64", base64(&package)),
    ];
    for (name, damaged) in damaged {
        let error = Plan::new(100).signed().refusal(&damaged);
        println!("{name}: {error}");
        assert_format(&error, &FormatError::TextTransfer);
    }
}

#[test]
fn other_files_are_no_packages() {
    let files: [&[u8]; 5] = [
        b"PK\x03\x04 and so on, for sixteen bytes",
        b"\x89PNG\r\n\x1a\n and so on",
        &[0; 64],
        b"MSP\r\n\x1a\n and so on",
        b"x",
    ];
    for file in files {
        assert_format(&Plan::new(0).refusal(file), &FormatError::NotAPackage);
    }
}

#[test]
fn input_that_ends_early_names_its_part() {
    let sample = sample();
    let parts = [
        (0, Part::Preamble),
        (7, Part::Preamble),
        (15, Part::Preamble),
        (sample.layout.core.end - 1, Part::Core),
        (sample.layout.slot_len.end - 1, Part::Slots),
        (sample.layout.slot_b.end - 1, Part::Slots),
        (sample.layout.payload.start + 55, Part::Payload),
    ];
    for (len, part) in parts {
        let error = sample.plan.refusal(&sample.package[..len]);
        assert_format(&error, &FormatError::Truncated { part });
    }
}

#[test]
fn unknown_versions_are_named() {
    for found in [0, 2, 0x0100, 0xFFFF] {
        let error = sample().refusal_after(|package, _| {
            package[8..10].copy_from_slice(&u16::to_be_bytes(found));
        });
        assert_format(&error, &FormatError::Version { found });
    }
}

#[test]
fn unknown_suites_are_named() {
    for found in [0, 3, 0x0010, 0x0100, 0xFFFF] {
        let error = sample().refusal_after(|package, _| {
            package[10..12].copy_from_slice(&u16::to_be_bytes(found));
        });
        assert_format(&error, &FormatError::Suite { found });
    }
}

#[test]
fn swapped_suite_is_not_authentic() {
    let error = sample().refusal_after(|package, _| package[11] = 2);
    assert!(matches!(error, medsec_crypto::OpenError::NotAuthentic(_)));
}

#[test]
fn core_length_outside_limits_is_refused() {
    for len in [0, 1, 33, 65_537, 0x7FFF_FFFF, 0xFFFF_FFFF] {
        let error = sample().refusal_after(|package, _| {
            package[12..16].copy_from_slice(&u32::to_be_bytes(len));
        });
        assert_format(&error, &FormatError::Length { field: "core" });
    }
}

#[test]
fn core_length_beyond_the_end_is_refused() {
    let error = sample().refusal_after(|package, _| {
        package[12..16].copy_from_slice(&65_536_u32.to_be_bytes());
    });
    assert_format(&error, &FormatError::Truncated { part: Part::Core });
}
