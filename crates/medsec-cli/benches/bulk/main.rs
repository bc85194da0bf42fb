//! Whole folders beside two copies with the same structure of syncing: files without names, one `syncfs` for
//! 256 files or 512 MiB, then the names, then the folder; the same number of threads. 10,000 files of 6 KB and
//! 200 of 5 MB (a tenth of both with `MEDSEC_BENCH_QUICK=1`), signed with Ed25519. The home with key store and
//! signer lies in the benchmark's own folder.
//!
//! Each thing measured runs as a process of its own, all in turn between two runs of both copies; a ratio is the
//! mean of those copies' times by its own. Results go where those of the other benchmarks go.
//!
//! *How far a signed package can get.* Its signature covers the Merkle root of every encrypted byte, so each
//! byte goes through SHA-256 once. The plain copy does not even touch the bytes: the kernel moves them. With
//! 5 MB a file hashing takes two thirds of the processor's time of sealing, and *copy and SHA-256* alone stays
//! below half of the plain copy's speed: 0.7 of that is out of reach for whatever hashes, and *copy and SHA-256*
//! is the limit. With 6 KB a file it is one Ed25519 signature a package, which takes about a third as long as the
//! copy of such a file, and the derivation of its keys.
//!
//! Needs about 3 GB for the time it runs: what was written stays to the end. Inodes that were just deleted
//! make ext4 search long for a free one (`recently_deleted`), for minutes, and much longer than copying or
//! sealing a small file takes; that would be measured instead.

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
mod report;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use report::{Copies, Row, Set};

const CHILD: &str = "MEDSEC_BENCH_BULK_CHILD";
const TURNS: usize = 5;
/// Outputs of longer files are few and large: they are removed at once.
const KEPT_LEN: usize = 100_000;

fn main() {
    #[cfg(target_os = "linux")]
    match std::env::var(CHILD).as_deref() {
        Ok("copy") => crew::copy(),
        Ok("copy-and-hash") => crew::copy_and_hash(),
        _ => measure(),
    }
    #[cfg(not(target_os = "linux"))]
    println!("not run: the copies it compares with are for Linux");
}

fn measure() {
    let share = if std::env::var_os("MEDSEC_BENCH_QUICK").is_some() { 10 } else { 1 };
    let sets = [
        Set { count: 10_000 / share, len: 6000, size: "6 KB" },
        Set { count: 200 / share, len: 5_000_000, size: "5 MB" },
    ];
    for set in sets {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let folder = folder.path();
        make_content(&folder.join("content"), &set);
        run(&medsec("init --user ada --no-passphrase --no-anchor"), folder);
        run(&medsec("identity new --no-passphrase --out own.key"), folder);
        run(&medsec("seal content --key default --out-dir packages"), folder);
        Bench { set, folder, spent: 0 }.run();
    }
}

/// What is measured beside the copies; all packages are signed.
fn peers() -> [(&'static str, Vec<String>); 5] {
    let signer = "home/identities/ada.signer";
    [
        ("medsec seal --key", medsec("seal content --key default --out-dir output")),
        ("medsec seal --key, again", medsec("seal content --key default --out-dir packages")),
        ("medsec open", medsec("open packages --out-dir output")),
        ("medsec verify", medsec(&format!("verify packages --signer {signer}"))),
        (
            "medsec seal --to (X25519)",
            medsec(&format!("seal content --to own.key --sign-with {signer} --out-dir output")),
        ),
    ]
}

/// One set in its folder.
struct Bench<'a> {
    set: Set,
    folder: &'a Path,
    /// Outputs that were put aside.
    spent: usize,
}

impl Bench<'_> {
    /// Copies before and after every turn, and in each turn everything else.
    fn run(mut self) {
        let peers = peers();
        let mut copies = vec![self.copies()];
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            let times: Vec<f64> = peers.iter().map(|(_, command)| self.timed(command)).collect();
            turns.push(times);
            copies.push(self.copies());
        }
        for (peer, (name, _)) in peers.iter().enumerate() {
            let times: Vec<f64> = turns.iter().map(|turn| turn[peer]).collect();
            Row::new(name, &times, &copies).report(&self.set);
        }
        let (copy, hashed) = (
            Copies::median(&copies, |both| both.plain),
            Copies::median(&copies, |both| both.hashed),
        );
        for (name, seconds) in [("copy", copy), ("copy and SHA-256", hashed)] {
            let (to_copy, to_hash) = (copy / seconds, hashed / seconds);
            Row { name, seconds, to_copy, to_hash }.report(&self.set);
        }
    }

    fn copies(&mut self) -> Copies {
        Copies { plain: self.timed(&this("copy")), hashed: self.timed(&this("copy-and-hash")) }
    }

    fn timed(&mut self, command: &[String]) -> f64 {
        let output = self.folder.join("output");
        self.put_aside(&output);
        fs::create_dir(&output).unwrap();
        // What earlier runs still owe the disk is not this one's.
        assert!(Command::new("sync").arg("-f").arg(&output).status().unwrap().success());
        let begun = Instant::now();
        run(command, self.folder);
        begun.elapsed().as_secs_f64()
    }

    fn put_aside(&mut self, output: &Path) {
        if self.set.len > KEPT_LEN {
            let _ = fs::remove_dir_all(output);
        } else if output.exists() {
            self.spent += 1;
            fs::rename(output, self.folder.join(format!("spent-{}", self.spent))).unwrap();
        }
    }
}

fn run(command: &[String], folder: &Path) {
    let mut process = Command::new(&command[0]);
    let process = process.args(&command[1..]).current_dir(folder).stdout(Stdio::null());
    let process = process.env("MEDSEC_HOME", "home").env("MEDSEC_PURPOSE", "TREAT");
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

/// The head of a DICOM file behind its preamble: sealing looks for its transfer syntax and three identifiers.
const DICOM: &[u8] = b"DICM\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0\x08\0\x18\0UI\x04\x001.2\0\
    \x20\0\x0D\0UI\x04\x001.3\0\x20\0\x0E\0UI\x04\x001.4\0";

/// DICOM files, as they are most of what is sealed. Behind their heads nothing repeats, so that nothing below
/// can save itself work on them.
fn make_content(folder: &Path, set: &Set) {
    fs::create_dir(folder).unwrap();
    let mut state = 1_u64;
    for number in 0..set.count {
        let mut content = vec![0; 128];
        content.extend_from_slice(DICOM);
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
