//! Rewrapping into a copy: where the file cannot be locked, or the new recipients need larger slots.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::header::{Header, SLOT_LEN_FIELD};
use crate::inspect::Inspection;
use crate::open::OpenError;
use crate::output::{OutputError, OutputOptions, PendingFile};
use crate::rewrap::Rewrapped;
use crate::rewrap::{Confirmation, LockedPackage, NewRecipients, PackageFile, RewrapError};

impl<F: PackageFile> LockedPackage<F> {
    /// Writes a copy of the package with new recipients, its slots as large as they need. Core, payload,
    /// metadata and trailer are copied byte for byte, so that signature and bindings stay valid. The
    /// original is left alone, unless `path` is its name and `options` say that it may be replaced; the
    /// lock is held until then.
    ///
    /// `confirm` is given the header of the finished copy before it appears under its name.
    ///
    /// # Errors
    /// [`RewrapError`]; no copy was made.
    pub fn rewrap_into_copy(
        &mut self,
        recipients: &NewRecipients<'_>,
        path: &Path,
        options: OutputOptions,
        confirm: impl FnOnce(&Header) -> Confirmation,
    ) -> Result<Rewrapped, RewrapError> {
        let slot_len = recipients.slot_len(&self.header)?;
        let slot = recipients.encode(&self.header, slot_len)?;
        let shape = self.shape()?;
        let mut output = PendingFile::create(path, options)?;
        self.write_copy(&slot, shape.package_len, output.writer())
            .map_err(|error| RewrapError::Output(OutputError::Io(error)))?;
        let copied = Inspection::read(output.writer()).map_err(into_rewrap_error)?;
        let same = copied.header.hash() == self.header.hash()
            && copied.payload_len == shape.payload_len
            && copied.header.slots.active().to_bytes() == slot;
        if !same {
            return Err(RewrapError::Changed);
        }
        if !confirm(&copied.header).is_enough(recipients.dek()) {
            return Err(RewrapError::NotConfirmed);
        }
        output.publish()?;
        Ok(Rewrapped {
            generation: copied.header.generation(),
            old_slot: self.header.slot_digest(),
            new_slot: copied.header.slot_digest(),
        })
    }

    /// The shape of the original; its header must still be the one that was read.
    fn shape(&mut self) -> Result<Inspection, RewrapError> {
        let shape = Inspection::read(&mut self.file).map_err(into_rewrap_error)?;
        let same = shape.header.hash() == self.header.hash()
            && shape.header.slot_digest() == self.header.slot_digest();
        if same { Ok(shape) } else { Err(RewrapError::Changed) }
    }

    fn write_copy(&mut self, slot: &[u8], len: u64, output: &mut impl Write) -> io::Result<()> {
        let immutable = self.header.slots_offset.saturating_sub(SLOT_LEN_FIELD as u64);
        self.file.seek(SeekFrom::Start(0))?;
        copy_exactly(&mut self.file, output, immutable)?;
        let slot_len = u32::try_from(slot.len()).map_err(io::Error::other)?;
        output.write_all(&slot_len.to_be_bytes())?;
        output.write_all(slot)?;
        output.write_all(&vec![0; slot.len()])?;
        let payload = self.header.payload_offset();
        self.file.seek(SeekFrom::Start(payload))?;
        copy_exactly(&mut self.file, output, len.saturating_sub(payload))
    }
}

fn copy_exactly(from: &mut (impl Read + Seek), to: &mut impl Write, len: u64) -> io::Result<()> {
    let copied = io::copy(&mut from.take(len), to)?;
    if copied == len { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn into_rewrap_error(error: OpenError) -> RewrapError {
    match error {
        OpenError::Format(error) => RewrapError::Format(error),
        OpenError::Read(error) => RewrapError::Read(error),
        _ => RewrapError::Changed,
    }
}
