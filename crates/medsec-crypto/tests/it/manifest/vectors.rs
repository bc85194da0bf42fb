//! The vectors of the manifest, and the writer that made them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{Manifest, ManifestError, VerifyingKey};

use super::craft::{Body, line};
use super::{signed_by_another, signers};
use crate::support::signing_key;
use crate::vectors::file::{hex, unhex};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/manifest")
}

/// The page's word for an error.
fn class(error: &ManifestError) -> &'static str {
    match error {
        ManifestError::NotAManifest
        | ManifestError::Line { .. }
        | ManifestError::Order
        | ManifestError::TooManyPackages => "format",
        ManifestError::Cut => "cut",
        ManifestError::UnexpectedSigner => "unexpected-signer",
        ManifestError::Signature => "signature",
        _ => "another",
    }
}

/// Name, what is special, class, file.
fn vectors() -> Vec<(&'static str, &'static str, &'static str, Vec<u8>)> {
    let first = Body::new();
    let file = first.signed();
    let manifest = Manifest::parse(&file, &signers()).unwrap();
    let list = [line(0x22, 72, "ct 1/ä.msp"), line(0x11, u64::MAX, "x")];
    let mut second = Body::listing(&list);
    second.version = "2".to_owned();
    second.previous = manifest.hash().to_string();
    let swapped = Body::listing(&[first.list[1].clone(), first.list[0].clone()]);
    let mut edited = file.clone();
    let at = file.windows(6).position(|window| window == b"report").unwrap();
    edited[at] ^= 0x20;
    vec![
        ("first", "version 1 of two packages", "success", file.clone()),
        ("second", "version 2, which follows `first`", "success", second.signed()),
        ("cut", "without its last package and what follows it", "cut", {
            let len = first.text().len() - first.list[1].len();
            file[..len].to_vec()
        }),
        ("edited", "a letter of a name in another case", "signature", edited),
        (
            "signer-not-expected",
            "the text of `first` signed by another key",
            "unexpected-signer",
            { signed_by_another(&manifest, &signing_key(3)) },
        ),
        ("order", "rightly signed, names descending", "format", swapped.signed()),
        ("leading-zero", "rightly signed, version 01", "format", {
            Body { version: "01".to_owned(), ..Body::new() }.signed()
        }),
        ("name-leaves-folder", "rightly signed, a name with ..", "format", {
            Body::listing(&[line(0x11, 72, "../ct.msp")]).signed()
        }),
    ]
}

/// Lines of name and value, an empty line, the file in base64 in lines of 76.
fn text(about: &str, expect: &str, file: &[u8]) -> String {
    let signer = hex(signers()[0].as_bytes());
    let mut text = format!("about: {about}\nexpect: {expect}\nsigner: {signer}\n");
    if let Ok(manifest) = Manifest::parse(file, &signers()) {
        text += &format!("version: {}\nhash: {}\n", manifest.version(), manifest.hash());
        text += &format!("packages: {}\n", manifest.entries().len());
    }
    for line in STANDARD.encode(file).as_bytes().chunks(76) {
        text = text + "\n" + str::from_utf8(line).unwrap();
    }
    text + "\n"
}

/// Reads a vector and holds it against what its lines say. Gives its class.
fn run(text: &str) -> String {
    let (head, encoded) = text.split_once("\n\n").unwrap();
    let value = |name: &str| {
        let prefix = format!("{name}: ");
        head.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
    };
    let file = STANDARD.decode(encoded.replace('\n', "")).unwrap();
    let signer = unhex(&value("signer").unwrap()).try_into().unwrap();
    let signer = VerifyingKey::from_bytes(&signer).unwrap();
    let parsed = Manifest::parse(&file, &[signer]);
    assert_eq!(parsed.as_ref().map_or_else(class, |_| "success"), value("expect").unwrap());
    if let Ok(manifest) = parsed {
        assert_eq!(manifest.version().to_string(), value("version").unwrap());
        assert_eq!(manifest.hash().to_string(), value("hash").unwrap());
        assert_eq!(manifest.entries().len().to_string(), value("packages").unwrap());
        assert!(manifest.render().into_bytes() == file);
    }
    value("expect").unwrap()
}

#[test]
fn vectors_of_manifests_end_as_they_say() {
    let mut accepted = 0;
    let made = vectors();
    for (name, about, expect, file) in &made {
        let stored = std::fs::read_to_string(folder().join(format!("{name}.vector"))).unwrap();
        assert_eq!(run(&stored), *expect, "{name}");
        assert_eq!(stored, text(about, expect, file), "{name} is written in another way today");
        accepted += usize::from(*expect == "success");
    }
    let files = std::fs::read_dir(folder()).unwrap().count();
    println!("{files} vectors, {accepted} of them accepted");
    assert_eq!((files, accepted), (made.len(), 2));
}

/// Writes the vectors when `MEDSEC_WRITE_VECTORS` is set; does nothing otherwise.
#[test]
fn vectors_of_manifests_are_written_when_asked() {
    if std::env::var_os("MEDSEC_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, about, expect, file) in vectors() {
            let path = folder().join(format!("{name}.vector"));
            std::fs::write(path, text(about, expect, &file)).unwrap();
        }
    }
}

#[test]
fn page_shows_the_vectors() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/manifest.md");
    let page = std::fs::read_to_string(page).unwrap();
    let vectors = vectors();
    assert!(page.contains(str::from_utf8(&vectors[0].3).unwrap()));
    let second = Manifest::parse(&vectors[1].3, &signers()).unwrap();
    assert!(page.contains(&second.seen().render()));
    let first = Manifest::parse(&vectors[0].3, &signers()).unwrap();
    assert_eq!(second.follows(&first.seen()), Ok(()));
}
