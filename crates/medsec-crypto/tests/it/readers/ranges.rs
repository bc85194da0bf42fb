//! Random access against the content, with and without a side-car.

use std::io::{Cursor, Read, Seek, SeekFrom};

use medsec_crypto::{
    Execution, FormatError, OpenError, Part, RangeError, RangeReader, SideCar, SideCarError,
    SignatureError, Unlocked, UnsignedRange,
};
use medsec_testkit::{Metered, Random};

use super::{Case, cases};
use crate::support::content;
use crate::support::sample::{Plan, Sample};

const CHUNK: usize = 16 * 1024;
const LEN: usize = 130 * CHUNK + 777;

fn side_car(sample: &Sample) -> SideCar {
    let unlocked = unlocked(sample);
    let source = Cursor::new(&sample.package);
    SideCar::build(unlocked.header(), source, u64::MAX, &Execution::default()).unwrap()
}

fn unlocked(sample: &Sample) -> Unlocked {
    sample.plan.unlock(1, &mut &sample.package[..]).unwrap()
}

fn signed() -> Sample {
    Plan::new(LEN).signed().with_metadata().seal()
}

/// The type without proven origin reads the same.
fn unsigned_agrees<R: Read + Seek>(mut reader: UnsignedRange<R>, content: &[u8]) {
    assert_eq!(reader.content_len().unwrap(), content.len() as u64);
    let mut whole = Vec::new();
    reader.rewind().unwrap();
    reader.read_to_end(&mut whole).unwrap();
    assert!(whole == content);
    let (start, mut out) = (content.len() / 2, [0; 100]);
    let read = reader.read_range(start as u64, &mut out).unwrap();
    assert!(content[start..].starts_with(&out[..read]));
}

/// Random ranges, ends and seeks must agree with the content.
fn agrees<R: Read + Seek>(mut reader: RangeReader<R>, content: &[u8], seed: u64) {
    let mut random = Random::new(seed);
    for _ in 0..60 {
        let start = random.below(content.len() + 20_000);
        let most = [200_000, 300, 300, 300][random.below(4)];
        let len = random.below(most);
        let mut out = vec![0; len];
        let read = reader.read_range(start as u64, &mut out).unwrap();
        let rest = content.get(start..).unwrap_or_default();
        assert_eq!(read, len.min(rest.len()));
        assert!(out[..read] == rest[..read], "{start} {len}");
    }
    for k in [CHUNK, 16 * CHUNK, 64 * CHUNK, 128 * CHUNK] {
        let mut out = [0; 2];
        assert_eq!(reader.read_range(k as u64 - 1, &mut out).unwrap(), 2);
        assert_eq!(out, content[k - 1..=k]);
    }
    let mut suffix = Vec::new();
    let at = reader.seek(SeekFrom::End(-1000)).unwrap();
    assert_eq!(at, content.len() as u64 - 1000);
    reader.read_to_end(&mut suffix).unwrap();
    assert!(suffix == content[content.len() - 1000..]);
    assert_eq!(reader.seek(SeekFrom::Start(1 << 40)).unwrap(), 1 << 40);
    assert_eq!(reader.read(&mut [0; 9]).unwrap(), 0);
    assert!(reader.seek(SeekFrom::Current(-(1 << 41))).is_err());
}

fn each(plan: Plan, check: impl Fn(&Case, &[u8], &[u8])) {
    let content = content(LEN);
    for case in cases(plan, &[1]) {
        check(&case, &case.seal(&content[..]), &content);
    }
}

#[test]
fn signed_range_without_side_car_is_refused() {
    let sample = signed();
    let unlocked = unlocked(&sample);
    let backend = Execution::default().backend;
    let result = unlocked.ranged(Cursor::new(&sample.package), backend);
    assert!(matches!(result, Err(RangeError::SideCarNeeded)));
}

#[test]
fn side_car_of_another_package_is_refused() {
    let (one, other) = (signed(), signed());
    let unlocked = unlocked(&one);
    let source = Cursor::new(&one.package);
    let backend = Execution::default().backend;
    let result = unlocked.ranged_with(source, side_car(&other), backend);
    let error = OpenError::Signature(SignatureError::Payload);
    assert_eq!(result.unwrap_err().to_string(), error.to_string());
}

#[test]
fn every_changed_byte_of_side_car_is_refused() {
    let sample = signed();
    let unlocked = unlocked(&sample);
    let backend = Execution::default().backend;
    let mut bytes = Vec::new();
    side_car(&sample).write(&mut bytes).unwrap();
    for offset in 0..bytes.len() {
        bytes[offset] ^= 1;
        if let Ok(side_car) = SideCar::parse(&bytes) {
            let source = Cursor::new(&sample.package);
            assert!(unlocked.ranged_with(source, side_car, backend).is_err(), "{offset}");
        }
        bytes[offset] ^= 1;
        assert!(SideCar::parse(&bytes[..offset]).is_err());
    }
    bytes.push(0);
    let trailing = FormatError::TrailingBytes { part: Part::SideCar };
    let error = SideCar::read(&mut &bytes[..]).unwrap_err();
    assert!(matches!(error, SideCarError::Format(found) if found == trailing));
}

#[test]
fn unsigned_package_has_no_side_car() {
    let sample = Plan::new(100).seal();
    let unlocked = unlocked(&sample);
    let source = Cursor::new(&sample.package);
    let result = SideCar::build(unlocked.header(), source, u64::MAX, &Execution::default());
    assert!(matches!(result, Err(OpenError::Signature(SignatureError::NotSigned))));
}

#[test]
fn damaged_chunk_is_noticed_when_read() {
    let sample = Plan::new(LEN).seal();
    let package = sample.edited(|package, layout| package[layout.chunk(70).start] ^= 1);
    let unlocked = unlocked(&sample);
    let backend = Execution::default().backend;
    let mut reader = unlocked.ranged(Cursor::new(&package), backend).unwrap();
    let mut out = [0; 100];
    for chunk in [0, 69, 71, 130] {
        reader.read_range((chunk * CHUNK) as u64, &mut out).unwrap();
        assert_eq!(out, sample.content[chunk * CHUNK..][..100]);
    }
    let error = reader.read_range((70 * CHUNK) as u64, &mut out).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { chunk: 70 }));
}

#[test]
fn signed_group_notices_a_forged_chunk() {
    // Another chunk of the group was changed: only the group's root can tell.
    let sample = signed();
    let package = sample.edited(|package, layout| package[layout.chunk(70).start] ^= 1);
    let unlocked = unlocked(&sample);
    let (source, backend) = (Cursor::new(&package), Execution::default().backend);
    let mut reader = unlocked.ranged_with(source, side_car(&sample), backend).unwrap();
    let mut out = [0; 100];
    reader.read_range(0, &mut out).unwrap();
    let error = reader.read_range((90 * CHUNK) as u64, &mut out).unwrap_err();
    assert!(matches!(error, OpenError::Signature(SignatureError::Payload)));
}

#[test]
fn cut_package_is_noticed_by_its_length() {
    let sample = Plan::new(LEN).seal();
    let cut = &sample.package[..sample.layout.chunk(100).start + 500];
    let unlocked = unlocked(&sample);
    let backend = Execution::default().backend;
    let mut reader = unlocked.ranged(Cursor::new(cut), backend).unwrap();
    reader.read_range(0, &mut [0; 10]).unwrap();
    assert!(matches!(reader.content_len(), Err(OpenError::Damaged { chunk: 100 })));
    assert!(reader.read_range(LEN as u64, &mut [0; 10]).is_err());
}

#[test]
fn small_range_reads_only_its_chunk() {
    let sample = Plan::new(LEN).seal();
    let unlocked = unlocked(&sample);
    let (source, meter) = Metered::new(Cursor::new(&sample.package));
    let mut reader = unlocked.ranged(source, Execution::default().backend).unwrap();
    let before = meter.traffic().read;
    reader.read_range((77 * CHUNK) as u64, &mut [0; 100]).unwrap();
    assert_eq!(meter.traffic().read - before, 16_400);
}

#[test]
fn ranges_agree_with_the_content() {
    each(Plan::new(0), |case, package, content| {
        let unlocked = case.unlock(&mut &package[..]);
        let backend = case.execution.backend;
        let source = || Cursor::new(package);
        if case.plan.signed {
            let header = unlocked.header();
            let built = SideCar::build(header, source(), u64::MAX, &case.execution).unwrap();
            let mut bytes = Vec::new();
            built.write(&mut bytes).unwrap();
            let read = SideCar::read(&mut &bytes[..]).unwrap();
            assert_eq!(read, built);
            agrees(unlocked.ranged_with(source(), read, backend).unwrap(), content, 1);
            let unsigned = unlocked.danger_ranged_unsigned(source(), backend).unwrap();
            unsigned_agrees(unsigned, content);
        } else {
            agrees(unlocked.ranged(source(), backend).unwrap(), content, 3);
        }
    });
}
