//! What a log says about a period: the examination that 164.308(a)(1)(ii)(D) asks for, from one reading of the log.
//!
//! Memory is bounded: lists and sets have limits, and what was left out is counted and told.

mod activity;
mod changes;
mod emergencies;
mod first;
mod itself;
mod ledger;
mod logins;
mod off_hours;
mod opened;
mod page;
mod people;
mod refusals;
mod reviews;
mod section;
mod shape;
#[cfg(test)]
mod tests;
mod unfinished;
mod verdict;

use medsec_audit::{AuditLog, Event, Head, Kind, LogTime, Outcome as Ended, StreamName};

pub(crate) use self::emergencies::Emergencies;
pub(crate) use self::reviews::Reviews;
use self::section::Section;
pub(crate) use self::shape::{Shape, document, write};
use super::check::{Checked, Manner, check};
use super::elsewhere::Ask;
use super::entry::Entry;
use super::records::{Choice, Extent, Records};
use super::when::{DAY, OffHours, Offset, after};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What is examined, and how.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) from: LogTime,
    pub(crate) until: LogTime,
    /// From here on it is known who had access before.
    pub(crate) baseline: LogTime,
    pub(crate) off_hours: Option<OffHours>,
    /// What a day and an hour are.
    pub(crate) offset: Offset,
    pub(crate) streams: Vec<StreamName>,
    pub(crate) generated: LogTime,
}

/// Where a record stands to the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    Before,
    Period,
    After,
}

/// A record, and the period it is looked at for.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) within: Within,
    pub(crate) frame: &'a Frame,
}

impl<'a> Seen<'a> {
    /// The event, if the record is one of the period.
    pub(crate) fn of_period(&self) -> Option<&'a Event> {
        self.entry.event().filter(|_| self.within == Within::Period)
    }

    /// The event with its outcome, if it is one of the period and has one.
    pub(crate) fn ended(&self) -> Option<(&'a Event, Ended)> {
        let event = self.of_period()?;
        Some((event, event.phase.outcome()?))
    }
}

/// One part of the report.
pub(crate) trait Part {
    fn take(&mut self, seen: &Seen<'_>);

    fn sections(&self, frame: &Frame) -> Vec<Section>;
}

impl Frame {
    fn place(&self, time: LogTime) -> Within {
        if time < self.from {
            Within::Before
        } else if time < self.until {
            Within::Period
        } else {
            Within::After
        }
    }
}

impl Choice for Frame {
    /// Outside of the period, only what says something of it.
    fn head(&self, _: usize, head: &Head<'_>) -> bool {
        let (time, kind) = (head.position.ts, head.kind);
        match self.place(time) {
            Within::Period => true,
            Within::Before => {
                let telling = [Kind::ACCESS, Kind::EMERGENCY, Kind::REVIEW, Kind::EPOCH];
                time >= self.baseline && telling.contains(&kind)
            }
            Within::After => {
                let outcome = time < after(self.until, DAY);
                outcome || [Kind::EMERGENCY, Kind::REVIEW].contains(&kind)
            }
        }
    }
}

/// What was found.
pub(crate) struct Report {
    pub(crate) frame: Frame,
    pub(crate) checked: Checked,
    pub(crate) sections: Vec<Section>,
    /// Records of the period.
    pub(crate) records: u64,
    /// Those of them that this version cannot read.
    pub(crate) unread: u64,
}

/// Verifies the log, reads it once and gathers all parts, and verifies it again: it must continue what was verified
/// first. What cannot be read is told with the verification, and the report is made of the rest.
pub(crate) fn gather(
    session: &Session,
    log: &AuditLog,
    frame: Frame,
    own: bool,
) -> Result<Report, Failure> {
    let begun = Gathering::begin(session, log, frame, own)?;
    begun.read(session, log)?.conclude(session, log)
}

/// A report that is being made.
struct Gathering {
    frame: Frame,
    ask: Ask,
    checked: Checked,
    parts: Vec<Box<dyn Part>>,
    counted: u64,
    unread: u64,
}

impl Gathering {
    /// The first check.
    fn begin(session: &Session, log: &AuditLog, frame: Frame, own: bool) -> Result<Self, Failure> {
        let ask = Ask::of(own);
        let checked = check(session, log, &frame.streams, &Manner::new(ask))?;
        Ok(Self { frame, ask, checked, parts: parts(), counted: 0, unread: 0 })
    }

    fn read(mut self, session: &Session, log: &AuditLog) -> Result<Self, Failure> {
        let frame = &self.frame;
        let extent = Extent { from: Some(frame.baseline), ..Extent::default() };
        let mut records = Records::open(session, log, &frame.streams, extent, frame);
        loop {
            let entry = match records.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
                Err(failure) => {
                    self.checked.accuse(records.failed(), failure);
                    continue;
                }
            };
            let seen = Seen { entry: &entry, within: frame.place(entry.ts), frame };
            if seen.within == Within::Period {
                let unread = matches!(entry.body, super::entry::Body::Unread);
                self.counted = self.counted.saturating_add(1);
                self.unread = self.unread.saturating_add(unread.into());
            }
            self.parts.iter_mut().for_each(|part| part.take(&seen));
        }
        drop(records);
        Ok(self)
    }

    /// The second check, and the report.
    fn conclude(self, session: &Session, log: &AuditLog) -> Result<Report, Failure> {
        let Self { frame, ask, checked, parts, counted, unread } = self;
        let known = |stream: &StreamName| checked.known(stream).into_iter().collect();
        let manner = Manner { known: &known, ..Manner::new(ask) };
        let again = check(session, log, &frame.streams, &manner)?;
        let checked = checked.or_worse(again);
        let sections = parts.iter().flat_map(|part| part.sections(&frame)).collect();
        Ok(Report { frame, checked, sections, records: counted, unread })
    }
}

fn parts() -> Vec<Box<dyn Part>> {
    vec![
        Box::new(people::People::default()),
        Box::new(opened::Opened::default()),
        Box::new(refusals::Refusals::default()),
        Box::new(Emergencies::default()),
        Box::new(off_hours::OffHoursUse::default()),
        Box::new(first::FirstAccess::default()),
        Box::new(logins::Logins::default()),
        Box::new(changes::Changes::default()),
        Box::new(unfinished::Unfinished::default()),
        Box::new(Reviews::default()),
        Box::new(itself::Itself::default()),
        Box::new(activity::Activity::default()),
    ]
}
