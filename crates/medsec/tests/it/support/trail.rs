//! The log as somebody reads it who did not write it.

use medsec_audit::{Action, AuditLog, CommitLine, Denial, Event, Failure, Line, Outcome, Phase};

use super::parts::stream;

/// What the log tells from some moment on.
pub(crate) struct Told {
    log: AuditLog,
    from: u64,
}

impl Told {
    pub(super) fn from(log: &AuditLog) -> Self {
        let from = log.acknowledged(&stream()).unwrap().unwrap();
        Self { log: log.clone(), from }
    }

    /// The events since, in their order. What the log says of itself is left out.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.lines().0.into_iter().map(|(_, event)| event).collect()
    }

    /// The same, each with the number of its record.
    pub(crate) fn numbered(&self) -> Vec<(u64, Event)> {
        self.lines().0
    }

    /// How many commits there were since.
    pub(crate) fn commits(&self) -> usize {
        self.lines().1
    }

    fn lines(&self) -> (Vec<(u64, Event)>, usize) {
        let (mut events, mut commits) = (Vec::new(), 0);
        let mut reader = self.log.reader(&stream(), self.from).unwrap();
        while let Some(batches) = reader.read().unwrap() {
            for line in batches.lines().unwrap().lines() {
                match line {
                    Line::Record(record) if record.head.position.seq.get() >= self.from => {
                        // Not the records that open epochs.
                        let seq = record.head.position.seq.get();
                        let event = Event::parse(record.bytes);
                        events.extend(event.map(|content| (seq, content.event)));
                    }
                    Line::Commit(CommitLine { size, .. }) if size.get() > self.from => commits += 1,
                    _ => {}
                }
            }
        }
        (events, commits)
    }

    /// What each event says happened.
    pub(crate) fn phases(&self) -> Vec<(Action, Phase)> {
        self.events().iter().map(|event| (event.action, event.phase)).collect()
    }

    /// The one event since, which must tell of something that was not begun.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (Action, Outcome) {
        match self.phases()[..] {
            [(action, Phase::Single { request: Some(_), outcome })] => (action, outcome),
            ref other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn denial(&self) -> (Action, Denial) {
        match self.refusal() {
            (action, Outcome::Denied(denial)) => (action, denial),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn failure(&self) -> (Action, Failure) {
        match self.refusal() {
            (action, Outcome::Failure(failure)) => (action, failure),
            other => panic!("{other:?}"),
        }
    }

    /// Of each operation that was announced: its action, and how it ended, if it has. What was given up is recorded
    /// in the background: it is waited for, for a while.
    #[track_caller]
    pub(crate) fn operations(&self) -> Vec<(Action, Option<Outcome>)> {
        let begun = std::time::Instant::now();
        loop {
            let operations = self.operations_now();
            let is_settled = operations.iter().all(|(_, outcome)| outcome.is_some());
            if is_settled || begun.elapsed() > std::time::Duration::from_secs(3) {
                return operations;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    #[track_caller]
    fn operations_now(&self) -> Vec<(Action, Option<Outcome>)> {
        let events = self.events();
        let begun = events.iter().filter_map(|event| match event.phase {
            Phase::Intent { request } => Some((event.action, request)),
            _ => None,
        });
        let ended = |of| {
            events.iter().rev().find_map(|event| match event.phase {
                Phase::Ended { request, outcome } if request == of => Some(outcome),
                _ => None,
            })
        };
        begun.map(|(action, request)| (action, ended(request))).collect()
    }
}
