//! What the Custodian costs beside the bare crates: packages of 512 KiB opened into files, in groups of 256.
//!
//! The calibration opens the same packages with medsec-crypto and the same keys, without a decision and without a
//! record, into files that become durable in the same groups; and it writes as many bytes as the log has written in
//! as many pieces, each with `fdatasync`. Whole rounds of both take turns. What the Custodian adds beyond that is its
//! decisions, its records and their signatures, and its locks.
//!
//! Results go as lines of JSON to the folder named in `MEDSEC_BENCH_DIR`, or to standard output only;
//! `MEDSEC_BENCH_QUICK=1` takes fewer packages and turns.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark may fail loudly, computes with its own constants and reports by printing"
)]

mod clinic;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use medsec::{OpenRequest, ReleaseGroup};
use medsec_crypto::{
    Execution, Expectation, GroupLimits, Header, OutputGroup, OutputOptions, PendingFile,
    PolicyExpectation,
};
use medsec_kms::{KeyContext, KeyService as _};

use self::clinic::Clinic;

/// Bytes of each package's content.
const LEN: usize = 512 * 1024;
/// Packages that are opened together.
const TOGETHER: usize = 256;
/// What a record and its share of a commit take in the log, about.
const RECORD: usize = 620;

fn main() {
    let quick = std::env::var_os("MEDSEC_BENCH_QUICK").is_some();
    let (count, turns) = if quick { (200, 5) } else { (1_000, 7) };
    let home = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    let clinic = Clinic::new(home.path());
    let packages: Vec<PathBuf> = (0..count)
        .map(|number| clinic.seal(&home.path().join(format!("{number}.msp")), LEN))
        .collect();
    let mut rounds = Vec::new();
    for turn in 0..turns {
        let folder = |what: &str| {
            let folder = home.path().join(format!("{what}-{turn}"));
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let (one, two) = (folder("bare"), folder("custodian"));
        let before = clinic.commits();
        let (bare, custodian);
        if turn % 2 == 0 {
            bare = timed(|| open_bare(&clinic, &packages, &one));
            custodian = timed(|| open_granted(&clinic, &packages, &two));
        } else {
            custodian = timed(|| open_granted(&clinic, &packages, &two));
            bare = timed(|| open_bare(&clinic, &packages, &one));
        }
        let commits = &clinic.commits()[before.len()..];
        let synced = timed(|| sync(&home.path().join("synced"), commits));
        rounds.push(Round { bare, custodian, synced, commits: commits.len() });
        for folder in [one, two] {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
    report(&rounds, count);
}

/// Seconds.
struct Round {
    bare: f64,
    custodian: f64,
    synced: f64,
    commits: usize,
}

impl Round {
    /// The Custodian's time without the log's waits, as a multiple of the bare crates'.
    fn factor(&self) -> f64 {
        (self.custodian - self.synced) / self.bare
    }
}

/// Opens with the bare crates.
fn open_bare(clinic: &Clinic, packages: &[PathBuf], folder: &Path) {
    for packages in packages.chunks(TOGETHER) {
        let mut group = OutputGroup::new(GroupLimits::default());
        for (number, package) in packages.iter().enumerate() {
            let mut source = File::open(package).unwrap();
            let header = Header::read(&mut source).unwrap();
            let keys = header.stanzas().iter().map(|stanza| stanza.key_ref().clone());
            let context =
                KeyContext { bind: header.bind(), dataset: header.core().dataset.clone() };
            let checked = header.clone().check(Expectation {
                policy: PolicyExpectation::Any,
                signer: medsec_crypto::SignerExpectation::NotRequired,
                keys: keys.collect(),
                reproduced: medsec_crypto::Context::new(),
                limits: medsec_crypto::Limits::default(),
            });
            let checked = checked.unwrap();
            let stanza = checked.candidates().next().unwrap().clone();
            let dek = pollster::block_on(clinic.keys.unwrap_dek(&stanza, &context)).unwrap();
            let unlocked = checked.unlock(dek).unwrap();
            let file = pending(folder, number);
            let (opened, file) =
                unlocked.open_to_pending(source, file, &Execution::default()).unwrap();
            group.add(file, opened.plain_len, ());
        }
        assert!(group.commit().iter().all(|(_, named)| named.is_ok()));
        clear(folder);
    }
}

/// Opens through the Custodian.
fn open_granted(clinic: &Clinic, packages: &[PathBuf], folder: &Path) {
    let wish = clinic::wish();
    for packages in packages.chunks(TOGETHER) {
        let requests = packages.iter().map(|package| OpenRequest {
            header: Header::read(&mut File::open(package).unwrap()),
            wish: &wish,
        });
        let granted = clinic.custodian.open_all(&clinic.login, requests.collect());
        let granted = pollster::block_on(granted);
        let mut group = ReleaseGroup::new(GroupLimits::default());
        for ((number, package), grant) in packages.iter().enumerate().zip(granted) {
            let source = File::open(package).unwrap();
            let file = pending(folder, number);
            let opened = grant.unwrap().open_to_release(source, file, &Execution::default());
            group.add(opened.unwrap().1, ());
        }
        assert!(group.commit().iter().all(|(_, named)| named.is_ok()));
        clear(folder);
    }
}

fn pending(folder: &Path, number: usize) -> PendingFile {
    PendingFile::create(&folder.join(number.to_string()), OutputOptions::default()).unwrap()
}

/// So that the outputs of many groups need no room.
fn clear(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

/// Writes and syncs as the log did: one piece for each commit, of so many records.
fn sync(path: &Path, commits: &[usize]) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    for records in commits {
        file.write_all(&vec![b'x'; records * RECORD]).unwrap();
        file.sync_data().unwrap();
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(of: &[Round], value: impl Fn(&Round) -> f64) -> f64 {
    let mut values: Vec<f64> = of.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn report(rounds: &[Round], count: u32) {
    let each = |seconds: f64| seconds / f64::from(count) * 1e9;
    let line = format!(
        r#"{{"name":"custodian","what":"open 512 KiB, groups of 256","size_bytes":{LEN},"packages":{count},"median_ns":{:.0},"calibration_ns":{:.0},"log_sync_ns":{:.0},"commits":{},"factor_beyond_syncs":{:.3},"turns":{}}}"#,
        each(median(rounds, |round| round.custodian)),
        each(median(rounds, |round| round.bare)),
        each(median(rounds, |round| round.synced)),
        rounds[0].commits,
        median(rounds, Round::factor),
        rounds.len(),
    );
    println!("{line}");
    if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
        let path = Path::new(&folder).join("custodian.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
