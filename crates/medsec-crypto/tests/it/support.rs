//! What all modules share: packages of every shape, their layout, and one way to open them.

pub(crate) mod craft;
pub(crate) mod layout;
pub(crate) mod rewrap;
pub(crate) mod sample;

pub(crate) use sample::Plan;

use std::fs;
use std::path::Path;

use medsec_crypto::{
    Context, Execution, HpkeIdentity, HpkeKind, Kek, LocalKek, Metadata, SigningKey, Timestamp,
};
use medsec_testkit::Random;

/// Name and value of the reproduced context of all samples.
pub(crate) const PATIENT: (&str, &str) = ("patient", "MRN-0042");
/// When all samples were sealed.
pub(crate) const SEALED_AT: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);
/// The signer of signed samples.
pub(crate) const SIGNER: u8 = 77;

/// The local key of this number; the same number gives the same key.
pub(crate) fn kek(number: u8) -> LocalKek {
    let key = Kek::take_from(&mut [number; 32]).unwrap();
    LocalKek::new(&[1; 16], &[number; 16], 1, key).unwrap()
}

/// The HPKE identity of this number and kind; X25519 and X-Wing keys are both made of 32 bytes.
pub(crate) fn hpke(kind: HpkeKind, number: u8) -> HpkeIdentity {
    HpkeIdentity::take_from(kind, &mut [number; 32]).unwrap()
}

/// The signing key of this number.
pub(crate) fn signing_key(number: u8) -> SigningKey {
    SigningKey::take_from(&mut [number; 32]).unwrap()
}

/// `len` bytes without a pattern.
pub(crate) fn content(len: usize) -> Vec<u8> {
    Random::new(len as u64).bytes(len)
}

/// The reproduced context of all samples.
pub(crate) fn patient() -> Context {
    context_of(PATIENT.0, PATIENT.1)
}

/// A context of one pair.
pub(crate) fn context_of(key: &str, value: &str) -> Context {
    let mut context = Context::new();
    context.insert(key, value).unwrap();
    context
}

/// The metadata of samples that have it.
pub(crate) fn metadata() -> Metadata {
    let mut metadata = Metadata::new();
    metadata.file_name = Some("ct-0001.dcm".to_owned());
    metadata.notes = Some("left ear".to_owned());
    metadata
}

/// `threads` threads on the default backend.
pub(crate) fn threads(threads: usize) -> Execution<'static> {
    let mut execution = Execution::default();
    execution.threads = threads.try_into().unwrap();
    execution
}

/// Names of everything in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
