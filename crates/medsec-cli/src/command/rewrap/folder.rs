//! What `rewrap` does with each of many packages.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;

use medsec::{Confirmed, NewList, RewrapGrant, UseError};
use medsec_crypto::{Header, LockedPackage, RewrapError, SlotCondition};

use super::{Job, ended, has};
use crate::bulk::rewrap::{Look, Rewrap, Work};
use crate::exit::Exit;
use crate::failure::Failure;

impl Work for Job<'_> {
    fn look(&self, header: &Header) -> Look {
        match self.goes_unseen(header) {
            // Nobody could authenticate the list of a blind package any better.
            true if self.is_as_wanted(header) => Look::AsWanted,
            true => Look::Unseen,
            false => Look::WithDataKey,
        }
    }

    fn grant_unseen(&self, headers: Vec<Header>) -> Vec<Result<(RewrapGrant, NewList), Failure>> {
        self.granted_unseen(headers)
    }

    fn apply(&self, path: &Path, granted: (RewrapGrant, NewList)) -> Result<Rewrap, Failure> {
        let (grant, list) = granted;
        let locked = LockedPackage::open(path).map_err(UseError::from);
        let started = locked.and_then(|package| grant.start(package, &list));
        match started {
            // Both need a copy, which is made by itself.
            Err(UseError::Rewrap(RewrapError::CannotLock(_) | RewrapError::DoesNotFit)) => {
                self.replace(path, grant, &list)
            }
            Err(error) => {
                let _ = grant.finish(Err(&error));
                Err(error.into())
            }
            Ok(started) => Ok(Rewrap::Started(Box::new((started, grant)))),
        }
    }

    /// A package is left alone if its recipients, which have been authenticated, are those wanted and nothing
    /// of an older list is left.
    fn rewrap(&self, path: &Path, mut file: File) -> Result<Rewrap, Failure> {
        self.refuse_data_key()?;
        let grant = self.grant(Header::read_patiently(&mut file))?;
        if self.is_as_wanted(grant.header()) {
            grant.nothing_to_do()?;
            return Ok(Rewrap::NotNeeded);
        }
        self.apply(path, self.list(grant)?)
    }

    fn confirm(&self, grant: &RewrapGrant, header: &Header) -> Confirmed {
        self.custody.confirm(grant, header)
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
    fn replace(&self, path: &Path, grant: RewrapGrant, list: &NewList) -> Result<Rewrap, Failure> {
        let (done, about) = match path.metadata() {
            Ok(about) => (self.in_place(path, &grant, list), Some(about)),
            Err(error) => (Err(RewrapError::Read(error).into()), None),
        };
        ended(grant, done, path, about.as_ref())?;
        Ok(Rewrap::Done)
    }

    fn is_as_wanted(&self, header: &Header) -> bool {
        for (_, met) in self.remove.iter().zip(&self.removed).filter(|(key, _)| has(header, key)) {
            met.store(true, Ordering::Relaxed);
        }
        let under_key = self.to_key.as_ref().is_none_or(|key| {
            let stanzas = header.stanzas().iter();
            let mut found = stanzas.filter_map(|s| self.custody.stands_under(s, key)).peekable();
            found.peek().is_some() && found.all(|newest| newest)
        });
        self.added.iter().all(|added| has(header, added))
            && self.custody.has_demanded(header.stanzas())
            && !header.stanzas().iter().any(|stanza| self.is_removed(stanza))
            && under_key
            && header.slot_condition() == SlotCondition::Clean
    }
}
