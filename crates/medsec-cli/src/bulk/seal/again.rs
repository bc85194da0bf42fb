//! What was sealed before and need not be sealed again.

use medsec_crypto::{Header, KeyRef, ManifestEntry, Opened, Timestamp};

use super::super::crew::{self, Hands, lock};
use super::super::done::{Known, is_passing};
use super::super::manifest::name_of;
use super::super::same::same_content;
use super::super::walk;
use super::{Run, check_unchanged};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::now;

impl Run<'_> {
    /// Whether the newest package of a file holds exactly what the file holds, for those who are to have it. A
    /// package that turns out to be damaged is told of, and its file is sealed again.
    pub(super) fn is_done(
        &self,
        known: &Known,
        name: &str,
        source: &mut walk::Opened,
        hands: Hands,
    ) -> Result<bool, Failure> {
        if known.tied {
            return Ok(false);
        }
        match self.compare(known, source, hands) {
            Ok(None) => Ok(false),
            Ok(Some((header, opened))) => {
                let inside = opened.metadata.as_ref().and_then(|data| data.file_name.as_deref());
                if inside.is_some_and(|inside| inside != name) {
                    return Err(changed_meanwhile());
                }
                check_unchanged(&source.file, source.len, source.modified)?;
                self.check_fits(&header)?;
                self.adopt(known, &header, &opened);
                self.publisher.add_present(self.plan.target, &known.path);
                Ok(true)
            }
            Err(failure) if is_passing(&failure) => Err(failure),
            Err(failure) => {
                self.tally.found(known.place.clone(), &known.path, "failed", failure);
                Ok(false)
            }
        }
    }

    fn compare(
        &self,
        known: &Known,
        source: &mut walk::Opened,
        hands: Hands,
    ) -> Result<Option<(Header, Opened)>, Failure> {
        let parked = lock(&known.parked).take().ok_or_else(changed_meanwhile)?;
        let (package, grant) = self.reader.open(&known.path, parked)?;
        let header = grant.header().clone();
        let stop = crew::Stop(self.interrupt);
        let execution = crew::execution(hands, self.threads, &stop);
        let opened = same_content(grant, package, &mut source.file, &execution)?;
        Ok(opened.map(|opened| (header, opened)))
    }

    /// Whether a package with the file's content is also for whom, and of what dataset, this run would seal it.
    fn check_fits(&self, header: &Header) -> Result<(), Failure> {
        if header.core().dataset != self.plan.spec.dataset {
            return Err(Failure::new(
                Exit::Expectation,
                "it was sealed before, for another dataset; its package was left as it is",
            )
            .next("give the dataset it was sealed for, or another folder; `rewrap` changes recipients only"));
        }
        let keys = self.plan.keys;
        let present = |wanted: &KeyRef| header.stanzas().iter().any(|s| s.key_ref() == wanted);
        let key = keys.keys.iter().all(|name| {
            let mut stanzas = header.stanzas().iter();
            stanzas.any(|stanza| self.plan.custody.is_version_of(stanza, name))
        });
        let demanded = self.plan.custody.has_demanded(header.stanzas());
        if key && demanded && keys.recipients.iter().all(|wanted| present(&wanted.key_ref())) {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Expectation,
            "it was sealed before, but not for all these recipients; its package was left as it is",
        )
        .next("add them with `medsec rewrap`, then run the command again"))
    }

    fn adopt(&self, known: &Known, header: &Header, opened: &Opened) {
        let named = self.ledger.zip(name_of(&known.path)).zip(opened.origin());
        if let Some(((ledger, name), origin)) = named {
            ledger.adopt(ManifestEntry::of_verified(name, header, &origin));
        }
    }
}

/// Of several packages of one file the newest counts, and they tell their time in whole seconds.
pub(super) fn time_after(known: Option<&Known>) -> Timestamp {
    let later = |known: &Known| known.created_at.unix_seconds().saturating_add(1);
    let least = known.map_or(0, later);
    Timestamp::from_unix_seconds(now().unix_seconds().max(least))
}

fn changed_meanwhile() -> Failure {
    Failure::new(Exit::Io, "its package was replaced while it was read; it was not sealed")
        .next("run the command again")
}
