//! What `rewrap` does with each package of a folder.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;

use medsec_crypto::{
    Confirmation, Header, KeyRef, LockedPackage, RewrapError, SlotCondition, UnlockedRecipients,
};

use super::{Job, new_recipients};
use crate::bulk::rewrap::{Rewrap, Work};
use crate::exit::Exit;
use crate::failure::Failure;

impl Work for Job<'_> {
    /// A package is left alone if its recipients, which have been authenticated, are those wanted and nothing
    /// of an older list is left.
    fn rewrap(&self, path: &Path, mut file: File) -> Result<Rewrap, Failure> {
        let about = file.metadata();
        let about = about.map_err(|error| Failure::io("the input cannot be read", &error))?;
        let unlocked = self.unlock(Header::read_patiently(&mut file)?)?;
        if self.is_as_wanted(unlocked.header()) {
            return Ok(Rewrap::NotNeeded);
        }
        let recipients = new_recipients(&unlocked, self.stanzas(&unlocked)?);
        let started =
            LockedPackage::open(path).and_then(|package| package.start_rewrap(&recipients));
        match started {
            // Both need a copy, which is made by itself.
            Err(RewrapError::CannotLock(_) | RewrapError::DoesNotFit) => {
                self.in_place(path, &about, &unlocked, &recipients)?;
                Ok(Rewrap::Done)
            }
            started => {
                let started = started?;
                drop(recipients);
                Ok(Rewrap::Started(Box::new((started, unlocked))))
            }
        }
    }

    fn confirm(&self, unlocked: &UnlockedRecipients, header: &Header) -> Confirmation {
        Job::confirm(self, unlocked, header)
    }

    /// Who was to be removed and was a recipient of no package: it may be a slip.
    fn slip(&self) -> Option<Failure> {
        let at = self.removed.iter().position(|met| !met.load(Ordering::Relaxed))?;
        let number = at.saturating_add(1);
        Some(
            Failure::new(
                Exit::Expectation,
                format!("--drop no. {number} was a recipient of no package"),
            )
            .next("`medsec inspect` shows the recipients of a package"),
        )
    }
}

impl Job<'_> {
    fn is_as_wanted(&self, header: &Header) -> bool {
        let present = |key: &KeyRef| header.stanzas().iter().any(|s| s.key_ref() == key);
        for (_, met) in self.remove.iter().zip(&self.removed).filter(|(key, _)| present(key)) {
            met.store(true, Ordering::Relaxed);
        }
        let outdated = header.stanzas().iter().any(|s| self.is_outdated(s.key_ref()));
        self.add.iter().all(|new| present(&new.key_ref()))
            && !self.remove.iter().any(present)
            && !outdated
            && header.slot_condition() == SlotCondition::Clean
    }
}
