//! Growing the tree from lines, beside SHA-256 of the same bytes in the same run.
//!
//! The calibration hashes each line behind its prefix and, as often as there are inner nodes, 65 bytes: what
//! RFC 6962 cannot do without. Call and calibration take turns, so that a machine whose speed drifts slows both.
//! Results go as lines of JSON to the folder named in `MEDSEC_BENCH_DIR`, or to standard output only;
//! `MEDSEC_BENCH_QUICK=1` takes fewer turns.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly, computes with its own constants and reports by printing"
)]

use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use medsec_audit::{Frontier, leaf_hash, leaf_hashes};
use sha2::{Digest as _, Sha256};

const LINE_LEN: usize = 400;
const LINES: usize = 65_536;

fn main() {
    let mut bytes = vec![0_u8; LINE_LEN * LINES];
    bytes.iter_mut().zip(0_u32..).for_each(|(byte, n)| *byte = n.wrapping_mul(37).to_le_bytes()[1]);
    let lines: Vec<&[u8]> = bytes.chunks(LINE_LEN).collect();
    let turns = if std::env::var_os("MEDSEC_BENCH_QUICK").is_some() { 5 } else { 25 };
    for batch in [1, 32] {
        let times: Vec<(f64, f64)> =
            (0..turns).map(|_| (timed(|| grow(&lines, batch)), timed(|| bare(&lines)))).collect();
        let call = median(times.iter().map(|(call, _)| *call));
        let calibration = median(times.iter().map(|(_, calibration)| *calibration));
        let ratio = median(times.iter().map(|(call, calibration)| calibration / call));
        let rate = f64::from(u32::try_from(LINES).unwrap()) / call;
        print(&format!(
            r#"{{"name":"audit log","what":"tree of {LINE_LEN} byte lines","batch":{batch},"lines_per_s":{rate:.0},"median_ns":{:.0},"calibration_ns":{:.0},"ratio":{ratio:.3},"turns":{turns}}}"#,
            call * 1e9,
            calibration * 1e9,
        ));
    }
}

/// The work: the root of the tree over all lines.
fn grow(lines: &[&[u8]], batch: usize) {
    let mut tree = Frontier::new();
    let mut hashes = Vec::with_capacity(batch);
    for lines in lines.chunks(batch) {
        if let [line] = lines {
            tree.push(leaf_hash(line)).unwrap();
            continue;
        }
        hashes.clear();
        leaf_hashes(lines.iter().copied(), &mut hashes);
        tree.extend(&hashes).unwrap();
    }
    black_box(tree.root());
}

/// The calibration: as many bytes and calls, without a tree.
fn bare(lines: &[&[u8]]) {
    let node = [7_u8; 64];
    for line in lines {
        black_box(Sha256::new_with_prefix([0]).chain_update(line).finalize());
        black_box(Sha256::new_with_prefix([1]).chain_update(black_box(node)).finalize());
    }
}

/// Seconds of one call.
fn timed(call: impl FnOnce()) -> f64 {
    let start = Instant::now();
    call();
    start.elapsed().as_secs_f64()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(line: &str) {
    println!("{line}");
    if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
        let path = std::path::Path::new(&folder).join("tree.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
