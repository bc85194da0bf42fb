//! A second writer of manifests, from the format's page: it signs what the library would not.

use ed25519_dalek::Signer as _;
use medsec_crypto::SigningKey;
use sha2::{Digest as _, Sha256};

use crate::support::{SIGNER, signing_key};
use crate::vectors::file::hex;

/// The text `body` with its signature line.
pub(super) fn signed(body: &str, key: &SigningKey) -> Vec<u8> {
    let message = [&b"medsec/manifest/v1\0"[..], &Sha256::digest(body)].concat();
    let key = ed25519_dalek::SigningKey::from_bytes(key.expose_seed());
    format!("{body}signature: {}\n", hex(&key.sign(&message).to_bytes())).into_bytes()
}

/// A manifest of the usual signer whose lines after the first are `head`, and its packages `list`.
#[derive(Clone)]
pub(super) struct Body {
    pub(super) version: String,
    pub(super) previous: String,
    pub(super) created: String,
    pub(super) packages: String,
    pub(super) list: Vec<String>,
}

impl Body {
    /// Version 1 of two packages.
    pub(super) fn new() -> Self {
        Self {
            version: "1".to_owned(),
            previous: "00".repeat(32),
            created: "1790000000".to_owned(),
            packages: "2".to_owned(),
            list: vec![line(0x11, 72, "ct/1.msp"), line(0x22, 100_000, "report.msp")],
        }
    }

    /// So many lines, stated as many.
    pub(super) fn listing(list: &[String]) -> Self {
        Self { packages: list.len().to_string(), list: list.to_vec(), ..Self::new() }
    }

    pub(super) fn text(&self) -> String {
        let signer = signing_key(SIGNER).verifying_key();
        let Self { version, previous, created, packages, list } = self;
        format!(
            "medsec manifest v1\nid: {}\nversion: {version}\nprevious: {previous}\n\
             created: {created}\nsigner: {signer}\npackages: {packages}\n{}",
            "0d".repeat(16),
            list.concat()
        )
    }

    pub(super) fn signed(&self) -> Vec<u8> {
        signed(&self.text(), &signing_key(SIGNER))
    }
}

/// The line of a package whose id, root and H are made of one byte.
pub(super) fn line(byte: u8, payload_len: u64, name: &str) -> String {
    let [id, root, hash] = [16, 32, 64].map(|len| hex(&vec![byte; len]));
    format!("{id} {payload_len} {root} {hash} {name}\n")
}
