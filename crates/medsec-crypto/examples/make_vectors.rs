//! Makes the vectors of the sealed package that do not exist yet. Packages contain randomness, so a
//! vector that is there is never written again.
//!
//! ```text
//! MEDSEC_ORACLE_PYTHON=… cargo run -p medsec-crypto --example make_vectors
//! ```

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for developers: what goes wrong must stop it"
)]

#[path = "make_vectors/accepted.rs"]
mod accepted;
#[path = "make_vectors/bytes.rs"]
mod bytes;
#[path = "make_vectors/rejected.rs"]
mod rejected;

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{
    Context, Dek, Draft, HpkeIdentity, HpkeKind, Kek, LocalKek, PackageSpec, Recipient, SigningKey,
    Timestamp,
};
use sha2::{Digest as _, Sha256};

/// One vector: lines of name and value, and the package.
struct Vector {
    name: &'static str,
    lines: Vec<(&'static str, String)>,
    package: Vec<u8>,
}

impl Vector {
    fn new(name: &'static str, about: &str, expect: &str, package: Vec<u8>) -> Self {
        let lines = vec![("about", about.to_owned()), ("expect", expect.to_owned())];
        Self { name, lines, package }
    }

    fn success(name: &'static str, about: &str, content: &[u8], package: Vec<u8>) -> Self {
        Self::new(name, about, "success", package)
            .line("plaintext-sha256", hex(&Sha256::digest(content)))
            .line("plaintext-len", content.len().to_string())
    }

    fn line(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.lines.push((name, value.into()));
        self
    }

    /// The local key of this number.
    fn local(self, number: u8) -> Self {
        self.line("local-kek", hex(&[number; 32])).line("local-key-ref", hex(&local_ref(number)))
    }

    fn signer(self, number: u8) -> Self {
        let key = signing_key(number).verifying_key();
        self.line("signer", hex(key.as_bytes()))
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.lines {
            writeln!(out, "{name}: {value}").unwrap();
        }
        let encoded = STANDARD.encode(&self.package);
        for line in encoded.as_bytes().chunks(76) {
            write!(out, "\n{}", std::str::from_utf8(line).unwrap()).unwrap();
        }
        out.push('\n');
        out
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn local_ref(number: u8) -> Vec<u8> {
    [&[1; 16][..], &[number; 16], &1_u32.to_be_bytes()].concat()
}

fn local(number: u8) -> LocalKek {
    let kek = Kek::take_from(&mut [number; 32]).unwrap();
    LocalKek::new(&[1; 16], &[number; 16], 1, kek).unwrap()
}

fn signing_key(number: u8) -> SigningKey {
    SigningKey::take_from(&mut [number; 32]).unwrap()
}

fn identity(kind: HpkeKind) -> HpkeIdentity {
    HpkeIdentity::take_from(kind, &mut [0x51; 32]).unwrap()
}

fn context(pairs: &[(&str, &str)]) -> Context {
    let mut context = Context::new();
    for (key, value) in pairs {
        context.insert(key, value).unwrap();
    }
    context
}

/// `len` bytes that repeat after 251.
fn content(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

fn draft(spec: PackageSpec, signer: Option<u8>) -> Draft {
    let at = Timestamp::from_unix_seconds(1_790_000_000);
    Draft::new(spec, at, signer.map(signing_key).map(std::sync::Arc::new)).unwrap()
}

/// A package for local key 7, if not for others.
fn seal(spec: PackageSpec, signer: Option<u8>, content: &[u8]) -> Vec<u8> {
    seal_to(spec, signer, &[&local(7)], content)
}

fn seal_to(
    spec: PackageSpec,
    signer: Option<u8>,
    to: &[&dyn Recipient],
    content: &[u8],
) -> Vec<u8> {
    // Not `Draft::seal_to`, which refuses the shared data key of one vector.
    let (draft, dek) = (draft(spec, signer), Dek::generate().unwrap());
    let bind = draft.bind();
    let stanzas = to.iter().map(|key| key.wrap_dek(&dek, &bind).unwrap()).collect();
    draft.address(dek, stanzas).unwrap().seal_bytes(content).unwrap()
}

fn main() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/sealed-package");
    for vector in accepted::vectors().into_iter().chain(rejected::vectors()) {
        let path = folder.join(vector.name).with_extension("vector");
        let new = OpenOptions::new().write(true).create_new(true).open(path);
        match new {
            Ok(mut file) => {
                file.write_all(vector.text().as_bytes()).unwrap();
                println!("{}: made", vector.name);
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => println!("{}: kept", vector.name),
            Err(e) => panic!("{}: {e}", vector.name),
        }
    }
}
