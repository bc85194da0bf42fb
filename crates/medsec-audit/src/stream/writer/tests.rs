use std::path::PathBuf;

use medsec_evidence::{Ev, Proven, evidence};

use super::*;
use crate::event::samples;
use crate::log::NewLog;
use crate::note::{Algorithm, Ed25519NoteSigner, KeyName};
use crate::stream::state;
use crate::verify::{Verdict, VerifyOptions};
use crate::{AuditLog, Retention, StreamName};

mod shared;
mod slow;

struct Home {
    _folder: tempfile::TempDir,
    log: AuditLog,
    key: Ed25519NoteSigner,
}

fn stream() -> StreamName {
    StreamName::new("main").unwrap()
}

impl Home {
    fn new() -> Self {
        Self::keeping(Retention::SIX_YEARS)
    }

    fn keeping(retention: Retention) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = KeyName::new("clinic.example/log").unwrap();
        let key = Ed25519NoteSigner::generate(name, Algorithm::Ed25519).unwrap();
        let new = NewLog { streams: vec![stream()], retention };
        let path = folder.path().join("audit");
        let log = AuditLog::create(&path, &new, &key, &SystemClock::default()).unwrap();
        Self { _folder: folder, log, key }
    }

    fn open(&self, known: &[Known]) -> Result<StreamWriter, OpenWriterError> {
        self.open_with(64 << 20, known)
    }

    fn open_with(&self, segment: u64, known: &[Known]) -> Result<StreamWriter, OpenWriterError> {
        let mut options = WriterOptions::new(samples::place());
        options.patience = Duration::ZERO;
        options.segment_bytes = segment;
        self.log.writer(&stream(), &options, known)
    }

    fn writer(&self) -> StreamWriter {
        self.open(&[]).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.log.stream_folder(&stream()).join(name)
    }

    fn verdict(&self) -> Verdict {
        self.log.verifier(&stream()).unwrap().verify(&VerifyOptions::default()).unwrap().verdict()
    }
}

const SEGMENT: &str = "log/00000000000000000000.jsonl";

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "a second writer is not admitted to the audit log where the file of its lock was removed or replaced",
    polarity = deny,
)]
fn a_second_writer_is_refused_without_the_lock_file(ev: Ev) -> Proven {
    let home = Home::new();
    let writer = home.writer();
    let lock = home.path("LOCK");
    std::fs::remove_file(&lock).unwrap();
    ev.denies(home.open(&[]).map(drop), |error| matches!(error, OpenWriterError::Busy));
    std::fs::remove_file(&lock).unwrap();
    std::fs::write(&lock, "").unwrap();
    ev.denies(home.open(&[]).map(drop), |error| matches!(error, OpenWriterError::Busy));
    let _ = writer.append(&samples::example()).unwrap();
    writer.close().unwrap();
    home.writer().close().unwrap();
    ev.equal("the stream is whole", &home.verdict(), &Verdict::Whole);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "nothing is acknowledged that was written to a file which had ceased to be the audit log's before the \
             batch was begun",
    polarity = deny,
)]
fn a_writer_whose_segment_was_replaced_acknowledges_nothing(ev: Ev) -> Proven {
    for replaced in [true, false] {
        let home = Home::new();
        let writer = home.writer();
        let _ = writer.append(&samples::example()).unwrap();
        let (segment, beside) = (home.path(SEGMENT), home.path("copy"));
        std::fs::copy(&segment, &beside).unwrap();
        std::fs::remove_file(&segment).unwrap();
        if replaced {
            std::fs::rename(&beside, &segment).unwrap();
        }
        for _ in 0..2 {
            let refused = writer.append(&samples::example());
            ev.denies(refused, |error| *error == AppendError::Displaced);
            ev.denies(writer.rotate(), |error| *error == AppendError::Displaced);
        }
        drop(writer);
        if replaced {
            home.writer().close().unwrap();
            ev.equal("what was acknowledged is there", &home.verdict(), &Verdict::Whole);
        }
    }
    ev.proven()
}

#[test]
fn a_process_that_was_forked_off_does_not_write() {
    let home = Home::new();
    let mut writer = home.writer();
    let size = writer.size();
    // As after fork(2): all that tells the copy is the number of its process.
    writer.process = writer.process.wrapping_add(1);
    assert_eq!(writer.append(&samples::example()), Err(AppendError::Forked));
    assert_eq!(writer.rotate(), Err(AppendError::Forked));
    // A thread of the other process may have been writing at the fork: nobody gives its lock back here.
    let queue = Arc::clone(&writer.queue);
    queue.while_writing(|| {
        assert_eq!((writer.size(), writer.genesis().stream), (size, stream()));
        assert!(writer.space().is_ok());
    });
    assert_eq!(writer.close(), Err(AppendError::Forked));
    assert_eq!(home.verdict(), Verdict::Whole);
}

const ELEVEN_DAYS: Duration = Duration::from_secs(11 * 86_400);

/// So far ahead of the machine's clock.
#[derive(Debug)]
struct Later(SystemClock, Duration);

impl Clock for Later {
    fn wall(&self) -> std::time::SystemTime {
        self.0.wall().checked_add(self.1).unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

#[test]
fn of_calls_that_retire_at_once_one_takes_the_records() {
    let home = Home::keeping(Retention::days(10).unwrap());
    for _ in 0..4 {
        let writer = home.open_with(1, &[]).unwrap();
        let _ = writer.append(&samples::example()).unwrap();
        writer.close().unwrap();
    }
    let mut options = WriterOptions::new(samples::place());
    (options.clock, options.patience) =
        (Arc::new(Later(SystemClock::default(), ELEVEN_DAYS)), Duration::from_secs(60));
    let results: Vec<_> = std::thread::scope(|scope| {
        let retire = || home.log.retire(&stream(), &options, &[], &home.key);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(retire)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut gone: Vec<_> = results.into_iter().map(|result| result.unwrap().records).collect();
    gone.sort_unstable();
    assert_eq!(gone[..3], [0; 3]);
    assert!(gone[3] > 4, "{gone:?}");
    assert!(!home.path(SEGMENT).exists());
    assert_eq!(home.verdict(), Verdict::Whole);
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "that a stream was found to continue one checkpoint does not let it be written against another",
    polarity = deny,
)]
fn a_remembered_checkpoint_does_not_stand_for_another(ev: Ev) -> Proven {
    let home = Home::new();
    let writer = home.open_with(4096, &[]).unwrap();
    for _ in 0..20 {
        let _ = writer.append(&samples::example()).unwrap();
    }
    let published = home.log.publish(&stream(), &home.key).unwrap().checkpoint;
    let _ = writer.append(&samples::example()).unwrap();
    writer.close().unwrap();
    let known = [Known::from(&published)];
    let writer = home.open(&known).unwrap();
    let _ = writer.append(&samples::example()).unwrap();
    writer.close().unwrap();
    // Without tiles and the first lines only what was remembered tells.
    std::fs::rename(home.path("tile"), home.path("gone")).unwrap();
    std::fs::rename(home.path(SEGMENT), home.path("first")).unwrap();
    home.open(&known).unwrap().close().unwrap();
    let origin = home.log.origin(&stream());
    let other = [Known::new(origin.clone(), published.size(), crate::tree::EMPTY_ROOT)];
    ev.denies(home.open(&other).map(drop), |error| matches!(error, OpenWriterError::Fork { .. }));
    std::fs::rename(home.path("first"), home.path(SEGMENT)).unwrap();
    ev.denies(home.open(&other).map(drop), |error| matches!(error, OpenWriterError::Fork { .. }));
    let larger = [Known::new(origin, 10_000, *published.root())];
    ev.denies(home.open(&larger).map(drop), |error| {
        matches!(error, OpenWriterError::Anchored { known: 10_000, .. })
    });
    home.open(&known).unwrap().close().unwrap();
    ev.equal("the stream is whole", &home.verdict(), &Verdict::Whole);
    ev.proven()
}

#[test]
fn what_was_remembered_of_a_smaller_stream_spoils_no_cache() {
    let home = Home::new();
    home.writer().close().unwrap();
    let known = [home.log.known(&stream()).unwrap().unwrap()];
    let writer = home.open(&known).unwrap();
    for _ in 0..5 {
        let _ = writer.append(&samples::example()).unwrap();
    }
    // As a process that is killed leaves it: the cache is of the stream as it was when that began.
    drop(writer);
    let folder = Folder::new(&home.log.stream_folder(&stream()));
    for _ in 0..2 {
        drop(home.writer());
        assert!(state::load(&folder, None).is_some());
    }
}

#[test]
fn a_lock_of_a_name_is_waited_for_with_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Folder::new(folder.path());
    let first = folder.wait_for_lock("checkpoint", Duration::ZERO).unwrap();
    assert!(first.is_some());
    assert!(folder.wait_for_lock("checkpoint", Duration::from_millis(20)).unwrap().is_none());
    drop(first);
    assert!(folder.wait_for_lock("checkpoint", Duration::ZERO).unwrap().is_some());
}
