//! What can be done to a folder or its manifest, and that each is named.

use medsec_crypto::{
    Finding, FoundPackage, Manifest, ManifestEntry, ManifestError, SeenManifest, SignatureError,
    SuccessionError,
};

use super::{Folder, after, look, name, seal, signed_by_another, signers};
use crate::support::{SIGNER, signing_key};

#[test]
fn deleted_package_is_missing() {
    let mut folder = Folder::new();
    folder.packages.remove("ct/2.msp");
    assert_eq!(folder.findings(2), [Finding::Missing { name: name("ct/2.msp") }]);
}

#[test]
fn package_put_back_to_an_earlier_one_is_older() {
    let folder = Folder::new();
    let mut later = folder.later();
    later.packages.insert("ct/1.msp", folder.packages["ct/1.msp"].clone());
    let findings = later.findings(2);
    assert_eq!(findings, [Finding::Replaced { name: name("ct/1.msp"), older: true }]);
    assert_eq!(findings[0].kind(), "older");
}

#[test]
fn package_sealed_in_the_second_of_signing_is_older() {
    for (seconds, older) in [(10, true), (11, false)] {
        let mut folder = Folder::new();
        folder.packages.insert("ct/1.msp", seal(5, seconds, Some(SIGNER)).0);
        assert_eq!(folder.findings(2), [Finding::Replaced { name: name("ct/1.msp"), older }]);
    }
}

#[test]
fn name_given_twice_is_not_intact() {
    let folder = Folder::new();
    let twice = folder.packages.iter().chain(folder.packages.iter().take(1));
    let found = twice.map(|(at, package)| FoundPackage { name: name(at), state: look(package) });
    let comparison = folder.manifest().compare(found);
    assert_eq!(comparison.findings, [Finding::Altered { name: name("ct/1.msp") }]);
    assert_eq!(comparison.intact, 2);
}

#[test]
fn whole_folder_put_back_is_older_than_what_was_seen() {
    let folder = Folder::new();
    let seen = folder.later().manifest().seen();
    assert!(folder.compare().is_clean(), "by itself nothing shows");
    let remembered = SeenManifest::parse(seen.render().as_bytes()).unwrap();
    let error = folder.manifest().follows(&remembered).unwrap_err();
    assert_eq!(error, SuccessionError::Older { seen: 2, found: 1 });
}

#[test]
fn manifest_put_back_alone_is_older_and_behind_its_packages() {
    let folder = Folder::new();
    let mut later = folder.later();
    let seen = later.manifest().seen();
    later.manifest = folder.manifest;
    let error = later.manifest().follows(&seen).unwrap_err();
    assert_eq!(error, SuccessionError::Older { seen: 2, found: 1 });
    let replaced = Finding::Replaced { name: name("ct/1.msp"), older: false };
    assert_eq!(later.findings(2), [replaced]);
}

#[test]
fn package_that_is_not_listed_is_foreign() {
    let mut folder = Folder::new();
    folder.packages.insert("ct/3.msp", seal(9, 3, Some(SIGNER)).0);
    folder.packages.insert("ct/4.msp", seal(9, 3, Some(3)).0);
    folder.packages.insert("notes.txt", b"no package".to_vec());
    let foreign = ["ct/3.msp", "ct/4.msp", "notes.txt"];
    assert_eq!(folder.findings(3), foreign.map(|at| Finding::Foreign { name: name(at) }));
}

#[test]
fn renamed_package_is_found_under_its_new_name() {
    let mut folder = Folder::new();
    folder.rename("ct/1.msp", "mr/1.msp");
    let renamed = Finding::Renamed { from: name("ct/1.msp"), to: name("mr/1.msp") };
    assert_eq!(folder.findings(2), [renamed]);
}

#[test]
fn exchanged_packages_are_each_renamed() {
    let mut folder = Folder::new();
    folder.rename("ct/1.msp", "other");
    folder.rename("ct/2.msp", "ct/1.msp");
    folder.rename("other", "ct/2.msp");
    let renamed = [("ct/2.msp", "ct/1.msp"), ("ct/1.msp", "ct/2.msp")]
        .map(|(from, to)| Finding::Renamed { from: name(from), to: name(to) });
    assert_eq!(folder.findings(1), renamed);
}

#[test]
fn duplicate_stands_beside_its_original() {
    let mut folder = Folder::new();
    folder.packages.insert("copy.msp", folder.packages["ct/1.msp"].clone());
    let of = name("ct/1.msp");
    assert_eq!(folder.findings(3), [Finding::Duplicate { name: name("copy.msp"), of }]);
}

#[test]
fn copy_over_another_package_is_a_duplicate_and_a_loss() {
    let mut folder = Folder::new();
    folder.packages.insert("ct/2.msp", folder.packages["ct/1.msp"].clone());
    let (of, lost) = (name("ct/1.msp"), name("ct/2.msp"));
    let expected = [Finding::Duplicate { name: lost.clone(), of }, Finding::Missing { name: lost }];
    assert_eq!(folder.findings(2), expected);
}

#[test]
fn moving_a_package_does_not_hide_what_took_its_name() {
    let folder = Folder::new();
    let mut later = folder.later();
    later.rename("ct/1.msp", "mr/1.msp");
    later.packages.insert("ct/1.msp", folder.packages["ct/1.msp"].clone());
    let expected = [
        Finding::Replaced { name: name("ct/1.msp"), older: true },
        Finding::Duplicate { name: name("mr/1.msp"), of: name("ct/1.msp") },
    ];
    assert_eq!(later.findings(2), expected);
}

#[test]
fn every_cut_of_the_manifest_is_refused() {
    let folder = Folder::new();
    for len in 0..folder.manifest.len() {
        let error = Manifest::parse(&folder.manifest[..len], &signers()).unwrap_err();
        let first_line = "medsec manifest v1\n".len();
        match error {
            ManifestError::NotAManifest => assert!(len < first_line, "{len}"),
            ManifestError::Cut => assert!(len >= first_line, "{len}"),
            other => panic!("{len}: {other:?}"),
        }
    }
}

#[test]
fn every_changed_bit_of_the_manifest_is_refused() {
    let folder = Folder::new();
    for at in 0..folder.manifest.len() {
        for bit in 0..8 {
            let mut edited = folder.manifest.clone();
            edited[at] ^= 1 << bit;
            assert!(Manifest::parse(&edited, &signers()).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn edited_manifest_is_not_what_was_signed() {
    let folder = Folder::new();
    let text = String::from_utf8(folder.manifest.clone()).unwrap();
    let list = text.lines().filter(|line| line.ends_with(".msp")).collect::<Vec<_>>();
    let edits = [
        text.replace("created: 1790000010", "created: 1790000011"),
        text.replace("report.msp", "report.msq"),
        text.replace("packages: 3", "packages: 2"),
        text.replace(&format!("{}\n", list[1]), ""),
        text.replace(list[0], list[2]),
        text.replace(".msp\n", ".msp\r\n"),
    ];
    for edit in edits {
        let error = Manifest::parse(edit.as_bytes(), &signers()).unwrap_err();
        assert!(matches!(error, ManifestError::Signature), "{error:?}");
    }
}

#[test]
fn manifest_signed_by_another_key_is_refused() {
    let folder = Folder::new();
    let file = signed_by_another(&folder.manifest(), &signing_key(3));
    let error = Manifest::parse(&file, &signers()).unwrap_err();
    assert!(matches!(error, ManifestError::UnexpectedSigner), "{error:?}");
    Manifest::parse(&file, &[signing_key(3).verifying_key()]).unwrap();
    let nobody = Manifest::parse(&folder.manifest, &[]).unwrap_err();
    assert!(matches!(nobody, ManifestError::UnexpectedSigner), "{nobody:?}");
}

#[test]
fn damaged_package_is_altered() {
    let len = Folder::new().packages["ct/1.msp"].len();
    for at in [20, len - 300, len - 10] {
        let mut folder = Folder::new();
        folder.packages.get_mut("ct/1.msp").unwrap()[at] ^= 1;
        assert_eq!(folder.findings(2), [Finding::Altered { name: name("ct/1.msp") }], "{at}");
    }
    let mut folder = Folder::new();
    folder.packages.insert("ct/1.msp", seal(9, 3, None).0);
    folder.packages.insert("ct/2.msp", Vec::new());
    let altered = ["ct/1.msp", "ct/2.msp"].map(|at| Finding::Altered { name: name(at) });
    assert_eq!(folder.findings(1), altered);
}

#[test]
fn valid_package_that_differs_from_its_entry_is_altered() {
    let mut folder = Folder::new();
    let previous = folder.manifest();
    folder.entries[0].root = folder.entries[1].root;
    folder.entries[1].payload_len += 1;
    folder.entries[2].header_hash = folder.entries[0].header_hash;
    folder.sign(Some(&previous), 11);
    let names = ["ct/1.msp", "ct/2.msp", "report.msp"];
    assert_eq!(folder.findings(0), names.map(|at| Finding::Altered { name: name(at) }));
}

#[test]
fn package_of_an_unexpected_signer_is_named() {
    let mut folder = Folder::new();
    folder.packages.insert("ct/1.msp", seal(20_000, 0, Some(3)).0);
    assert_eq!(folder.findings(2), [Finding::OtherSigner { name: name("ct/1.msp") }]);
}

#[test]
fn listed_package_is_intact_whoever_signed_it() {
    let mut folder = Folder::new();
    let (package, sealed) = seal(9, 3, Some(3));
    folder.packages.insert("ct/3.msp", package);
    folder.entries.push(ManifestEntry::of_sealed(name("ct/3.msp"), &sealed).unwrap());
    folder.sign(Some(&folder.manifest()), 11);
    assert!(folder.findings(4).is_empty());
}

#[test]
fn unsigned_package_cannot_be_listed() {
    let (package, sealed) = seal(9, 3, None);
    let entry = ManifestEntry::of_sealed(name("a"), &sealed);
    assert_eq!(entry.unwrap_err(), SignatureError::NotSigned);
    assert_eq!(look(&package), medsec_crypto::Found::Damaged);
}

#[test]
fn split_chain_is_noticed() {
    let folder = Folder::new();
    let (one, other) = (folder.later().manifest(), folder.later().manifest());
    let forked = Err(SuccessionError::Forked { version: 2 });
    assert_eq!(one.follows(&other.seen()), forked);
    let entries = || one.entries().to_vec();
    let next = Manifest::sign(Some(&one), entries(), after(40), &signing_key(SIGNER)).unwrap();
    assert_eq!(next.follows(&one.seen()), Ok(()));
    assert_eq!(next.follows(&next.seen()), Ok(()));
    assert_eq!(next.follows(&folder.manifest().seen()), Ok(()), "two versions ahead");
    assert_eq!(next.follows(&other.seen()), Err(SuccessionError::Forked { version: 3 }));
}

#[test]
fn chain_of_another_dataset_is_noticed() {
    let seen = Folder::new().manifest().seen();
    let error = Folder::new().manifest().follows(&seen).unwrap_err();
    assert_eq!(error, SuccessionError::OtherDataset);
}

#[test]
fn untouched_folder_is_clean_and_next_version_follows() {
    let folder = Folder::new();
    assert!(folder.findings(3).is_empty());
    let later = folder.later();
    assert!(later.findings(3).is_empty());
    assert_eq!(later.manifest().follows(&folder.manifest().seen()), Ok(()));
}
