//! What stands in the format page and in testdata.

use super::*;

const PASSPHRASE: &str = "correct horse battery staple";

fn vectors() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/emergency-share")
}

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(vectors().join(name)).unwrap()
}

/// The private key of the vectors: made by an implementation in another language.
fn key(kind: KeyKind) -> PrivateKey {
    PrivateKey::take_from(kind, &mut (1..=32).collect::<Vec<u8>>()).unwrap()
}

#[test]
fn every_pair_of_the_vectors_makes_their_key() {
    for kind in KINDS {
        for (one, two) in [(1, 2), (1, 3), (2, 3), (3, 1)] {
            let mut shares = EmergencyShares::of(key(kind).public_key());
            for number in [one, two] {
                let text = vector(&format!("{}-{number}-of-3.txt", kind.name()));
                let share = ShareText::parse(&text).unwrap();
                assert_eq!(share.render().as_bytes(), text);
                shares.add(&share, None).unwrap();
            }
            assert_eq!(shares.combine().unwrap().expose_secret(), key(kind).expose_secret());
        }
    }
}

#[test]
fn refused_vectors_are_refused_by_name() {
    for (name, expected) in [
        ("mistyped.txt", "Mistyped { line: 4 }"),
        ("line-missing.txt", "Line { line: 5 }"),
        ("last-line-missing.txt", "Incomplete"),
        ("number-4-of-3.txt", "Damaged"),
        ("version-2.txt", "NotAShare"),
        ("one-needed.txt", "Incomplete"),
    ] {
        let error = ShareText::parse(&vector(name)).unwrap_err();
        assert_eq!(format!("{error:?}"), expected, "{name}");
    }
    let altered = ShareText::parse(&vector("altered.txt")).unwrap();
    let error = EmergencyShares::new().add(&altered, None).unwrap_err();
    assert_eq!(error, AddShareError::Altered { share: 1 });
}

#[test]
fn examples_of_the_format_page_make_their_key() {
    let page = include_str!("../../../../../docs/formats/emergency-share.md");
    let passphrase = passphrase(PASSPHRASE);
    let mut shares = EmergencyShares::new();
    for block in page.split("```text\n").skip(1) {
        let example = block.split("```").next().unwrap();
        let share = ShareText::parse(example.as_bytes()).unwrap();
        assert_eq!(*share.render(), example);
        shares.add(&share, Some(&passphrase)).unwrap();
    }
    assert_eq!(shares.combine().unwrap().public_key(), key(KeyKind::X25519).public_key());
}
