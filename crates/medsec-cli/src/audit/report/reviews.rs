//! Which time was examined, and which was not.

use medsec_audit::{Action, Actor, EmergencyId, LogTime, Outcome, PrincipalId};

use super::super::entry::Entry;
use super::emergencies::Emergency;
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen};

const REVIEWS: [Column; 5] = [
    column("time", "recorded"),
    column("who", "who"),
    column("from", "from"),
    column("until", "until"),
    column("note", "note"),
];
const GAPS: [Column; 2] = [column("from", "from"), column("until", "until")];
/// Most reviews that are kept: one a day for thirty years.
const MAX_REVIEWS: usize = 10_000;

/// A person has examined a time.
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub(crate) time: LogTime,
    pub(crate) who: PrincipalId,
    on_behalf_of: Option<PrincipalId>,
    pub(crate) from: LogTime,
    pub(crate) until: LogTime,
    note: bool,
    /// Whose emergency was reviewed; none where a time was examined.
    pub(crate) of: Option<PrincipalId>,
    /// Which of theirs it was.
    emergency: Option<EmergencyId>,
}

/// All reviews that were seen.
#[derive(Debug, Default)]
pub(crate) struct Reviews(Vec<Review>);

impl Review {
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        let event = entry.event().filter(|event| event.action == Action::Review)?;
        event.phase.outcome().filter(|outcome| *outcome == Outcome::Success)?;
        // A program cannot examine anything.
        let Actor::Person(who) = &event.actor else { return None };
        let period = event.subject.period?;
        let (from, until) = (period.from(), period.until());
        Some(Self {
            time: entry.ts,
            who: who.id.clone(),
            on_behalf_of: who.on_behalf_of.clone(),
            from,
            until,
            note: event.subject.text.is_some(),
            of: event.subject.principal.clone(),
            emergency: event.subject.emergency,
        })
    }
}

impl Reviews {
    pub(crate) fn add(&mut self, entry: &Entry) {
        if self.0.len() < MAX_REVIEWS {
            self.0.extend(Review::of(entry));
        }
    }

    /// The first review by somebody else of an emergency, or of all the time that it took, that was made after it.
    pub(crate) fn by_another(&self, emergency: &Emergency) -> Option<&Review> {
        let (who, [first, last]) = (&emergency.who, emergency.span());
        let fits = |review: &&Review| {
            let own = review.who == *who || review.on_behalf_of.as_ref() == Some(who);
            let about = review.of.as_ref().is_none_or(|of| of == who)
                // Where one of them bears no name, whose it is and the time decide.
                && review.emergency.zip(emergency.id).is_none_or(|(of, id)| of == id);
            about && review.from <= first && review.until > last && review.time >= last && !own
        };
        self.0.iter().filter(fits).min_by_key(|review| review.time)
    }

    /// Parts of a time that no review covers.
    pub(crate) fn gaps(&self, from: LogTime, until: LogTime) -> Vec<(LogTime, LogTime)> {
        // Nobody examines what is still to come.
        let reach = |review: &Review| (review.from, review.until.min(review.time));
        // Who looked at an emergency did not examine the time.
        let examined = self.0.iter().filter(|review| review.of.is_none());
        let mut covered: Vec<_> = examined.map(reach).collect();
        covered.sort_unstable();
        let (mut gaps, mut at) = (Vec::new(), from);
        for (begin, end) in covered {
            if begin > at && at < until {
                gaps.push((at, begin.min(until)));
            }
            at = at.max(end);
        }
        if at < until {
            gaps.push((at, until));
        }
        gaps
    }
}

impl Part for Reviews {
    fn take(&mut self, seen: &Seen<'_>) {
        self.add(seen.entry);
    }

    fn sections(&self, frame: &Frame) -> Vec<Section> {
        let touching = |review: &&Review| review.from < frame.until && review.until > frame.from;
        let rows = self.0.iter().filter(touching).map(|review| {
            vec![
                Cell::Time(review.time),
                Cell::text(&review.who),
                Cell::Time(review.from),
                Cell::Time(review.until),
                if review.note { Cell::text("kept apart") } else { Cell::Nothing },
            ]
        });
        let gaps = self.gaps(frame.from, frame.until.min(frame.generated)).into_iter();
        let gaps = gaps.map(|(from, until)| vec![Cell::Time(from), Cell::Time(until)]);
        vec![
            Section {
                id: "reviews",
                title: "Reviews",
                about:
                    "Persons who recorded, up to now, that they had examined a part of the period."
                        .into(),
                columns: &REVIEWS,
                rows: rows.collect(),
                omitted: 0,
                totals: Vec::new(),
            }
            .limited(),
            Section {
                id: "unreviewed",
                title: "Time that nobody has reviewed",
                about: "Parts of the period that no review covers.".into(),
                columns: &GAPS,
                rows: gaps.collect(),
                omitted: 0,
                totals: Vec::new(),
            }
            .limited(),
        ]
    }
}
