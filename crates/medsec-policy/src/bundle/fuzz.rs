//! Fuzz target of policies. Not part of the library: built for tests and with `--cfg fuzzing` only. A target panics
//! where something does not hold.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use ed25519_dalek::{Signer as _, SigningKey};

use super::schema::SchemaId;
use super::{Bundle, BundleMark, BundleSigner, SignedBundle, SignerKey, Source, document, source};

/// The source that stands in `testdata/policy-bundle/source`.
pub(crate) const POLICY: &str =
    include_str!("../../../../testdata/policy-bundle/source/policy.toml");
pub(crate) const ROLES: &str = include_str!("../../../../testdata/policy-bundle/source/roles.toml");
pub(crate) const CARE: &str =
    include_str!("../../../../testdata/policy-bundle/source/rules/care.cedar");
pub(crate) const OVERSIGHT: &str =
    include_str!("../../../../testdata/policy-bundle/source/rules/oversight.cedar");

/// Signs with the private key of these bytes.
#[derive(Debug)]
pub(crate) struct Signer(pub(crate) [u8; 32]);

impl BundleSigner for Signer {
    fn public_key(&self) -> [u8; 32] {
        SigningKey::from_bytes(&self.0).verifying_key().to_bytes()
    }

    fn sign(&self, label: &str, message: &[u8]) -> [u8; 64] {
        let message = [b"medsec/signed/", label.as_bytes(), &[0], message].concat();
        SigningKey::from_bytes(&self.0).sign(&message).to_bytes()
    }
}

/// What the vectors were made for.
pub(super) fn schema() -> SchemaId {
    SchemaId::of(1, "the schema of the vectors\n")
}

pub(crate) fn trusted(seed: u8) -> SignerKey {
    let name = "policy@hospital.example".parse().unwrap();
    SignerKey::new(name, Signer([seed; 32]).public_key()).unwrap()
}

/// The sample with other texts of `policy.toml` and `roles.toml`.
pub(crate) fn sample(policy: &str, roles: &str) -> Result<Source, super::SourceError> {
    Source::from_files([
        ("policy.toml", policy),
        ("roles.toml", roles),
        ("rules/care.cedar", CARE),
        ("rules/oversight.cedar", OVERSIGHT),
    ])
}

pub(crate) fn original() -> &'static Bundle {
    static ORIGINAL: OnceLock<Bundle> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        source::compile_for(schema(), &sample(POLICY, ROLES).unwrap(), None).unwrap()
    })
}

/// A policy, in every form it has, chosen by the first byte: edits of a signed file, a whole signed file, a document,
/// and the two files that people write. Nothing edited is accepted with its signatures; what is accepted as a
/// document or a source has one form, and is the same after signing and reading it.
pub fn policy_bundle(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let signed = SignedBundle::sign(original(), &Signer([7; 32])).unwrap().to_bytes();
    match which {
        b'e' => refused_unless_same(&edit(&signed, rest), &signed),
        b's' => refused_unless_same(rest, &signed),
        b'd' => {
            if let Some(contents) = document::parse(rest) {
                look_at(&Bundle::new(contents, rest.to_vec()));
            }
        }
        b'p' => compiled(String::from_utf8_lossy(rest).as_ref(), ROLES),
        b'r' => compiled(POLICY, String::from_utf8_lossy(rest).as_ref()),
        b'q' => compiled(&edited(POLICY, rest), ROLES),
        _ => compiled(POLICY, &edited(ROLES, rest)),
    }
}

fn refused_unless_same(bytes: &[u8], signed: &[u8]) {
    let read = SignedBundle::read(bytes);
    if let Ok(read) = &read {
        assert!(read.to_bytes() == bytes, "another text");
    }
    let verified = read.and_then(|read| read.verify_for(schema(), &[trusted(7)], 1));
    assert!(verified.is_ok() == (bytes == signed), "an edited policy is accepted");
}

fn compiled(policy: &str, roles: &str) {
    let Ok(source) = sample(policy, roles) else { return };
    if let Ok(bundle) = source::compile_for(schema(), &source, None) {
        look_at(&bundle);
        let next = source::compile_for(schema(), &source, Some(original()));
        let follows = next.is_ok_and(|next| BundleMark::of(original()).admits(&next).is_ok());
        assert!(follows || bundle.sequence() > 1, "a policy does not follow");
    }
}

/// Everything that can be asked of a policy.
fn look_at(bundle: &Bundle) {
    let contents = document::parse(bundle.document()).unwrap();
    assert!(&Bundle::new(contents, bundle.document().to_vec()) == bundle, "another policy");
    let signed = SignedBundle::sign(bundle, &Signer([9; 32])).unwrap();
    let schema = bundle.contents.schema;
    let again = SignedBundle::read(&signed.to_bytes()).unwrap();
    assert!(again.verify_for(schema, &[trusted(9)], 1).as_ref() == Ok(bundle));
    let mark = BundleMark::of(bundle);
    assert!(mark.admits(bundle).is_ok());
    assert!(BundleMark::parse(mark.render().as_bytes()) == Ok(mark));
    assert!(bundle.rules().all(|(_, text)| text.ends_with('\n')));
}

/// Valid inputs for the corpus.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let signed = SignedBundle::sign(original(), &Signer([7; 32])).unwrap();
    let edits = [40, 1, 1, b'0', 9, 0x82, 2, b'9', b'9'].to_vec();
    vec![
        [b"s", &signed.to_bytes()[..]].concat(),
        [b"d", original().document()].concat(),
        [b"p", POLICY.as_bytes()].concat(),
        [b"r", ROLES.as_bytes()].concat(),
        [b"e".to_vec(), edits.clone()].concat(),
        [b"q".to_vec(), edits.clone()].concat(),
        [b"t".to_vec(), edits].concat(),
    ]
}

fn edited(original: &str, edits: &[u8]) -> String {
    String::from_utf8_lossy(&edit(original.as_bytes(), edits)).into_owned()
}

/// Edits of a text: each is an offset from the start or the end, how many bytes go, how many come, and these.
fn edit(original: &[u8], mut rest: &[u8]) -> Vec<u8> {
    let mut text = original.to_vec();
    while let [place, out, come, tail @ ..] = rest {
        let distance = usize::from(place >> 1) * if *out & 0x80 == 0 { 1 } else { 16 };
        let distance = distance.min(text.len());
        let at = if place & 1 == 0 { distance } else { text.len() - distance };
        let end = (at + usize::from(out & 0x7F)).min(text.len());
        let (new, tail) = tail.split_at(usize::from(come & 0x1F).min(tail.len()));
        text.splice(at..end, new.iter().copied());
        rest = tail;
    }
    text
}
