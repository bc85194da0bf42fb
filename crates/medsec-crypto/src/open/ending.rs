//! What follows the payload: metadata section and trailer, found from the end.

use crate::backend::TAG_LEN;
use crate::error::{FormatError, Part};
use crate::header::Header;
use crate::metadata::{MAX_METADATA_LEN, SECTION_LEN_FIELD, message_len};
use crate::trailer::{TRAILER_LEN, Trailer};

/// Metadata section and trailer as read.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    pub(crate) section: Option<Vec<u8>>,
    pub(crate) trailer: Option<Trailer>,
}

impl Ending {
    /// Bytes at the end whose length is known from the core alone.
    pub(crate) fn fixed_len(header: &Header) -> usize {
        let field = if header.core().has_metadata { SECTION_LEN_FIELD } else { 0 };
        trailer_len(header).saturating_add(field)
    }

    /// Most bytes that may follow the payload, and so must be held back while streaming.
    pub(crate) fn max_len(header: &Header) -> usize {
        let message = if header.core().has_metadata { MAX_METADATA_LEN } else { 0 };
        Self::fixed_len(header).saturating_add(message)
    }

    /// How many bytes follow the payload. `suffix` must hold the last [`Self::fixed_len`] bytes.
    pub(crate) fn len(header: &Header, suffix: &[u8]) -> Result<usize, FormatError> {
        let fixed = Self::fixed_len(header);
        let start = suffix.len().checked_sub(fixed);
        let end = start.and_then(|start| suffix.get(start..)).ok_or(short())?;
        if !header.core().has_metadata {
            return Ok(fixed);
        }
        let field = end.first_chunk().ok_or(short())?;
        Ok(fixed.saturating_add(message_len(*field)?))
    }

    /// Splits `ending`, exactly what follows a payload of `payload_len` bytes.
    pub(crate) fn parse(
        header: &Header,
        ending: &[u8],
        payload_len: u64,
    ) -> Result<Self, FormatError> {
        let core = header.core();
        let split = ending.len().checked_sub(trailer_len(header)).ok_or(short())?;
        let (section, trailer) = ending.split_at_checked(split).ok_or(short())?;
        let trailer = core.signer.map(|_| Trailer::parse(trailer)).transpose()?;
        if trailer.is_some_and(|trailer| trailer.statement.payload_len != payload_len) {
            return Err(FormatError::Value { field: "payload length in the trailer" });
        }
        Ok(Self { section: core.has_metadata.then(|| section.to_vec()), trailer })
    }
}

/// The shortest a payload's chunks can be.
pub(crate) const MIN_CHUNKS_LEN: usize = TAG_LEN;

const fn trailer_len(header: &Header) -> usize {
    if header.core().signer.is_some() { TRAILER_LEN } else { 0 }
}

const fn short() -> FormatError {
    FormatError::Truncated { part: Part::Trailer }
}
