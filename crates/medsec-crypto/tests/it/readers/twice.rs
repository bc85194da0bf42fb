//! A package read in two steps: a signature verified in the first counts in the second for itself only.

use std::io::Cursor;

use medsec_crypto::{Execution, OpenError, SignatureError, VerifiedSignature};

use crate::support::sample::{Plan, Sample};

fn sample() -> Sample {
    Plan::new(3000).signed().with_metadata().seal()
}

fn verified(sample: &Sample) -> VerifiedSignature {
    let unlocked = sample.plan.unlock(1, &mut &sample.package[..]).unwrap();
    assert!(unlocked.verified_signature().is_none());
    unlocked.read_metadata(Cursor::new(&sample.package)).unwrap();
    unlocked.verified_signature().unwrap()
}

fn second(plan: Plan, package: &[u8], verified: VerifiedSignature) -> Result<Vec<u8>, OpenError> {
    let unlocked = plan.unlock(1, &mut &*package)?.with_verified_signature(verified);
    let source = Cursor::new(package);
    let (content, _) = unlocked.open_to_memory(source, 1 << 20, &Execution::default())?;
    Ok(content.to_vec())
}

#[test]
fn altered_end_is_refused_in_the_second_step_too() {
    let sample = sample();
    let verified = verified(&sample);
    for at in sample.package.len() - 140..sample.package.len() {
        let mut package = sample.package.clone();
        package[at] ^= 1;
        assert!(second(sample.plan, &package, verified).is_err(), "byte {at}");
    }
    assert!(second(sample.plan, &sample.package, verified).unwrap() == sample.content);
}

#[test]
fn altered_payload_is_refused_in_the_second_step_too() {
    let sample = sample();
    let verified = verified(&sample);
    for at in sample.layout.payload.clone().step_by(13) {
        let mut package = sample.package.clone();
        package[at] ^= 1;
        assert!(second(sample.plan, &package, verified).is_err(), "byte {at}");
    }
}

#[test]
fn signature_of_another_package_does_not_count() {
    let (one, other) = (sample(), sample());
    let mut package = other.package.clone();
    *package.last_mut().unwrap() ^= 1;
    let error = second(other.plan, &package, verified(&one)).unwrap_err();
    assert!(matches!(error, OpenError::Signature(SignatureError::Invalid)), "{error}");
    assert!(second(other.plan, &other.package, verified(&one)).unwrap() == other.content);
}

#[test]
fn failed_signature_is_not_remembered() {
    let sample = sample();
    let mut package = sample.package.clone();
    *package.last_mut().unwrap() ^= 1;
    let unlocked = sample.plan.unlock(1, &mut &package[..]).unwrap();
    for _ in 0..2 {
        let error = unlocked.read_metadata(Cursor::new(&package)).unwrap_err();
        assert!(matches!(error, OpenError::Signature(SignatureError::Invalid)), "{error}");
        assert!(unlocked.verified_signature().is_none());
    }
}
