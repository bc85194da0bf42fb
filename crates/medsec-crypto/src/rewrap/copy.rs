//! Rewrapping into a copy: where the file cannot be locked, or the new recipients need larger slots.

use std::io::{self, Read, SeekFrom, Write};
use std::path::Path;

use crate::header::SLOT_LEN_FIELD;
use crate::output::{AtomicFile, OutputError, OutputOptions};
use crate::rewrap::{LockedPackage, NewRecipients, PackageFile, RewrapError, Rewrapped};

impl<F: PackageFile> LockedPackage<F> {
    /// Writes a copy of the package with new recipients, its slots as large as they need. Core, payload,
    /// metadata and trailer are copied byte for byte, so that signature and bindings stay valid. The
    /// original is left alone.
    ///
    /// # Errors
    /// [`RewrapError`]; no copy was made.
    pub fn rewrap_into_copy(
        mut self,
        recipients: &NewRecipients<'_>,
        path: &Path,
        options: OutputOptions,
    ) -> Result<Rewrapped, RewrapError> {
        let slot_len = recipients.slot_len(&self.header)?;
        let slot = recipients.encode(&self.header, slot_len)?;
        let mut output = AtomicFile::create(path, options)?;
        self.write_copy(&slot, output.writer())
            .map_err(|e| RewrapError::Output(OutputError::Io(e)))?;
        let written = {
            let file = output.writer();
            crate::header::Header::read_patiently(file)?
        };
        if written.hash() != self.header.hash() {
            return Err(RewrapError::Changed);
        }
        output.publish()?;
        Ok(Rewrapped {
            generation: written.generation(),
            old_slot: self.header.slot_digest(),
            new_slot: written.slot_digest(),
        })
    }

    fn write_copy(&mut self, slot: &[u8], output: &mut impl Write) -> io::Result<()> {
        let immutable = self
            .header
            .slots_offset
            .saturating_sub(SLOT_LEN_FIELD as u64);
        self.file.seek(SeekFrom::Start(0))?;
        copy_exactly(&mut self.file, output, immutable)?;
        let slot_len = u32::try_from(slot.len()).map_err(io::Error::other)?;
        output.write_all(&slot_len.to_be_bytes())?;
        output.write_all(slot)?;
        output.write_all(&vec![0; slot.len()])?;
        self.file
            .seek(SeekFrom::Start(self.header.payload_offset()))?;
        io::copy(&mut self.file, output)?;
        Ok(())
    }
}

fn copy_exactly(from: &mut impl Read, to: &mut impl Write, len: u64) -> io::Result<()> {
    let copied = io::copy(&mut from.take(len), to)?;
    if copied == len {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
