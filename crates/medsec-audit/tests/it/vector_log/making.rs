//! Makes a small log with two streams, in which everything happens once that can happen to a stream.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{
    Action, Algorithm, AuditLog, Ed25519NoteSigner, Event, NewLog, Retention, StreamName,
    StreamWriter, VerifyOptions, WriterOptions,
};
use serde_json::json;

use super::{STREAMS, digests, files, said};
use crate::exchange::sample::{bare, full};
use crate::oracle::copy;
use crate::streams::{LOG, NOON, TestClock, opened, options};
use crate::support::signer;

const DAY: u64 = 86_400_000;
/// What a verifier does not need: locks, keys, a cache of the writer.
const LEFT_OUT: [&str; 4] = ["LOCK", "key", "state", "checkpoint.lock"];

struct Maker {
    log: AuditLog,
    clock: Arc<TestClock>,
    key: Ed25519NoteSigner,
}

fn name(text: &str) -> StreamName {
    StreamName::new(text).unwrap()
}

/// Makes the log, its pin, a proof of a record, and `expected.json`.
pub(super) fn make(to: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let (key, clock) = (signer(LOG, Algorithm::Ed25519, 7), TestClock::at(NOON));
    let streams = STREAMS.iter().map(|(text, _)| name(text)).collect();
    let new = NewLog { streams, retention: Retention::days(10).unwrap() };
    let path = folder.path().join("audit");
    let log = AuditLog::create(&path, &new, &key, &*clock).unwrap();
    let maker = Maker { log, clock, key };
    maker.gateway();
    maker.main();
    copy(&path, to);
    for stream in STREAMS {
        leave_out(&to.join("streams").join(stream.0));
    }
    leave_out(to);
    maker.describe(to);
}

fn leave_out(folder: &Path) {
    for name in LEFT_OUT {
        let path = folder.join(name);
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}

impl Maker {
    fn options(&self) -> WriterOptions {
        let mut options = options();
        options.clock = Arc::<TestClock>::clone(&self.clock);
        options.segment_age = Duration::from_secs(80_000);
        options
    }

    fn writer(&self, stream: &str) -> StreamWriter {
        self.log.writer(&name(stream), &self.options(), &[]).unwrap()
    }

    /// An epoch key is lost, and the log key vouches for another one.
    fn gateway(&self) {
        let writer = self.writer("gateway");
        let _ = writer.append(&opened(0)).unwrap();
        drop(writer);
        fs::remove_file(self.log.stream_folder(&name("gateway")).join("key/next")).unwrap();
        let writer = self.log.rekey(&name("gateway"), &self.options(), &[], &self.key).unwrap();
        let _ = writer.append(&opened(1)).unwrap();
        writer.close().unwrap();
        let _ = self.log.publish(&name("gateway"), &self.key).unwrap();
    }

    /// Three days whose records go but for those of the last, and a day with every kind of event.
    fn main(&self) {
        for day in 0..3 {
            self.clock.set(NOON + day * DAY);
            let writer = self.writer("main");
            let events: Vec<_> = (0..70).map(|number| opened(day * 100 + number)).collect();
            let _ = writer.append_all(&events).unwrap();
            writer.rotate().unwrap();
            let _ = writer.append(&opened(day * 100 + 99)).unwrap();
            writer.close().unwrap();
            self.interrupt();
        }
        self.clock.set(NOON + 12 * DAY);
        let gone = self.log.retire(&name("main"), &self.options(), &[], &self.key).unwrap();
        assert_eq!(gone.segments, 2);
        let writer = self.writer("main");
        self.clock.set(NOON + 12 * DAY - 60_000);
        for make in [full as fn(Action) -> Event, bare] {
            let events: Vec<_> = Action::ALL.iter().map(|action| make(*action)).collect();
            let _ = writer.append_all(&events).unwrap();
        }
        let _ = self.log.publish(&name("main"), &self.key).unwrap();
        writer.close().unwrap();
    }

    /// A batch of which a part was written. The next writer puts it aside.
    fn interrupt(&self) {
        let log = self.log.stream_folder(&name("main")).join("log");
        let newest = fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
        let mut bytes = fs::read(&newest).unwrap();
        bytes.extend_from_slice(b"{\"v\":1,\"seq\":");
        fs::write(newest, bytes).unwrap();
    }

    fn describe(&self, to: &Path) {
        fs::write(to.join("pin"), self.log.pin().to_string()).unwrap();
        let main = name("main");
        let size = self.log.checkpoint(&main).unwrap().unwrap().checkpoint.size();
        let proof = self.log.prove(&main, size - 40).unwrap();
        fs::write(to.join("main.tlog-proof"), proof.render()).unwrap();
        let report = |stream: &str| {
            let mut how = VerifyOptions::default();
            (how.strict, how.content) = (true, true);
            said(&self.log.verifier(&name(stream)).unwrap().verify(&how).unwrap())
        };
        let streams: serde_json::Map<_, _> =
            STREAMS.iter().map(|(stream, _)| ((*stream).to_owned(), report(stream))).collect();
        let expected = json!({
            "about": "a log with its pin, what a verifier says of it, and the SHA-256 of each file",
            "streams": streams,
            "proof": { "file": "main.tlog-proof", "stream": "main", "index": size - 40, "size": size },
            "files": digests(to),
        });
        let text = format!("{}\n", serde_json::to_string_pretty(&expected).unwrap());
        fs::write(to.join("expected.json"), text).unwrap();
        assert!(files(to).len() > 10);
    }
}
