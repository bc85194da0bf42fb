//! What was measured, as a line of JSON.

use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Files of one length.
pub(crate) struct Set {
    pub(crate) count: usize,
    pub(crate) len: usize,
    /// The length in words.
    pub(crate) size: &'static str,
}

/// One thing measured on one set.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) seconds: f64,
    /// Time of the plain copy by this.
    pub(crate) to_copy: f64,
    /// Time of the copy that hashes by this.
    pub(crate) to_hash: f64,
}

/// Times of both copies, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Copies {
    pub(crate) plain: f64,
    pub(crate) hashed: f64,
}

impl Copies {
    pub(crate) fn median(copies: &[Self], time: fn(&Self) -> f64) -> f64 {
        median(copies.iter().map(time).collect())
    }

    /// Median of the ratios of what was timed in each turn to the copies before and after it.
    fn ratio(copies: &[Self], times: &[f64], time: fn(&Self) -> f64) -> f64 {
        let pairs = copies.iter().zip(copies.iter().skip(1)).zip(times);
        let ratio = |((before, after), own): ((&Self, &Self), &f64)| {
            f64::midpoint(time(before), time(after)) / own
        };
        median(pairs.map(ratio).collect())
    }
}

impl Row {
    /// Something timed once in each turn; `copies` has one more.
    pub(crate) fn new(name: &'static str, times: &[f64], copies: &[Copies]) -> Self {
        Self {
            name,
            seconds: median(times.to_vec()),
            to_copy: Copies::ratio(copies, times, |both| both.plain),
            to_hash: Copies::ratio(copies, times, |both| both.hashed),
        }
    }

    pub(crate) fn report(&self, set: &Set) {
        let line = self.line(set);
        println!("{line}");
        if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
            let path = Path::new(&folder).join("bulk.jsonl");
            let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
            writeln!(file, "{line}").unwrap();
        }
    }

    fn line(&self, set: &Set) -> String {
        let Self { name, seconds, to_copy, to_hash } = self;
        let (count, bytes) = (set.count as f64, (set.count * set.len) as f64);
        let threads = medsec_crypto::Execution::parallel().threads;
        format!(
            r#"{{"name":"folder of {} files of {}","task":"{name}","files":{},"file_bytes":{},"threads":{threads},"median_ns":{:.0},"files_per_s":{:.0},"mb_per_s":{:.1},"ratio_to_copy":{to_copy:.3},"ratio_to_copy_and_hash":{to_hash:.3}}}"#,
            set.count,
            set.size,
            set.count,
            set.len,
            seconds * 1e9,
            count / seconds,
            bytes / seconds / 1e6,
        )
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
