//! Manifests of folders of real packages, which stand in memory here.

mod controls;
mod craft;
mod format;
mod tampering;
mod vectors;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use medsec_crypto::{
    Comparison, Draft, Execution, Finding, Found, FoundPackage, Header, Manifest, ManifestEntry,
    PackageName, Sealed, SignerExpectation, SigningKey, Timestamp, VerifyingKey,
};

use crate::support::sample::Plan;
use crate::support::{SEALED_AT, SIGNER, content, kek, signing_key};

fn name(text: &str) -> PackageName {
    PackageName::new(text).unwrap()
}

fn signers() -> [VerifyingKey; 1] {
    [signing_key(SIGNER).verifying_key()]
}

/// `seconds` after the first package was sealed.
fn after(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(SEALED_AT.unix_seconds() + seconds)
}

/// A package of `len` bytes sealed `seconds` after the first.
fn seal(len: usize, seconds: u64, signer: Option<u8>) -> (Vec<u8>, Sealed) {
    let signer = signer.map(|number| Arc::new(signing_key(number)));
    let draft = Draft::new(Plan::new(0).with_metadata().spec(), after(seconds), signer).unwrap();
    let mut package = Vec::new();
    let sealer = draft.seal_to(&[&kek(1)]).unwrap();
    let sealed = sealer.seal(&content(len)[..], &mut package, &Execution::default()).unwrap();
    (package, sealed)
}

/// What verifying without a key makes of a file.
fn look(file: &[u8]) -> Found {
    let Ok(header) = Header::read(&mut &*file) else {
        return Found::NotAPackage;
    };
    let any = SignerExpectation::NotRequired;
    let origin = header.verify_origin(Cursor::new(file), &any, u64::MAX, &Execution::default());
    origin.map_or(Found::Damaged, |origin| Found::verified(&header, &origin))
}

/// A folder of packages and its manifest file.
#[derive(Clone)]
struct Folder {
    packages: BTreeMap<&'static str, Vec<u8>>,
    entries: Vec<ManifestEntry>,
    manifest: Vec<u8>,
}

impl Folder {
    /// Three packages and version 1, signed 10 seconds after the first was sealed.
    fn new() -> Self {
        let mut folder =
            Self { packages: BTreeMap::new(), entries: Vec::new(), manifest: Vec::new() };
        folder.put("ct/1.msp", 20_000, 0);
        folder.put("ct/2.msp", 0, 1);
        folder.put("report.msp", 300, 2);
        folder.sign(None, 10);
        folder
    }

    /// Seals a package, in place of another of that name if there is one.
    fn put(&mut self, at: &'static str, len: usize, seconds: u64) {
        let (package, sealed) = seal(len, seconds, Some(SIGNER));
        self.packages.insert(at, package);
        self.entries.retain(|entry| entry.name != name(at));
        self.entries.push(ManifestEntry::of_sealed(name(at), &sealed).unwrap());
    }

    fn sign(&mut self, previous: Option<&Manifest>, seconds: u64) {
        let key = signing_key(SIGNER);
        let next = Manifest::sign(previous, self.entries.clone(), after(seconds), &key).unwrap();
        self.manifest = next.render().into_bytes();
    }

    /// The folder some time later: `ct/1.msp` was sealed anew, and version 2 says so.
    fn later(&self) -> Self {
        let mut later = self.clone();
        later.put("ct/1.msp", 21_000, 20);
        later.sign(Some(&self.manifest()), 30);
        later
    }

    fn manifest(&self) -> Manifest {
        Manifest::parse(&self.manifest, &signers()).unwrap()
    }

    fn compare(&self) -> Comparison {
        self.manifest().compare(
            self.packages
                .iter()
                .map(|(at, package)| FoundPackage { name: name(at), state: look(package) }),
        )
    }

    /// Everything that is not as the manifest says; the rest must be intact.
    #[track_caller]
    fn findings(&self, intact: usize) -> Vec<Finding> {
        let comparison = self.compare();
        assert_eq!(comparison.intact, intact);
        assert_eq!(comparison.is_clean(), comparison.findings.is_empty());
        comparison.findings
    }

    fn rename(&mut self, from: &str, to: &'static str) {
        let package = self.packages.remove(from).unwrap();
        self.packages.insert(to, package);
    }
}

/// The same file, signed by another key that states itself as the signer.
fn signed_by_another(manifest: &Manifest, key: &SigningKey) -> Vec<u8> {
    let text = manifest.render();
    let (body, _) = text.split_once("signature: ").unwrap();
    let own = manifest.signer().to_string();
    craft::signed(&body.replace(&own, &key.verifying_key().to_string()), key)
}
