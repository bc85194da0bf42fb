//! Reads the fixed parts of a line from left to right.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Kind, LineError};
use crate::count::Count;
use crate::time::LogTime;

/// What has not been read yet, and where that is.
pub(super) struct Scan<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    /// Exactly these bytes.
    pub(super) fn literal(&mut self, text: &[u8]) -> Result<(), LineError> {
        let found = self.rest.get(..text.len()).ok_or_else(|| self.malformed())?;
        if found != text {
            return Err(self.malformed());
        }
        self.advance(text.len());
        Ok(())
    }

    /// Decimal digits up to the first byte that is none.
    pub(super) fn count(&mut self) -> Result<Count, LineError> {
        let digits = self.run(Count::MAX_DIGITS, |byte| byte.is_ascii_digit());
        let count = Count::from_digits(digits).ok_or_else(|| self.malformed())?;
        self.advance(digits.len());
        Ok(count)
    }

    /// `TEXT` characters of base64 (RFC 4648, section 4) that stand for exactly `LEN` bytes.
    pub(super) fn base64<const TEXT: usize, const LEN: usize>(
        &mut self,
    ) -> Result<[u8; LEN], LineError> {
        let text = self.rest.first_chunk::<TEXT>().ok_or_else(|| self.malformed())?;
        // Room for what the text could decode to if it had no padding.
        let mut room = [0; TEXT];
        let len = STANDARD.decode_slice(text, &mut room).map_err(|_| self.malformed())?;
        let bytes = room.get(..len).and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or_else(|| self.malformed())?;
        self.advance(TEXT);
        Ok(bytes)
    }

    pub(super) fn time(&mut self) -> Result<LogTime, LineError> {
        let text = self.rest.first_chunk().and_then(LogTime::from_text);
        let time = text.ok_or_else(|| self.malformed())?;
        self.advance(LogTime::LEN);
        Ok(time)
    }

    pub(super) fn kind(&mut self) -> Result<Kind<'a>, LineError> {
        let text = self.run(Kind::MAX_LEN, |byte| byte != b'"');
        let text = std::str::from_utf8(text).map_err(|_| self.malformed())?;
        let kind = Kind::new(text).map_err(|_| self.malformed())?;
        self.advance(text.len());
        Ok(kind)
    }

    /// Nothing is left.
    pub(super) fn end(&self) -> Result<(), LineError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }

    /// What is left closes an object, with or without further members.
    pub(super) fn ends_object(&self) -> Result<(), LineError> {
        match self.rest {
            [b'}'] | [b',', b'"', .., b'}'] => Ok(()),
            _ => Err(self.malformed()),
        }
    }

    /// The longest beginning, of `max` bytes at most, all bytes of which are wanted.
    fn run(&self, max: usize, is_wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let len = self.rest.iter().take(max).take_while(|byte| is_wanted(**byte)).count();
        self.rest.get(..len).unwrap_or_default()
    }

    fn advance(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
        self.at = self.at.saturating_add(len);
    }

    const fn malformed(&self) -> LineError {
        LineError::Malformed { at: self.at }
    }
}
