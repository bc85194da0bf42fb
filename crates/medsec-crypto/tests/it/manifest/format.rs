//! The text: one form only, within its limits, and what a faulty signer could write.

use std::io::Cursor;
use std::time::Instant;

use medsec_crypto::{
    Execution, Header, Inspection, Manifest, ManifestEntry, ManifestError, SignerExpectation,
};
use sha2::{Digest as _, Sha256};

use super::craft::{Body, line, signed};
use super::{Folder, name, seal, signers};
use crate::support::{SIGNER, signing_key};

#[track_caller]
fn refusal(file: &[u8]) -> ManifestError {
    Manifest::parse(file, &signers()).unwrap_err()
}

/// Signed text whose line of this number must be the one that is refused.
#[track_caller]
fn refused_at(expected: u64, body: &Body) {
    let error = refusal(&body.signed());
    assert!(matches!(error, ManifestError::Line { line } if line == expected), "{error:?}");
}

#[test]
fn other_form_of_a_number_is_refused() {
    for other in ["01", "+1", "", " 1", "1 ", "0", "-1", "18446744073709551616", "1\r"] {
        let version = other.to_owned();
        let error = refusal(&Body { version, ..Body::new() }.signed());
        assert!(matches!(error, ManifestError::Line { .. }), "{other:?}: {error:?}");
        if other != "0" {
            let created = other.to_owned();
            let error = refusal(&Body { created, ..Body::new() }.signed());
            assert!(matches!(error, ManifestError::Line { .. }), "{other:?}: {error:?}");
        }
    }
    let length = line(0x11, 72, "a").replace(" 72 ", " 072 ");
    refused_at(8, &Body::listing(&[length]));
}

#[test]
fn previous_and_version_must_agree() {
    refused_at(4, &Body { previous: "01".repeat(32), ..Body::new() });
    refused_at(4, &Body { version: "2".to_owned(), ..Body::new() });
}

#[test]
fn number_of_packages_must_be_that_of_the_list() {
    for (stated, line) in [("1", 9), ("3", 10)] {
        refused_at(line, &Body { packages: stated.to_owned(), ..Body::new() });
    }
    let body = Body { packages: "1048577".to_owned(), ..Body::new() };
    assert!(matches!(refusal(&body.signed()), ManifestError::TooManyPackages));
    // As many as allowed are not believed, nor is memory taken for them, where the list is short.
    refused_at(10, &Body { packages: "1048576".to_owned(), ..Body::new() });
}

#[test]
fn packages_out_of_order_or_twice_are_refused() {
    let [a, b] = [line(1, 72, "a"), line(2, 72, "b")];
    let lists = [
        [b.clone(), a.clone()],
        [a.clone(), a.clone()],
        [a, line(1, 72, "b")],
        [line(2, 72, "é"), line(3, 72, "z")],
    ];
    for list in lists {
        assert!(matches!(refusal(&Body::listing(&list).signed()), ManifestError::Order));
    }
}

#[test]
fn line_that_no_writer_writes_is_refused() {
    let good = line(0xAB, 72, "a");
    let long = "n".repeat(1025);
    let lines = [
        good.to_uppercase(),
        good.replace(" a\n", " \n"),
        good.replace(" a\n", "\n"),
        good.replace(" 72 ", "  72 "),
        good.replace(" a\n", " ../a\n"),
        good.replace(" a\n", " a\r\n"),
        good.replace(" a\n", " a\\b\n"),
        good.replace(" a\n", &format!(" {long}\n")),
        good[2..].to_owned(),
        format!("{good}\n"),
        "\n".to_owned(),
    ];
    for bad in &lines {
        let error = refusal(&Body::listing(std::slice::from_ref(bad)).signed());
        assert!(matches!(error, ManifestError::Line { line: 8 | 9 }), "{bad:?}: {error:?}");
    }
    let invalid = Body::new().text().replace("ct/1", "ct/\u{85}");
    assert!(matches!(
        refusal(&signed(&invalid, &signing_key(SIGNER))),
        ManifestError::Line { line: 8 }
    ));
}

#[test]
fn other_first_line_is_no_manifest() {
    let text = Body::new().text();
    for other in ["medsec manifest v2", "medsec identity v1", "\u{feff}medsec manifest v1", ""] {
        let file = signed(&text.replace("medsec manifest v1", other), &signing_key(SIGNER));
        assert!(matches!(refusal(&file), ManifestError::NotAManifest), "{other}");
    }
}

#[test]
fn anything_behind_the_signature_is_refused() {
    let file = Body::new().signed();
    for more in ["\n", " ", "signature: 00\n"] {
        let longer = [&file[..], more.as_bytes()].concat();
        assert!(matches!(refusal(&longer), ManifestError::Cut));
    }
}

#[test]
fn file_longer_than_a_manifest_is_refused() {
    let mut file = Body::new().signed();
    file.resize(medsec_crypto::MAX_MANIFEST_LEN + 1, b'x');
    assert!(matches!(refusal(&file), ManifestError::TooLong));
}

#[test]
fn library_reads_what_the_second_writer_writes() {
    let file = Body::new().signed();
    let manifest = Manifest::parse(&file, &signers()).unwrap();
    assert_eq!(manifest.render().into_bytes(), file);
    assert_eq!(*manifest.hash().as_bytes(), *Sha256::digest(&file));
    assert_eq!((manifest.version(), manifest.previous()), (1, None));
    assert_eq!(manifest.created().unix_seconds(), 1_790_000_000);
    assert_eq!(manifest.signer(), signers()[0]);
    assert_eq!(manifest.id().to_string(), "0d".repeat(16));
    assert_eq!(manifest.entry(&name("report.msp")).unwrap().payload_len, 100_000);
    assert!(manifest.entry(&name("report")).is_none());
    let empty = Body::listing(&[]).signed();
    assert!(Manifest::read(&empty[..], &signers()).unwrap().entries().is_empty());
}

#[test]
fn second_writer_writes_what_the_library_writes() {
    let folder = Folder::new();
    let text = String::from_utf8(folder.manifest.clone()).unwrap();
    let (body, _) = text.split_once("signature: ").unwrap();
    assert!(signed(body, &signing_key(SIGNER)) == folder.manifest);
}

#[test]
fn entry_is_the_same_from_sealing_and_from_verifying() {
    for len in [0, 1, 16_383, 16_384, 16_385, 100_000] {
        let (package, sealed) = seal(len, 0, Some(SIGNER));
        let header = Header::read(&mut &package[..]).unwrap();
        let (any, execution) = (SignerExpectation::NotRequired, Execution::default());
        let origin = header.verify_origin(Cursor::new(&package), &any, u64::MAX, &execution);
        let verified = ManifestEntry::of_verified(name("a"), &header, &origin.unwrap());
        assert_eq!(verified, ManifestEntry::of_sealed(name("a"), &sealed).unwrap());
        let shape = Inspection::read(Cursor::new(&package)).unwrap();
        assert_eq!(verified.payload_len, shape.payload_len, "{len}");
    }
}

#[test]
fn list_of_a_hundred_thousand_packages_is_read_in_seconds() {
    let list: Vec<String> = (0..100_000_u32)
        .map(|number| {
            let id = format!("{number:032x}");
            line(7, 6_000, &format!("study/{number:06}.msp")).replacen(&"07".repeat(16), &id, 1)
        })
        .collect();
    let file = Body::listing(&list).signed();
    let started = Instant::now();
    let manifest = Manifest::parse(&file, &signers()).unwrap();
    let parsed = started.elapsed();
    assert!(manifest.render().into_bytes() == file);
    let missing = manifest.compare([]).findings.len();
    println!("{} bytes: parsed in {parsed:?}, all in {:?}", file.len(), started.elapsed());
    assert_eq!(missing, 100_000);
}
