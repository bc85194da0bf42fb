//! Packages with two whole slots: a flip in either opens by the other and is reported.

use std::ops::Range;

use medsec_crypto::SlotCondition;

use crate::support::rewrap::unfinished;
use crate::support::sample::{Plan, Sample};

#[test]
fn damage_outside_the_slots_is_noticed() {
    let sample = Plan::new(100).signed().with_metadata().seal();
    let mut package = unfinished(&sample);
    let parts = sample.layout.parts();
    let outside = parts.iter().filter(|(name, _)| !name.ends_with(['A', 'B']));
    let mut rejected = 0;
    for offset in outside.flat_map(|(_, part)| part.clone()) {
        package[offset] ^= 1;
        assert!(sample.plan.open_as(2, &package).is_err(), "{offset}");
        package[offset] ^= 1;
        rejected += 1;
    }
    let slots = sample.layout.slot_a.len() + sample.layout.slot_b.len();
    assert_eq!(rejected, package.len() - slots);
}

#[test]
fn damage_to_newer_slot_opens_by_older() {
    for plan in shapes() {
        let sample = plan.seal();
        let newer = sample.layout.slot_b.clone();
        count_opened(&sample, newer, 1, "newer");
    }
}

#[test]
fn damage_to_older_slot_opens_by_newer() {
    for plan in shapes() {
        let sample = plan.seal();
        let older = sample.layout.slot_a.clone();
        count_opened(&sample, older, 2, "older");
    }
}

#[test]
fn unfinished_rewrap_opens_by_newer_slot() {
    let sample = Plan::new(100).seal();
    let package = unfinished(&sample);
    let (content, opened) = sample.plan.open_as(2, &package).unwrap();
    assert_eq!(content, sample.content);
    assert_eq!(opened.slots, SlotCondition::RewrapUnfinished);
    assert!(sample.plan.open_as(1, &package).is_err());
}

fn shapes() -> [Plan; 2] {
    [Plan::new(100).signed().with_metadata(), Plan::new(100).blind()]
}

/// Every byte of `slot` in turn is changed; local key `key` opens all the same.
fn count_opened(sample: &Sample, slot: Range<usize>, key: u8, name: &str) {
    let mut package = unfinished(sample);
    let mut opened_by_other = 0;
    for offset in slot.clone() {
        package[offset] ^= 1 << (offset % 8);
        let (content, opened) = sample.plan.open_as(key, &package).unwrap();
        assert_eq!(content, sample.content, "{offset}");
        assert_eq!(opened.slots, SlotCondition::Damaged, "{offset}");
        package[offset] ^= 1 << (offset % 8);
        opened_by_other += 1;
    }
    println!("flips in the {name} of two slots, opened by the other: {opened_by_other}");
    assert_eq!(opened_by_other, slot.len());
}
