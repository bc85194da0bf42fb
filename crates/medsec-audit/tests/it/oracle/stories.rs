//! One log whose streams have lived through everything that can happen to a stream.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{
    Algorithm, AuditLog, Ed25519NoteSigner, NewLog, Retention, StreamName, StreamWriter,
    WriterOptions,
};
use tempfile::TempDir;

use crate::streams::{LOG, NOON, TestClock, denied, opened, options, write_lines};
use crate::support::signer;

const DAY: u64 = 86_400_000;

/// What the streams are called, and what they are found to be.
pub(super) const ENDS: &[(&str, &str)] = &[
    ("aside", "whole"),
    ("closed", "whole"),
    ("lost", "truncated"),
    ("new", "whole"),
    ("open", "whole"),
    ("rekeyed", "rekeyed"),
    ("repaired", "whole"),
    ("retired", "whole"),
    ("torn", "torn"),
];

/// The log.
pub(super) struct Stories {
    folder: TempDir,
    pub(super) log: AuditLog,
    clock: Arc<TestClock>,
    key: Ed25519NoteSigner,
}

fn name(text: &str) -> StreamName {
    StreamName::new(text).unwrap()
}

/// Copies a file or a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

impl Stories {
    pub(super) fn tell() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, clock) = (signer(LOG, Algorithm::Ed25519, 7), TestClock::at(NOON));
        let streams = ENDS.iter().map(|(text, _)| name(text)).collect();
        let new = NewLog { streams, retention: Retention::days(10).unwrap() };
        let log = AuditLog::create(&folder.path().join("audit"), &new, &key, &*clock).unwrap();
        let stories = Self { folder, log, clock, key };
        stories.closed();
        stories.open();
        stories.aside();
        stories.repaired();
        stories.rekeyed();
        stories.lost();
        stories.torn();
        stories.retired();
        stories
    }

    /// The folder of the log.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    /// A log of its own with the root note and this stream alone.
    pub(super) fn only(&self, stream: &str) -> (TempDir, AuditLog) {
        let folder = tempfile::tempdir().unwrap();
        copy(&self.root().join("root"), &folder.path().join("root"));
        let of_stream = Path::new("streams").join(stream);
        copy(&self.root().join(&of_stream), &folder.path().join(&of_stream));
        let log = AuditLog::open(folder.path(), self.log.pin()).unwrap();
        (folder, log)
    }

    fn options(&self) -> WriterOptions {
        let mut options = options();
        options.clock = Arc::<TestClock>::clone(&self.clock);
        options.segment_bytes = 6000;
        options.segment_age = Duration::from_secs(80_000);
        options
    }

    fn writer(&self, stream: &str) -> StreamWriter {
        self.log.writer(&name(stream), &self.options(), &[]).unwrap()
    }

    fn publish(&self, stream: &str) {
        let _ = self.log.publish(&name(stream), &self.key).unwrap();
    }

    fn segment(&self, stream: &str) -> PathBuf {
        let folder = self.log.stream_folder(&name(stream)).join("log");
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).max().unwrap()
    }

    /// Several segments, single records and batches, a rotation, an end in order.
    fn closed(&self) {
        let writer = self.writer("closed");
        for number in 0..8 {
            let _ = writer.append(&opened(number)).unwrap();
        }
        writer.rotate().unwrap();
        let batch: Vec<_> = (8..20).map(opened).collect();
        let _ = writer.append_all(&batch).unwrap();
        self.publish("closed");
        let _ = writer.append(&denied()).unwrap();
        writer.close().unwrap();
        self.writer("closed").close().unwrap();
    }

    /// A clock that jumps, writers that end without a word.
    fn open(&self) {
        let writer = self.writer("open");
        let _ = writer.append(&opened(0)).unwrap();
        self.clock.set(NOON - 60_000);
        let _ = writer.append(&opened(1)).unwrap();
        self.clock.set(NOON + 3_600_000);
        let _ = writer.append(&opened(2)).unwrap();
        drop(writer);
        self.clock.set(NOON);
        let writer = self.writer("open");
        self.publish("open");
        let _ = writer.append_all(&[opened(3), opened(4)]).unwrap();
    }

    /// An interrupted batch that was put aside.
    fn aside(&self) {
        let writer = self.writer("aside");
        let _ = writer.append_all(&[opened(0), opened(1)]).unwrap();
        writer.close().unwrap();
        let segment = self.segment("aside");
        let mut bytes = fs::read(&segment).unwrap();
        bytes.extend_from_slice(b"{\"v\":1,\"seq\":7,\"prev\":\"AAAA");
        fs::write(&segment, &bytes).unwrap();
        let writer = self.writer("aside");
        assert!(writer.resumed().put_aside > 0);
        let _ = writer.append(&opened(2)).unwrap();
        writer.close().unwrap();
    }

    /// A mark that was lost.
    fn repaired(&self) {
        let writer = self.writer("repaired");
        let _ = writer.append(&opened(0)).unwrap();
        drop(writer);
        fs::remove_file(self.log.stream_folder(&name("repaired")).join("hwm")).unwrap();
        let writer = self.log.repair(&name("repaired"), &self.options(), &[]).unwrap();
        let _ = writer.append(&opened(1)).unwrap();
        writer.close().unwrap();
    }

    /// Epoch keys that were lost.
    fn rekeyed(&self) {
        let writer = self.writer("rekeyed");
        let _ = writer.append(&opened(0)).unwrap();
        drop(writer);
        fs::remove_file(self.log.stream_folder(&name("rekeyed")).join("key/next")).unwrap();
        let writer = self.log.rekey(&name("rekeyed"), &self.options(), &[], &self.key).unwrap();
        let _ = writer.append(&opened(1)).unwrap();
        writer.close().unwrap();
        self.publish("rekeyed");
    }

    /// Acknowledged records that were lost, and given up.
    fn lost(&self) {
        let writer = self.writer("lost");
        for number in 0..4 {
            let _ = writer.append(&opened(number)).unwrap();
        }
        drop(writer);
        let segment = self.segment("lost");
        let text = fs::read_to_string(&segment).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.truncate(lines.len() - 4);
        write_lines(&segment, &lines);
        let repaired = self.log.repair(&name("lost"), &self.options(), &[]);
        let rekey = || self.log.rekey(&name("lost"), &self.options(), &[], &self.key);
        let writer = repaired.or_else(|_| rekey()).unwrap();
        let _ = writer.append(&opened(9)).unwrap();
        writer.close().unwrap();
    }

    /// A batch that lost a block, and of which the mark knows nothing.
    fn torn(&self) {
        let writer = self.writer("torn");
        let _ = writer.append(&opened(0)).unwrap();
        let mark = self.log.stream_folder(&name("torn")).join("hwm");
        let before = (fs::read(&mark).unwrap(), fs::read(self.segment("torn")).unwrap().len());
        let _ = writer.append_all(&[opened(1), opened(2), opened(3)]).unwrap();
        drop(writer);
        let segment = self.segment("torn");
        let mut bytes = fs::read(&segment).unwrap();
        bytes[before.1 + 100..before.1 + 612].fill(0);
        fs::write(&segment, bytes).unwrap();
        fs::write(mark, before.0).unwrap();
    }

    /// Records whose time was over, twice, and a checkpoint that has them.
    fn retired(&self) {
        for day in 0..22 {
            self.clock.set(NOON + day * DAY);
            let writer = self.writer("retired");
            let batch: Vec<_> = (0..6).map(|number| opened(day * 100 + number)).collect();
            let _ = writer.append_all(&batch).unwrap();
            writer.close().unwrap();
            if day == 15 || day == 20 {
                let gone = self.log.retire(&name("retired"), &self.options(), &[], &self.key);
                assert!(gone.unwrap().segments > 1);
            }
        }
        self.clock.set(NOON);
    }
}
