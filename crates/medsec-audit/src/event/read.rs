//! From a line to its event.

mod error;
mod fields;

pub use self::error::ContentError;
use self::fields::Fields;
pub use super::schema::UnknownMember;
use super::schema::{self, RECORD};
use super::{Action, Event};
use crate::json;
use crate::line::{Head, Line, RecordLine};

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Content<'a> {
    /// Its first members.
    pub head: Head<'a>,
    /// The event.
    pub event: Event,
    /// What this version does not know. Not part of the event; a reviewer must be told of it.
    pub unknown: Vec<UnknownMember>,
}

impl Event {
    /// Reads the line of an event, without its LF.
    ///
    /// A line without unknown members is one that [`to_line`](Self::to_line) writes for the same event, byte for
    /// byte; with them, it is one after they are taken away.
    ///
    /// # Errors
    /// [`ContentError`] if it is no record of a known kind, if its JSON could be read in two ways, or if a member is
    /// missing, in the wrong place or not of its form.
    pub fn parse(line: &[u8]) -> Result<Content<'_>, ContentError> {
        match Line::parse(line)? {
            Line::Record(record) => parse_record(&record),
            Line::Commit(_) => Err(ContentError::NotAnEvent),
        }
    }
}

fn parse_record<'a>(record: &RecordLine<'a>) -> Result<Content<'a>, ContentError> {
    let head = record.head;
    if Action::ALL.iter().all(|action| action.kind() != head.kind) {
        return Err(ContentError::NotAnEvent);
    }
    let mut members = json::parse(record.bytes)?;
    // What this version wrote is written again in one step, and has nothing that it does not know.
    if let Ok(event) = Fields::new(RECORD, &members).event()
        && event.to_line(&head.position).is_ok_and(|line| line == record.bytes)
    {
        return Ok(Content { head, event, unknown: Vec::new() });
    }
    // Blanks, escapes and other spellings of a number are other bytes.
    if json::render(&members).as_bytes() != record.bytes {
        return Err(ContentError::OtherForm);
    }
    let unknown = schema::take_unknown(&mut members);
    let event = Fields::new(RECORD, &members).event()?;
    // The order of members, an object without any, or a `t` that is not that of the action.
    if event.to_line(&head.position)? != json::render(&members).as_bytes() {
        return Err(ContentError::OtherForm);
    }
    Ok(Content { head, event, unknown })
}
