//! What one guess at a passphrase costs: `cargo bench -p medsec-kms --bench passphrase`.
//!
//! A guess is an attempt to unlock an identity file with a wrong passphrase, done as a thief of the file
//! would do it with this crate. Special hardware is faster by a factor that nobody states for certain; the
//! memory is what it cannot save.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that panics has failed, and prints what it found"
)]

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use medsec_kms::{Argon2Params, IdentityFile, KeyKind, Passphrase, PrivateKey};

const GUESSES: u32 = 12;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::take_from(&mut text.as_bytes().to_vec()).unwrap()
}

/// One file under the default parameters.
fn file() -> IdentityFile {
    let key = PrivateKey::generate(KeyKind::X25519).unwrap();
    let now = SystemTime::now().into();
    let right = passphrase("correct horse battery staple");
    IdentityFile::protected(&key, now, &right, Argon2Params::default()).unwrap()
}

/// Most memory of this process so far in KiB, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().split(' ').next()?.parse().ok()
}

fn guess(file: &IdentityFile) -> Duration {
    let wrong = passphrase("wrong");
    let begun = Instant::now();
    assert!(file.unlock(Some(&wrong)).is_err());
    begun.elapsed()
}

fn main() {
    let before = peak_kib();
    let file = file();
    let mut times: Vec<Duration> = (0..GUESSES).map(|_| guess(&file)).collect();
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let params = Argon2Params::default();
    let (memory, passes, lanes) = (params.memory_kib(), params.passes(), params.lanes());
    println!("Argon2id m={memory} t={passes} p={lanes}");
    println!("one guess: median {median:?}, least {:?}", times.first());
    if let (Some(before), Some(after)) = (before, peak_kib()) {
        println!("memory of one guess: {} KiB", after.saturating_sub(before));
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    for workers in [1, cores] {
        let begun = Instant::now();
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| (0..GUESSES).map(|_| guess(&file)).max());
            }
        });
        let all = f64::from(GUESSES) * u32::try_from(workers).map_or(1.0, f64::from);
        println!("{workers} at once: {:.1} guesses a second", all / begun.elapsed().as_secs_f64());
    }
}
