//! Readers that are slow, interrupted or broken.

use std::io::{self, Read};

use crate::random::Random;

/// Returns between 1 and `most` bytes a call, whatever is asked for.
#[derive(Debug)]
pub struct ShortReader<R> {
    inner: R,
    most: usize,
    random: Random,
}

impl<R> ShortReader<R> {
    /// `most` of 0 is taken as 1: a reader that returns 0 has ended.
    pub fn new(inner: R, most: usize, seed: u64) -> Self {
        Self { inner, most: most.max(1), random: Random::new(seed) }
    }
}

impl<R: Read> Read for ShortReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.random.below(self.most).saturating_add(1);
        let len = len.min(out.len());
        self.inner.read(out.get_mut(..len).unwrap_or_default())
    }
}

/// Fails every second call with [`io::ErrorKind::Interrupted`], which callers must retry.
#[derive(Debug)]
pub struct InterruptingReader<R> {
    inner: R,
    calls: u64,
}

impl<R> InterruptingReader<R> {
    /// The first call is interrupted.
    pub const fn new(inner: R) -> Self {
        Self { inner, calls: 0 }
    }
}

impl<R: Read> Read for InterruptingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.calls = self.calls.wrapping_add(1);
        if self.calls & 1 == 1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.inner.read(out)
    }
}

/// Gives `good` bytes, then fails every call.
#[derive(Debug)]
pub struct FailingReader<R> {
    inner: R,
    good: u64,
}

impl<R> FailingReader<R> {
    /// Fails with [`io::ErrorKind::ConnectionReset`] once `good` bytes were read.
    pub const fn new(inner: R, good: u64) -> Self {
        Self { inner, good }
    }
}

impl<R: Read> Read for FailingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.good == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let read = (&mut self.inner).take(self.good).read(out)?;
        self.good = self.good.saturating_sub(read as u64);
        Ok(read)
    }
}

impl<R: io::Seek> io::Seek for FailingReader<R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl<R: io::Seek> io::Seek for ShortReader<R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl<R: io::Seek> io::Seek for InterruptingReader<R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_reader_fails_after_its_bytes() {
        let mut out = Vec::new();
        let result = FailingReader::new(&[7; 10][..], 4).read_to_end(&mut out);
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(out, [7; 4]);
    }

    #[test]
    fn interrupting_reader_gives_all_in_the_end() {
        let mut out = Vec::new();
        InterruptingReader::new(&[7; 10][..]).read_to_end(&mut out).unwrap();
        assert_eq!(out, [7; 10]);
    }

    #[test]
    fn short_reader_never_ends_early() {
        let mut reader = ShortReader::new(&[7; 100][..], 3, 1);
        let mut total = 0_usize;
        while total < 100 {
            let read = reader.read(&mut [0; 50]).unwrap();
            assert!((1..=3).contains(&read));
            total = total.saturating_add(read);
        }
    }
}
