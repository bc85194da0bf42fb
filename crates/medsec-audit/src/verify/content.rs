//! What records say, as far as this version understands it: whether each is one that a writer writes, and can be
//! read in one way only.

use std::io;

use crate::epoch::Epoch;
use crate::event::{ContentError, Event};
use crate::line::{Kind, Line, RecordLine};
use crate::stream::{How, Position, Walk};
use crate::verify::VerifyStage;

/// What the records of a stream say, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContentReport {
    /// Events.
    pub events: u64,
    /// Records that open an epoch.
    pub epochs: u64,
    /// Records of kinds that this version does not know: a later one may.
    pub unknown_kinds: u64,
    /// Members that this version does not know, in events that it does.
    pub unknown_members: u64,
    /// Records that no writer writes.
    pub faults: u64,
    /// The first of them, and what is wrong with it.
    pub first_fault: Option<(u64, ContentError)>,
}

impl ContentReport {
    /// Reads the records from a place on and before `size`. Their integrity is not looked at.
    pub(super) fn read(
        walk: &Walk<'_>,
        from: Position,
        size: u64,
        how: &How<'_>,
    ) -> io::Result<Self> {
        let (mut sum, mut stopped) = (Self::default(), false);
        let work = |lines: &[u8]| (Self::of(lines, size), u64::try_from(lines.len()).unwrap_or(0));
        walk.each(from, how.threads, &work, &mut |(part, bytes): &(Self, u64)| {
            sum.add(part);
            stopped = (how.progress)(VerifyStage::Content, *bytes).is_break();
            !stopped
        })?;
        (!stopped).then_some(sum).ok_or_else(|| io::ErrorKind::Interrupted.into())
    }

    fn of(lines: &[u8], size: u64) -> Self {
        let mut sum = Self::default();
        for line in lines.split(|byte| *byte == b'\n') {
            if let Ok(Line::Record(record)) = Line::parse(line)
                && record.head.position.seq.get() < size
            {
                sum.take(&record);
            }
        }
        sum
    }

    fn take(&mut self, record: &RecordLine<'_>) {
        let one_more = |count: &mut u64| *count = count.saturating_add(1);
        if record.head.kind == Kind::EPOCH {
            return match Epoch::parse(record) {
                Ok(_) => one_more(&mut self.epochs),
                Err(_) => self.fault(record, ContentError::OtherForm),
            };
        }
        match Event::parse(record.bytes) {
            Ok(content) => {
                one_more(&mut self.events);
                let unknown = u64::try_from(content.unknown.len()).unwrap_or(u64::MAX);
                self.unknown_members = self.unknown_members.saturating_add(unknown);
            }
            // Of the kind nothing is known; that its JSON is sound is for those who know it.
            Err(ContentError::NotAnEvent) => one_more(&mut self.unknown_kinds),
            Err(error) => self.fault(record, error),
        }
    }

    fn fault(&mut self, record: &RecordLine<'_>, error: ContentError) {
        self.faults = self.faults.saturating_add(1);
        self.first_fault.get_or_insert((record.head.position.seq.get(), error));
    }

    /// Adds what stands behind.
    fn add(&mut self, part: &Self) {
        let Self { events, epochs, unknown_kinds, unknown_members, faults, first_fault } = self;
        for (sum, part) in [
            (events, part.events),
            (epochs, part.epochs),
            (unknown_kinds, part.unknown_kinds),
            (unknown_members, part.unknown_members),
            (faults, part.faults),
        ] {
            *sum = sum.saturating_add(part);
        }
        *first_fault = first_fault.or(part.first_fault);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::samples::{example, position};

    fn report(line: &str) -> ContentReport {
        ContentReport::of(format!("{line}\n").as_bytes(), 100)
    }

    #[test]
    fn records_that_no_writer_writes_are_named() {
        let line = String::from_utf8(example().to_line(&position()).unwrap()).unwrap();
        assert_eq!((report(&line).events, report(&line).faults), (1, 0));
        for (from, to, error) in [
            ("\"why\":", "\"why\":\"ETREAT\",\"why\":", ContentError::Duplicate),
            ("\"generation\":3", "\"generation\":3.0", ContentError::Number),
            ("\"phase\":\"outcome\"", "\"phase\":outcome", ContentError::Json),
            (
                "\"bytes\":1048576,\"ranges\":1",
                "\"ranges\":1,\"bytes\":1048576",
                ContentError::OtherForm,
            ),
        ] {
            let bad = line.replace(from, to);
            assert_ne!(bad, line, "{from}");
            let report = report(&bad);
            assert_eq!((report.events, report.faults), (0, 1), "{from}");
            assert_eq!(report.first_fault, Some((1, error)), "{from}");
        }
        let epoch = line.replace("\"t\":\"access\"", "\"t\":\"epoch\"");
        assert_eq!(report(&epoch).first_fault, Some((1, ContentError::OtherForm)));
    }

    #[test]
    fn what_is_unknown_is_counted_and_no_fault() {
        let line = String::from_utf8(example().to_line(&position()).unwrap()).unwrap();
        let kind = report(&line.replace("\"t\":\"access\"", "\"t\":\"later\""));
        assert_eq!((kind.unknown_kinds, kind.faults), (1, 0));
        let member = report(&line.replace("\"why\":", "\"later\":1,\"why\":"));
        assert_eq!((member.events, member.unknown_members, member.faults), (1, 1, 0));
        // Records behind the last good commit are none.
        assert_eq!(ContentReport::of(line.as_bytes(), 1), ContentReport::default());
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let mut sum = ContentReport {
            events: 2,
            first_fault: Some((7, ContentError::Json)),
            ..ContentReport::default()
        };
        sum.add(&ContentReport {
            events: 3,
            faults: 1,
            first_fault: Some((9, ContentError::Number)),
            ..ContentReport::default()
        });
        assert_eq!(
            (sum.events, sum.faults, sum.first_fault),
            (5, 1, Some((7, ContentError::Json)))
        );
    }
}
