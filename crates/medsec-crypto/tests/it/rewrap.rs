//! Changing recipients in one process: what is refused, and that refusal changes nothing.

mod group;
mod payload;

use std::fs;
use std::io::Cursor;

use medsec_crypto::{
    Confirmation, Dek, Header, Identity, KeyRef, LockedPackage, NewRecipients, OutputOptions,
    RewrapError, SlotCondition, Stanza, StanzaKind,
};
use medsec_testkit::MemoryFile;
use tempfile::TempDir;

use crate::support::kek;
use crate::support::rewrap::{rewrap, unfinished, wrapped_for};
use crate::support::sample::{Plan, Sample, origin_of};

fn sample() -> Sample {
    Plan::new(40_000).signed().with_metadata().seal()
}

fn locked(file: &MemoryFile) -> LockedPackage<MemoryFile> {
    LockedPackage::over(file.clone()).unwrap()
}

/// A stanza that nobody can unwrap, under the name of a local key.
fn useless(number: u8) -> Stanza {
    Stanza::new(Identity::key_ref(&kek(number)), vec![7; 104]).unwrap()
}

/// Rewraps the sample with these stanzas and this confirmation.
fn attempt(
    sample: &Sample,
    file: &MemoryFile,
    stanzas: Vec<Stanza>,
    confirmation: Confirmation,
) -> Result<(), RewrapError> {
    let header = Header::read(&mut &sample.package[..]).unwrap();
    let unlocked = header.unlock_recipients_with(&[&kek(1)]).unwrap();
    let recipients = NewRecipients::Authenticated { unlocked: &unlocked, stanzas };
    locked(file).rewrap(&recipients, |_| confirmation).map(|_| ())
}

#[test]
fn failed_confirmation_opens_with_old_recipients() {
    let sample = sample();
    let file = MemoryFile::new(&sample.package);
    let result = attempt(&sample, &file, vec![useless(2)], Confirmation::Failed);
    assert!(matches!(result, Err(RewrapError::NotConfirmed)));
    let (content, _) = sample.plan.open(&file.contents()).unwrap();
    assert_eq!(content, sample.content);
}

#[test]
fn key_of_another_package_does_not_confirm() {
    let sample = sample();
    let file = MemoryFile::new(&sample.package);
    let other = Confirmation::Unwrapped(Dek::generate().unwrap());
    let result = attempt(&sample, &file, vec![useless(2)], other);
    assert!(matches!(result, Err(RewrapError::NotConfirmed)));
    assert_eq!(file.contents(), sample.package);
}

#[test]
fn wrong_profile_is_refused() {
    let sample = sample();
    let file = MemoryFile::new(&sample.package);
    let stanzas = wrapped_for(locked(&file).header(), 1, &[2]);
    let blind = NewRecipients::Blind { stanzas };
    let result = locked(&file).rewrap(&blind, |_| Confirmation::NotPermitted);
    assert!(matches!(result, Err(RewrapError::Profile)));
    assert_eq!(file.contents(), sample.package);
}

#[test]
fn recipients_of_another_package_are_refused() {
    let (one, other) = (sample(), sample());
    let file = MemoryFile::new(&other.package);
    let result = attempt(&one, &file, vec![useless(2)], Confirmation::NotPermitted);
    assert!(matches!(result, Err(RewrapError::Changed)));
    assert_eq!(file.contents(), other.package);
}

#[test]
fn recipients_changed_meanwhile_are_refused() {
    let sample = sample();
    let file = MemoryFile::new(&sample.package);
    rewrap(sample.plan, locked(&file), 1, &[1, 2]).unwrap();
    let changed = file.contents();
    // The package as unlocked before the other's rewrap.
    let result = attempt(&sample, &file, vec![useless(3)], Confirmation::NotPermitted);
    assert!(matches!(result, Err(RewrapError::Changed)));
    assert_eq!(file.contents(), changed);
}

#[test]
fn empty_and_repeated_lists_are_refused() {
    let sample = sample();
    let file = MemoryFile::new(&sample.package);
    for stanzas in [Vec::new(), vec![useless(2), useless(2)]] {
        let result = attempt(&sample, &file, stanzas, Confirmation::NotPermitted);
        assert!(matches!(result, Err(RewrapError::Format(_))));
        assert_eq!(file.contents(), sample.package);
    }
}

/// A list larger than the slots: one real recipient and a large stanza of an unknown kind.
fn large(header: &Header) -> Vec<Stanza> {
    let name = KeyRef::new(StanzaKind::Unknown(200), b"large").unwrap();
    let mut stanzas = wrapped_for(header, 1, &[2]);
    stanzas.push(Stanza::new(name, vec![7; 3000]).unwrap());
    stanzas
}

#[test]
fn list_that_does_not_fit_is_refused() {
    let sample = sample();
    let file = MemoryFile::new(&sample.package);
    let stanzas = large(locked(&file).header());
    let result = attempt(&sample, &file, stanzas, Confirmation::NotPermitted);
    assert!(matches!(result, Err(RewrapError::DoesNotFit)));
    assert_eq!(file.contents(), sample.package);
}

#[test]
fn package_with_two_names_is_refused() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    fs::write(&one, sample().package).unwrap();
    fs::hard_link(&one, &two).unwrap();
    assert!(matches!(LockedPackage::open(&one), Err(RewrapError::Linked)));
    fs::remove_file(&two).unwrap();
    drop(crate::support::rewrap::lock(&one));
}

#[test]
fn old_recipient_cannot_open_afterwards() {
    for plan in [sample().plan, sample().plan.blind()] {
        let sample = plan.seal();
        let file = MemoryFile::new(&sample.package);
        let done = rewrap(plan, locked(&file), 1, &[2, 3]).unwrap();
        assert_eq!(done.generation, 2);
        assert_ne!(done.old_slot, done.new_slot);
        let package = file.contents();
        assert!(plan.open_as(1, &package).is_err());
        for key in [2, 3] {
            let (content, opened) = plan.open_as(key, &package).unwrap();
            assert_eq!(content, sample.content);
            assert_eq!(opened.slots, SlotCondition::Clean);
        }
        origin_of(&package).unwrap();
    }
}

#[test]
fn copy_with_larger_slots_keeps_signature() {
    let sample = sample();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("copy");
    let file = MemoryFile::new(&sample.package);
    let header = Header::read(&mut &sample.package[..]).unwrap();
    let unlocked = header.unlock_recipients_with(&[&kek(1)]).unwrap();
    let recipients =
        NewRecipients::Authenticated { unlocked: &unlocked, stanzas: large(unlocked.header()) };
    let done = locked(&file).rewrap_into_copy(&recipients, &path, OutputOptions::default(), |_| {
        Confirmation::NotPermitted
    });
    assert_eq!(done.unwrap().generation, 2);
    assert_eq!(file.contents(), sample.package);
    let copy = fs::read(&path).unwrap();
    let header = Header::read_patiently(&mut Cursor::new(&copy)).unwrap();
    assert!(header.slot_len() > unlocked.header().slot_len());
    assert_eq!(sample.plan.open_as(2, &copy).unwrap().0, sample.content);
    assert!(sample.plan.open_as(1, &copy).is_err());
    origin_of(&copy).unwrap();
}

#[test]
fn next_rewrap_finishes_an_unfinished_one() {
    let sample = sample();
    let file = MemoryFile::new(&unfinished(&sample));
    let header = Header::read_patiently(&mut file.clone()).unwrap();
    assert_eq!(header.slot_condition(), SlotCondition::RewrapUnfinished);
    rewrap(sample.plan, locked(&file), 2, &[3]).unwrap();
    let (content, opened) = sample.plan.open_as(3, &file.contents()).unwrap();
    assert_eq!((content, opened.slots), (sample.content, SlotCondition::Clean));
}
