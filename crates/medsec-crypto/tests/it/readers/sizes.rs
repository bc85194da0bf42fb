//! Contents around every border: chunk, batch of 16 chunks, group of 64 chunks, what a stream holds
//! back (140 bytes of trailer, 1 MiB of metadata).

use super::cases;
use crate::support::content;
use crate::support::sample::Plan;

const CHUNK: usize = 16 * 1024;
const MIB: usize = 1024 * 1024;

/// `middle` and what is one byte or 16 bytes beside it.
fn around(middle: usize) -> Vec<usize> {
    vec![middle - 1, middle, middle + 1]
}

fn round_trip(sizes: &[usize], threads: &[usize], plan: Plan) {
    let mut count = 0;
    for len in sizes {
        let content = content(*len);
        for case in cases(plan, threads) {
            let package = case.seal(&content[..]);
            case.opens_to(&package, &content);
            count += 1;
        }
    }
    println!("{count} packages opened in every way");
    assert_eq!(count, sizes.len() * cases(plan, threads).len());
}

#[test]
fn sizes_around_chunks_open_identically() {
    let sizes = [vec![0, 1, 15, 16, 17], around(CHUNK), around(2 * CHUNK)].concat();
    round_trip(&sizes, &[1, 2, 3], Plan::new(0));
}

#[test]
fn sizes_around_batches_open_identically() {
    let sizes = [around(16 * CHUNK), around(32 * CHUNK)].concat();
    round_trip(&sizes, &[1, 2, 3], Plan::new(0));
}

#[test]
fn sizes_around_groups_open_identically() {
    let sizes = [around(64 * CHUNK), around(65 * CHUNK)].concat();
    round_trip(&sizes, &[1, 3], Plan::new(0));
}

#[test]
fn sizes_around_held_back_bytes_open_identically() {
    // A stream with metadata holds back 1 MiB and reads as much ahead.
    let sizes = [
        vec![0, CHUNK, MIB - 16 * CHUNK],
        around(MIB - 140),
        around(2 * MIB),
        vec![2 * MIB + 16 * CHUNK],
    ]
    .concat();
    round_trip(&sizes, &[1, 2], Plan::new(0).with_metadata());
}

#[test]
fn blind_packages_open_identically() {
    round_trip(&[0, 1000, 17 * CHUNK], &[1, 2], Plan::new(0).blind());
}

#[test]
fn pushed_content_opens_identically() {
    let lengths: [&[usize]; 4] = [&[1, 0, 3], &[CHUNK], &[CHUNK - 1, 2, 7], &[100_000, 1]];
    for len in [0, 1, CHUNK, CHUNK + 1, 16 * CHUNK, 16 * CHUNK + 1, 33 * CHUNK - 5] {
        let content = content(len);
        for case in cases(Plan::new(0).with_metadata(), &[1]) {
            // Single bytes are slow: only for small contents.
            let skipped = usize::from(len > 2 * CHUNK);
            for lengths in &lengths[skipped..] {
                let package = case.push(&content, lengths);
                case.opens_to(&package, &content);
            }
        }
    }
}

#[test]
fn files_hold_the_whole_content() {
    for len in [0, CHUNK, 16 * CHUNK, 40 * CHUNK + 1] {
        let content = content(len);
        for case in cases(Plan::new(0).with_metadata(), &[1, 3]) {
            let package = case.seal(&content[..]);
            case.opens_to_files(&package, &content);
        }
    }
}

#[test]
fn package_of_one_backend_opens_on_the_other() {
    let content = content(20 * CHUNK + 5);
    let cases = cases(Plan::new(0), &[1]);
    for sealing in &cases {
        let package = sealing.seal(&content[..]);
        for opening in cases.iter().filter(|case| {
            (case.plan.suite, case.plan.signed) == (sealing.plan.suite, sealing.plan.signed)
        }) {
            opening.opens_to(&package, &content);
        }
    }
}
