//! Whole folders beside a plain copy with the same structure of syncing: files without names, one `syncfs` for
//! 256 files or 512 MiB, then the names, then the folder; the same number of threads. 10,000 files of 6 KB and
//! 200 of 5 MB (a tenth of both with `MEDSEC_BENCH_QUICK=1`), signed with Ed25519 but for one row.
//!
//! Each thing measured runs as a process of its own between two runs of the copy; its ratio is the copy's mean
//! time by its own. Results go where those of the other benchmarks go.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark may fail loudly, computes with its own constants and reports by printing"
)]

#[cfg(target_os = "linux")]
mod crew;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const CHILD: &str = "MEDSEC_BENCH_BULK_CHILD";
const TURNS: usize = 5;

/// Files of one length.
struct Set {
    name: &'static str,
    count: usize,
    len: usize,
}

fn main() {
    #[cfg(target_os = "linux")]
    match std::env::var(CHILD).as_deref() {
        Ok("copy") => crew::copy(),
        Ok("seal") => crew::seal(),
        _ => measure(),
    }
    #[cfg(not(target_os = "linux"))]
    println!("not run: the copy it compares with is for Linux");
}

fn measure() {
    let share = if std::env::var_os("MEDSEC_BENCH_QUICK").is_some() { 10 } else { 1 };
    let sets = [
        Set { name: "10,000 files of 6 KB", count: 10_000 / share, len: 6000 },
        Set { name: "200 files of 5 MB", count: 200 / share, len: 5_000_000 },
    ];
    for set in sets {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let folder = folder.path();
        make_content(&folder.join("content"), &set);
        run(&medsec("identity new --no-passphrase --out own.key"), folder);
        run(&medsec("identity new --no-passphrase --kind signer --out sign.key"), folder);
        run(&medsec(&format!("{SEAL} --out-dir packages")), folder);
        for (name, command) in peers() {
            compare(&set, name, &command, folder);
        }
    }
}

const SEAL: &str = "seal content --to own.key --sign-with sign.key";

fn peers() -> [(&'static str, Vec<String>); 5] {
    [
        ("medsec seal, X25519, not signed", medsec("seal content --to own.key --out-dir output")),
        ("medsec seal, X25519", medsec(&format!("{SEAL} --out-dir output"))),
        ("library seal, local KEK", this("seal")),
        (
            "medsec open, X25519",
            medsec("open packages --identity own.key --signer sign.key --out-dir output"),
        ),
        ("medsec verify", medsec("verify packages --signer sign.key")),
    ]
}

/// Runs copy and command in turn, and the copy once more at the end.
fn compare(set: &Set, name: &str, command: &[String], folder: &Path) {
    let copy = this("copy");
    let mut copies = Vec::new();
    let mut times = Vec::new();
    for turn in 0..=TURNS {
        let copied = timed(&copy, folder);
        let took = timed(command, folder);
        // The first turn warms the page cache.
        if turn > 0 {
            copies.push(copied);
            times.push(took);
        }
    }
    copies.push(timed(&copy, folder));
    let ratio = |turn: usize| f64::midpoint(copies[turn], copies[turn + 1]) / times[turn];
    let ratios: Vec<f64> = (0..times.len()).map(ratio).collect();
    report(set, name, median(times), median(ratios), median(copies));
}

fn timed(command: &[String], folder: &Path) -> f64 {
    let output = folder.join("output");
    let _ = fs::remove_dir_all(&output);
    fs::create_dir(&output).unwrap();
    // What earlier runs still owe the disk is not this one's.
    assert!(Command::new("sync").arg("-f").arg(&output).status().unwrap().success());
    let begun = Instant::now();
    run(command, folder);
    begun.elapsed().as_secs_f64()
}

fn run(command: &[String], folder: &Path) {
    let mut process = Command::new(&command[0]);
    let process = process.args(&command[1..]).current_dir(folder).stdout(Stdio::null());
    assert!(process.status().unwrap().success(), "{command:?}");
}

/// The program.
fn medsec(line: &str) -> Vec<String> {
    let words = line.split_whitespace().map(str::to_owned);
    std::iter::once(env!("CARGO_BIN_EXE_medsec").to_owned()).chain(words).collect()
}

/// This benchmark as a process that does one thing.
fn this(task: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    vec!["env".to_owned(), format!("{CHILD}={task}"), program]
}

/// Files without repetition, so that nothing below can save itself work on them.
fn make_content(folder: &Path, set: &Set) {
    fs::create_dir(folder).unwrap();
    let mut state = 1_u64;
    for number in 0..set.count {
        let mut content = Vec::with_capacity(set.len + 8);
        while content.len() < set.len {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            content.extend_from_slice(&state.to_le_bytes());
        }
        let mut file = File::create(folder.join(format!("{number:05}"))).unwrap();
        file.write_all(&content[..set.len]).unwrap();
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn report(set: &Set, name: &str, seconds: f64, ratio: f64, copy: f64) {
    let (count, bytes) = (set.count as f64, (set.count * set.len) as f64);
    let threads = medsec_crypto::Execution::parallel().threads;
    let line = format!(
        r#"{{"name":"folder: {name}, {}","files":{},"file_bytes":{},"threads":{threads},"signed":{},"median_ns":{:.0},"copy_median_ns":{:.0},"files_per_s":{:.0},"mb_per_s":{:.1},"ratio_to_copy":{ratio:.3},"turns":{TURNS}}}"#,
        set.name,
        set.count,
        set.len,
        !name.contains("not signed"),
        seconds * 1e9,
        copy * 1e9,
        count / seconds,
        bytes / seconds / 1e6,
    );
    println!("{line}");
    if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
        let path = Path::new(&folder).join("bulk.jsonl");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
