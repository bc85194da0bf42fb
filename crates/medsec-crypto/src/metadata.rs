//! Encrypted metadata: what may identify a patient and still belongs with the package.
//!
//! ```text
//! section = Cobblestone message ‖ u32 length of the message, at most 1 MiB
//! plaintext = fields coded as in the core
//! ```

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::cobblestone::{open_message_with, seal_message_with};
use crate::context::Context;
use crate::error::{FormatError, InvalidValue, NotAuthentic, Part, RandomError};
use crate::header::tlv::{FIELD_HEAD_LEN, FIRST_OPTIONAL_TAG, fixed, parse_fields, put_field};
use crate::ids::HeaderHash;
use crate::label::labelled;
use crate::secret::Dek;
use crate::suite::{Backend, Suite};

/// Longest encrypted message of a metadata section in bytes.
pub const MAX_METADATA_LEN: usize = 1024 * 1024;
/// Longest text value in bytes.
pub const MAX_METADATA_TEXT_LEN: usize = 64 * 1024;
/// Length of the field behind the message.
pub(crate) const SECTION_LEN_FIELD: usize = 4;

mod tag {
    pub(super) const FILE_NAME: u16 = 0x0001;
    pub(super) const MEDIA_TYPE: u16 = 0x0002;
    pub(super) const SIZE: u16 = 0x0003;
    pub(super) const STUDY_UID: u16 = 0x0004;
    pub(super) const SERIES_UID: u16 = 0x0005;
    pub(super) const INSTANCE_UID: u16 = 0x0006;
    pub(super) const CONTENT_SHA256: u16 = 0x0007;
    pub(super) const NOTES: u16 = 0x0008;
}

/// What a package says about its content to whoever may open it. Every value is optional, UTF-8 and at
/// most 64 KiB; all are erased on drop and none appears in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Name of the file that was sealed, without folders; of a file sealed with its folder the path from
    /// there, with `/` between its parts. Whoever opens it must check it before using it.
    pub file_name: Option<String>,
    /// Media type, where it must not stand in clear.
    pub media_type: Option<String>,
    /// Length of the content in bytes, if known at sealing. Checked against the content when it is sealed
    /// and when it is opened.
    pub size: Option<u64>,
    /// DICOM Study Instance UID (0020,000D).
    pub study_uid: Option<String>,
    /// DICOM Series Instance UID (0020,000E).
    pub series_uid: Option<String>,
    /// DICOM SOP Instance UID (0008,0018).
    pub instance_uid: Option<String>,
    /// SHA-256 of the content, as the sealer states it; not checked here. Never in clear.
    pub content_sha256: Option<[u8; 32]>,
    /// Anything else for the reader.
    pub notes: Option<String>,
}

impl Metadata {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The fields that are set, ascending by tag.
    fn fields(&self) -> impl Iterator<Item = (u16, Field<'_>)> {
        let Self {
            file_name,
            media_type,
            size,
            study_uid,
            series_uid,
            instance_uid,
            content_sha256,
            notes,
        } = self;
        [
            (tag::FILE_NAME, Field::text(file_name)),
            (tag::MEDIA_TYPE, Field::text(media_type)),
            (tag::SIZE, size.map(Field::Number)),
            (tag::STUDY_UID, Field::text(study_uid)),
            (tag::SERIES_UID, Field::text(series_uid)),
            (tag::INSTANCE_UID, Field::text(instance_uid)),
            (tag::CONTENT_SHA256, content_sha256.as_ref().map(|hash| Field::Bytes(hash))),
            (tag::NOTES, Field::text(notes)),
        ]
        .into_iter()
        .filter_map(|(tag, field)| Some((tag, field?)))
    }

    fn encode(&self) -> Result<Zeroizing<Vec<u8>>, InvalidValue> {
        let too_long = |(_, field): (u16, Field<'_>)| field.len() > MAX_METADATA_TEXT_LEN;
        if self.fields().any(too_long) {
            return Err(InvalidValue { field: "metadata text" });
        }
        // The full capacity at once: a growing vector would leave text behind in freed memory.
        let len = |(_, field): (u16, Field<'_>)| field.len().saturating_add(FIELD_HEAD_LEN);
        let capacity = self.fields().map(len).fold(0, usize::saturating_add);
        let mut out = Zeroizing::new(Vec::with_capacity(capacity));
        for (tag, field) in self.fields() {
            match field {
                Field::Bytes(bytes) => put_field(&mut out, tag, bytes),
                Field::Number(number) => put_field(&mut out, tag, &number.to_be_bytes()),
            }
        }
        Ok(out)
    }

    fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut metadata = Self::new();
        for (tag, value) in parse_fields(bytes, Part::Metadata)? {
            let slot = match tag {
                tag::FILE_NAME => &mut metadata.file_name,
                tag::MEDIA_TYPE => &mut metadata.media_type,
                tag::STUDY_UID => &mut metadata.study_uid,
                tag::SERIES_UID => &mut metadata.series_uid,
                tag::INSTANCE_UID => &mut metadata.instance_uid,
                tag::NOTES => &mut metadata.notes,
                tag::SIZE => {
                    metadata.size = Some(u64::from_be_bytes(fixed(value, "metadata size")?));
                    continue;
                }
                tag::CONTENT_SHA256 => {
                    metadata.content_sha256 = Some(fixed(value, "metadata content hash")?);
                    continue;
                }
                unknown if unknown < FIRST_OPTIONAL_TAG => {
                    return Err(FormatError::UnknownField { tag: unknown });
                }
                _ => continue,
            };
            *slot = Some(text(value)?);
        }
        Ok(metadata)
    }

    /// Seals the set and appends the section's length field.
    pub(crate) fn seal(
        &self,
        backend: Backend,
        suite: Suite,
        dek: &Dek,
        hash: &HeaderHash,
    ) -> Result<Vec<u8>, MetadataError> {
        let plain = self.encode()?;
        let empty = Context::new().digest();
        let context = labelled("metadata", &[hash.as_bytes(), &empty]);
        let mut section = seal_message_with(backend, suite, dek.expose_secret(), &context, &plain)?;
        if section.len() > MAX_METADATA_LEN {
            return Err(InvalidValue { field: "metadata" }.into());
        }
        let len = u32::try_from(section.len()).unwrap_or(u32::MAX);
        section.extend_from_slice(&len.to_be_bytes());
        Ok(section)
    }

    /// Opens a section, its length field included.
    pub(crate) fn open(
        backend: Backend,
        suite: Suite,
        dek: &Dek,
        hash: &HeaderHash,
        section: &[u8],
    ) -> Result<Self, NotAuthentic> {
        let (message, _) = section.split_last_chunk::<SECTION_LEN_FIELD>().ok_or(NotAuthentic)?;
        let empty = Context::new().digest();
        let context = labelled("metadata", &[hash.as_bytes(), &empty]);
        let plain = open_message_with(backend, suite, dek.expose_secret(), &context, message)?;
        Self::parse(&plain).map_err(|_| NotAuthentic)
    }
}

/// A value to encode.
#[derive(Clone, Copy)]
enum Field<'a> {
    Bytes(&'a [u8]),
    Number(u64),
}

impl<'a> Field<'a> {
    fn text(text: &'a Option<String>) -> Option<Self> {
        text.as_deref().map(|text| Self::Bytes(text.as_bytes()))
    }

    const fn len(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Number(_) => 8,
        }
    }
}

fn text(value: &[u8]) -> Result<String, FormatError> {
    let field = "metadata text";
    if value.len() > MAX_METADATA_TEXT_LEN {
        return Err(FormatError::Length { field });
    }
    str::from_utf8(value).map(str::to_owned).map_err(|_| FormatError::Value { field })
}

/// Length of the message that a section's last four bytes state, checked against the limits.
pub(crate) fn message_len(field: [u8; SECTION_LEN_FIELD]) -> Result<usize, FormatError> {
    usize::try_from(u32::from_be_bytes(field))
        .ok()
        .filter(|len| *len <= MAX_METADATA_LEN)
        .filter(|len| crate::cobblestone::MessageLen::of_sealed(*len as u64).is_some())
        .ok_or(FormatError::Length { field: "metadata" })
}

/// Why metadata could not be sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetadataError {
    #[error(transparent)]
    Value(#[from] InvalidValue),
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metadata(redacted)")
    }
}

impl Drop for Metadata {
    fn drop(&mut self) {
        let Self {
            file_name,
            media_type,
            size,
            study_uid,
            series_uid,
            instance_uid,
            content_sha256,
            notes,
        } = self;
        for text in [file_name, media_type, study_uid, series_uid, instance_uid, notes] {
            text.zeroize();
        }
        size.zeroize();
        content_sha256.zeroize();
    }
}
