//! Two versions of one cryptographic crate are two audits and two sets of bugs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Finding;
use crate::process;
use crate::workspace::Workspace;

/// Names, or where they end in `*` beginnings of names.
const CRYPTO: [&str; 42] = [
    "aead",
    "aes*",
    "argon2",
    "aws-lc*",
    "blake2*",
    "block-buffer",
    "block-padding",
    "chacha20*",
    "cipher",
    "cmac",
    "cpubits",
    "crypto-*",
    "ctr",
    "ctutils",
    "curve25519*",
    "digest",
    "ecdsa",
    "ed25519*",
    "elliptic-curve",
    "getrandom",
    "ghash",
    "hkdf",
    "hmac",
    "hpke",
    "hybrid-array",
    "inout",
    "keccak",
    "kem",
    "ml-kem",
    "p256",
    "p384",
    "pbkdf2",
    "poly1305",
    "polyval",
    "rand_core",
    "ring",
    "sha*",
    "signature",
    "subtle*",
    "universal-hash",
    "x25519*",
    "zeroize",
];

/// Duplicates that we accept, with the reason.
const EXCEPTIONS: [(&str, &str); 7] = [
    ("block-buffer", OBJECT_STORE),
    ("crypto-common", OBJECT_STORE),
    ("digest", OBJECT_STORE),
    ("getrandom", OBJECT_STORE),
    ("keccak", CEDAR),
    ("sha3", CEDAR),
    ("signature", TOKENS),
];
const CEDAR: &str =
    "the parser generator of cedar-policy uses it while it is built; it is in no program";
const TOKENS: &str = "jsonwebtoken has the traits of 2.2, no algorithm: it verifies through AWS-LC";
const OBJECT_STORE: &str = "object_store 0.13, the version that DataFusion locks, has md-5 0.10 and ring; only \
                            medsec-ship's feature `s3` pulls it";

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let mut cargo = process::cargo(&ws.root);
    cargo.args(["tree", "--workspace", "--all-features", "--duplicates", "--depth", "0"]);
    let tree = process::read(cargo.args(["--prefix", "none", "--format", "{p}"]))?;
    Ok(duplicates(&tree)
        .into_iter()
        .filter(|(name, _)| !EXCEPTIONS.iter().any(|(excepted, _)| excepted == name))
        .map(|(name, versions)| Finding::whole("Cargo.lock", format!("{name}: {versions}")))
        .collect())
}

fn is_crypto(name: &str) -> bool {
    CRYPTO.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *pattern,
    })
}

/// Cryptographic crates with more than one version among the lines `name vVERSION …`.
fn duplicates(tree: &str) -> Vec<(String, String)> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    let twice = versions.into_iter().filter(|(name, found)| is_crypto(name) && found.len() > 1);
    twice
        .map(|(name, found)| (name.to_owned(), found.into_iter().collect::<Vec<_>>().join(" and ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cryptographic_crates_are_there_once() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn second_version_of_crypto_is_found() {
        let tree =
            "sha2 v0.10.9\nsha2 v0.11.1\n\nsyn v1.0.0\nsyn v2.0.0\n\nhmac v0.13.0\nhmac v0.13.0";
        assert_eq!(duplicates(tree), [("sha2".to_owned(), "v0.10.9 and v0.11.1".to_owned())]);
    }

    #[test]
    fn patterns_match_beginnings_of_names() {
        assert!(is_crypto("aes-gcm") && is_crypto("ed25519-dalek") && is_crypto("rand_core"));
        assert!(!is_crypto("rand") && !is_crypto("digestion") && !is_crypto("syn"));
    }
}
