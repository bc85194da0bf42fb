//! Discharge letters of a hospital: who is logged in reads those of their ward, for a while, and on record.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::time::Duration;

/// After this long without a request a session is over.
pub const IDLE: Duration = Duration::from_secs(10 * 60);

/// Why a letter was not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The session was idle for too long.
    Idle,
    /// The letter is another ward's, or there is none of that number.
    NotYours,
}

/// A request, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who asked.
    pub user: String,
    /// For which letter.
    pub letter: u32,
    /// Whether it was shown.
    pub shown: bool,
}

/// Somebody who logged in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Their own name.
    pub user: String,
    /// Where they work.
    pub ward: String,
    /// Since their last request.
    pub idle: Duration,
}

/// All letters, and who asked for which.
#[derive(Debug, Default)]
pub struct Letters {
    letters: BTreeMap<u32, (String, String)>,
    records: Vec<Record>,
}

impl Letters {
    /// Puts a letter of a ward in.
    pub fn put(&mut self, number: u32, ward: &str, text: &str) {
        self.letters.insert(number, (ward.to_owned(), text.to_owned()));
    }

    /// Shows a letter. Every request is kept before anything is shown.
    ///
    /// # Errors
    /// [`Refused::Idle`], or [`Refused::NotYours`] whether or not the letter exists.
    pub fn read(&mut self, session: &Session, number: u32) -> Result<&str, Refused> {
        let allowed = self.judge(session, number);
        let (user, shown) = (session.user.clone(), allowed.is_ok());
        self.records.push(Record { user, letter: number, shown });
        allowed?;
        self.letters.get(&number).map(|(_, text)| text.as_str()).ok_or(Refused::NotYours)
    }

    /// Every request so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    fn judge(&self, session: &Session, number: u32) -> Result<(), Refused> {
        if session.idle >= IDLE {
            return Err(Refused::Idle);
        }
        let own = self.letters.get(&number).is_some_and(|(ward, _)| *ward == session.ward);
        if own { Ok(()) } else { Err(Refused::NotYours) }
    }
}
