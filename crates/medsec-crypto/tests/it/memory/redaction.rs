//! `Debug` and `Display` of secrets and errors show no key and no value of the reproduced context.

use std::fmt::Debug;
use std::io::{self, Cursor};

use medsec_crypto::*;

use crate::support::sample::Plan;
use crate::support::{SEALED_AT, SIGNER, hpke, kek, metadata, patient, signing_key};

/// Key bytes that are easily found in any notation.
const KEY: [u8; 32] = [0xC9; 32];

/// The text holds neither the key, in hex or decimal, nor a value of context or metadata.
#[track_caller]
fn assert_silent(text: &str) {
    let lower = text.to_ascii_lowercase();
    // Four bytes of the key: two are met by chance among the random ones of a header, once in some hundreds.
    let key = ["c9c9c9c9", "c9, c9, c9, c9", "201, 201, 201, 201"];
    for secret in key.into_iter().chain(["mrn-0042", "ct-0001", "w0001"]) {
        assert!(!lower.contains(secret), "{text}");
    }
}

#[track_caller]
fn silent(value: &impl Debug) {
    assert_silent(&format!("{value:?}"));
    assert_silent(&format!("{value:#?}"));
}

fn identity(kind: HpkeKind) -> HpkeIdentity {
    HpkeIdentity::take_from(kind, &mut KEY.clone()).unwrap()
}

#[test]
fn keys_print_no_key() {
    silent(&Dek::take_from(&mut KEY.clone()).unwrap());
    silent(&Kek::take_from(&mut KEY.clone()).unwrap());
    let kek = Kek::take_from(&mut KEY.clone()).unwrap();
    silent(&LocalKek::new(&[1; 16], &[2; 16], 1, kek).unwrap());
    silent(&SigningKey::take_from(&mut KEY.clone()).unwrap());
    silent(&identity(HpkeKind::X25519));
    silent(&identity(HpkeKind::XWing));
}

#[test]
fn context_and_metadata_print_no_values() {
    silent(&patient());
    silent(&metadata());
    silent(&Plan::new(0).with_metadata().spec());
    silent(&Plan::new(0).expectation(1));
}

#[test]
fn steps_of_sealing_print_no_secret() {
    let plan = Plan::new(0).signed().with_metadata();
    let signer = SigningKey::take_from(&mut KEY.clone()).unwrap();
    let draft = Draft::new(plan.spec(), SEALED_AT, Some(signer.into())).unwrap();
    silent(&draft);
    let dek = Dek::take_from(&mut KEY.clone()).unwrap();
    let stanza = kek(1).wrap_dek(&dek, &draft.bind()).unwrap();
    silent(&stanza);
    let sealer = draft.address(dek, vec![stanza]).unwrap();
    silent(&sealer);
    silent(&sealer.into_writer(Vec::new(), Backend::default()).unwrap());
}

#[test]
fn steps_of_opening_print_no_secret() {
    let plan = Plan::new(100).signed().with_metadata();
    let draft = plan.draft();
    let dek = Dek::take_from(&mut KEY.clone()).unwrap();
    let stanza = kek(1).wrap_dek(&dek, &draft.bind()).unwrap();
    let package = draft.address(dek, vec![stanza]).unwrap().seal_bytes(b"W0001").unwrap();
    let mut rest = &package[..];
    let checked = Checked::read(&mut rest, plan.expectation(1)).unwrap();
    silent(&checked);
    silent(checked.header());
    let unlocked = checked.unlock_with(&[&kek(1)]).unwrap();
    silent(&unlocked);
    let source = Cursor::new(&package);
    let backend = Backend::default();
    silent(&unlocked.open_to_memory(source.clone(), 100, &Execution::default()).unwrap().1);
    silent(&unlocked.danger_release_unverified(rest, backend).unwrap());
    silent(&unlocked.danger_ranged_unsigned(source.clone(), backend).unwrap());
    silent(&Inspection::read(source).unwrap());
}

#[test]
fn errors_of_use_print_no_secret() {
    let plan = Plan::new(40_000).signed().with_metadata();
    let sample = plan.seal();
    let mut package = sample.package.clone();
    for offset in (0..package.len()).step_by(89) {
        package[offset] ^= 0x11;
        if let Err(error) = plan.open(&package) {
            silent(&error);
            assert_silent(&error.to_string());
        }
        package[offset] = sample.package[offset];
    }
    let error = Context::new().insert("MRN 0042", "W0001").unwrap_err();
    silent(&error);
    assert_silent(&error.to_string());
    let error = ContextKey::new("MRN-0042").unwrap_err();
    assert_silent(&error.to_string());
    let error = DatasetId::new("MRN-0042 / W0001").unwrap_err();
    assert_silent(&error.to_string());
}

/// One value of every variant that can be made outside the crate.
fn errors() -> Vec<Box<dyn std::error::Error>> {
    let io = || io::Error::from(io::ErrorKind::StorageFull);
    let part = Part::Trailer;
    vec![
        Box::new(NotAuthentic),
        Box::new(InvalidKeyLength),
        Box::new(RandomError),
        Box::new(InvalidValue { field: "dataset id" }),
        Box::new(FormatError::NotAPackage),
        Box::new(FormatError::TextTransfer),
        Box::new(FormatError::Version { found: 2 }),
        Box::new(FormatError::Suite { found: 0x10 }),
        Box::new(FormatError::Truncated { part }),
        Box::new(FormatError::TrailingBytes { part }),
        Box::new(FormatError::Length { field: "core" }),
        Box::new(FormatError::ReservedFlags { flags: 8 }),
        Box::new(FormatError::UnknownField { tag: 9 }),
        Box::new(FormatError::FieldOrder { tag: 9 }),
        Box::new(FormatError::Disagreement { field: "signer key" }),
        Box::new(FormatError::SlotsDamaged),
        Box::new(FormatError::SlotGenerations),
        Box::new(ExpectationError::ContextNames),
        Box::new(ExpectationError::NotARecipient),
        Box::new(SignatureError::Invalid),
        Box::new(OutputError::Exists),
        Box::new(OutputError::NotAFile),
        Box::new(OutputError::Io(io())),
        Box::new(OpenError::Damaged { chunk: 3 }),
        Box::new(OpenError::DamagedMetadata),
        Box::new(OpenError::OverLimit { len: 6, limit: 5 }),
        Box::new(OpenError::Read(io())),
        Box::new(OpenError::Write(io())),
        Box::new(OpenError::Content(io())),
        Box::new(OpenError::Unfinished),
        Box::new(SealError::Backend),
        Box::new(SealError::TooLong),
        Box::new(SealError::Interrupted),
        Box::new(WrapError::PublicKey),
        Box::new(RewrapError::Locked),
        Box::new(RewrapError::NotConfirmed),
        Box::new(RangeError::SideCarNeeded),
        Box::new(SideCarError::Io(io())),
        Box::new(HeaderError::Io(io())),
    ]
}

#[test]
fn error_texts_are_lower_case_without_stop() {
    for error in errors() {
        let text = error.to_string();
        let first = text.chars().next().unwrap();
        assert!(!first.is_uppercase() && !text.ends_with('.'), "{text}");
        assert!(!text.contains('/') && !text.contains('\n'), "{text}");
        assert_silent(&text);
    }
}

#[test]
fn public_half_is_what_prints() {
    let signer = signing_key(SIGNER);
    assert!(format!("{signer:?}").contains(&signer.verifying_key().to_string()));
    let identity = hpke(HpkeKind::X25519, 3);
    let name = Identity::key_ref(&identity).to_string();
    assert!(format!("{identity:?}").contains(&name));
}
