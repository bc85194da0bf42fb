//! A process killed while it opens or seals into a file: no name holds a part of the output.

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use medsec_crypto::{Execution, Existing, Observer, OutputOptions, sweep_unfinished};
use medsec_testkit::Random;
use rustix::process::{Signal, getpid, kill_process};
use tempfile::TempDir;

use super::is_killed;
use crate::support::names_in;
use crate::support::sample::{Plan, Sample};
use medsec_testkit::child::{child, task};

const HELPER: &str = "crash::opening::helper_writes_a_file";
const LEN: usize = 3 * 1024 * 1024;
/// Batches of 256 KiB in the content, with the short one at the end.
const BATCHES: u64 = 13;

/// Kills the process at its `at`-th report of progress, counted from 1.
struct KillAt {
    at: u64,
    seen: AtomicU64,
}

impl Observer for KillAt {
    fn progress(&self, _: u64) -> ControlFlow<()> {
        if self.seen.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            let _ = kill_process(getpid(), Signal::KILL);
        }
        ControlFlow::Continue(())
    }
}

struct Place {
    folder: TempDir,
    sample: Sample,
}

impl Place {
    fn new() -> Self {
        let sample = Plan::new(LEN).signed().with_metadata().seal();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("content"), &sample.content).unwrap();
        fs::write(folder.path().join("package"), &sample.package).unwrap();
        Self { folder, sample }
    }

    fn words<'a>(&'a self, way: &'a str, at: &'a str) -> [&'a str; 3] {
        [self.folder.path().to_str().unwrap(), way, at]
    }

    /// There is no output, or all of it.
    #[track_caller]
    fn assert_whole_or_absent(&self, way: &str) -> bool {
        let folder = self.folder.path();
        let out = folder.join("out");
        if way.ends_with("replace") {
            // Between two names the complete file stands under a private one, until a sweep.
            sweep_unfinished(folder, Duration::ZERO).unwrap();
        }
        let there = out.exists();
        if there {
            let bytes = fs::read(&out).unwrap();
            if way.starts_with("open") {
                assert!(bytes == self.sample.content);
            } else {
                assert!(self.sample.plan.open(&bytes).unwrap().0 == self.sample.content);
            }
            fs::remove_file(&out).unwrap();
        }
        assert_eq!(names_in(folder), ["content", "package"]);
        there
    }

    /// Kills at every report of progress; then lets one run to its end.
    fn kill_at_all_progress(&self, way: &str) {
        for at in 1..=BATCHES {
            assert!(is_killed(child(HELPER, &self.words(way, &at.to_string()))));
            assert!(!self.assert_whole_or_absent(way), "{way} {at}");
        }
        let beyond = (BATCHES + 1).to_string();
        assert!(!is_killed(child(HELPER, &self.words(way, &beyond))));
        assert!(self.assert_whole_or_absent(way));
    }

    /// Kills from outside at times spread over more than a whole run.
    fn kill_at_random_times(&self, way: &str) {
        let start = Instant::now();
        assert!(!is_killed(child(HELPER, &self.words(way, "0"))));
        let whole = start.elapsed();
        self.assert_whole_or_absent(way);
        let mut random = Random::new(1);
        let mut outcomes = [0, 0];
        for _ in 0..30 {
            let mut process = child(HELPER, &self.words(way, "0")).spawn().unwrap();
            let share = u32::try_from(random.below(120)).unwrap();
            sleep(whole * share / 100);
            process.kill().unwrap();
            process.wait().unwrap();
            outcomes[usize::from(self.assert_whole_or_absent(way))] += 1;
        }
        println!("{way} killed 30 times: {outcomes:?} without and with the whole output");
    }
}

#[test]
fn killed_opening_leaves_no_named_plaintext() {
    Place::new().kill_at_all_progress("open");
}

#[test]
fn killed_streaming_leaves_no_named_plaintext() {
    Place::new().kill_at_all_progress("open stream");
}

#[test]
fn killed_sealing_leaves_no_package() {
    Place::new().kill_at_all_progress("seal");
}

#[test]
fn killed_replacement_leaves_no_part() {
    Place::new().kill_at_all_progress("open replace");
}

#[test]
fn opening_killed_at_any_time_leaves_no_part() {
    Place::new().kill_at_random_times("open");
}

#[test]
fn sealing_killed_at_any_time_leaves_no_part() {
    Place::new().kill_at_random_times("seal");
}

#[test]
fn replacement_killed_at_any_time_leaves_no_part() {
    Place::new().kill_at_random_times("open replace");
}

#[test]
fn interrupted_operations_leave_nothing() {
    struct StopAt(u64);
    impl Observer for StopAt {
        fn progress(&self, bytes: u64) -> ControlFlow<()> {
            if bytes >= self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    let place = Place::new();
    for stop in [0, 1_000_000, LEN as u64] {
        let observer = StopAt(stop);
        for threads in [1, 3] {
            let mut execution = crate::support::threads(threads);
            execution.observer = Some(&observer);
            for way in ["open", "open stream", "open replace", "seal"] {
                write_file(place.folder.path(), way, &execution).unwrap_err();
                assert!(!place.assert_whole_or_absent(way));
            }
        }
    }
}

/// Opens or seals between the files of the folder.
fn write_file(folder: &Path, way: &str, execution: &Execution<'_>) -> Result<(), String> {
    let plan = Plan::new(0).signed().with_metadata();
    let out = folder.join("out");
    let mut options = OutputOptions::default();
    if way.ends_with("replace") {
        options.existing = Existing::Replace;
    }
    if way == "seal" {
        let content = File::open(folder.join("content")).unwrap();
        let sealed = plan.sealer().seal_to_file(content, &out, options, execution);
        return sealed.map(|_| ()).map_err(|error| error.to_string());
    }
    let mut package = File::open(folder.join("package")).unwrap();
    let unlocked = plan.unlock(1, &mut package).unwrap();
    let opened = if way == "open stream" {
        unlocked.open_stream_to_file(package, &out, options, execution)
    } else {
        unlocked.open_to_file(package, &out, options, execution)
    };
    opened.map(|_| ()).map_err(|error| error.to_string())
}

/// Folder, way, report of progress at which to die (0: never).
#[test]
fn helper_writes_a_file() {
    let Some(words) = task() else { return };
    let observer = KillAt { at: words[2].parse().unwrap(), seen: AtomicU64::new(0) };
    let mut execution = Execution::default();
    execution.observer = Some(&observer);
    write_file(Path::new(&words[0]), &words[1], &execution).unwrap();
}
