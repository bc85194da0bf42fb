//! Every truncation and every changed byte of packages of several shapes, sought in and streamed.
//!
//! Every offset goes through both ways of opening into memory; a sample of them, with all borders
//! between parts, also through both ways of opening into a file, whose folder must stay empty.

mod unfinished;

use std::io::Cursor;
use std::path::Path;

use medsec_crypto::{
    Execution, OpenError, Opened, OutputOptions, RecipientProfile, SlotCondition, Suite,
};
use tempfile::TempDir;

use crate::support::layout::Layout;
use crate::support::names_in;
use crate::support::sample::{Plan, Sample};

/// Every how many offsets the ways into a file are tried too: a prime, to meet every alignment.
const FILE_STRIDE: usize = 101;
const CHUNK_LEN: usize = 16 * 1024;

/// What was seen, to be compared with the sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    flips_rejected: usize,
    flips_tolerated: usize,
    truncations_rejected: usize,
}

#[test]
fn damage_to_unsigned_package_is_noticed() {
    exhaust("unsigned", Plan::new(1000));
}

#[test]
fn damage_to_signed_package_is_noticed() {
    exhaust("signed", Plan::new(1000).signed());
}

#[test]
fn damage_to_package_with_metadata_is_noticed() {
    exhaust("metadata", Plan::new(1000).with_metadata());
}

#[test]
fn damage_to_signed_package_with_metadata_is_noticed() {
    exhaust("signed, metadata", Plan::new(1000).signed().with_metadata());
}

#[test]
fn damage_to_blind_package_is_noticed() {
    exhaust("blind", Plan::new(1000).blind());
    exhaust("blind, signed", Plan::new(10).blind().signed().with_metadata());
}

#[test]
fn damage_to_package_of_two_recipients_is_noticed() {
    let plan = Plan { recipients: 2, ..Plan::new(1000) };
    exhaust("two recipients", plan);
}

#[test]
fn damage_to_empty_content_is_noticed() {
    exhaust("empty", Plan::new(0));
    exhaust("empty, signed", Plan::new(0).signed().with_metadata());
}

#[test]
fn damage_to_one_full_chunk_is_noticed() {
    exhaust("16 KiB", Plan::new(CHUNK_LEN));
}

#[test]
fn damage_to_three_chunks_is_noticed() {
    exhaust("40 KiB", Plan::new(40 * 1024).signed());
}

#[test]
fn damage_to_chacha_package_is_noticed() {
    let plan = Plan { suite: Suite::ChaCha20Poly1305, ..Plan::new(1000) };
    exhaust("chacha", plan.signed().with_metadata());
}

fn exhaust(name: &str, plan: Plan) {
    let sample = plan.seal();
    let mut counts = Counts::default();
    let folder = TempDir::new().unwrap();
    flip_all(&sample, folder.path(), &mut counts);
    cut_all(&sample, folder.path(), &mut counts);
    println!("{name}: {} bytes, {counts:?}", sample.package.len());
    let inactive = sample.layout.slot_b.len();
    let expected = Counts {
        flips_rejected: sample.package.len() - inactive,
        flips_tolerated: inactive,
        truncations_rejected: sample.package.len(),
    };
    assert_eq!(counts, expected);
}

fn flip_all(sample: &Sample, folder: &Path, counts: &mut Counts) {
    let mut package = sample.package.clone();
    for offset in 0..package.len() {
        package[offset] ^= 1 << (offset % 8);
        if sample.layout.slot_b.contains(&offset) {
            tolerated(sample, &package, offset);
            counts.flips_tolerated += 1;
        } else {
            rejected(sample, &package, offset, folder);
            counts.flips_rejected += 1;
        }
        package[offset] = sample.package[offset];
    }
}

fn cut_all(sample: &Sample, folder: &Path, counts: &mut Counts) {
    for len in 0..sample.package.len() {
        rejected(sample, &sample.package[..len], len, folder);
        counts.truncations_rejected += 1;
    }
}

fn tolerated(sample: &Sample, package: &[u8], offset: usize) {
    let ways = [sample.plan.open(package), sample.plan.stream(package)];
    for (content, opened) in ways.map(|way| way.unwrap_or_else(|e| panic!("{offset}: {e}"))) {
        assert!(content == sample.content, "{offset}");
        assert_eq!(opened.slots, SlotCondition::Damaged, "{offset}");
    }
}

fn rejected(sample: &Sample, package: &[u8], offset: usize, folder: &Path) {
    assert!(sample.plan.open(package).is_err(), "sought in: {offset}");
    assert!(sample.plan.stream(package).is_err(), "streamed: {offset}");
    if offset.is_multiple_of(FILE_STRIDE) || is_border(&sample.layout, offset) {
        let path = folder.join("out");
        assert!(to_file(sample.plan, package, &path).is_err(), "{offset}");
        assert!(stream_to_file(sample.plan, package, &path).is_err(), "{offset}");
        assert!(names_in(folder).is_empty(), "output left at {offset}");
    }
}

/// Whether `offset` is the first or last byte of a part.
fn is_border(layout: &Layout, offset: usize) -> bool {
    layout.parts().iter().any(|(_, part)| offset == part.start || offset + 1 == part.end)
}

fn to_file(plan: Plan, package: &[u8], path: &Path) -> Result<Opened, OpenError> {
    let mut source = Cursor::new(package);
    plan.unlock(1, &mut source)?.open_to_file(
        source,
        path,
        OutputOptions::default(),
        &Execution::default(),
    )
}

fn stream_to_file(plan: Plan, mut package: &[u8], path: &Path) -> Result<Opened, OpenError> {
    plan.unlock(1, &mut package)?.open_stream_to_file(
        package,
        path,
        OutputOptions::default(),
        &Execution::default(),
    )
}

#[test]
fn every_byte_belongs_to_one_part() {
    for profile in [RecipientProfile::Authenticated, RecipientProfile::Blind] {
        let plan = Plan { profile, ..Plan::new(5).signed().with_metadata() };
        let sample = plan.seal();
        let parts = sample.layout.parts();
        let mut end = 0;
        for (name, part) in &parts {
            assert_eq!(part.start, end, "{name}");
            assert!(!part.is_empty(), "{name}");
            end = part.end;
        }
        assert_eq!(end, sample.package.len());
    }
}
