//! One record, as an examination sees it.

use medsec_audit::{Epoch, EpochReason, Event, LogTime, RecordLine};

/// A record of one of the streams that are read.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Which of the streams, by its place among them.
    pub(crate) stream: usize,
    pub(crate) seq: u64,
    pub(crate) ts: LogTime,
    pub(crate) body: Body,
    /// The line as it stands in the file, if lines are wanted.
    pub(crate) line: Option<Box<str>>,
}

/// What a record says.
#[derive(Debug)]
pub(crate) enum Body {
    Event {
        event: Box<Event>,
        /// Whether it has members that this version does not know.
        unknown: bool,
    },
    /// A new key of the stream, and why.
    Epoch(&'static str),
    /// Not of a form that this version reads: of a later one, or made by something else.
    Unread,
}

impl Entry {
    pub(super) fn new(stream: usize, record: &RecordLine<'_>, lines: bool) -> Self {
        let position = &record.head.position;
        // A line is visible ASCII.
        let line = lines.then(|| String::from_utf8_lossy(record.bytes).into());
        Self { stream, seq: position.seq.get(), ts: position.ts, body: Body::of(record), line }
    }

    pub(crate) const fn event(&self) -> Option<&Event> {
        match &self.body {
            Body::Event { event, .. } => Some(event),
            Body::Epoch(_) | Body::Unread => None,
        }
    }
}

impl Body {
    fn of(record: &RecordLine<'_>) -> Self {
        if let Ok(content) = Event::parse(record.bytes) {
            return Self::Event {
                event: Box::new(content.event),
                unknown: !content.unknown.is_empty(),
            };
        }
        Epoch::parse(record).map_or(Self::Unread, |epoch| Self::Epoch(name(&epoch.reason)))
    }
}

const fn name(reason: &EpochReason) -> &'static str {
    reason.name()
}
