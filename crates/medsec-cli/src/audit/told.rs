//! What the log tells of packages: which were sealed into which data set, and which list of recipients each was
//! given last.

use std::collections::HashMap;

use medsec_audit::{
    Action, AuditLog, DatasetId, Event, Head, Kind, Outcome, PackageId, Phase, Recipients,
    StreamName,
};

use super::records::{Choice, Extent, Records};
use crate::failure::Failure;
use crate::session::Session;

/// Most packages that are kept in mind: as many as a manifest can list.
const MAX_PACKAGES: usize = medsec_crypto::MAX_MANIFEST_PACKAGES;

/// What the log tells of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ToldPackage {
    /// It was sealed, into this data set if it has one.
    pub(crate) sealed: Option<Option<DatasetId>>,
    /// The recipients it was given last; none where they were not changed.
    pub(crate) recipients: Option<Recipients>,
}

/// What the log tells of all packages.
#[derive(Debug, Default)]
pub(crate) struct Told(HashMap<PackageId, ToldPackage>);

impl Told {
    /// Reads the streams, which should have been verified before.
    pub(crate) fn read(
        session: &Session,
        log: &AuditLog,
        streams: &[StreamName],
    ) -> Result<Self, Failure> {
        let mut told = Self::default();
        let mut records = Records::open(session, log, streams, Extent::default(), &Accesses);
        while let Some(entry) = records.next()? {
            if let Some(event) = entry.event() {
                told.take(event)?;
            }
        }
        Ok(told)
    }

    /// Of one package.
    pub(crate) fn of(&self, package: &PackageId) -> Option<&ToldPackage> {
        self.0.get(package)
    }

    /// Packages that were sealed into one of these data sets.
    pub(crate) fn sealed_into<'a>(
        &'a self,
        is_one: impl Fn(&DatasetId) -> bool + 'a,
    ) -> impl Iterator<Item = PackageId> + 'a {
        let is_one = move |told: &ToldPackage| told.sealed.iter().flatten().any(&is_one);
        self.0.iter().filter(move |(_, told)| is_one(told)).map(|(id, _)| *id)
    }

    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        let done = matches!(
            event.phase,
            Phase::Ended { outcome: Outcome::Success, .. }
                | Phase::Single { outcome: Outcome::Success, .. }
        );
        let Some(package) = event.subject.package.filter(|_| done) else { return Ok(()) };
        if self.0.len() >= MAX_PACKAGES && !self.0.contains_key(&package) {
            return Err(Failure::usage("the log tells of more packages than a manifest can list")
                .next("name one stream with --stream"));
        }
        let told = self.0.entry(package).or_default();
        match event.action {
            Action::Seal => told.sealed = Some(event.subject.dataset.clone()),
            Action::Rewrap => {
                let newer = |given: &Recipients| {
                    told.recipients.is_none_or(|known| known.generation < given.generation)
                };
                told.recipients = event.subject.recipients.filter(newer).or(told.recipients);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Records of what was done to packages.
struct Accesses;

impl Choice for Accesses {
    fn head(&self, _: usize, head: &Head<'_>) -> bool {
        head.kind == Kind::ACCESS
    }
}

#[cfg(test)]
mod tests {
    use medsec_audit::{Actor, Count, Origin, Place, Subject};

    use super::*;

    fn event(action: Action, generation: Option<u32>, outcome: Outcome) -> Event {
        let mut subject = Subject::default();
        subject.package = Some(PackageId::from_bytes([1; 16]));
        subject.dataset = DatasetId::new("trial").ok();
        subject.recipients = generation.map(|generation| Recipients {
            generation: Count::from(generation),
            slot: medsec_audit::SlotDigest::from_bytes([7; 32]),
        });
        let place = Place {
            host: medsec_audit::HostId::new("host").unwrap(),
            process: medsec_audit::ProcessName::new("medsec").unwrap(),
            pid: None,
            origin: Origin::Local,
        };
        let phase = Phase::Single { request: None, outcome };
        let (purpose, ruling, session) = (None, None, None);
        Event { actor: Actor::System, action, phase, subject, purpose, place, ruling, session }
    }

    fn told(events: &[Event]) -> Option<ToldPackage> {
        let mut told = Told::default();
        events.iter().for_each(|event| told.take(event).unwrap());
        told.of(&PackageId::from_bytes([1; 16])).cloned()
    }

    #[test]
    fn what_failed_was_not_done() {
        let failed = Outcome::Failure(medsec_audit::Failure::Io);
        assert_eq!(told(&[event(Action::Seal, None, failed)]), None);
    }

    #[test]
    fn newest_list_of_recipients_counts_whatever_the_order() {
        let rewrap = |generation| event(Action::Rewrap, Some(generation), Outcome::Success);
        let newest = told(&[rewrap(3), rewrap(2)]).unwrap().recipients.unwrap();
        assert_eq!(newest.generation, Count::from(3));
    }

    #[test]
    fn package_was_sealed_into_its_data_set() {
        let sealed = told(&[event(Action::Seal, None, Outcome::Success)]).unwrap();
        assert_eq!(sealed.sealed.flatten().unwrap().as_str(), "trial");
    }
}
