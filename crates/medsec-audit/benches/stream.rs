//! A stream on disk, beside what the disk and the hash function cannot do without, in the same run.
//!
//! - *append*: the calibration writes as many bytes behind one another and makes them durable with `fdatasync`, one
//!   record and commit at a time. Slices of both take turns. *beside write, sync and signature*: the calibration also
//!   makes one Ed25519 signature a record, with the library that the log signs with here.
//! - *verify*: the calibration hashes the same lines from memory, leaves in batches of 32 and the nodes above them.
//! - *proof*, *open*: milliseconds, without a calibration; cold means with nothing kept in this process.
//!
//! Results go as lines of JSON to the folder named in `MEDSEC_BENCH_DIR`, or to standard output only;
//! `MEDSEC_BENCH_QUICK=1` takes a smaller log and fewer turns, `MEDSEC_BENCH_RECORDS` a log of so many records.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark may fail loudly, computes with its own constants and reports by printing"
)]

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use medsec_audit::{
    Action, Actor, Algorithm, AuditLog, Authentication, Count, Ed25519NoteSigner, Event, Extent,
    Frontier, HostId, KeyName, NewLog, Origin, Outcome, PackageId, Phase, Place, Principal,
    PrincipalId, ProcessName, Purpose, Retention, StreamName, StreamWriter, Subject, SystemClock,
    Verdict, VerifyOptions, WriterOptions, leaf_hash, leaf_hashes,
};

const TOGETHER: u64 = 256;

fn main() {
    let quick = std::env::var_os("MEDSEC_BENCH_QUICK").is_some();
    let (records, turns) = if quick { (50_000, 5) } else { (1_000_000, 15) };
    let wanted = std::env::var("MEDSEC_BENCH_RECORDS").ok();
    let records = wanted.map_or(records, |records| records.parse().unwrap());
    let folder = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    let one = appends(folder.path(), turns);
    crowd(folder.path(), one);
    verify(folder.path(), records, turns.min(7));
}

struct Bench {
    log: AuditLog,
    key: Ed25519NoteSigner,
    stream: StreamName,
}

impl Bench {
    fn new(folder: &Path) -> Self {
        let name = KeyName::new("bench.example/log").unwrap();
        let key = Ed25519NoteSigner::generate(name, Algorithm::Ed25519).unwrap();
        let stream = StreamName::new("main").unwrap();
        let new = NewLog { streams: vec![stream.clone()], retention: Retention::SIX_YEARS };
        let log = AuditLog::create(folder, &new, &key, &SystemClock::default()).unwrap();
        Self { log, key, stream }
    }

    fn writer(&self) -> StreamWriter {
        self.log.writer(&self.stream, &WriterOptions::new(place()), &[]).unwrap()
    }
}

/// One client; gives its records a second.
fn appends(folder: &Path, turns: usize) -> f64 {
    const SLICE: u64 = 100;
    let sign = signing();
    let bench = Bench::new(&folder.join("one"));
    let writer = bench.writer();
    let bare = File::create(folder.join("bare")).unwrap();
    // As long as a record and its commit are together.
    let bytes = vec![b'x'; 390 + 220];
    let mut at = 0;
    let (mut times, mut signed) = (Vec::new(), Vec::new());
    for turn in 0..turns as u64 * 4 {
        let call = timed(|| {
            for number in 0..SLICE {
                let _ = writer.append(&opened(turn * SLICE + number)).unwrap();
            }
        });
        let calibration = timed(|| {
            for _ in 0..SLICE {
                bare.write_all_at(&bytes, at).unwrap();
                bare.sync_data().unwrap();
                at += bytes.len() as u64;
            }
        });
        let signatures = timed(|| {
            for _ in 0..SLICE {
                sign(&bytes[..150]);
            }
        });
        times.push((call / SLICE as f64, calibration / SLICE as f64));
        signed.push((call / SLICE as f64, (calibration + signatures) / SLICE as f64));
    }
    writer.close().unwrap();
    report("append, one client, beside write, sync and signature", "records_per_s", &signed);
    report("append, one client", "records_per_s", &times)
}

/// Makes a signature as an epoch key does.
fn signing() -> impl Fn(&[u8]) {
    #[cfg(feature = "aws-lc")]
    let key = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    #[cfg(not(feature = "aws-lc"))]
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    move |message| {
        #[cfg(feature = "aws-lc")]
        black_box(key.sign(message));
        #[cfg(not(feature = "aws-lc"))]
        black_box(ed25519_dalek::Signer::sign(&key, message));
    }
}

/// 64 clients together.
fn crowd(folder: &Path, one: f64) {
    const CLIENTS: u64 = 64;
    const EACH: u64 = 200;
    let bench = Bench::new(&folder.join("crowd"));
    let writer = bench.writer();
    let time = timed(|| {
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let writer = &writer;
                scope.spawn(move || {
                    for number in 0..EACH {
                        let _ = writer.append(&opened(client * EACH + number)).unwrap();
                    }
                });
            }
        });
    });
    writer.close().unwrap();
    let rate = (CLIENTS * EACH) as f64 / time;
    print(&format!(
        r#"{{"name":"audit log","what":"append, {CLIENTS} clients","records_per_s":{rate:.0},"ratio_to_one_client":{:.2}}}"#,
        rate / one
    ));
}

fn verify(folder: &Path, records: u64, turns: usize) {
    let bench = Bench::new(&folder.join("large"));
    let writer = bench.writer();
    for batch in 0..records / TOGETHER {
        let events: Vec<_> =
            (0..TOGETHER).map(|number| opened(batch * TOGETHER + number)).collect();
        let _ = writer.append_all(&events).unwrap();
    }
    writer.close().unwrap();
    let verifier = bench.log.verifier(&bench.stream).unwrap();
    let bytes = lines(&bench.log.stream_folder(&bench.stream).join("log"));
    let mut sums = [Vec::new(), Vec::new()];
    for _ in 0..turns {
        for (sum, threads) in sums.iter_mut().zip(1..) {
            let mut how = VerifyOptions::default();
            how.threads = threads;
            let call =
                timed(|| assert_eq!(verifier.verify(&how).unwrap().verdict(), Verdict::Whole));
            let calibration = timed(|| hash(&bytes));
            sum.push((call / records as f64, calibration / records as f64));
        }
    }
    let rates: Vec<f64> = ["verify, one thread", "verify, two threads"]
        .iter()
        .zip(&sums)
        .map(|(name, times)| report(name, "records_per_s", times))
        .collect();
    print(&format!(
        r#"{{"name":"audit log","what":"verify, two threads to one","speed_up":{:.2}}}"#,
        rates[1] / rates[0]
    ));
    proofs(&bench, records, turns);
}

fn proofs(bench: &Bench, records: u64, turns: usize) {
    let published = timed(|| drop(bench.log.publish(&bench.stream, &bench.key).unwrap()));
    let ms = |name: &str, seconds: f64| {
        print(&format!(
            r#"{{"name":"audit log","what":"{name}","records":{records},"ms":{:.3}}}"#,
            seconds * 1e3
        ));
    };
    ms("first checkpoint of the log", published);
    let prove = |seq| black_box(bench.log.prove(&bench.stream, seq).unwrap());
    let proof = median((0..50).map(|n| timed(|| drop(prove(n * 7919 % records)))));
    ms("proof of a record", proof);
    let open = median((0..turns).map(|_| {
        let mut opened = None;
        let time = timed(|| opened = Some(bench.writer()));
        drop(opened);
        time
    }));
    ms("open a stream to write", open);
    let known = bench.log.known(&bench.stream).unwrap().into_iter().collect::<Vec<_>>();
    let open = median((0..turns).map(|_| {
        let mut opened = None;
        let options = WriterOptions::new(place());
        let call = || opened = Some(bench.log.writer(&bench.stream, &options, &known).unwrap());
        let time = timed(call);
        drop(opened);
        time
    }));
    ms("open a stream to write that continues a checkpoint", open);
}

/// The lines of all segments.
fn lines(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.collect();
    paths.sort();
    paths.iter().flat_map(|path| std::fs::read(path).unwrap()).collect()
}

/// The calibration of verifying.
fn hash(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{\"v\""));
    let (mut tree, mut leaves, mut batch) = (Frontier::new(), Vec::new(), Vec::new());
    for line in lines {
        batch.push(line);
        if batch.len() == 32 {
            leaf_hashes(batch.drain(..), &mut leaves);
            tree.extend(&leaves).unwrap();
            leaves.clear();
        }
    }
    black_box((tree.root(), batch.into_iter().map(leaf_hash).count()));
}

fn place() -> Place {
    Place {
        host: HostId::new("node-7.radiology.example").unwrap(),
        process: ProcessName::new("medsec").unwrap(),
        pid: Some(4711),
        origin: Origin::Local,
    }
}

fn opened(number: u64) -> Event {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let mut subject = Subject::default();
    subject.package = Some(PackageId::from_bytes(id));
    subject.extent = Some(Extent { bytes: Count::from(1_048_576), ranges: Count::from(1) });
    Event {
        actor: Actor::Person(Principal {
            id: PrincipalId::new("ann").unwrap(),
            authentication: Authentication::PrivateKey,
            role: None,
            on_behalf_of: None,
        }),
        action: Action::Open,
        phase: Phase::Single { request: None, outcome: Outcome::Success },
        subject,
        purpose: Some(Purpose::Treatment),
        place: place(),
        ruling: None,
        session: None,
    }
}

/// Seconds of one call.
fn timed(call: impl FnOnce()) -> f64 {
    let start = Instant::now();
    call();
    start.elapsed().as_secs_f64()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints medians of call and calibration, and of the ratios of neighbours; gives the rate.
fn report(name: &str, unit: &str, times: &[(f64, f64)]) -> f64 {
    let call = median(times.iter().map(|(call, _)| *call));
    let calibration = median(times.iter().map(|(_, calibration)| *calibration));
    let ratio = median(times.iter().map(|(call, calibration)| calibration / call));
    print(&format!(
        r#"{{"name":"audit log","what":"{name}","{unit}":{:.0},"median_ns":{:.0},"calibration_ns":{:.0},"ratio":{ratio:.3},"turns":{}}}"#,
        1.0 / call,
        call * 1e9,
        calibration * 1e9,
        times.len()
    ));
    1.0 / call
}

fn print(line: &str) {
    println!("{line}");
    if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
        let path = Path::new(&folder).join("audit-stream.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
