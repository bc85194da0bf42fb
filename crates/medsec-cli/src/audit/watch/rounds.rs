//! When streams are verified as a whole, and from where on else.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use medsec_audit::{LogTime, StreamName, VerifiedPosition};

use super::super::check::Checked;
use super::super::when::now;

/// What this process has verified so far. Nothing of it is stored: a watch that begins anew verifies the whole.
#[derive(Default)]
pub(crate) struct Rounds {
    positions: BTreeMap<StreamName, VerifiedPosition>,
    last: Option<(Instant, LogTime)>,
    /// Verifications since the last one of the whole, that one too.
    count: u64,
}

impl Rounds {
    /// Whether it is time to verify.
    pub(crate) fn is_due(&self, every: Duration) -> bool {
        self.last.is_none_or(|(last, _)| last.elapsed() >= every)
    }

    /// When streams were verified last.
    pub(crate) fn last(&self) -> Option<LogTime> {
        self.last.map(|(_, at)| at)
    }

    /// Verifies soon: there is something new to verify.
    pub(crate) const fn hurry(&mut self) {
        self.last = None;
    }

    /// From where on the next verification checks a stream; nothing if from its beginning. Of so many verifications one
    /// is of the whole.
    pub(crate) fn since(&self, stream: &StreamName, whole_every: u64) -> Option<&VerifiedPosition> {
        self.positions.get(stream).filter(|_| self.count < whole_every)
    }

    pub(crate) fn remember(&mut self, checked: &Checked, whole_every: u64) {
        self.count = if self.count < whole_every { self.count.saturating_add(1) } else { 1 };
        self.last = Some((Instant::now(), now()));
        for stream in &checked.streams {
            match stream.position.as_ref().filter(|_| stream.is_settled()) {
                Some(position) => self.positions.insert(stream.stream.clone(), position.clone()),
                None => self.positions.remove(&stream.stream),
            };
        }
    }
}
