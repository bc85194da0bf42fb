//! What holds for every list of packages, and what no list may be.

use proptest::prelude::*;

use super::{
    MAX_MANIFEST_PACKAGES, Manifest, ManifestEntry, ManifestError, PackageName, SeenManifest,
    SignManifestError,
};
use crate::ids::{HeaderHash, MerkleRoot, PackageId, Timestamp};
use crate::signature::{SigningKey, VerifyingKey};

const CREATED: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

fn key() -> SigningKey {
    SigningKey::take_from(&mut [77; 32]).unwrap()
}

fn signers() -> [VerifyingKey; 1] {
    [key().verifying_key()]
}

fn entry(number: u32, name: &str) -> ManifestEntry {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    ManifestEntry {
        name: PackageName::new(name).unwrap(),
        package_id: PackageId::from_bytes(id),
        payload_len: u64::from(number) << 20,
        root: MerkleRoot::from_bytes([7; 32]),
        header_hash: HeaderHash::from_bytes([8; 64]),
    }
}

fn sign(entries: Vec<ManifestEntry>) -> Result<Manifest, SignManifestError> {
    Manifest::sign(None, entries, CREATED, &key())
}

#[test]
fn names_that_leave_the_folder_or_a_line_are_refused() {
    let long = "x".repeat(PackageName::MAX_LEN + 1);
    let bad = [
        "", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "a\nb", "a\rb",
        "a\0", "a\u{7f}", "a\u{85}b", "\t", &long,
    ];
    for name in bad {
        let error = PackageName::new(name).unwrap_err();
        assert_eq!(error.field, "package name", "{name:?}");
    }
    let good =
        ["a", "...", "a b/ c .msp", "ä/日本.msp", "-rf", ".x", "a..b", &long[1..], "\u{2028}"];
    for name in good {
        assert_eq!(PackageName::new(name).unwrap().as_str(), name);
    }
}

#[test]
fn sign_refuses_a_name_or_a_package_twice() {
    let twice = sign(vec![entry(1, "a"), entry(2, "b"), entry(3, "a")]);
    assert_eq!(twice.unwrap_err(), SignManifestError::RepeatedName);
    let twice = sign(vec![entry(1, "a"), entry(2, "b"), entry(1, "c")]);
    assert_eq!(twice.unwrap_err(), SignManifestError::RepeatedPackage);
}

#[test]
fn sign_refuses_more_packages_than_a_manifest_lists() {
    // Refused by their number before anything else is looked at.
    let many = vec![entry(1, "a"); MAX_MANIFEST_PACKAGES + 1];
    assert_eq!(sign(many).unwrap_err(), SignManifestError::TooManyPackages);
}

#[test]
fn sign_refuses_a_text_longer_than_a_manifest() {
    // 220,000 lines of about 1,260 bytes are more than 256 MiB.
    let name = "n".repeat(1000);
    let many = (0..220_000).map(|number| entry(number, &format!("{name}{number}"))).collect();
    assert_eq!(sign(many).unwrap_err(), SignManifestError::TooLong);
}

#[test]
fn sign_refuses_a_version_after_the_last() {
    let mut last = sign(Vec::new()).unwrap();
    last.head.version = u64::MAX;
    let next = Manifest::sign(Some(&last), Vec::new(), CREATED, &key());
    assert_eq!(next.unwrap_err(), SignManifestError::TooManyVersions);
}

#[test]
fn read_stops_where_a_manifest_must_end() {
    let endless = std::io::repeat(b'x');
    let read = Manifest::read(endless, &signers());
    assert!(matches!(read, Err(ManifestError::TooLong)));
}

#[test]
fn read_passes_on_a_failing_source() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }
    assert!(matches!(Manifest::read(Failing, &signers()), Err(ManifestError::Read(_))));
}

#[test]
fn debug_shows_no_name() {
    let manifest = sign(vec![entry(1, "Doe_John.msp")]).unwrap();
    let found = manifest.compare([]);
    let shown = format!("{manifest:?} {:?} {found:?}", manifest.entries());
    assert!(!shown.contains("Doe"), "{shown}");
}

#[test]
fn remembered_text_has_one_form() {
    let seen = sign(Vec::new()).unwrap().seen();
    let text = seen.render();
    assert_eq!(SeenManifest::parse(text.as_bytes()), Ok(seen));
    for at in 0..text.len() {
        assert!(SeenManifest::parse(&text.as_bytes()[..at]).is_err());
    }
    let edits = [
        text.replace("version: 1", "version: 01"),
        text.replace("version: 1", "version: +1"),
        text.replace("version: 1", "version: 0"),
        text.replace('\n', "\r\n"),
        text.to_uppercase(),
        format!("{text}\n"),
        format!(" {text}"),
        text.repeat(2),
    ];
    for edit in edits {
        assert!(SeenManifest::parse(edit.as_bytes()).is_err(), "{edit}");
    }
}

fn names() -> impl Strategy<Value = String> {
    let part = "[a-zA-Z0-9 äß日._-]{1,12}".prop_filter("a name", |p| p != "." && p != "..");
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_list_comes_back_as_it_was_signed(
        names in prop::collection::btree_set(names(), 0..40),
        shift in any::<u32>(),
        created in any::<u64>(),
    ) {
        let number = |place: u32| place.wrapping_add(shift);
        let sorted: Vec<_> =
            (0..).zip(&names).map(|(place, name)| entry(number(place), name)).collect();
        let mut shuffled = sorted.clone();
        shuffled.reverse();
        let time = Timestamp::from_unix_seconds(created);
        let first = Manifest::sign(None, shuffled, time, &key()).unwrap();
        let next = Manifest::sign(Some(&first), sorted.clone(), time, &key()).unwrap();
        for manifest in [&first, &next] {
            let text = manifest.render();
            let read = Manifest::parse(text.as_bytes(), &signers()).unwrap();
            prop_assert_eq!(read.head, manifest.head);
            prop_assert_eq!(read.entries(), &sorted[..]);
            prop_assert_eq!(read.hash(), manifest.hash());
            prop_assert_eq!(read.render(), text);
        }
        prop_assert_eq!((next.version(), next.previous()), (2, Some(first.hash())));
        prop_assert_eq!(next.id(), first.id());
    }

    #[test]
    fn any_folder_is_accounted_for(choices in prop::collection::vec(0_u8..10, 0..60)) {
        crate::fuzz::manifest(&[&[2], &choices[..]].concat());
    }
}
