//! Writers that are killed: SIGKILL at any moment, and what is there afterwards.

mod making;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{
    AuditLog, Hash, Pin, StreamName, SystemClock, Verdict, WriterOptions, leaf_hash,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::Random;
use medsec_testkit::child::{child, task};

use crate::streams::{Home, opened, place, stream};

/// A record that a process was told is durable.
pub(crate) type Acknowledged = (u64, String);

pub(crate) fn is_full() -> bool {
    std::env::var_os("MEDSEC_FULL").is_some()
}

/// The clock of the machine, epochs of some milliseconds, segments of some records.
pub(crate) fn busy_options() -> WriterOptions {
    let mut options = WriterOptions::new(place());
    options.clock = Arc::new(SystemClock::default());
    options.epoch = Duration::from_millis(5);
    options.segment_bytes = 16 * 1024;
    options
}

/// Tells the parent, in one write, so that it has the whole line or nothing.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n@{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// What a child has told, up to its end. A line that was cut off counts for nothing.
pub(crate) fn told(child: &mut Child) -> Vec<String> {
    let mut lines = Vec::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = Vec::new();
    while out.read_until(b'\n', &mut line).unwrap() > 0 {
        let text = line.strip_suffix(b"\n").and_then(|line| line.strip_prefix(b"@"));
        lines.extend(text.map(|text| String::from_utf8(text.to_vec()).unwrap()));
        line.clear();
    }
    lines
}

/// The acknowledged records among what a child told.
pub(crate) fn acknowledged(told: &[String]) -> Vec<Acknowledged> {
    let parse = |line: &String| {
        let (seq, leaf) = line.strip_prefix("ack ")?.split_once(' ')?;
        Some((seq.parse().ok()?, leaf.to_owned()))
    };
    told.iter().filter_map(parse).collect()
}

/// A log as another process finds it.
pub(crate) fn log_in(folder: &Path) -> AuditLog {
    let pin = std::fs::read_to_string(folder.join("pin")).unwrap();
    AuditLog::open(&folder.join("audit"), &pin.parse::<Pin>().unwrap()).unwrap()
}

/// Puts the pin where [`log_in`] finds it.
pub(crate) fn publish(folder: &Path, log: &AuditLog) {
    std::fs::write(folder.join("pin"), log.pin().to_string()).unwrap();
}

/// Leaf hashes of a stream's records, as its lines have them.
pub(crate) fn leaves_of(log: &AuditLog, stream: &StreamName) -> Vec<Hash> {
    let folder = log.stream_folder(stream).join("log");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut leaves = Vec::new();
    for path in paths {
        let bytes = std::fs::read(path).unwrap();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let whole = lines.filter_map(|line| line.strip_suffix(b"\n"));
        let records = whole.filter(|line| line.starts_with(b"{\"v\":1,"));
        leaves.extend(records.map(leaf_hash));
    }
    leaves
}

/// The records among these that are not there as they were acknowledged.
pub(crate) fn missing(leaves: &[Hash], records: &[Acknowledged]) -> usize {
    let found = |seq: u64| leaves.get(usize::try_from(seq).unwrap()).map(Hash::to_string);
    records.iter().filter(|(seq, leaf)| found(*seq).as_ref() != Some(leaf)).count()
}

/// Appends with four threads until it is killed.
#[test]
fn appends_until_killed() {
    let Some(words) = task() else { return };
    let log = log_in(Path::new(&words[0]));
    let writer = log.writer(&stream(), &busy_options(), &[]).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let writer = &writer;
            scope.spawn(move || {
                for number in 0.. {
                    let events: Vec<_> = (0..=number % 3).map(|_| opened(thread)).collect();
                    for appended in writer.append_all(&events).unwrap() {
                        tell(&format!("ack {} {}", appended.seq(), appended.leaf()));
                    }
                }
            });
        }
    });
}

/// A log whose writer was killed so many times, in turn by another process and by this one.
fn kills(ev: &Ev, seed: u64, count: usize) -> usize {
    let (home, mut random) = (Home::new(), Random::new(seed));
    let folder = home.folder.path();
    publish(folder, &home.log);
    let mut all = Vec::new();
    for round in 0..count {
        let words = [folder.to_str().unwrap()];
        let mut writer = child("kill::appends_until_killed", &words).spawn().unwrap();
        let wait = Duration::from_micros(random.next_u64() % 60_000);
        std::thread::sleep(wait);
        writer.kill().unwrap();
        all.extend(acknowledged(&told(&mut writer)));
        writer.wait().unwrap();

        let verdict = home.verify().verdict();
        let sound = matches!(verdict, Verdict::Whole | Verdict::Torn);
        assert!(sound, "{round}: {:?}", home.verify());
        let leaves = leaves_of(&home.log, &stream());
        assert_eq!(missing(&leaves, &all), 0, "{round}: {:?}", home.verify());
        let next = ev.allows(home.log.writer(&stream(), &busy_options(), &[]));
        let appended = next.append(&opened(7)).unwrap();
        all.push((appended.seq(), appended.leaf().to_string()));
        if round % 2 == 0 {
            next.close().unwrap();
        }
    }
    let report = home.verify();
    ev.holds("the log is whole after all of that", report.verdict() == Verdict::Whole);
    let lost = missing(&leaves_of(&home.log, &stream()), &all);
    ev.holds("every acknowledged record is there", lost == 0);
    all.len()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a writer of the audit log that is killed at any moment loses no acknowledged record, and the next \
             one goes on",
    polarity = allow,
)]
fn no_kill_loses_an_acknowledged_record(ev: Ev) -> Proven {
    let (logs, each) = if is_full() { (40, 25) } else { (4, 25) };
    let records: usize = (0..logs).map(|seed| kills(&ev, seed, each)).sum();
    println!("{} kills, {records} acknowledged records", logs * 25);
    ev.holds("records were acknowledged between the kills", records > 100);
    ev.proven()
}
