//! Why a line is no event.

use super::super::EventError;
use crate::json::JsonError;
use crate::line::LineError;

/// A line is not one that this version writes for an event. Nothing of its content is in the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// Not a line of a log.
    #[error("not a line of a log")]
    Line(#[from] LineError),
    /// A commit, or a record of a kind that is not an event: an epoch, for instance, or of a later version.
    #[error("not an event")]
    NotAnEvent,
    /// Not JSON.
    #[error("not JSON")]
    Json,
    /// A member stands there twice: two readers might see two events.
    #[error("a member stands there twice")]
    Duplicate,
    /// A number that readers could take for another: negative, with a point or exponent, or 2^53 and above.
    #[error("a number is not from 0 to 2^53 - 1")]
    Number,
    /// Nested deeper than any record of this version, or an object with too many members.
    #[error("too many members, or nested too deep")]
    Excess,
    /// A member that must be there is missing.
    #[error("`{member}` is missing in `{object}`")]
    Missing {
        /// The object it belongs in.
        object: &'static str,
        /// The member.
        member: &'static str,
    },
    /// A member is not of its form.
    #[error("`{member}` in `{object}` is not of its form")]
    Value {
        /// The object it stands in.
        object: &'static str,
        /// The member.
        member: &'static str,
    },
    /// All members are there, but not the only way to write this event: members out of order, an empty object,
    /// a member that does not go with the others.
    #[error("not in the form that events have")]
    OtherForm,
    /// The event lacks what its action needs.
    #[error(transparent)]
    Unfit(EventError),
}

impl From<JsonError> for ContentError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Malformed => Self::Json,
            JsonError::Duplicate => Self::Duplicate,
            JsonError::Number => Self::Number,
            JsonError::TooDeep | JsonError::TooManyMembers => Self::Excess,
        }
    }
}

impl From<EventError> for ContentError {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Line(line) => Self::Line(line),
            EventError::Unfit { .. } => Self::Unfit(error),
        }
    }
}
