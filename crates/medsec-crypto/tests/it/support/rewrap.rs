//! Rewraps among local keys.

use std::path::Path;
use std::thread::yield_now;
use std::time::{Duration, Instant};

use medsec_crypto::{
    Confirmation, GroupLimits, Header, Identity, LockedPackage, NewRecipients, PackageFile,
    Recipient, RecipientProfile, RewrapError, RewrapGroup, Rewrapped, Stanza, StartedRewrap,
};
use medsec_testkit::{CrashFile, CrashPoint, MemoryFile, Outcome};

use super::kek;
use super::sample::{Plan, Sample};

/// Which event of a rewrap scrubs the older slot: after a write and a sync of the newer one.
pub(crate) const SCRUB: u32 = 2;
/// Writes and syncs of a whole rewrap.
pub(crate) const EVENTS: u32 = 4;

/// Locks the package at `path`, waiting while it is locked: the tests of one process start others, and
/// between fork and exec those hold a copy of every descriptor, and with it of every lock.
pub(crate) fn lock(path: &Path) -> LockedPackage {
    let start = Instant::now();
    loop {
        match LockedPackage::open(path) {
            Err(RewrapError::Locked) if start.elapsed() < Duration::from_secs(20) => yield_now(),
            result => return result.unwrap(),
        }
    }
}

/// Wraps the data key that local key `from` can unwrap for the local keys `to`.
pub(crate) fn wrapped_for(header: &Header, from: u8, to: &[u8]) -> Vec<Stanza> {
    let from = kek(from);
    let name = Identity::key_ref(&from);
    let mut stanzas = header.stanzas().iter();
    let stanza = stanzas.find(|stanza| *stanza.key_ref() == name).unwrap();
    let bind = header.bind();
    let dek = from.unwrap_dek(stanza, &bind).unwrap();
    let wrap = |number: &u8| kek(*number).wrap_dek(&dek, &bind).unwrap();
    to.iter().map(wrap).collect()
}

/// Rewraps in place as the owner of local key `from`, and confirms with the first of `to`.
pub(crate) fn rewrap<F: PackageFile>(
    plan: Plan,
    mut package: LockedPackage<F>,
    from: u8,
    to: &[u8],
) -> Result<Rewrapped, RewrapError> {
    let stanzas = wrapped_for(package.header(), from, to);
    if plan.profile == RecipientProfile::Blind {
        return package.rewrap(&NewRecipients::Blind { stanzas }, |_| Confirmation::NotPermitted);
    }
    let header = package.header().clone();
    let unlocked = header.unlock_recipients_with(&[&kek(from)]).unwrap();
    let recipients = NewRecipients::Authenticated { unlocked: &unlocked, stanzas };
    package.rewrap(&recipients, |header| confirm(plan, header, to[0]))
}

/// Writes the new recipients, for a group. They are those of [`rewrap`].
pub(crate) fn start<F: PackageFile>(
    plan: Plan,
    package: LockedPackage<F>,
    from: u8,
    to: &[u8],
) -> Result<StartedRewrap<F>, RewrapError> {
    let stanzas = wrapped_for(package.header(), from, to);
    if plan.profile == RecipientProfile::Blind {
        return package.start_rewrap(&NewRecipients::Blind { stanzas });
    }
    let header = package.header().clone();
    let unlocked = header.unlock_recipients_with(&[&kek(from)]).unwrap();
    package.start_rewrap(&NewRecipients::Authenticated { unlocked: &unlocked, stanzas })
}

/// Like [`rewrap`], in a group by itself.
pub(crate) fn rewrap_in_group<F: PackageFile>(
    plan: Plan,
    package: LockedPackage<F>,
    from: u8,
    to: &[u8],
) -> Result<Rewrapped, RewrapError> {
    let mut group = RewrapGroup::new(GroupLimits::default());
    group.add(start(plan, package, from, to)?, ());
    let results = group.commit(|(), header| match plan.profile {
        RecipientProfile::Blind => Confirmation::NotPermitted,
        _ => confirm(plan, header, to[0]),
    });
    results.into_iter().next().unwrap().1
}

pub(crate) fn confirm(plan: Plan, header: &Header, key: u8) -> Confirmation {
    let checked = header.clone().check(plan.expectation(key));
    if checked.and_then(|checked| checked.unlock_with(&[&kek(key)])).is_err() {
        return Confirmation::Failed;
    }
    let name = Identity::key_ref(&kek(key));
    let stanza = header.stanzas().iter().find(|stanza| *stanza.key_ref() == name).unwrap();
    Confirmation::Unwrapped(kek(key).unwrap_dek(stanza, &header.bind()).unwrap())
}

/// Rewraps from local key 1 to local key 2 and dies before the older slot is scrubbed.
pub(crate) fn unfinished(sample: &Sample) -> Vec<u8> {
    let memory = MemoryFile::new(&sample.package);
    let file = CrashFile::new(memory.clone(), SCRUB, CrashPoint::Before, Outcome::Fail);
    let result = rewrap(sample.plan, LockedPackage::over(file).unwrap(), 1, &[2]);
    assert!(matches!(result, Err(RewrapError::NotScrubbed(..))));
    memory.contents()
}
