//! Single records of a stream.

use std::ops::{ControlFlow, RangeInclusive};

use medsec_audit::{AuditLog, RecordLine, StreamName};

use crate::audit::reading::{malformed, next, unreadable};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Hands over the records with these numbers, in their order, as long as `take` goes on. Nothing is verified; that
/// they are all there shows in the number that is returned.
pub(crate) fn each(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
    seqs: RangeInclusive<u64>,
    take: &mut dyn FnMut(&RecordLine<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<u64, Failure> {
    let mut reader = log.reader(stream, *seqs.start()).map_err(|error| unreadable(&error))?;
    let mut taken = 0_u64;
    while let Some(batches) = next(session, log, stream, &mut reader)? {
        let shipment = batches.lines().map_err(|_| malformed())?;
        for record in shipment.records() {
            let seq = record.head.position.seq.get();
            if seq > *seqs.end() {
                return Ok(taken);
            }
            if seqs.contains(&seq) {
                taken = taken.saturating_add(1);
                if take(record)?.is_break() {
                    return Ok(taken);
                }
            }
        }
    }
    Ok(taken)
}

/// The line of one record.
pub(crate) fn line_of(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
    seq: u64,
) -> Result<Vec<u8>, Failure> {
    let mut line = None;
    each(session, log, stream, seq..=seq, &mut |record| {
        line = Some(record.bytes.to_vec());
        Ok(ControlFlow::Break(()))
    })?;
    line.ok_or_else(|| {
        Failure::new(Exit::Truncated, format!("record {seq} is not in the stream"))
            .next("run `medsec audit verify`")
    })
}
