//! Records whose time is over.

use super::{AuditLog, PublishError};
use crate::count::Count;
use crate::epoch::{Retirement, StreamName};
use crate::note::NoteSigner;
use crate::stream::{
    AppendError, Fault, How, OpenWriterError, SEGMENTS, Segment, Tiles, TilesError, Walk,
    WriterOptions, segments, spine,
};
use crate::time::LogTime;
use crate::verify::Known;
use crate::volume::{Folder, Volume};

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetiredRecords {
    /// Number of records whose lines are gone. Their leaf hashes stay, and the record of every epoch.
    pub records: u64,
    /// Number of segments that they were in.
    pub segments: u64,
}

/// Why no records went. What is not named in a record of the stream is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetireError {
    /// There is no checkpoint that the records could be proved by later.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The stream cannot be written.
    #[error(transparent)]
    Open(#[from] OpenWriterError),
    /// The record of the retirement could not be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The stream, or what is to be kept of it, is not what its writer wrote.
    #[error("the stream is not what its writer wrote: {0}")]
    Fault(Fault),
    /// The tiles do not have the records yet: some more have to be written first.
    #[error("too few records follow those that could go")]
    TooFew(#[source] TilesError),
}

impl From<std::io::Error> for RetireError {
    fn from(error: std::io::Error) -> Self {
        Self::Publish(error.into())
    }
}

impl AuditLog {
    /// Takes the segments away whose records are all older than record 0 says that they are kept. Their leaf hashes,
    /// the records of epochs and the last commit of each stay: the stream verifies as before.
    ///
    /// The whole stream is verified first. The log key signs which records go.
    ///
    /// # Errors
    /// [`RetireError`]. Segments that were left behind by an interruption go with the next call.
    pub fn retire(
        &self,
        stream: &StreamName,
        options: &WriterOptions,
        known: &[Known],
        signer: &dyn NoteSigner,
    ) -> Result<RetiredRecords, RetireError> {
        let folder = Folder::new(&self.stream_folder(stream));
        let published = self.publish(stream, signer)?;
        let expected = self.genesis(stream).map_err(PublishError::from)?;
        // From here on nobody else writes or retires, until the segments are gone.
        let writer = self.writer(stream, options, known)?;
        let ending = Walk::new(&folder)?.check_all(Some(expected), &How::QUIET)?;
        if let Some(fault) = ending.fault {
            return Err(RetireError::Fault(fault));
        }
        let keep = writer.genesis().retention.as_millis();
        let now = LogTime::from(options.clock.wall()).unix_millis();
        let due = due(&folder, now.saturating_sub(keep), published.checkpoint.size())?;
        let permitted = ending.replay.retired().last();
        let permitted = permitted.map_or(0, |last| last.retirement.last.get().saturating_add(1));
        let mut gone = RetiredRecords::default();
        if due.until > permitted {
            keep_spine(&folder, &due.segments)?;
            let retirement = retirement(&folder, permitted, due.until)?;
            writer.retire(retirement, signer)?;
            gone.records = due.until.saturating_sub(permitted);
        }
        for segment in &due.segments {
            folder.remove(&segment.name())?;
            // One by one, so that after a power cut none is there behind one that is gone.
            folder.sync_folder(SEGMENTS)?;
            gone.segments = gone.segments.saturating_add(1);
        }
        writer.close()?;
        Ok(gone)
    }
}

/// Segments whose time is over, and the record behind them.
struct Due {
    segments: Vec<Segment>,
    until: u64,
}

/// All records of a segment are older than the first of the next one. Those behind a checkpoint stay.
fn due(volume: &dyn Volume, before: u64, published: u64) -> std::io::Result<Due> {
    let all = segments(volume)?;
    let mut due = Due { segments: Vec::new(), until: 0 };
    for (segment, next) in all.iter().zip(all.iter().skip(1)) {
        let over = next.first_time(volume)?.is_some_and(|time| time.unix_millis() <= before);
        if !over || next.first > published {
            break;
        }
        due.segments.push(*segment);
        due.until = next.first;
    }
    Ok(due)
}

fn keep_spine(volume: &dyn Volume, segments: &[Segment]) -> std::io::Result<()> {
    segments.iter().try_for_each(|segment| spine::keep(volume, *segment))
}

fn retirement(volume: &dyn Volume, first: u64, until: u64) -> Result<Retirement, RetireError> {
    let root = Tiles(volume).root_within(until).map_err(RetireError::TooFew)?;
    // What is kept must lead to the same tree before anything goes.
    let followed = spine::follow(volume, None, until, &[])?.map_err(RetireError::Fault)?;
    if followed.replay.root() != root {
        return Err(RetireError::TooFew(TilesError::OtherTree));
    }
    let counted = |number| Count::new(number).map_err(|_| AppendError::Limit);
    Ok(Retirement { first: counted(first)?, last: counted(until.saturating_sub(1))?, root })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::epoch::Retention;
    use crate::event::samples;
    use crate::log::NewLog;
    use crate::note::{Algorithm, Ed25519NoteSigner, KeyName};
    use crate::verify::{Finding, VerifyOptions};

    /// A log with some segments of records written now, kept for ten days.
    fn filled() -> (tempfile::TempDir, AuditLog, StreamName, Ed25519NoteSigner, WriterOptions) {
        let folder = tempfile::tempdir().unwrap();
        let name = KeyName::new("clinic.example/log").unwrap();
        let key = Ed25519NoteSigner::generate(name, Algorithm::Ed25519).unwrap();
        let stream = StreamName::new("main").unwrap();
        let new = NewLog { streams: vec![stream.clone()], retention: Retention::days(10).unwrap() };
        let path = folder.path().join("audit");
        let log = AuditLog::create(&path, &new, &key, &SystemClock::default()).unwrap();
        let mut options = WriterOptions::new(samples::example().place);
        options.segment_bytes = 2048;
        let writer = log.writer(&stream, &options, &[]).unwrap();
        for _ in 0..30 {
            let _ = writer.append(&samples::example()).unwrap();
        }
        writer.close().unwrap();
        let _ = log.publish(&stream, &key).unwrap();

        (folder, log, stream, key, options)
    }

    #[test]
    fn records_that_the_log_key_lets_go_before_their_time_are_told() {
        let (_folder, log, stream, key, options) = filled();
        let volume = Folder::new(&log.stream_folder(&stream));
        let all = segments(&volume).unwrap();
        keep_spine(&volume, &all[..2]).unwrap();
        let verify = || log.verifier(&stream).unwrap().verify(&VerifyOptions::default()).unwrap();
        let early = retirement(&volume, 0, all[2].first).unwrap();
        let writer = log.writer(&stream, &options, &[]).unwrap();
        writer.retire(early, &key).unwrap();
        writer.close().unwrap();
        assert!(verify().findings.is_empty(), "nothing is gone yet");
        // Carried out half, then whole.
        let finding = Finding::RetiredEarly { last: all[2].first - 1 };
        for segment in &all[..2] {
            volume.remove(&segment.name()).unwrap();
            assert_eq!(verify().findings, [finding]);
        }
    }

    #[test]
    fn the_first_retirement_begins_with_record_0() {
        let (_folder, log, stream, key, options) = filled();
        let volume = Folder::new(&log.stream_folder(&stream));
        let all = segments(&volume).unwrap();
        keep_spine(&volume, &all[..2]).unwrap();
        let late = retirement(&volume, 3, all[2].first).unwrap();
        let writer = log.writer(&stream, &options, &[]).unwrap();
        writer.retire(late, &key).unwrap();
        writer.close().unwrap();
        let report = log.verifier(&stream).unwrap().verify(&VerifyOptions::default()).unwrap();
        let kinds: Vec<_> = report
            .findings
            .iter()
            .filter_map(|finding| match finding {
                Finding::Tampered(fault) => Some(fault.kind),
                _ => None,
            })
            .collect();
        assert_eq!(kinds, [crate::stream::FaultKind::Retire]);
    }
}
