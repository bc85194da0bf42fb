//! Chunks moved about in a payload of 260 chunks, so that chunk numbers pass from one byte into two.

use medsec_crypto::{OpenError, SignatureError};

use crate::support::layout::Layout;
use crate::support::sample::{Plan, Sample};

const CHUNKS: usize = 260;

fn plan() -> Plan {
    Plan::new((CHUNKS - 1) * 16 * 1024 + 1000)
}

/// The first chunk found damaged must be this one, sought in or streamed.
#[track_caller]
fn damaged_at(sample: &Sample, expected: usize, edit: impl FnOnce(&mut Vec<u8>, &Layout)) {
    let package = sample.edited(edit);
    let ways = [sample.plan.open(&package), sample.plan.stream(&package[..])];
    for error in ways.map(|way| way.map(|_| ()).expect_err("opened")) {
        match error {
            OpenError::Damaged { chunk } => assert_eq!(usize::try_from(chunk).unwrap(), expected),
            other => panic!("expected damage at {expected}, found {other:?}"),
        }
    }
}

fn swap(package: &mut [u8], layout: &Layout, one: usize, other: usize) {
    let (one, other) = (layout.chunk(one), layout.chunk(other));
    assert_eq!(one.len(), other.len());
    let (head, tail) = package.split_at_mut(other.start);
    head[one].swap_with_slice(&mut tail[..other.len()]);
}

#[test]
fn swapped_chunks_are_noticed() {
    let sample = plan().seal();
    // 0 and 256 differ in the second byte of the counter only; 255 and 256 where it rolls over.
    for (one, other) in [(0, 1), (15, 16), (0, 256), (254, 255), (255, 256), (1, 257)] {
        damaged_at(&sample, one, |package, layout| swap(package, layout, one, other));
    }
}

#[test]
fn duplicated_chunk_is_noticed() {
    let sample = plan().seal();
    for k in [0, 15, 254, 255, 256] {
        damaged_at(&sample, k + 1, |package, layout| {
            let chunk = package[layout.chunk(k)].to_vec();
            let end = layout.chunk(k).end;
            package.splice(end..end, chunk);
        });
    }
}

#[test]
fn dropped_chunk_is_noticed() {
    let sample = plan().seal();
    for k in [0, 15, 255, 256, CHUNKS - 2] {
        damaged_at(&sample, k, |package, layout| {
            package.drain(layout.chunk(k));
        });
    }
}

#[test]
fn dropped_last_chunk_is_noticed() {
    let sample = plan().seal();
    let error = sample.refusal_after(|package, layout| {
        package.drain(layout.chunk(CHUNKS - 1));
    });
    // A payload never ends with a full chunk, so that the length alone tells.
    assert!(matches!(error, OpenError::Format(_)), "{error:?}");
}

#[test]
fn payload_cut_within_a_chunk_is_noticed() {
    let sample = plan().seal();
    for k in [0, 255, 256] {
        damaged_at(&sample, k, |package, layout| {
            package.truncate(layout.chunk(k).start + 1000);
        });
    }
}

#[test]
fn appended_chunk_is_noticed() {
    let sample = Plan::new(20_000).seal();
    damaged_at(&sample, 1, |package, layout| {
        let last = package[layout.chunk(1)].to_vec();
        package.extend_from_slice(&last);
    });
}

#[test]
fn chunk_of_another_package_is_noticed() {
    let (sample, other) = (plan().seal(), plan().seal());
    for k in [0, 255, 256, CHUNKS - 1] {
        damaged_at(&sample, k, |package, layout| {
            let chunk = layout.chunk(k);
            package[chunk.clone()].copy_from_slice(&other.package[chunk]);
        });
    }
}

#[test]
fn payload_of_another_package_is_not_authentic() {
    let (sample, other) = (Plan::new(100).seal(), Plan::new(100).seal());
    let error = sample.refusal_after(|package, layout| {
        let payload = layout.payload.clone();
        package[payload.clone()].copy_from_slice(&other.package[payload]);
    });
    assert!(matches!(error, OpenError::NotAuthentic(_)));
}

#[test]
fn signed_package_notices_swap_without_key() {
    let sample = plan().signed().seal();
    let package = sample.edited(|package, layout| swap(package, layout, 255, 256));
    let origin = crate::support::sample::origin_of(&package);
    assert!(matches!(origin, Err(OpenError::Signature(SignatureError::Payload))));
}

#[test]
fn payload_of_260_chunks_opens_identically() {
    for plan in [plan(), plan().signed()] {
        let sample = plan.seal();
        assert!(plan.open(&sample.package).unwrap().0 == sample.content);
        assert!(plan.stream(&sample.package[..]).unwrap().0 == sample.content);
    }
}
