//! A stream as its files have it: real events, chained and committed. Only the signatures are none.

use medsec_audit::{
    Action, Actor, CommitLine, Count, Event, Frontier, Hash, HostId, LogOrigin, LogTime, Origin,
    Outcome, Phase, Place, ProcessName, RecordPosition, Shipment, Subject, leaf_hash,
};

/// Lines of a stream and where its commits end.
pub(crate) struct Stream {
    pub(crate) origin: LogOrigin,
    pub(crate) bytes: Vec<u8>,
    /// Offset behind each commit's LF, and the size there.
    pub(crate) commits: Vec<(usize, u64)>,
}

impl Stream {
    /// `batches` of `batch` records each.
    pub(crate) fn of(origin: &str, batches: u64, batch: u64) -> Self {
        Self::with_seed(origin, batches, batch, 0)
    }

    /// As [`Self::of`]; another seed makes another history.
    pub(crate) fn with_seed(origin: &str, batches: u64, batch: u64, seed: u32) -> Self {
        let mut stream = Self {
            origin: LogOrigin::new(origin).unwrap(),
            bytes: Vec::new(),
            commits: Vec::new(),
        };
        let (mut tree, mut prev) = (Frontier::new(), Hash::from_bytes([0; 32]));
        let event = event(seed);
        for counter in 1..=batches {
            for _ in 0..batch {
                let ts = LogTime::from_unix_millis(1_793_707_200_000 + tree.size()).unwrap();
                let position = RecordPosition { seq: count(tree.size()), prev, ts };
                let line = event.to_line(&position).unwrap();
                prev = leaf_hash(&line);
                tree.push(prev).unwrap();
                stream.push(&line);
            }
            let commit = CommitLine {
                epoch: count(1),
                counter: count(counter),
                size: count(tree.size()),
                root: tree.root(),
                signature: [0x88; 64],
            };
            stream.push(&commit.render());
            stream.commits.push((stream.bytes.len(), tree.size()));
        }
        stream
    }

    fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
    }

    /// Records in all.
    pub(crate) fn size(&self) -> u64 {
        self.commits.last().map_or(0, |(_, size)| *size)
    }

    /// The lines behind size `from` (0 or one of a commit), `batches` batches of them or what is left.
    pub(crate) fn shipment(&self, from: u64, batches: usize) -> Shipment<'_> {
        let next =
            self.commits.iter().position(|(_, size)| *size > from).expect("something is left");
        let start = next.checked_sub(1).map_or(0, |before| self.commits[before].0);
        let last = (next + batches - 1).min(self.commits.len() - 1);
        Shipment::new(&self.origin, &self.bytes[start..self.commits[last].0]).unwrap()
    }

    /// All of it at once.
    pub(crate) fn whole(&self) -> Shipment<'_> {
        Shipment::new(&self.origin, &self.bytes).unwrap()
    }
}

fn count(number: u64) -> Count {
    Count::new(number).unwrap()
}

/// What a test of the log records.
fn event(pid: u32) -> Event {
    Event {
        actor: Actor::System,
        action: Action::Test,
        phase: Phase::Single { request: None, outcome: Outcome::Success },
        subject: Subject::default(),
        purpose: None,
        place: Place {
            host: HostId::new("node-7.radiology.example").unwrap(),
            process: ProcessName::new("medsec").unwrap(),
            pid: Some(pid),
            origin: Origin::Local,
        },
        ruling: None,
        session: None,
    }
}
