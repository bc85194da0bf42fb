//! The recipient slots: what makes one damaged, and what only the data key's owner can notice.

use medsec_crypto::{FormatError, OpenError, SlotCondition};

use super::assert_format;
use crate::support::layout::{Layout, renew_digest, u32_at};
use crate::support::rewrap::unfinished;
use crate::support::sample::{Plan, Sample};

fn sample() -> Sample {
    Plan { recipients: 2, ..Plan::new(100) }.seal()
}

/// Edits slot A and makes its digest right again.
fn with_slot(sample: &Sample, edit: impl FnOnce(&mut Vec<u8>, &Layout)) -> Vec<u8> {
    sample.edited(|package, layout| {
        edit(package, layout);
        renew_digest(package, layout.slot_a.clone());
    })
}

/// An edit of slot A's structure, its digest right, leaves no whole slot.
#[track_caller]
fn breaks_slot(edit: impl FnOnce(&mut Vec<u8>, &Layout)) {
    let sample = sample();
    let error = sample.plan.refusal(&with_slot(&sample, edit));
    assert_format(&error, &FormatError::SlotsDamaged);
}

#[test]
fn both_slots_torn_is_refused() {
    let sample = Plan::new(100).seal();
    let mut package = unfinished(&sample);
    for slot in [&sample.layout.slot_a, &sample.layout.slot_b] {
        package[slot.start + slot.len() / 2..slot.end].fill(0);
    }
    assert_format(&sample.plan.refusal(&package), &FormatError::SlotsDamaged);
}

#[test]
fn both_slots_unused_is_refused() {
    let error = sample().refusal_after(|package, layout| {
        package[layout.slot_a.clone()].fill(0);
    });
    assert_format(&error, &FormatError::SlotsDamaged);
}

#[test]
fn equal_generations_are_refused() {
    let error = sample().refusal_after(|package, layout| {
        package.copy_within(layout.slot_a.clone(), layout.slot_b.start);
    });
    assert_format(&error, &FormatError::SlotGenerations);
}

#[test]
fn generation_zero_is_damaged() {
    breaks_slot(|package, layout| package[layout.slot_a.start..][..8].fill(0));
}

#[test]
fn padding_that_is_not_zero_is_damaged() {
    let sample = sample();
    let body_len = u32_at(&sample.package, sample.layout.slot_a.start + 8);
    let padding = sample.layout.slot_a.start + 12 + body_len..sample.layout.slot_a.end - 64;
    for offset in [padding.start, padding.start + 100, padding.end - 1] {
        breaks_slot(|package, _| package[offset] = 1);
    }
}

#[test]
fn body_length_that_does_not_fit_is_damaged() {
    let sample = sample();
    let present = u32_at(&sample.package, sample.layout.slot_a.start + 8);
    let present = u32::try_from(present).unwrap();
    for len in [0, 1, present - 1, present + 1, 1973, 2048, 0xFFFF_FFFF] {
        breaks_slot(|package, layout| {
            package[layout.slot_a.start + 8..][..4].copy_from_slice(&len.to_be_bytes());
        });
    }
}

#[test]
fn wrong_number_of_stanzas_is_damaged() {
    for count in [0, 1, 3, 32, 33, 255] {
        breaks_slot(|package, layout| package[layout.slot_a.start + 12] = count);
    }
}

#[test]
fn stanza_lengths_outside_limits_are_damaged() {
    let key_ref_len = 1;
    let wrapped_len = 3;
    for (field, len) in [
        (key_ref_len, 0_u16),
        (key_ref_len, 35),
        (key_ref_len, 2049),
        (key_ref_len, 0xFFFF),
        (wrapped_len, 0),
        (wrapped_len, 103),
        (wrapped_len, 8193),
        (wrapped_len, 0xFFFF),
    ] {
        breaks_slot(|package, layout| {
            let at = layout.first_stanza() + field;
            package[at..at + 2].copy_from_slice(&len.to_be_bytes());
        });
    }
}

#[test]
fn stanza_kind_zero_is_damaged() {
    breaks_slot(|package, layout| package[layout.first_stanza()] = 0);
}

#[test]
fn repeated_stanza_is_damaged() {
    // Two stanzas of 145 bytes each stand behind one another.
    breaks_slot(|package, layout| {
        let first = layout.first_stanza();
        package.copy_within(first..first + 145, first + 145);
    });
}

#[test]
fn changed_slot_length_is_refused() {
    let sample = sample();
    let slot_len = |len: u32| {
        sample.plan.refusal(&sample.edited(|package, layout| {
            package[layout.slot_len.clone()].copy_from_slice(&len.to_be_bytes());
        }))
    };
    for len in [0, 1, 256, 1792, 2047, 2049, 65_537, 65_792, 0xFFFF_FFFF] {
        let field = "recipient slot";
        assert_format(&slot_len(len), &FormatError::Length { field });
    }
    for len in [2304, 4096, 65_536] {
        assert!(matches!(slot_len(len), OpenError::Format(_)));
    }
}

#[test]
fn mac_in_blind_slot_is_damaged() {
    let sample = Plan::new(100).blind().seal();
    let package = with_slot(&sample, |package, layout| {
        package[layout.slot_a.end - 64] = 1;
    });
    assert_format(&sample.plan.refusal(&package), &FormatError::SlotsDamaged);
}

#[test]
fn edited_list_with_right_digest_is_not_authentic() {
    let sample = sample();
    let edits: [fn(&mut Vec<u8>, &Layout); 4] = [
        // Another generation, another mac, the other recipient's wrapped key, one recipient less.
        |package, layout| package[layout.slot_a.start + 7] = 9,
        |package, layout| package[layout.slot_a.end - 64] ^= 1,
        |package, layout| package[layout.first_stanza() + 145 + 100] ^= 1,
        |package, layout| {
            let first = layout.first_stanza();
            package[layout.slot_a.start + 8..][..5].copy_from_slice(&[0, 0, 0, 146, 1]);
            package[first + 145..first + 290].fill(0);
        },
    ];
    for edit in edits {
        let error = sample.plan.refusal(&with_slot(&sample, edit));
        assert!(matches!(error, OpenError::NotAuthentic(_)), "{error:?}");
    }
}

#[test]
fn failed_newer_slot_never_falls_back() {
    let sample = Plan::new(100).seal();
    let mut package = unfinished(&sample);
    let newer = sample.layout.slot_b.clone();
    // The newer slot is whole but its MAC is wrong: a rollback to the older one must not happen.
    package[newer.end - 40] ^= 1;
    renew_digest(&mut package, newer);
    for key in [1, 2] {
        assert!(sample.plan.open_as(key, &package).is_err());
    }
}

#[test]
fn slot_of_another_package_is_not_authentic() {
    let (one, other) = (sample(), sample());
    let error = one.refusal_after(|package, layout| {
        let slot = layout.slot_a.clone();
        package[slot.clone()].copy_from_slice(&other.package[slot]);
    });
    assert!(matches!(error, OpenError::NotAuthentic(_)));
}

#[test]
fn rest_of_a_torn_write_is_reported() {
    let sample = sample();
    let package = sample.edited(|package, layout| {
        let half = layout.slot_a.start..layout.slot_a.start + 1024;
        package.copy_within(half, layout.slot_b.start);
    });
    let (content, opened) = sample.plan.open(&package).unwrap();
    assert_eq!(content, sample.content);
    assert_eq!(opened.slots, SlotCondition::Damaged);
}

#[test]
fn every_recipient_opens_the_package() {
    let sample = sample();
    for key in [1, 2] {
        assert_eq!(sample.plan.open_as(key, &sample.package).unwrap().0, sample.content);
    }
    assert!(sample.plan.open_as(3, &sample.package).is_err());
}
