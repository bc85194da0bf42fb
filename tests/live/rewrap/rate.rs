//! How fast packages are rewrapped without their data keys, beside what bounds it: bare calls of the same client with
//! as many threads, and two waits for the disk for each file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use medsec_crypto::Stanza;
use medsec_kms::{KeyContext, KeyService as _, VaultKeys};
use serde_json::json;

use super::Study;
use crate::support::full;
use crate::support::vault::{name, wait};

const THREADS: usize = 2;
/// Packages together where calls are for many.
const BATCH: usize = 256;
/// Length of a recipient slot.
const SLOT: usize = 2048;

/// How many are asked for in one call.
#[derive(Clone, Copy, Debug)]
enum Calls {
    Single,
    Batches,
}

impl Calls {
    const fn len(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Batches => BATCH,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Single => "single calls",
            Self::Batches => "batches",
        }
    }
}

/// Packages a second.
#[derive(Clone, Copy, Debug)]
struct Rates {
    program: f64,
    bare: f64,
    synced: f64,
}

impl Rates {
    /// Of the slower bound.
    fn ratio(&self) -> f64 {
        self.program / self.bare.min(self.synced)
    }
}

#[test]
fn rotation_is_measured_beside_the_server_and_the_disk() {
    let (count, rounds) = if full() { (10_000, 5) } else { (512, 1) };
    let study = Study::new(count);
    let mut rows = Vec::new();
    for calls in [Calls::Single, Calls::Batches] {
        let rounds: Vec<Rates> = (0..rounds).map(|round| measure(&study, calls, round)).collect();
        for rates in &rounds {
            println!("{}: {rates:.0?}, ratio {:.2}", calls.name(), rates.ratio());
        }
        rows.push(row(count, calls, &rounds));
    }
    if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
        let file = PathBuf::from(folder).join("blind-rewrap.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        rows.iter().for_each(|row| writeln!(file, "{row}").unwrap());
    }
}

fn measure(study: &Study, calls: Calls, round: usize) -> Rates {
    let count = study.paths().len();
    let rate = |time: Duration| count as f64 / time.as_secs_f64();
    let program = || rate(program(study, calls));
    let bare = || rate(bare(study, calls));
    // Who is first takes turns.
    let (program, bare) = match round % 2 {
        0 => {
            let program = program();
            (program, bare())
        }
        _ => {
            let bare = bare();
            (program(), bare)
        }
    };
    Rates { program, bare, synced: rate(synced(study)) }
}

/// The whole run of the program, from its start to its end.
fn program(study: &Study, calls: Calls) -> Duration {
    study.rotate();
    let (begun, count) = (Instant::now(), study.paths().len());
    let line =
        format!("rewrap packages --to-key bao:ct --threads {THREADS} --batch {}", calls.len());
    let said = study.json(&line);
    let time = begun.elapsed();
    assert_eq!((&said["done"], &said["unseen"]), (&json!(count), &json!(count)), "{said}");
    time
}

/// The same wraps asked for by the client alone.
fn bare(study: &Study, calls: Calls) -> Duration {
    let keys = study.home.scene.keys();
    let item = |header: &medsec_crypto::Header| {
        let context = KeyContext { bind: header.bind(), dataset: header.core().dataset.clone() };
        (header.stanzas()[0].clone(), context)
    };
    let items: Vec<(Stanza, KeyContext)> = study.headers().iter().map(item).collect();
    let begun = Instant::now();
    each_thread(&items, |items| match calls {
        Calls::Single => {
            for (stanza, context) in items {
                wait(keys.rewrap_dek(stanza, &name("ct"), context)).unwrap();
            }
        }
        Calls::Batches => items.chunks(BATCH).for_each(|items| rewrap_many(&keys, items)),
    });
    begun.elapsed()
}

fn rewrap_many(keys: &VaultKeys, items: &[(Stanza, KeyContext)]) {
    let rewrapped = wait(keys.rewrap_deks(items, &name("ct")));
    assert!(rewrapped.iter().all(Result::is_ok));
}

/// Two slots written in copies of the packages, each with a wait for the disk.
fn synced(study: &Study) -> Duration {
    let folder = study.home.path("copies");
    std::fs::create_dir(&folder).unwrap();
    let copies: Vec<PathBuf> = study.paths().iter().map(|path| copied(path, &folder)).collect();
    let begun = Instant::now();
    each_thread(&copies, |copies| {
        for path in copies {
            let file = OpenOptions::new().write(true).open(path).unwrap();
            for slot in 0..2_u64 {
                file.write_all_at(&[7; SLOT], 512 + slot * SLOT as u64).unwrap();
                file.sync_data().unwrap();
            }
        }
    });
    let time = begun.elapsed();
    std::fs::remove_dir_all(folder).unwrap();
    time
}

fn copied(path: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join(path.file_name().unwrap());
    std::fs::copy(path, &copy).unwrap();
    copy
}

fn each_thread<T: Sync>(items: &[T], work: impl Fn(&[T]) + Sync) {
    std::thread::scope(|scope| {
        for share in items.chunks(items.len().div_ceil(THREADS)) {
            scope.spawn(|| work(share));
        }
    });
}

/// A line for `cargo xtask bench`: medians.
fn row(count: usize, calls: Calls, rounds: &[Rates]) -> serde_json::Value {
    let median = |of: fn(&Rates) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let whole = |value: f64| value.round();
    json!({
        "name": format!("{count} packages rewrapped without data keys, OpenBao"),
        "what": calls.name(),
        "threads": THREADS,
        "packages_per_s": whole(median(|rates| rates.program)),
        "bare_calls_per_s": whole(median(|rates| rates.bare)),
        "two_fdatasync_per_s": whole(median(|rates| rates.synced)),
        "ratio": (median(Rates::ratio) * 100.0).round() / 100.0,
        "rounds": rounds.len(),
    })
}
