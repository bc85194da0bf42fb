//! Vectors that open.

use std::io::{Cursor, Write as _};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{
    Checked, Confirmation, ContentType, Context, DatasetId, Dek, DekId, Expectation, Header,
    HpkeKind, KeyRef, Limits, LockedPackage, Metadata, NewRecipients, PackageSpec,
    PolicyExpectation, PolicyHash, Recipient as _, RecipientProfile, SignerExpectation, Stanza,
    StanzaKind, Suite,
};

use crate::bytes::slot;
use crate::{Vector, content, context, draft, hex, identity, local, local_ref, seal, seal_to};

pub(crate) fn metadata() -> Metadata {
    let mut metadata = Metadata::new();
    metadata.file_name = Some("head-ct.dcm".to_owned());
    metadata.size = Some(5);
    metadata.study_uid = Some("1.2.826.0.1.3680043.10.1".to_owned());
    metadata.notes = Some("Schädel, nativ".to_owned());
    metadata
}

pub(crate) fn with_metadata() -> PackageSpec {
    let mut spec = PackageSpec::default();
    spec.metadata = Some(metadata());
    spec
}

pub(crate) fn with_patient() -> PackageSpec {
    let mut spec = PackageSpec::default();
    spec.reproduced = context(&[("patient", "MRN-0042"), ("study", "S-7")]);
    spec
}

pub(crate) fn shared() -> PackageSpec {
    let mut spec = PackageSpec::default();
    spec.policy = Some(PolicyHash::from_bytes([0xA0; 32]));
    spec.dataset = Some(DatasetId::new("set-2026.1").unwrap());
    spec.shared_data_key = Some(DekId::from_bytes([0xD0; 16]));
    spec
}

pub(crate) fn blind() -> PackageSpec {
    let mut spec = PackageSpec::default();
    spec.profile = RecipientProfile::Blind;
    spec
}

fn suite_2(mut spec: PackageSpec) -> PackageSpec {
    spec.suite = Suite::ChaCha20Poly1305;
    spec
}

fn everything() -> PackageSpec {
    let mut spec = PackageSpec::default();
    let mut metadata = metadata();
    metadata.size = Some(20_000);
    spec.metadata = Some(metadata);
    spec.reproduced = with_patient().reproduced;
    spec.stored = context(&[("purpose", "treatment"), ("site", "")]);
    spec.policy = Some(PolicyHash::from_bytes([0xA0; 32]));
    spec.dataset = Some(DatasetId::new("set-2026.1").unwrap());
    spec.content_type = Some(ContentType::new("application/dicom").unwrap());
    spec
}

/// The package of the rewrap vectors: sealed to key 7, then rewrapped to key 8. Gives both states.
fn rewrapped() -> (Vec<u8>, Vec<u8>) {
    let old = seal(PackageSpec::default(), None, b"hello");
    let expectation = Expectation {
        policy: PolicyExpectation::Any,
        signer: SignerExpectation::NotRequired,
        keys: vec![local(7).key_ref()],
        reproduced: Context::new(),
        limits: Limits::default(),
    };
    let mut source = Cursor::new(&old);
    let checked = Checked::read(&mut source, expectation).unwrap();
    let bind = checked.bind();
    let stanza = &checked.header().stanzas()[0];
    let dek = medsec_crypto::Identity::unwrap_dek(&local(7), stanza, &bind).unwrap();
    let unlocked = checked.header().clone().unlock_recipients(dek).unwrap();
    let recipients = unlocked.wrap_for(&[&local(8)]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &old).unwrap();
    let new = NewRecipients::Authenticated { unlocked: &unlocked, stanzas: recipients };
    let confirm = |_: &Header| Confirmation::NotPermitted;
    let mut package = LockedPackage::open(file.path()).unwrap();
    package.rewrap(&new, confirm).unwrap();
    (old, std::fs::read(file.path()).unwrap())
}

/// The one shape that the library does not write.
fn optional_field() -> Option<Vec<u8>> {
    let python = std::env::var_os("MEDSEC_ORACLE_PYTHON")?;
    let request = format!(
        r#"{{"content": "{}", "created_at": 1790000000, "extra_fields": {{"32769": "6c61746572"}},
            "recipients": [{{"type": 1, "kek": "{}", "key_ref": "{}"}}]}}"#,
        STANDARD.encode("hello"),
        hex(&[7; 32]),
        hex(&local_ref(7))
    );
    let mut oracle = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/oracle/oracle.py"))
        .arg("seal")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = oracle.stdin.take().unwrap();
    stdin.write_all(request.as_bytes()).unwrap();
    drop(stdin);
    let output = oracle.wait_with_output().unwrap().stdout;
    let answer: serde_json::Value = serde_json::from_slice(&output).unwrap();
    Some(STANDARD.decode(answer["package"].as_str()?).unwrap())
}

fn with_foreign_stanza() -> Vec<u8> {
    let draft = draft(PackageSpec::default(), None);
    let dek = Dek::generate().unwrap();
    let later = KeyRef::new(StanzaKind::Unknown(200), b"a key of a later version").unwrap();
    let stanzas = vec![
        Stanza::new(later, vec![0xEE; 40]).unwrap(),
        local(7).wrap_dek(&dek, &draft.bind()).unwrap(),
    ];
    let sealer = draft.address(dek, stanzas).unwrap();
    sealer.seal_bytes(b"hello").unwrap()
}

/// The local stanza wraps nothing; the X25519 one does.
fn with_failing_stanza() -> Vec<u8> {
    let draft = draft(PackageSpec::default(), None);
    let dek = Dek::generate().unwrap();
    let stanzas = vec![
        Stanza::new(local(7).key_ref(), vec![0; 104]).unwrap(),
        identity(HpkeKind::X25519).recipient().wrap_dek(&dek, &draft.bind()).unwrap(),
    ];
    let sealer = draft.address(dek, stanzas).unwrap();
    sealer.seal_bytes(b"hello").unwrap()
}

pub(crate) fn vectors() -> Vec<Vector> {
    let mut vectors = plain();
    vectors.extend(recipients());
    vectors.extend(rewraps());
    if let Some(package) = optional_field() {
        let about = "field 0x8001 of a later version is ignored; made by the oracle";
        vectors.push(Vector::success("optional-field", about, b"hello", package).local(7));
    } else {
        println!("optional-field: needs MEDSEC_ORACLE_PYTHON");
    }
    vectors
}

fn plain() -> Vec<Vector> {
    let hello = b"hello";
    let local = |name, about, spec, content: &[u8]| {
        Vector::success(name, about, content, seal(spec, None, content)).local(7)
    };
    let signed = |name, about, spec, content: &[u8]| {
        let package = seal(spec, Some(9), content);
        Vector::success(name, about, content, package).local(7).signer(9)
    };
    let named = |vector: Vector| vector.line("metadata-file-name", "head-ct.dcm");
    let in_context =
        |vector: Vector| vector.line("context", "patient=MRN-0042").line("context", "study=S-7");
    let plain = PackageSpec::default;
    vec![
        local("worked-example", "the package of the page", plain(), hello),
        local("empty", "no content: one chunk of a tag only", plain(), b""),
        local("one-full-chunk", "16 KiB: a full chunk and an empty one", plain(), &content(16_384)),
        local("two-chunks", "a full chunk and a part", plain(), &content(20_000)),
        signed("signed", "a signature", plain(), hello),
        named(local("metadata", "encrypted metadata", with_metadata(), hello)),
        in_context(local(
            "reproduced-context",
            "context that is not stored",
            with_patient(),
            hello,
        )),
        in_context(named(signed(
            "everything",
            "all fields but the data key id",
            everything(),
            &content(20_000),
        )))
        .line("policy", hex(&[0xA0; 32])),
        local("blind", "no mac over the recipients", blind(), hello),
        local("suite-2", "ChaCha20-Poly1305", suite_2(plain()), hello),
        in_context(named(signed(
            "suite-2-everything",
            "all fields under suite 2",
            suite_2(everything()),
            &content(20_000),
        ))),
        signed("shared-data-key", "a data key that other packages use too", shared(), hello)
            .line("shared-data-key", "accepted"),
    ]
}

fn recipients() -> Vec<Vector> {
    let hello = b"hello";
    let secret = hex(&[0x51; 32]);
    let (x25519, x_wing) = (identity(HpkeKind::X25519), identity(HpkeKind::XWing));
    let plain = PackageSpec::default;
    let to =
        |recipients: &[&dyn medsec_crypto::Recipient]| seal_to(plain(), None, recipients, hello);
    let both = to(&[&local(7), x25519.recipient()]);
    vec![
        Vector::success("x25519", "HPKE with X25519", hello, to(&[x25519.recipient()]))
            .line("x25519-secret", &secret),
        Vector::success("x-wing", "HPKE with X-Wing", hello, to(&[x_wing.recipient()]))
            .line("x-wing-secret", &secret),
        Vector::success("two-recipients", "opened by the second", hello, both)
            .line("x25519-secret", &secret),
        Vector::success(
            "foreign-stanza",
            "a stanza of a later version is passed over",
            hello,
            with_foreign_stanza(),
        )
        .local(7),
        Vector::success(
            "first-unwrap-fails",
            "one stanza fails, the next yields the key",
            hello,
            with_failing_stanza(),
        )
        .local(7)
        .line("x25519-secret", &secret),
    ]
}

fn rewraps() -> Vec<Vector> {
    let hello = b"hello";
    let (old, new) = rewrapped();
    let mut unfinished = new.clone();
    unfinished[slot(&old, 0)].copy_from_slice(&old[slot(&old, 0)]);
    let mut torn = old.clone();
    let half = slot(&old, 1).start..slot(&old, 1).start + 512;
    torn[half.clone()].copy_from_slice(&new[half]);
    vec![
        Vector::success("rewrapped", "generation 2 in slot B", hello, new).local(8),
        Vector::success("rewrap-unfinished", "both slots whole", hello, unfinished)
            .local(8)
            .line("slots", "rewrap-unfinished"),
        Vector::success("inactive-slot-damaged", "slot B half written", hello, torn)
            .local(7)
            .line("slots", "damaged"),
    ]
}
