//! One package, opened three ways: with a look at its end first, as a stream with the end held back,
//! and as a stream that releases content on the way.

use std::io::Read;
use std::num::NonZeroUsize;

use crate::fuzz::edits::edited;
use crate::fuzz::input::Input;
use crate::fuzz::readers::{Choppy, Plan};
use crate::fuzz::samples::{Sample, samples};
use crate::fuzz::scratch::Scratch;
use crate::{Backend, Execution, OpenError, Opened, OutputOptions};

/// A package whose body the fuzzer mangled, from sources that read short, interrupt and fail. All three
/// ways agree on whether it opens and on the content; nothing is left where it does not; what was
/// released before an error is a prefix of the content.
pub fn stream_open(data: &[u8]) {
    let mut input = Input::new(data);
    let sample = input.pick(samples());
    let execution = Execution {
        threads: if input.u8() % 8 == 7 {
            NonZeroUsize::MIN.saturating_add(1)
        } else {
            NonZeroUsize::MIN
        },
        backend: *input.pick(Backend::ALL),
        observer: None,
    };
    let mut plan = Plan::choose(&mut input);
    let fails = input.u8() % 8 == 7;
    let fails_at = input.below(sample.bytes.len());
    let pieces = input.bytes(4);
    let package = edited(&mut input, sample, sample.layout.payload);

    let whole = sample.open(&package, &execution);
    if let Ok((content, opened)) = &whole {
        sample.assert_genuine(&package, content, opened);
    } else {
        assert!(package != sample.bytes, "the original does not open");
    }
    if fails {
        plan.fails_at = Some(fails_at.min(package.len()) as u64);
    }
    let expected = if fails { None } else { whole.ok() };
    let held_back = held_back(sample, plan.over(&package), &execution);
    assert_eq!(held_back.is_ok(), expected.is_some(), "held back");
    let (released, verdict) = released(sample, plan.over(&package), execution.backend, pieces);
    assert_eq!(verdict.is_ok(), expected.is_some(), "released");
    if let Some((content, opened)) = expected {
        let (streamed, stream_opened) = held_back.unwrap();
        assert!(streamed == content && released == content);
        assert_same(&opened, &stream_opened);
        assert_same(&opened, &verdict.unwrap());
    } else {
        assert!(sample.plain.starts_with(&released), "released another content");
    }
}

fn held_back(
    sample: &Sample,
    mut source: Choppy<'_>,
    execution: &Execution<'_>,
) -> Result<(Vec<u8>, Opened), OpenError> {
    let unlocked = sample.unlock_from(&mut source)?;
    let scratch = Scratch::new();
    let path = scratch.file();
    let options = OutputOptions::default();
    let opened = unlocked.open_stream_to_file(source, &path, options, execution);
    if opened.is_err() {
        scratch.assert_empty();
    }
    let opened = opened?;
    Ok((std::fs::read(&path).unwrap(), opened))
}

/// What was released, whatever the verdict.
fn released(
    sample: &Sample,
    mut source: Choppy<'_>,
    backend: Backend,
    pieces: &[u8],
) -> (Vec<u8>, Result<Opened, OpenError>) {
    let mut content = Vec::new();
    let unlocked = match sample.unlock_from(&mut source) {
        Ok(unlocked) => unlocked,
        Err(error) => return (content, Err(error)),
    };
    let mut reader = unlocked.danger_release_unverified(source, backend).unwrap();
    let mut piece = vec![0; 70_000];
    for step in pieces.iter().cycle().chain(&[0xFF]) {
        // After a while large pieces, so that an execution ends.
        let len =
            if content.len() < 2000 && *step < 200 { usize::from(*step) } else { piece.len() };
        match reader.read(&mut piece[..len]) {
            Ok(0) if len > 0 => return (content, reader.finish()),
            Ok(read) => content.extend_from_slice(&piece[..read]),
            Err(_) => {
                assert!(reader.read(&mut piece).is_err(), "goes on after an error");
                return (content, reader.finish());
            }
        }
        if pieces.iter().all(|step| *step == 0) && len == 0 {
            break;
        }
    }
    let finished = reader.read_to_end(&mut content);
    let verdict = reader.finish();
    assert_eq!(finished.is_ok(), verdict.is_ok());
    (content, verdict)
}

fn assert_same(one: &Opened, other: &Opened) {
    assert_eq!(one.package_id, other.package_id);
    assert_eq!(one.plain_len, other.plain_len);
    assert!(one.metadata == other.metadata);
    assert_eq!(one.signer, other.signer);
    assert_eq!(one.slots, other.slots);
}
