//! File to file beside `cp` and `age`: 1 GiB (64 MiB with `MEDSEC_BENCH_QUICK=1`), unsigned, in turn in
//! one run. Wall time includes making the output durable; user CPU is that of the process alone.
//!
//! `age` is Debian's package of that name; without it that row is missing and a line says so. Results go
//! where those of the other benchmark go.

#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly, computes with its own constants and reports by printing"
)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use medsec_crypto::{
    Backend, Draft, Execution, Kek, LocalKek, OutputOptions, PackageSpec, Timestamp,
};

const CHILD: &str = "MEDSEC_BENCH_FILES_CHILD";
const TURNS: usize = 5;

fn main() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return seal(Path::new(&folder));
    }
    let quick = std::env::var_os("MEDSEC_BENCH_QUICK").is_some();
    let size: usize = if quick { 64 << 20 } else { 1 << 30 };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = folder.path();
    make_content(&folder.join("content"), size);
    let peers = peers(folder);
    let mut figures = vec![Vec::new(); peers.len()];
    for turn in 0..=TURNS {
        for ((_, command), figures) in peers.iter().zip(&mut figures) {
            let _ = std::fs::remove_file(folder.join("output"));
            let figure = run(command, folder);
            // The first turn warms the page cache.
            if turn > 0 {
                figures.push(figure);
            }
        }
    }
    for ((name, _), figures) in peers.iter().zip(&figures) {
        report(name, size, figures, &figures_of(&figures[..]));
    }
}

/// Commands that turn `content` into a durable `output`.
fn peers(folder: &Path) -> Vec<(&'static str, Vec<String>)> {
    let shell = |script: &str| vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()];
    let this = std::env::current_exe()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let mut peers = vec![
        ("file to file: medsec", vec![this]),
        (
            "file to file: cp",
            shell("cp --reflink=never content output && sync output"),
        ),
    ];
    let key = folder.join("age-key");
    let made = Command::new("age-keygen").arg("-o").arg(&key).output();
    if made.is_ok_and(|made| made.status.success()) {
        let script = "age -e -i age-key -o output content && sync output";
        peers.push(("file to file: age", shell(script)));
    } else {
        println!("age is not installed (Debian package age): its row is missing");
    }
    peers
}

fn make_content(path: &Path, size: usize) {
    let mut file = File::create(path).unwrap();
    let block: Vec<u8> = (0..1_u32 << 18)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    for _ in 0..size / block.len() {
        file.write_all(&block).unwrap();
    }
    file.sync_all().unwrap();
}

/// Wall seconds and user CPU seconds of one run.
fn run(command: &[String], folder: &Path) -> (f64, f64) {
    let before = children_user_seconds();
    let start = Instant::now();
    let status = Command::new(&command[0])
        .args(&command[1..])
        .current_dir(folder)
        .env(CHILD, folder)
        .status();
    let wall = start.elapsed().as_secs_f64();
    assert!(status.unwrap().success(), "{command:?}");
    (wall, children_user_seconds() - before)
}

/// User time of all waited-for children: field 16 of `/proc/self/stat`, in ticks of 10 ms.
fn children_user_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    fields
        .split_whitespace()
        .nth(13)
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 100.0
}

fn seal(folder: &Path) {
    let kek = LocalKek::new(&[1; 16], &[2; 16], 1, Kek::generate().unwrap()).unwrap();
    let created_at = Timestamp::from_unix_seconds(1_800_000_000);
    let sealer = Draft::new(PackageSpec::default(), created_at, None)
        .unwrap()
        .seal_to(&[&kek])
        .unwrap();
    let content = File::open(folder.join("content")).unwrap();
    let output = folder.join("output");
    sealer
        .seal_to_file(
            content,
            &output,
            OutputOptions::default(),
            &Execution::default(),
        )
        .unwrap();
}

fn figures_of(figures: &[(f64, f64)]) -> (f64, f64) {
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    (
        median(figures.iter().map(|(wall, _)| *wall).collect()),
        median(figures.iter().map(|(_, user)| *user).collect()),
    )
}

fn report(name: &str, size: usize, turns: &[(f64, f64)], (wall, user): &(f64, f64)) {
    let backend = if name.ends_with("medsec") {
        Backend::default().name()
    } else {
        "–"
    };
    let line = format!(
        r#"{{"name":"{name}","backend":"{backend}","size_bytes":{size},"threads":1,"signed":false,"median_ns":{:.0},"user_cpu_s":{user:.2},"turns":{}}}"#,
        wall * 1e9,
        turns.len()
    );
    println!("{line}");
    if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
        let path = Path::new(&folder).join("files.jsonl");
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
