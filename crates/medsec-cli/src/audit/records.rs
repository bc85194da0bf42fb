//! Records of several streams, one behind the other by their time, in memory that does not grow.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use medsec_audit::{AuditLog, Batches, Head, LogTime, RecordLine, StreamName, StreamReader};

use super::entry::Entry;
use super::reading::{malformed, next, unreadable};
use super::when::{DAY, before};
use crate::failure::Failure;
use crate::session::Session;

/// Which records are wanted.
pub(crate) trait Choice: Sync {
    /// By what is cheap to see. What is refused here is not parsed.
    fn head(&self, stream: usize, head: &Head<'_>) -> bool;

    /// By all it says.
    fn entry(&self, _: &Entry) -> bool {
        true
    }
}

/// Where to begin. A clock may have been set back: for that it begins a day earlier. There is no end before that of
/// the stream: behind a record of a later time, by a clock that was wrong, others of the time in question may stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    pub(crate) from: Option<LogTime>,
    pub(crate) seq: Option<u64>,
    /// Whether the lines themselves are wanted.
    pub(crate) lines: bool,
}

/// Reads streams, merged.
pub(crate) struct Records<'a> {
    log: &'a AuditLog,
    sources: Vec<Source>,
    choice: &'a dyn Choice,
    threads: NonZeroUsize,
    extent: Extent,
    session: &'a Session,
    failed: Option<usize>,
}

struct Source {
    stream: StreamName,
    /// None until the stream could be begun with.
    reader: Option<StreamReader>,
    waiting: VecDeque<Entry>,
    exhausted: bool,
}

impl<'a> Records<'a> {
    /// Nothing is read yet: what cannot be shows with the first record that is asked for.
    pub(crate) fn open(
        session: &'a Session,
        log: &'a AuditLog,
        streams: &[StreamName],
        extent: Extent,
        choice: &'a dyn Choice,
    ) -> Self {
        let source = |stream: &StreamName| Source {
            stream: stream.clone(),
            reader: None,
            waiting: VecDeque::new(),
            exhausted: false,
        };
        let sources: Vec<_> = streams.iter().map(source).collect();
        // Each stream may hold as many batches as threads work on it.
        let threads = if sources.len() > 16 { NonZeroUsize::MIN } else { session.threads() };
        Self { log, sources, choice, threads, extent, session, failed: None }
    }

    /// The next record by time; nothing as long as there is no more.
    ///
    /// Those of one stream keep their order, whatever their clock said.
    ///
    /// # Errors
    /// A stream cannot be read on, and [`Self::failed`] tells which. Asked again, the others go on without it, until
    /// [`Self::refresh`].
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, Failure> {
        for stream in 0..self.sources.len() {
            self.fill(stream)?;
        }
        let fronts = self.sources.iter().enumerate();
        let fronts = fronts.filter_map(|(at, source)| Some((source.waiting.front()?.ts, at)));
        let Some((_, first)) = fronts.min() else { return Ok(None) };
        Ok(self.sources.get_mut(first).and_then(|source| source.waiting.pop_front()))
    }

    /// The stream that the last failure was about, by its place; none where it was about all.
    pub(crate) const fn failed(&self) -> Option<usize> {
        self.failed
    }

    /// Looks again for records where there were no more.
    pub(crate) fn refresh(&mut self) {
        self.sources.iter_mut().for_each(|source| source.exhausted = false);
    }

    fn fill(&mut self, stream: usize) -> Result<(), Failure> {
        let (session, log) = (self.session, self.log);
        let (extent, threads) = (self.extent, self.threads);
        let how = How { stream, choice: self.choice, lines: extent.lines };
        let Some(source) = self.sources.get_mut(stream) else { return Ok(()) };
        while source.waiting.is_empty() && !source.exhausted {
            if self.session.interrupt.is_set() {
                self.failed = None;
                return Err(Failure::interrupted());
            }
            let filled = source.read(session, log, extent, threads).and_then(|batches| {
                source.exhausted = batches.is_empty();
                source.take(how.parse_all(&batches))
            });
            if filled.is_err() {
                source.exhausted = true;
                self.failed = Some(stream);
                return filled;
            }
        }
        Ok(())
    }
}

impl Source {
    /// The next batches. Those in front of one that cannot be read come first, and by themselves.
    fn read(
        &mut self,
        session: &Session,
        log: &AuditLog,
        extent: Extent,
        most: NonZeroUsize,
    ) -> Result<Vec<Batches>, Failure> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => begin(log, &self.stream, extent).map_err(|error| unreadable(&error))?,
        };
        let reader = self.reader.insert(reader);
        let mut batches = Vec::new();
        while batches.len() < most.get() {
            match next(session, log, &self.stream, reader) {
                Ok(Some(next)) => batches.push(next),
                Ok(None) => break,
                Err(_) if !batches.is_empty() => break,
                Err(failure) => return Err(failure),
            }
        }
        Ok(batches)
    }

    /// Keeps what could be parsed, in front of and behind what could not.
    fn take(&mut self, parsed: Vec<Result<Vec<Entry>, Failure>>) -> Result<(), Failure> {
        let mut result = Ok(());
        for batch in parsed {
            match batch {
                Ok(entries) => self.waiting.extend(entries),
                Err(failure) => result = Err(failure),
            }
        }
        result
    }
}

fn begin(log: &AuditLog, stream: &StreamName, extent: Extent) -> std::io::Result<StreamReader> {
    match (extent.seq, extent.from) {
        (Some(seq), _) => log.reader(stream, seq),
        (None, Some(from)) => log.reader_since(stream, before(from, DAY)),
        (None, None) => log.reader(stream, 0),
    }
}

#[derive(Clone, Copy)]
struct How<'a> {
    stream: usize,
    choice: &'a dyn Choice,
    lines: bool,
}

impl How<'_> {
    /// Each batch by a thread of its own; in their order.
    fn parse_all(self, batches: &[Batches]) -> Vec<Result<Vec<Entry>, Failure>> {
        match batches {
            [only] => vec![self.parse(only)],
            _ => std::thread::scope(|scope| {
                let work = |batch| scope.spawn(move || self.parse(batch));
                let threads: Vec<_> = batches.iter().map(work).collect();
                let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
                joined.map(|parsed| parsed.unwrap_or_else(|_| Err(malformed()))).collect()
            }),
        }
    }

    fn parse(self, batch: &Batches) -> Result<Vec<Entry>, Failure> {
        let shipment = batch.lines().map_err(|_| malformed())?;
        Ok(shipment.records().filter_map(|record| self.choose(record)).collect())
    }

    fn choose(self, record: &RecordLine<'_>) -> Option<Entry> {
        let wanted = self.choice.head(self.stream, &record.head);
        let entry = wanted.then(|| Entry::new(self.stream, record, self.lines));
        entry.filter(|entry| self.choice.entry(entry))
    }
}

/// When the oldest record of all streams was written, of those that can be read.
pub(crate) fn oldest(session: &Session, log: &AuditLog, streams: &[StreamName]) -> Option<LogTime> {
    let first = |stream| {
        let batch = next(session, log, stream, &mut log.reader(stream, 0).ok()?).ok()??;
        let shipment = batch.lines().ok()?;
        shipment.records().next().map(|record| record.head.position.ts)
    };
    streams.iter().filter_map(first).min()
}
