//! What anyone can see of a package without a key. None of it is authentic until the package is opened
//! or its signature verified.

use std::io::{Read, Seek, SeekFrom};

use crate::header::Header;
use crate::open::{OpenError, Seekable};

/// The shape of a package.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The public header.
    pub header: Header,
    /// Bytes of the whole package.
    pub package_len: u64,
    /// Bytes from the first byte to the first slot's field, all of it bound into every key.
    pub immutable_len: u64,
    /// Bytes of salt, commitment and encrypted chunks.
    pub payload_len: u64,
    /// Chunks of the payload, the last included.
    pub chunks: u64,
    /// Bytes of content that this length of payload means.
    pub plain_len: u64,
    /// Bytes of the encrypted metadata section; absent without one.
    pub metadata_len: Option<u64>,
}

impl Inspection {
    /// Reads header and shape of the package at offset 0 of `source`.
    ///
    /// # Errors
    /// [`OpenError::Format`] if it is not a package of a kind this version reads.
    pub fn read<R: Read + Seek>(mut source: R) -> Result<Self, OpenError> {
        let header = Header::read_patiently(&mut source)?;
        let package_len = source.seek(SeekFrom::End(0)).map_err(OpenError::Read)?;
        let (_, shape, ending) = Seekable::new(&header, source, u64::MAX)?.into_parts();
        Ok(Self {
            package_len,
            immutable_len: header.slots_offset.saturating_sub(crate::header::SLOT_LEN_FIELD as u64),
            payload_len: shape.sealed_len(),
            chunks: shape.chunks(),
            plain_len: shape.plain_len(),
            metadata_len: ending.section.map(|section| section.len() as u64),
            header,
        })
    }
}
