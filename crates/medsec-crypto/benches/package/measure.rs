//! Taking turns, medians and output.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use medsec_crypto::Backend;

/// What is measured.
pub(crate) struct Case {
    pub(crate) backend: Backend,
    pub(crate) size: usize,
    pub(crate) threads: usize,
    pub(crate) signed: bool,
}

/// Where results go and how long to measure.
pub(crate) struct Report {
    folder: Option<PathBuf>,
    budget: Duration,
    scratch_len: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        let quick = std::env::var_os("MEDSEC_BENCH_QUICK").is_some();
        Self {
            folder: std::env::var_os("MEDSEC_BENCH_DIR").map(PathBuf::from),
            budget: Duration::from_millis(if quick { 400 } else { 1500 }),
            scratch_len: 1_100_000_000,
        }
    }

    /// Runs call and calibration in turn and reports both.
    pub(crate) fn compare(
        &self,
        name: &str,
        case: &Case,
        call: &mut dyn FnMut(),
        calibration: &mut dyn FnMut(&mut [u8]),
    ) {
        let len = (case.size + case.size / 512 + 65_536).min(self.scratch_len);
        let mut scratch = vec![0; len];
        // Small cases are repeated within a turn, so that the clock's grain does not show.
        let repeat = (256 * 1024 / case.size).max(1);
        let mut turn = || {
            let calibrated = timed(repeat, || calibration(&mut scratch));
            (timed(repeat, &mut *call), calibrated)
        };
        turn();
        let start = Instant::now();
        let mut turns = Vec::new();
        while turns.len() < 5 || (start.elapsed() < self.budget && turns.len() < 500) {
            turns.push(turn());
        }
        let time = median(turns.iter().map(|(time, _)| *time));
        let calibrated = median(turns.iter().map(|(_, calibrated)| *calibrated));
        let ratio = median(turns.iter().map(|(time, calibrated)| calibrated / time));
        let fixed = (time - calibrated) / 1e3;
        self.print(
            name,
            case,
            &format!(
                r#""median_ns":{time:.0},"calibration_ns":{calibrated:.0},"ratio":{ratio:.3},"added_us":{fixed:.1},"turns":{}"#,
                turns.len()
            ),
        );
    }

    /// Reports a call that has no calibration.
    pub(crate) fn time(&self, name: &str, case: &Case, call: &mut dyn FnMut()) {
        timed(3, &mut *call);
        let times: Vec<f64> = (0..50).map(|_| timed(4, &mut *call)).collect();
        let time = median(times.into_iter());
        self.print(name, case, &format!(r#""median_ns":{time:.0}"#));
    }

    fn print(&self, name: &str, case: &Case, figures: &str) {
        let line = format!(
            r#"{{"name":"{name}","backend":"{}","size_bytes":{},"threads":{},"signed":{},{figures}}}"#,
            case.backend.name(),
            case.size,
            case.threads,
            case.signed
        );
        println!("{line}");
        if let Some(folder) = &self.folder {
            let path = folder.join("package.jsonl");
            let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
            writeln!(file, "{line}").unwrap();
        }
    }
}

/// Nanoseconds of one call.
fn timed(repeat: usize, mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..repeat).for_each(|_| call());
    start.elapsed().as_secs_f64() * 1e9 / repeat as f64
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
