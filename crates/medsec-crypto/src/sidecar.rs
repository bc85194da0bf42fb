//! The side-car: what lets a reader of ranges check a signature without reading the whole package.
//!
//! ```text
//! magic(8) ‖ version u16 = 1 ‖ log2 of the group u8 = 6 ‖ 0 u8 ‖ H(64) ‖ payload_len u64 ‖ hashes
//! ```
//!
//! One hash of 32 bytes for each aligned group of 64 chunks (1 MiB). Anyone can make it, without a key;
//! it is checked once against the signed root.

use std::io::{self, Read, Seek, Write};

use crate::cobblestone::MessageLen;
use crate::error::{FormatError, Part};
use crate::execution::Execution;
use crate::header::Header;
use crate::ids::HeaderHash;
use crate::merkle::{GROUP_CHUNKS, Groups, HASH_LEN, Hash, root_of_groups};
use crate::open::{Ending, OpenError};
use crate::trailer::SignatureError;
use crate::verify::hash_payload;
use crate::wire::Wire;

const MAGIC: [u8; 8] = *b"\x89MSG\r\n\x1a\n";
const VERSION: u16 = 1;
const GROUP_LOG2: u8 = 6;
const HEAD_LEN: usize = 8 + 2 + 1 + 1 + 64 + 8;
/// Most bytes of hashes that are read: groups of a package of 2 TiB.
pub const MAX_SIDE_CAR_LEN: u64 = 64 * 1024 * 1024;

/// Group roots of one package's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideCar {
    header_hash: HeaderHash,
    payload_len: u64,
    groups: Vec<Hash>,
}

impl SideCar {
    /// Reads the package at offset 0 of `source` once and computes the group roots; verifies the
    /// signature on the way.
    ///
    /// # Errors
    /// [`OpenError::Signature`] if the package is not signed or not what was signed.
    pub fn build<R: Read + Seek + Send>(
        header: &Header,
        source: R,
        max_chunks: u64,
        execution: &Execution<'_>,
    ) -> Result<Self, OpenError> {
        let (groups, ending, _) =
            hash_payload(header, source, max_chunks, execution, Groups::default())?;
        let trailer = ending.trailer.as_ref().ok_or(SignatureError::NotSigned)?;
        let side_car = Self {
            header_hash: header.hash(),
            payload_len: trailer.statement.payload_len,
            groups: groups.finish(),
        };
        side_car.verify(header, &ending)?;
        Ok(side_car)
    }

    /// Reads a side-car; what it says is checked when a package is opened with it.
    ///
    /// # Errors
    /// [`SideCarError`]; at most 64 MiB are read.
    pub fn read(reader: &mut impl Read) -> Result<Self, SideCarError> {
        let mut bytes = Vec::new();
        let limit = MAX_SIDE_CAR_LEN
            .saturating_add(HEAD_LEN as u64)
            .saturating_add(1);
        reader
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(SideCarError::Io)?;
        Ok(Self::parse(&bytes)?)
    }

    /// Decodes a side-car.
    ///
    /// # Errors
    /// [`FormatError`] if it is malformed.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let part = Part::SideCar;
        let short = FormatError::Truncated { part };
        let mut wire = Wire::new(bytes);
        if wire.array().ok_or(short.clone())? != MAGIC {
            return Err(FormatError::Value {
                field: "side-car magic",
            });
        }
        let version = wire.u16().ok_or(short.clone())?;
        if version != VERSION {
            return Err(FormatError::Version { found: version });
        }
        if wire.array().ok_or(short.clone())? != [GROUP_LOG2, 0] {
            return Err(FormatError::Value {
                field: "side-car group size",
            });
        }
        let header_hash = HeaderHash::from_bytes(wire.array().ok_or(short.clone())?);
        let payload_len = wire.u64().ok_or(short.clone())?;
        let len = MessageLen::of_sealed(payload_len).ok_or(FormatError::Length {
            field: "payload length in the side-car",
        })?;
        let expected = len
            .chunks()
            .div_ceil(GROUP_CHUNKS)
            .saturating_mul(HASH_LEN as u64);
        let hashes = wire.rest();
        match (hashes.len() as u64).cmp(&expected) {
            std::cmp::Ordering::Less => return Err(short),
            std::cmp::Ordering::Greater => return Err(FormatError::TrailingBytes { part }),
            std::cmp::Ordering::Equal => {}
        }
        let (groups, _) = hashes.as_chunks::<HASH_LEN>();
        Ok(Self {
            header_hash,
            payload_len,
            groups: groups.to_vec(),
        })
    }

    /// Encodes it.
    ///
    /// # Errors
    /// The writer fails.
    pub fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        writer.write_all(&MAGIC)?;
        writer.write_all(&VERSION.to_be_bytes())?;
        writer.write_all(&[GROUP_LOG2, 0])?;
        writer.write_all(self.header_hash.as_bytes())?;
        writer.write_all(&self.payload_len.to_be_bytes())?;
        writer.write_all(self.groups.as_flattened())
    }

    /// Checks the group roots against the signed root of this package.
    pub(crate) fn verify(&self, header: &Header, ending: &Ending) -> Result<(), SignatureError> {
        let trailer = ending.trailer.as_ref().ok_or(SignatureError::NotSigned)?;
        let same =
            self.header_hash == header.hash() && self.payload_len == trailer.statement.payload_len;
        if !same {
            return Err(SignatureError::Payload);
        }
        let root = root_of_groups(&self.groups);
        trailer
            .verify_all(header, root, ending.section.as_deref())
            .map(|_| ())
    }

    pub(crate) fn into_groups(self) -> Vec<Hash> {
        self.groups
    }
}

/// Why a side-car could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SideCarError {
    /// Malformed.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The source failed.
    #[error("reading the side-car failed")]
    Io(#[source] io::Error),
}
