//! Writes members of an object: numbers, words, and objects of such. Other text has no way in.

use std::fmt::Write as _;

use crate::count::Count;
use crate::text::Word;

/// Members in the order in which they were added, each with a comma in front.
#[derive(Debug, Default)]
pub(crate) struct Members(String);

impl Members {
    pub(crate) fn word(&mut self, name: &'static str, value: &impl Word) {
        // A String takes whatever is written to it.
        let _ = write!(self.0, ",\"{name}\":\"{value}\"");
    }

    pub(crate) fn number(&mut self, name: &'static str, value: Count) {
        let _ = write!(self.0, ",\"{name}\":{value}");
    }

    /// An object, unless it has no members.
    pub(crate) fn object(&mut self, name: &'static str, members: &Self) {
        if let Some(members) = members.0.strip_prefix(',') {
            let _ = write!(self.0, ",\"{name}\":{{{members}}}");
        }
    }

    /// The word, if there is one.
    pub(crate) fn maybe_word(&mut self, name: &'static str, value: Option<&impl Word>) {
        if let Some(value) = value {
            self.word(name, value);
        }
    }

    /// The number, if there is one.
    pub(crate) fn maybe_number(&mut self, name: &'static str, value: Option<Count>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// As they follow other members.
    pub(crate) const fn behind_others(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
