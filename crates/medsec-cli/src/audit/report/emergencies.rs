//! Emergencies: their start, use and end, and whether somebody else has looked at them.

use std::collections::VecDeque;

use medsec_audit::{
    Action, EmergencyId, Event, Kind, LogTime, Outcome, PrincipalId, Purpose, SessionId,
};

use super::super::entry::Entry;
use super::super::filter::is_emergency;
use super::ledger::count;
use super::reviews::Reviews;
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen};

const COLUMNS: [Column; 8] = [
    column("principal", "principal"),
    column("start", "start"),
    column("end", "end"),
    column("uses", "uses"),
    column("opens", "opens"),
    column("reviewed", "reviewed"),
    column("reviewer", "by"),
    column("emergency", "emergency"),
];
/// Most emergencies that are kept.
const MAX_EMERGENCIES: usize = 10_000;

/// One emergency of one person.
#[derive(Clone, Debug)]
pub(crate) struct Emergency {
    pub(crate) who: PrincipalId,
    /// None in records of programs that did not know it.
    pub(crate) id: Option<EmergencyId>,
    session: Option<SessionId>,
    /// Stream and number of the first record of it.
    pub(crate) at: (usize, u64),
    /// None where it began before what was read.
    pub(crate) start: Option<LogTime>,
    pub(crate) first: LogTime,
    pub(crate) last: LogTime,
    pub(crate) end: Option<LogTime>,
    uses: u64,
    opens: u64,
}

/// All that were seen.
#[derive(Debug, Default)]
pub(crate) struct Emergencies {
    pub(crate) all: VecDeque<Emergency>,
    pub(crate) reviews: Reviews,
    left_out: u64,
}

impl Emergencies {
    pub(crate) fn add(&mut self, entry: &Entry) {
        self.reviews.add(entry);
        let Some(event) = entry.event().filter(|event| is_emergency(event)) else { return };
        let Some(outcome) = event.phase.outcome() else { return };
        let actor = event.actor.principal().map(|actor| &actor.id);
        let Some(who) = claimant(event).or(actor) else { return };
        match event.action {
            // What was denied did not begin.
            Action::EmergencyStart if outcome == Outcome::Success => {
                self.begin(event, who, entry, Some(entry.ts));
            }
            Action::EmergencyStart => {}
            // What could not be ended goes on.
            Action::EmergencyEnd if outcome != Outcome::Success => {}
            // Nor was anything used that was denied.
            Action::EmergencyUse if matches!(outcome, Outcome::Denied(_)) => {}
            _ => self.go_on(event, who, entry),
        }
    }

    fn begin(&mut self, event: &Event, who: &PrincipalId, entry: &Entry, start: Option<LogTime>) {
        if self.all.len() >= MAX_EMERGENCIES {
            // The newest are those that somebody still has to look at.
            self.all.pop_front();
            count(&mut self.left_out);
        }
        self.all.push_back(Emergency {
            who: who.clone(),
            id: event.subject.emergency,
            session: event.session,
            at: (entry.stream, entry.seq),
            start,
            first: entry.ts,
            last: entry.ts,
            end: None,
            uses: 0,
            opens: 0,
        });
    }

    fn go_on(&mut self, event: &Event, who: &PrincipalId, entry: &Entry) {
        if let Some(known) = self.of(event, who) {
            known.take(event, entry.ts);
        } else if event.action.kind() == Kind::EMERGENCY {
            // Its beginning was not read, or there is none: it shows all the same.
            self.begin(event, who, entry, None);
            if let Some(known) = self.of(event, who) {
                known.take(event, entry.ts);
            }
        }
    }

    /// The person's emergency that an event belongs to: the one that it names, whatever has become of it meanwhile, else the
    /// newest that began without a name. Where it names none, the one of its session, else the person's newest; what is done
    /// for emergency treatment without a claim is ordinary work.
    fn of(&mut self, event: &Event, who: &PrincipalId) -> Option<&mut Emergency> {
        if event.subject.emergency.is_some() {
            return self.named(event.subject.emergency, who);
        }
        let open = |known: &Emergency| known.who == *who && known.end.is_none();
        // Two records without a session are not of the same one.
        let same = |known: &Emergency| {
            open(known) && event.session.is_some() && known.session == event.session
        };
        let claims = event.action.kind() == Kind::EMERGENCY;
        let loose = claims || event.purpose == Some(Purpose::BreakTheGlass);
        let at = self.all.iter().rposition(same);
        let at = at.or_else(|| self.all.iter().rposition(open).filter(|_| loose));
        self.all.get_mut(at?)
    }

    /// Somebody else's who bears the name of theirs is not theirs: the file that lends names is nobody's word.
    fn named(&mut self, id: Option<EmergencyId>, who: &PrincipalId) -> Option<&mut Emergency> {
        let own = |known: &Emergency| known.who == *who;
        let at = self.all.iter().rposition(|known| own(known) && known.id == id);
        // One that began under a program that did not name it.
        let nameless = |known: &Emergency| own(known) && known.id.is_none() && known.end.is_none();
        let at = at.or_else(|| self.all.iter().rposition(nameless));
        let known = self.all.get_mut(at?)?;
        known.id = id;
        Some(known)
    }
}

/// Whose emergency it is, where the record says so: somebody else may end it, or notice that it has ended.
fn claimant(event: &Event) -> Option<&PrincipalId> {
    let is_of_one = matches!(event.action, Action::EmergencyStart | Action::EmergencyEnd);
    event.subject.principal.as_ref().filter(|_| is_of_one)
}

impl Emergency {
    fn take(&mut self, event: &Event, time: LogTime) {
        self.last = self.last.max(time);
        match event.action {
            Action::EmergencyEnd => self.end = Some(time),
            Action::EmergencyUse => count(&mut self.uses),
            _ if super::people::is_open(event) => count(&mut self.opens),
            _ => {}
        }
    }

    fn touches(&self, frame: &Frame) -> bool {
        self.first < frame.until && self.end.is_none_or(|end| end >= frame.from)
    }

    /// First and last record of it.
    pub(crate) const fn span(&self) -> [LogTime; 2] {
        [self.first, self.last]
    }
}

impl Part for Emergencies {
    fn take(&mut self, seen: &Seen<'_>) {
        self.add(seen.entry);
    }

    fn sections(&self, frame: &Frame) -> Vec<Section> {
        let mut unreviewed = self.left_out;
        let rows = self.all.iter().rev().filter(|known| known.touches(frame)).map(|known| {
            let review = self.reviews.by_another(known);
            if review.is_none() {
                count(&mut unreviewed);
            }
            let missing = |text: &str| Cell::text(text);
            vec![
                Cell::text(&known.who),
                known.start.map_or_else(|| missing("not in what was read"), Cell::Time),
                known.end.map_or_else(|| missing("not ended"), Cell::Time),
                Cell::Number(known.uses),
                Cell::Number(known.opens),
                review.map_or_else(|| missing("not reviewed"), |review| Cell::Time(review.time)),
                review.map_or(Cell::Nothing, |review| Cell::text(&review.who)),
                known.id.map_or(Cell::Nothing, Cell::text),
            ]
        });
        let rows = rows.collect();
        let section = Section {
            id: "emergencies",
            title: "Emergencies",
            about: "Emergency access that began, went on or ended in the period, the newest first. Reviewed is what another person \
                    examined after its last record; a review of one's own emergency does not count. Where \
                    more than 10,000 were seen, the oldest of them count as not reviewed."
                .into(),
            columns: &COLUMNS,
            rows,
            omitted: self.left_out,
            totals: vec![("not_reviewed", Cell::Number(unreviewed))],
        };
        vec![section.limited()]
    }
}
