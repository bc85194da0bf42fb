//! Reads DER from left to right. Lengths are checked by the crate `der`; nothing is copied.

use der::{Decode as _, Header, Reader as _, SliceReader};

use super::TimeStampError;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// A context-specific tag, constructed.
pub(super) const fn tagged(number: u8) -> u8 {
    0xA0 | number
}

/// What is left of a sequence or set.
pub(super) struct Parts<'a>(SliceReader<'a>);

/// One value: with its tag and length, and without.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) whole: &'a [u8],
    pub(super) content: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, TimeStampError> {
        SliceReader::new(bytes).map(Self).map_err(malformed)
    }

    /// The content of the only value that the bytes are.
    pub(super) fn only(bytes: &'a [u8], tag: u8) -> Result<Self, TimeStampError> {
        let mut parts = Self::of(bytes)?;
        let value = parts.value(tag)?;
        parts.end()?;
        Self::of(value.content)
    }

    /// The next value, which has this tag.
    pub(super) fn value(&mut self, tag: u8) -> Result<Value<'a>, TimeStampError> {
        self.optional(tag)?.ok_or(TimeStampError::Malformed)
    }

    /// The next value if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Value<'a>>, TimeStampError> {
        if self.0.peek_byte() != Some(tag) {
            return Ok(None);
        }
        self.any().map(Some)
    }

    /// The next value, whatever it is.
    pub(super) fn any(&mut self) -> Result<Value<'a>, TimeStampError> {
        let whole = self.0.tlv_bytes().map_err(malformed)?;
        let mut inside = SliceReader::new(whole).map_err(malformed)?;
        let header = Header::decode(&mut inside).map_err(malformed)?;
        let content = inside.read_slice(header.length).map_err(malformed)?;
        Ok(Value { whole, content })
    }

    /// The parts of the next value, which has this tag.
    pub(super) fn parts(&mut self, tag: u8) -> Result<Self, TimeStampError> {
        Self::of(self.value(tag)?.content)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_finished()
    }

    /// Nothing is left.
    pub(super) fn end(&self) -> Result<(), TimeStampError> {
        self.is_empty().then_some(()).ok_or(TimeStampError::Malformed)
    }
}

/// The object identifier in an AlgorithmIdentifier.
pub(super) fn algorithm<'a>(parts: &mut Parts<'a>) -> Result<&'a [u8], TimeStampError> {
    Ok(parts.parts(SEQUENCE)?.value(OID)?.content)
}

/// A number that is not negative and fits.
pub(super) fn number(content: &[u8]) -> Result<u64, TimeStampError> {
    let negative = content.first().is_none_or(|first| first & 0x80 != 0);
    let digits = content.strip_prefix(&[0]).unwrap_or(content);
    if negative || digits.len() > 8 {
        return Err(TimeStampError::Malformed);
    }
    Ok(digits.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn malformed(_: der::Error) -> TimeStampError {
    TimeStampError::Malformed
}
