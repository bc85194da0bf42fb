//! Reading a stream's lines as they grow.

use std::io;

use super::AuditLog;
use crate::checkpoint::LogOrigin;
use crate::epoch::StreamName;
use crate::outside::{Shipment, ShipmentError};
use crate::stream::{Cursor, HighWater};
use crate::time::LogTime;
use crate::volume::Folder;

/// Reads the lines of a stream in their order, never beyond what was acknowledged. Nothing is verified: whoever
/// wants to know whether the lines are the writer's verifies the stream.
#[derive(Clone, Debug)]
pub struct StreamReader {
    folder: Folder,
    origin: LogOrigin,
    cursor: Cursor,
}

/// Whole batches, one behind the other.
#[derive(Clone, Debug)]
pub struct Batches {
    origin: LogOrigin,
    bytes: Vec<u8>,
}

impl AuditLog {
    /// Reads a stream from the batch on that has the record with this number, or a little before it.
    ///
    /// # Errors
    /// Reading failed.
    pub fn reader(&self, stream: &StreamName, seq: u64) -> io::Result<StreamReader> {
        let folder = Folder::new(&self.stream_folder(stream));
        let cursor = Cursor::near(&folder, seq)?;
        Ok(StreamReader { folder, origin: self.origin(stream), cursor })
    }

    /// Reads a stream from about a time on: from the beginning of the segment that was being written then.
    ///
    /// # Errors
    /// Reading failed.
    pub fn reader_since(&self, stream: &StreamName, time: LogTime) -> io::Result<StreamReader> {
        let folder = Folder::new(&self.stream_folder(stream));
        let cursor = Cursor::since(&folder, time)?;
        Ok(StreamReader { folder, origin: self.origin(stream), cursor })
    }

    /// How many records of a stream were acknowledged, as its mark says; nothing where there is none to read, as in a
    /// copy. Nothing is verified. After a power cut it may be behind until a writer has begun.
    ///
    /// # Errors
    /// Reading failed.
    pub fn acknowledged(&self, stream: &StreamName) -> io::Result<Option<u64>> {
        let mark = HighWater::read(&Folder::new(&self.stream_folder(stream)))?;
        Ok(mark.commit().map(|commit| commit.size.get()))
    }
}

impl StreamReader {
    /// Reads no more than `size` records. A stream without a mark is read with such a limit only: as many records as a
    /// check has found good, or a checkpoint has.
    #[must_use]
    pub fn up_to(self, size: u64) -> Self {
        Self { cursor: self.cursor.up_to(size), ..self }
    }

    /// The next batches, about a MiB of them; nothing as long as there are no more. Asked again later, it goes on.
    ///
    /// # Errors
    /// Reading failed, or what is there is no batch, or it is not known how far the stream may be read
    /// ([`MarkError`](crate::MarkError)); asking again reads the same again.
    pub fn read(&mut self) -> io::Result<Option<Batches>> {
        let bytes = self.cursor.next(&self.folder)?;
        Ok(bytes.map(|bytes| Batches { origin: self.origin.clone(), bytes }))
    }
}

impl Batches {
    /// The lines.
    ///
    /// # Errors
    /// [`ShipmentError`] if they are not of the form: verify the stream.
    pub fn lines(&self) -> Result<Shipment<'_>, ShipmentError> {
        Shipment::new(&self.origin, &self.bytes)
    }
}
