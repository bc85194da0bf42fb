//! Writers that are slow or full.

use std::io::{self, Write};

use crate::random::Random;

/// Takes `room` bytes, then is full: every further write fails as a full disk does (ENOSPC).
#[derive(Debug)]
pub struct FailingWriter<W> {
    inner: W,
    room: usize,
}

impl<W> FailingWriter<W> {
    /// A writer with room for `room` bytes.
    pub const fn new(inner: W, room: usize) -> Self {
        Self { inner, room }
    }

    /// What was written so far.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write> Write for FailingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = bytes.get(..bytes.len().min(self.room)).unwrap_or_default();
        if part.is_empty() && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.inner.write(part)?;
        self.room = self.room.saturating_sub(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Takes between 1 and `most` bytes a call and is interrupted every fourth call.
#[derive(Debug)]
pub struct ShortWriter<W> {
    inner: W,
    most: usize,
    calls: u64,
    random: Random,
}

impl<W> ShortWriter<W> {
    /// `most` of 0 is taken as 1.
    pub fn new(inner: W, most: usize, seed: u64) -> Self {
        Self { inner, most: most.max(1), calls: 0, random: Random::new(seed) }
    }

    /// What was written so far.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write> Write for ShortWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls = self.calls.wrapping_add(1);
        if self.calls & 3 == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = self.random.below(self.most).saturating_add(1);
        let part = bytes.get(..bytes.len().min(len)).unwrap_or_default();
        self.inner.write(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_writer_is_full_after_its_room() {
        let mut writer = FailingWriter::new(Vec::new(), 3);
        let error = writer.write_all(&[7; 5]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(writer.into_inner(), [7; 3]);
    }

    #[test]
    fn short_writer_takes_all_in_the_end() {
        let mut writer = ShortWriter::new(Vec::new(), 3, 1);
        writer.write_all(&[7; 50]).unwrap();
        assert_eq!(writer.into_inner(), [7; 50]);
    }
}
