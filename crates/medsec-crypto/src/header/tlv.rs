//! Typed fields: `tag u16 ‖ len u32 ‖ value`, strictly ascending, at most 64, consumed exactly.

use crate::error::{FormatError, Part};
use crate::wire::Wire;

/// Most fields in a sequence.
pub(crate) const MAX_FIELDS: usize = 64;
/// Bytes before a field's value.
pub(crate) const FIELD_HEAD_LEN: usize = 2 + 4;
/// Tags from here on may be ignored by who does not know them; they are authenticated all the same.
pub(crate) const FIRST_OPTIONAL_TAG: u16 = 0x8000;

/// Splits a sequence into fields, checking order and lengths.
pub(crate) fn parse_fields(bytes: &[u8], part: Part) -> Result<Vec<(u16, &[u8])>, FormatError> {
    let mut wire = Wire::new(bytes);
    let mut fields: Vec<(u16, &[u8])> = Vec::new();
    while !wire.is_empty() {
        if fields.len() == MAX_FIELDS {
            return Err(FormatError::Length { field: "number of fields" });
        }
        let tag = wire.u16().ok_or(FormatError::Truncated { part })?;
        let len = wire.u32().and_then(|len| usize::try_from(len).ok());
        let value = len.and_then(|len| wire.take(len)).ok_or(FormatError::Truncated { part })?;
        if fields.last().is_some_and(|(last, _)| *last >= tag) {
            return Err(FormatError::FieldOrder { tag });
        }
        fields.push((tag, value));
    }
    Ok(fields)
}

/// Appends one field. Callers append in ascending order of tags.
pub(crate) fn put_field(out: &mut Vec<u8>, tag: u16, value: &[u8]) {
    out.extend_from_slice(&tag.to_be_bytes());
    out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(value);
}

/// A value of fixed length.
pub(crate) fn fixed<const N: usize>(
    value: &[u8],
    field: &'static str,
) -> Result<[u8; N], FormatError> {
    value.try_into().map_err(|_| FormatError::Length { field })
}

/// A value of ASCII text.
pub(crate) fn ascii<'a>(value: &'a [u8], field: &'static str) -> Result<&'a str, FormatError> {
    str::from_utf8(value).ok().filter(|text| text.is_ascii()).ok_or(FormatError::Value { field })
}
