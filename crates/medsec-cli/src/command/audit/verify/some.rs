//! Some records of a stream, each by its inclusion proof, against the newest checkpoint.

use std::ops::ControlFlow;
use std::str::FromStr;

use medsec_audit::{AuditLog, Checkpoint, Known, StreamName, leaf_hash};

use crate::command::audit::{prove, records};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

/// Numbers of records, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Records {
    first: u64,
    last: u64,
}

/// The text is no range of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRange;

impl std::fmt::Display for NoRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("two numbers with `..` between, the smaller one first")
    }
}

impl std::error::Error for NoRange {}

impl Records {
    /// One record.
    pub(crate) const fn one(seq: u64) -> Self {
        Self { first: seq, last: seq }
    }

    const fn count(self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

impl FromStr for Records {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let (first, last) = text.split_once("..").ok_or(NoRange)?;
        let number = |text: &str| text.parse().map_err(|_| NoRange);
        let (first, last) = (number(first)?, number(last)?);
        (first <= last).then_some(Self { first, last }).ok_or(NoRange)
    }
}

pub(super) fn verify(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
    wanted: Records,
    known: &[Known],
) -> Result<Report, Failure> {
    // The checkpoint is read and verified once for all of them.
    let mut prover = log.prover(stream)?;
    let newest = prover.checkpoint().clone();
    for known in known {
        check_continues(log, stream, &newest, known)?;
    }
    if wanted.last >= newest.size() {
        return Err(medsec_audit::PublishError::NotYet.into());
    }
    let seqs = wanted.first..=wanted.last;
    let found = records::each(session, log, stream, seqs, &mut |record| {
        if session.interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        let seq = record.head.position.seq.get();
        let shown = prover.inclusion(seq)?.verify(&leaf_hash(record.bytes), newest.root());
        shown.map_err(|error| prove::not_shown(&format!("record {seq}: {error}")))?;
        Ok(ControlFlow::Continue(()))
    })?;
    if found < wanted.count() {
        let missing = wanted.count().saturating_sub(found);
        let what = format!("{missing} of the records are not in the stream, but in its checkpoint");
        return Err(Failure::new(Exit::Truncated, what).next("run `medsec audit verify`"));
    }
    let Records { first, last } = wanted;
    Ok(Report::new()
        .line(format!(
            "{stream}: records {first} to {last} are those of the checkpoint of {} records",
            newest.size()
        ))
        .field("stream", stream.as_str())
        .field("first", first)
        .field("last", last)
        .field("size", newest.size()))
}

/// Whether the newest checkpoint continues one that is known from elsewhere.
fn check_continues(
    log: &AuditLog,
    stream: &StreamName,
    newest: &Checkpoint,
    known: &Known,
) -> Result<(), Failure> {
    let (size, found) = (known.size(), newest.size());
    if size > found {
        let what =
            format!("a checkpoint of {size} records is known, the log's newest is of {found}");
        return Err(Failure::new(Exit::Truncated, what).next("run `medsec audit verify`"));
    }
    if size == 0 {
        return Ok(());
    }
    let proof = log.prove_consistency(stream, size)?;
    proof.verify(known.root(), newest.root()).map_err(|_| {
        let what = format!("the newest checkpoint does not continue a known one of {size} records");
        Failure::new(Exit::Fork, what).next("keep the log and the checkpoint as they are")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_two_numbers_in_order() {
        for bad in ["", "..", "1", "1..", "..2", "2..1", "1...2", "-1..2", "1..2..3", "a..b"] {
            assert_eq!(bad.parse::<Records>(), Err(NoRange), "{bad}");
        }
        assert_eq!("7..9".parse(), Ok(Records { first: 7, last: 9 }));
        assert_eq!("7..9".parse::<Records>().map(Records::count), Ok(3));
    }
}
