//! Sealing and opening file to file beside `cp` and `age`: 1 GiB (64 MiB with
//! `MEDSEC_BENCH_QUICK=1`), unsigned, in turn in one run. Wall time includes making the output durable;
//! user CPU is that of the process alone. medsec works with as many threads as the machine runs at once,
//! as the program does; its peers have one.
//!
//! `age` is Debian's package of that name; without it that row is missing and a line says so. Results go
//! where those of the other benchmark go.

#![forbid(unsafe_code)]
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
    Backend, Checked, Context, Draft, Execution, Expectation, Identity, Kek, Limits, LocalKek,
    OutputOptions, PackageSpec, PolicyExpectation, SignerExpectation, Timestamp,
};

const CHILD: &str = "MEDSEC_BENCH_FILES_CHILD";
const TURNS: usize = 10;

fn main() {
    match std::env::var(CHILD).as_deref() {
        Ok("seal") => return seal("content", "output"),
        Ok("open") => return open("package", "output"),
        _ => {}
    }
    if !cfg!(target_os = "linux") {
        println!("not run: the figures come from /proc");
        return;
    }
    let quick = std::env::var_os("MEDSEC_BENCH_QUICK").is_some();
    let size: usize = if quick { 64 << 20 } else { 1 << 30 };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = folder.path();
    make_content(&folder.join("content"), size);
    run(&this("seal"), folder);
    std::fs::rename(folder.join("output"), folder.join("package")).unwrap();
    let peers = peers(folder);
    let mut figures = vec![Vec::new(); peers.len()];
    for turn in 0..=TURNS {
        // Each turn starts with another: who comes after whom would else decide who meets the writes and
        // discards that the system still owes its disk.
        for place in 0..peers.len() {
            let peer = (turn + place) % peers.len();
            let _ = std::fs::remove_file(folder.join("output"));
            let figure = run(&peers[peer].1, folder);
            // The first turn warms the page cache.
            if turn > 0 {
                figures[peer].push(figure);
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
    let mut peers = vec![
        ("file to file: medsec seal", this("seal")),
        ("file to file: medsec open", this("open")),
        ("file to file: cp", shell("cp --reflink=never content output && sync output")),
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

/// This program as a process that seals or opens.
fn this(task: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    vec!["env".to_owned(), format!("{CHILD}={task}"), program]
}

/// Content without repetition, so that nothing below can save itself work on it.
fn make_content(path: &Path, size: usize) {
    let mut file = File::create(path).unwrap();
    let mut state = 1_u64;
    let mut block = Vec::with_capacity(1 << 20);
    for _ in 0..size >> 20 {
        block.clear();
        for _ in 0..1 << 17 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block).unwrap();
    }
    file.sync_all().unwrap();
}

/// Wall seconds and user CPU seconds of one run.
fn run(command: &[String], folder: &Path) -> (f64, f64) {
    let before = children_user_seconds();
    let start = Instant::now();
    let status = Command::new(&command[0]).args(&command[1..]).current_dir(folder).status();
    let wall = start.elapsed().as_secs_f64();
    assert!(status.unwrap().success(), "{command:?}");
    (wall, children_user_seconds() - before)
}

/// User time of all waited-for children: field 16 of `/proc/self/stat`, in ticks of 10 ms.
fn children_user_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    fields.split_whitespace().nth(13).unwrap().parse::<f64>().unwrap() / 100.0
}

fn kek() -> LocalKek {
    let key = Kek::take_from(&mut [5; 32]).unwrap();
    LocalKek::new(&[1; 16], &[2; 16], 1, key).unwrap()
}

fn seal(content: &str, output: &str) {
    let created_at = Timestamp::from_unix_seconds(1_800_000_000);
    let draft = Draft::new(PackageSpec::default(), created_at, None).unwrap();
    let content = File::open(content).unwrap();
    let (options, execution) = (OutputOptions::default(), Execution::parallel());
    let sealer = draft.seal_to(&[&kek()]).unwrap();
    sealer.seal_to_file(content, Path::new(output), options, &execution).unwrap();
}

fn open(package: &str, output: &str) {
    let kek = kek();
    let expectation = Expectation {
        policy: PolicyExpectation::Any,
        signer: SignerExpectation::NotRequired,
        keys: vec![Identity::key_ref(&kek)],
        reproduced: Context::new(),
        limits: Limits::default(),
    };
    let mut package = File::open(package).unwrap();
    let checked = Checked::read(&mut package, expectation).unwrap();
    let unlocked = checked.unlock_with(&[&kek]).unwrap();
    let (options, execution) = (OutputOptions::default(), Execution::parallel());
    unlocked.open_to_file(package, Path::new(output), options, &execution).unwrap();
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
    let (backend, threads) = match name.contains("medsec") {
        true => (Backend::default().name(), Execution::parallel().threads.get()),
        false => ("–", 1),
    };
    // The machine below gives pages and disk at changing speed; what everybody reaches at best shows too.
    let fastest = turns.iter().map(|(wall, _)| *wall).fold(f64::INFINITY, f64::min);
    let line = format!(
        r#"{{"name":"{name}","backend":"{backend}","size_bytes":{size},"threads":{threads},"signed":false,"median_ns":{:.0},"fastest_ms":{:.0},"user_cpu_s":{user:.2},"turns":{}}}"#,
        wall * 1e9,
        fastest * 1e3,
        turns.len()
    );
    println!("{line}");
    if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
        let path = Path::new(&folder).join("files.jsonl");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
