//! Readers that are slow, interrupted, broken, or end early.

use std::io::{self, Cursor, Read, Seek, Write};

use medsec_crypto::{Draft, Execution, Header, HeaderError, OpenError, OutputOptions, SealError};
use medsec_testkit::{FailingReader, FailingWriter, InterruptingReader, ShortReader};
use tempfile::TempDir;

use super::cases;
use crate::support::sample::{Plan, Sample};
use crate::support::{SEALED_AT, content, kek, metadata, names_in};

fn sample() -> Sample {
    Plan::new(600_000).signed().with_metadata().seal()
}

fn is_reset(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionReset
}

/// Opens what can be sought in; into memory.
fn open(plan: Plan, mut source: impl Read + Seek + Send) -> Result<Vec<u8>, OpenError> {
    let unlocked = plan.unlock(1, &mut source)?;
    let (content, _) = unlocked.open_to_memory(source, 1 << 30, &Execution::default())?;
    Ok(content.to_vec())
}

#[test]
fn broken_content_is_never_sealed() {
    let content = content(600_000);
    for threads in [1, 3] {
        let execution = crate::support::threads(threads);
        for good in [0, 1, 16_384, 262_144, 599_999] {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("out");
            let reader = FailingReader::new(&content[..], good);
            let sealer = Plan::new(0).sealer();
            let result = sealer.seal_to_file(reader, &path, OutputOptions::default(), &execution);
            assert!(matches!(result, Err(SealError::Read(error)) if is_reset(&error)));
            assert!(names_in(folder.path()).is_empty());
        }
    }
}

#[test]
fn broken_source_is_never_opened() {
    let sample = sample();
    for good in [0, 15, 100, 4300, 5000, 300_000, 590_000] {
        let source = FailingReader::new(Cursor::new(&sample.package), good);
        let error = open(sample.plan, source).unwrap_err();
        assert!(matches!(error, OpenError::Read(error) if is_reset(&error)), "{good}");
    }
}

#[test]
fn broken_stream_is_never_opened() {
    let sample = sample();
    for good in [0, 15, 100, 4300, 5000, 300_000, sample.package.len() as u64] {
        let stream = FailingReader::new(&sample.package[..], good);
        let error = sample.plan.stream(stream).unwrap_err();
        assert!(matches!(error, OpenError::Read(error) if is_reset(&error)), "{good}");
    }
}

#[test]
fn broken_header_is_told_from_a_bad_one() {
    let sample = sample();
    let mut reader = FailingReader::new(&sample.package[..], 50);
    assert!(matches!(Header::read(&mut reader), Err(HeaderError::Io(_))));
    let mut reader = &sample.package[..50];
    assert!(matches!(Header::read(&mut reader), Err(HeaderError::Format(_))));
}

#[test]
fn ended_stream_is_never_opened() {
    let error = sample().plan.stream(io::empty()).unwrap_err();
    assert!(matches!(error, OpenError::Format(_)));
}

#[test]
fn unfinished_release_is_an_error() {
    let sample = sample();
    let mut rest = &sample.package[..];
    let unlocked = sample.plan.unlock(1, &mut rest).unwrap();
    let backend = Execution::default().backend;
    let mut reader = unlocked.danger_release_unverified(rest, backend).unwrap();
    // One byte of the content is left unread.
    let mut content = vec![0; sample.content.len() - 1];
    reader.read_exact(&mut content).unwrap();
    assert!(matches!(reader.finish(), Err(OpenError::Unfinished)));
}

#[test]
fn release_read_exactly_still_verifies_the_end() {
    let good = sample();
    let bad = good.edited(|package, layout| package[layout.trailer.end - 1] ^= 1);
    for (package, is_good) in [(&good.package, true), (&bad, false)] {
        let mut rest = &package[..];
        let unlocked = good.plan.unlock(1, &mut rest).unwrap();
        let backend = Execution::default().backend;
        let mut reader = unlocked.danger_release_unverified(rest, backend).unwrap();
        // All content, but not the end behind it: `finish` has to look there.
        let mut content = vec![0; good.content.len()];
        reader.read_exact(&mut content).unwrap();
        assert_eq!(reader.finish().is_ok(), is_good);
    }
}

#[test]
fn content_of_other_size_than_stated_is_not_sealed() {
    let seal = |size: u64| {
        let mut spec = Plan::new(0).spec();
        let mut metadata = metadata();
        metadata.size = Some(size);
        spec.metadata = Some(metadata);
        let draft = Draft::new(spec, SEALED_AT, None).unwrap();
        draft.seal_to(&[&kek(1)]).unwrap().seal_bytes(b"content")
    };
    for size in [0, 6, 8] {
        assert!(matches!(seal(size), Err(SealError::SizeChanged)));
    }
    let package = seal(7).unwrap();
    let (_, opened) = Plan::new(7).open(&package).unwrap();
    assert_eq!(opened.metadata.unwrap().size, Some(7));
}

#[test]
fn released_content_ends_before_the_damage() {
    let sample = sample();
    let package = sample.edited(|package, layout| package[layout.chunk(20).start] ^= 1);
    let mut rest = &package[..];
    let unlocked = sample.plan.unlock(1, &mut rest).unwrap();
    let backend = Execution::default().backend;
    let mut reader = unlocked.danger_release_unverified(rest, backend).unwrap();
    let mut content = Vec::new();
    reader.read_to_end(&mut content).unwrap_err();
    assert!(content.len() <= 20 * 16_384);
    assert!(sample.content.starts_with(&content));
    // Reading on gives nothing more.
    assert!(reader.read(&mut [0; 10]).is_err());
    assert!(matches!(reader.finish(), Err(OpenError::Unfinished)));
}

#[test]
fn failed_writer_stays_failed() {
    let sealer = Plan::new(0).sealer();
    let backend = Execution::default().backend;
    let full = FailingWriter::new(Vec::new(), 10_000);
    let mut writer = sealer.into_writer(full, backend).unwrap();
    let error = writer.write_all(&content(300_000)).unwrap_err();
    let inner = error.downcast::<SealError>().unwrap();
    assert!(matches!(inner, SealError::Write(e) if e.kind() == io::ErrorKind::StorageFull));
    assert!(writer.write(b"more").is_err());
    assert!(matches!(writer.finish(), Err(SealError::Write(_))));
}

#[test]
fn content_over_the_limit_is_refused() {
    let sample = sample();
    let mut source = Cursor::new(&sample.package);
    let unlocked = sample.plan.unlock(1, &mut source).unwrap();
    let error = unlocked.open_to_memory(source, 599_999, &Execution::default());
    assert!(matches!(error, Err(OpenError::OverLimit { limit: 599_999, .. })));
}

#[test]
fn slow_readers_give_the_same_bytes() {
    let content = content(600_000);
    for case in cases(Plan::new(0).with_metadata(), &[1, 3]) {
        let slow = ShortReader::new(InterruptingReader::new(&content[..]), 7001, 1);
        let package = case.seal(slow);
        case.opens_to(&package, &content);
        let slow = ShortReader::new(InterruptingReader::new(Cursor::new(&package)), 7001, 2);
        assert!(open(case.plan, slow).unwrap() == content);
        let slow = ShortReader::new(InterruptingReader::new(&package[..]), 7001, 3);
        assert!(case.plan.stream(slow).unwrap().0 == content);
    }
}

#[test]
fn reader_of_single_bytes_gives_the_same_bytes() {
    let content = content(17_000);
    let plan = Plan::new(0).signed().with_metadata();
    let mut package = Vec::new();
    let single = ShortReader::new(&content[..], 1, 1);
    plan.sealer().seal(single, &mut package, &Execution::default()).unwrap();
    let single = ShortReader::new(&package[..], 1, 1);
    assert_eq!(plan.stream(single).unwrap().0, content);
    let single = ShortReader::new(Cursor::new(&package), 1, 1);
    assert_eq!(open(plan, single).unwrap(), content);
}
