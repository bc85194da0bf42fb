//! Structured mutations of valid packages: what opens is the original.

use std::io::Cursor;

use crate::fuzz::edits::edited;
use crate::fuzz::input::Input;
use crate::fuzz::samples::{SHORT, Sample, samples};
use crate::{Execution, Header, Inspection, NotAuthentic, OpenError};

/// Inserts, deletes, swaps, duplicates and splices in a valid package of one of several shapes. It opens
/// only where it is byte-identical to the original outside the unused slot; its signature verifies only
/// where everything but the slots is; its metadata are the original ones or none.
pub fn mutate_package(data: &[u8]) {
    let mut input = Input::new(data);
    let sample = input.pick(&samples()[..SHORT]);
    let package = edited(&mut input, sample, 0);
    let execution = Execution::default();
    match sample.open(&package, &execution) {
        Ok((content, opened)) => {
            sample.assert_genuine(&package, &content, &opened);
            refused_with_another_context(sample, &package);
        }
        Err(error) => assert!(package != sample.bytes, "the original: {error}"),
    }
    without_a_key(sample, &package);
    if let Ok(unlocked) = sample.unlock(&package)
        && let Ok(metadata) = unlocked.read_metadata(Cursor::new(&package))
    {
        assert!(metadata == sample.metadata, "other metadata");
    }
}

fn refused_with_another_context(sample: &Sample, package: &[u8]) {
    if sample.expectation.reproduced.is_empty() {
        return;
    }
    let other = Sample {
        expectation: crate::Expectation {
            reproduced: sample.other_context(),
            ..sample.expectation.clone()
        },
        bytes: Vec::new(),
        plain: Vec::new(),
        metadata: None,
        layout: sample.layout,
    };
    let refused = other.unlock(package);
    assert!(matches!(refused, Err(OpenError::NotAuthentic(NotAuthentic))));
}

fn without_a_key(sample: &Sample, package: &[u8]) {
    let Ok(header) = Header::read(&mut &*package) else {
        return;
    };
    if let Ok(shape) = Inspection::read(Cursor::new(package)) {
        assert_eq!(shape.package_len, package.len() as u64);
        assert!(shape.payload_len < shape.package_len && shape.plain_len < shape.payload_len);
        assert!(shape.chunks > shape.plain_len / (16 * 1024));
    }
    let signer = &sample.expectation.signer;
    let origin =
        header.verify_origin(Cursor::new(package), signer, u64::MAX, &Execution::default());
    let Ok(origin) = origin else { return };
    let same = |known: &&Sample| {
        Header::read(&mut &*known.bytes).is_ok_and(|known| known.hash() == header.hash())
    };
    // An edit may have made another package of this one, as a whole.
    let genuine = samples().iter().find(same).unwrap();
    let payload = &genuine.bytes[genuine.layout.payload..];
    assert!(package.ends_with(payload), "another payload or ending is signed");
    assert_eq!(origin.plain_len, genuine.plain.len() as u64);
}
