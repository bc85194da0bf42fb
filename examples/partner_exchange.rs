//! A hospital sends a finding to a laboratory: signed by the hospital, readable only by the laboratory,
//! and only as the finding of the patient it belongs to.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::Cursor;
use std::sync::Arc;

use medsec_crypto::{
    Checked, Context, Draft, Execution, Expectation, Header, HpkeIdentity, HpkeKind, Identity,
    Limits, Metadata, OpenError, PackageSpec, PolicyExpectation, SignerExpectation, SigningKey,
    Timestamp,
};

fn main() -> Result<(), Box<dyn Error>> {
    // Once: the laboratory makes an identity and hands out its public key; the hospital a signing key.
    let laboratory = HpkeIdentity::generate(HpkeKind::XWing)?;
    let hospital = SigningKey::generate()?;
    let signer = hospital.verifying_key();

    // The hospital seals. Who the patient is stands nowhere in the package, but is bound into it.
    let mut spec = PackageSpec::default();
    spec.reproduced = patient("MRN-0042")?;
    let mut metadata = Metadata::new();
    metadata.file_name = Some("finding.txt".to_owned());
    spec.metadata = Some(metadata);
    let created_at = Timestamp::from(std::time::SystemTime::now());
    let package = Draft::new(spec, created_at, Some(Arc::new(hospital)))?
        .seal_to(&[laboratory.recipient()])?
        .seal_bytes(b"no abnormality detected")?;
    println!("sealed: {} bytes", package.len());

    // Anyone can verify where it comes from, without a key.
    let expected = SignerExpectation::OneOf(vec![signer]);
    let header = Header::read(&mut Cursor::new(&package))?;
    let execution = Execution::default();
    let origin = header.verify_origin(Cursor::new(&package), &expected, 1 << 32, &execution)?;
    println!("origin: signed by {}", origin.signer);

    // The laboratory opens it as the finding of the patient it expects.
    let expectation = |patient| Expectation {
        policy: PolicyExpectation::Any,
        signer: expected.clone(),
        keys: vec![laboratory.key_ref()],
        reproduced: patient,
        limits: Limits::default(),
    };
    let mut source = Cursor::new(&package);
    let unlocked = Checked::read(&mut source, expectation(patient("MRN-0042")?))?
        .unlock_with(&[&laboratory])?;
    let (content, opened) = unlocked.open_to_memory(source, 1 << 20, &execution)?;
    println!("opened: {} bytes, signer {:?}", content.len(), opened.signer);

    // Served as another patient's finding it does not open.
    let other = Checked::read(&mut Cursor::new(&package), expectation(patient("MRN-0043")?))?
        .unlock_with(&[&laboratory]);
    match other {
        Err(OpenError::NotAuthentic(refused)) => println!("as another patient's: {refused}"),
        _ => return Err("opened for the wrong patient".into()),
    }
    Ok(())
}

fn patient(record: &str) -> Result<Context, medsec_crypto::InvalidValue> {
    let mut context = Context::new();
    context.insert("patient", record)?;
    Ok(context)
}
