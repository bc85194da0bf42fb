//! The lines of a stream from a place on, piece by piece.

use medsec_audit::{AuditLog, Batches, Hash, Line, LogOrigin, Shipment, StreamName, StreamReader};

use super::Cause;

/// Where to begin.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    /// With whatever the stream still has: nothing was ever shipped to this peer, and nobody asks it.
    Anywhere,
    /// Behind so many records, up to a commit that must be there, with this root if it is known.
    Behind(u64, Option<Hash>),
}

/// A stream that is being read. Its methods block.
#[derive(Debug)]
pub(super) struct Source {
    reader: StreamReader,
    /// What was read while the place was looked for.
    held: Option<Piece>,
    /// Number of the next record, if it is known.
    next: Option<u64>,
}

/// Whole batches.
#[derive(Debug)]
pub(super) enum Piece {
    Batches(Batches),
    Rest(LogOrigin, Vec<u8>),
}

impl Piece {
    pub(super) fn shipment(&self) -> Result<Shipment<'_>, Cause> {
        let shipment = match self {
            Self::Batches(batches) => batches.lines(),
            Self::Rest(origin, bytes) => Shipment::new(origin, bytes),
        };
        shipment.map_err(|_| Cause::Local)
    }
}

impl Source {
    /// Finds the place.
    ///
    /// # Errors
    /// [`Cause::Ahead`] if the stream is shorter, [`Cause::Fork`] if it has no such commit, [`Cause::Gone`] if what
    /// follows was retired, [`Cause::Local`] if it cannot be read.
    pub(super) fn open(log: &AuditLog, stream: &StreamName, start: Start) -> Result<Self, Cause> {
        let (size, root) = match start {
            Start::Anywhere => (0, None),
            Start::Behind(size, root) => (size, root),
        };
        // The commit is in the segment that has the record in front of it.
        let from = size.saturating_sub(1);
        let mut reader = log.reader(stream, from).map_err(|_| Cause::Local)?;
        let next = matches!(start, Start::Behind(..)).then_some(size);
        let held = if size == 0 { None } else { seek(&mut reader, size, root)? };
        Ok(Self { reader, held, next })
    }

    /// The next piece; nothing as long as there is no more.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, Cause> {
        let piece = match self.held.take() {
            Some(held) => held,
            None => match self.reader.read().map_err(|_| Cause::Local)? {
                Some(batches) => Piece::Batches(batches),
                None => return Ok(None),
            },
        };
        let shipment = piece.shipment()?;
        let found = first(&shipment);
        match (self.next, found) {
            (Some(expected), Some(found)) if found > expected => return Err(Cause::Gone),
            (Some(expected), Some(found)) if found < expected => return Err(Cause::Local),
            _ => {}
        }
        self.next = Some(shipment.size());
        Ok(Some(piece))
    }
}

fn first(shipment: &Shipment<'_>) -> Option<u64> {
    shipment.records().next().map(|record| record.head.position.seq.get())
}

/// Reads up to the commit of a size, and returns what was read behind it.
fn seek(reader: &mut StreamReader, size: u64, root: Option<Hash>) -> Result<Option<Piece>, Cause> {
    loop {
        let batches = reader.read().map_err(|_| Cause::Local)?.ok_or(Cause::Ahead)?;
        let shipment = batches.lines().map_err(|_| Cause::Local)?;
        match first(&shipment) {
            Some(first) if first > size => return Err(Cause::Gone),
            // The commit was retired with all that stands before it: nothing is left to compare.
            Some(first) if first == size => return Ok(Some(Piece::Batches(batches))),
            _ if shipment.size() < size => continue,
            _ => {}
        }
        let commit = shipment.lines().iter().rposition(|line| {
            matches!(line, Line::Commit(commit) if commit.size.get() == size
                && root.is_none_or(|root| commit.root == root))
        });
        let behind = commit.ok_or(Cause::Fork)?.saturating_add(1);
        let rest = render(shipment.lines().get(behind..).unwrap_or_default());
        let origin = shipment.origin().clone();
        return Ok((!rest.is_empty()).then_some(Piece::Rest(origin, rest)));
    }
}

/// Lines as they stood, each with its LF: a record's bytes are its own, and a commit has one form.
fn render(lines: &[Line<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        match line {
            Line::Record(record) => bytes.extend_from_slice(record.bytes),
            Line::Commit(commit) => bytes.extend_from_slice(&commit.render()),
        }
        bytes.push(b'\n');
    }
    bytes
}
