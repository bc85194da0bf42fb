//! Sealing, opening and reading ranges in memory, each beside its calibration.
//!
//! A calibration does the same work on the same chunks, buffers, copies and threads with only the AEAD
//! (and SHA-256 if signed) in the loop. Call and calibration take turns, so that a machine whose speed
//! drifts slows both; what is reported is the median of each and the median of the ratios of
//! neighbours. A harness of its own, because criterion measures one function after the other.
//!
//! Results go as lines of JSON to the folder named in `MEDSEC_BENCH_DIR`, or to standard output.
//! `MEDSEC_BENCH_QUICK=1` leaves out 1 GiB and takes fewer turns.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly, computes with its own constants and reports by printing"
)]

mod calibration;
mod measure;
mod package;

use std::hint::black_box;
use std::io::Cursor;
use std::num::NonZeroUsize;

use medsec_crypto::{Backend, Execution, Suite, Unlocked};

use crate::calibration::{Calibration, Work};
use crate::measure::{Case, Report};
use crate::package::{Prepared, prepare};

fn main() {
    let report = Report::new();
    let quick = std::env::var_os("MEDSEC_BENCH_QUICK").is_some();
    let largest = if quick { 64 << 20 } else { 1 << 30 };
    let sizes = [1 << 10, 16 << 10, 1 << 20, 64 << 20, 1 << 30];
    for backend in Backend::ALL {
        for size in sizes.into_iter().filter(|size| *size <= largest) {
            let content = vec![0xA5; size];
            for signed in [false, true] {
                let prepared = prepare(&content, signed);
                for threads in [1, 2] {
                    if threads == 1 || size >= 1 << 20 {
                        let case = Case { backend: *backend, size, threads, signed };
                        whole(&report, &case, &content, &prepared);
                    }
                }
                if size >= 16 << 10 {
                    ranges(&report, *backend, size, &prepared);
                }
            }
        }
    }
}

fn execution(case: &Case) -> Execution<'static> {
    let mut execution = Execution::default();
    execution.backend = case.backend;
    execution.threads = NonZeroUsize::new(case.threads).unwrap();
    execution
}

/// The whole package: sealed into memory, opened into memory, verified.
fn whole(report: &Report, case: &Case, content: &[u8], prepared: &Prepared) {
    let execution = execution(case);
    let calibration = Calibration::new(case.backend, Suite::Aes256Gcm, case.threads, case.signed);
    let mut package = vec![0; prepared.package.len()];
    let mut plain = vec![0; content.len()];

    report.compare(
        "seal",
        case,
        &mut || {
            let sealer = prepared.sealer();
            sealer.seal(content, &mut package[..], &execution).unwrap();
        },
        &mut |scratch| calibration.run(Work::Seal, content, scratch),
    );
    report.compare(
        "verify",
        case,
        &mut || {
            let opened = prepared.unlocked.verify(Cursor::new(&prepared.package), &execution);
            black_box(opened.unwrap());
        },
        &mut |_| calibration.run(Work::Verify, prepared.chunks(), &mut []),
    );
    report.compare(
        "open_to_memory (making and erasing the buffer, on both sides)",
        case,
        &mut || {
            let source = Cursor::new(&prepared.package);
            black_box(prepared.unlocked.open_to_memory(source, u64::MAX, &execution).unwrap());
        },
        // A fresh buffer that is erased afterwards, as the call makes one.
        &mut |_| {
            let mut fresh = zeroize::Zeroizing::new(vec![0; plain.len()]);
            calibration.run(Work::Open, prepared.chunks(), &mut fresh);
            black_box(&mut plain);
        },
    );
}

/// Single ranges: what one costs by itself, opening the reader included; for signed packages with the
/// side-car in memory and its check against the signature.
fn ranges(report: &Report, backend: Backend, size: usize, prepared: &Prepared) {
    let read = |unlocked: &Unlocked, len: usize| {
        let offset = (size / 2) as u64;
        let mut out = vec![0; len];
        let source = Cursor::new(&prepared.package);
        if prepared.signed {
            let side_car = prepared.side_car.clone().unwrap();
            let mut reader = unlocked.ranged_with(source, side_car, backend).unwrap();
            reader.read_range(offset, &mut out).unwrap();
        } else {
            let mut reader = unlocked.ranged(source, backend).unwrap();
            reader.read_range(offset, &mut out).unwrap();
        }
        black_box(out);
    };
    let case = Case { backend, size, threads: 1, signed: prepared.signed };
    report.time("open_range of 4 KiB", &case, &mut || read(&prepared.unlocked, 4096));
}
