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
use crate::strided::read_full;
use crate::trailer::SignatureError;
use crate::verify::hash_payload;
use crate::wire::Wire;

const MAGIC: [u8; 8] = *b"\x89MSG\r\n\x1a\n";
const VERSION: u16 = 1;
const GROUP_LOG2: u8 = 6;
const HEAD_LEN: usize = 8 + 2 + 1 + 1 + 64 + 8;
/// Most bytes of hashes that are read: groups of a package of 2 TiB.
pub const MAX_SIDE_CAR_LEN: u64 = 64 * 1024 * 1024;
/// Most chunks of a package that has a side-car.
const MAX_CHUNKS: u64 = MAX_SIDE_CAR_LEN / HASH_LEN as u64 * GROUP_CHUNKS;

/// Group roots of one package's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideCar {
    head: Head,
    groups: Vec<Hash>,
}

/// Which payload the roots belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    header_hash: HeaderHash,
    payload_len: u64,
}

impl Head {
    /// Also gives the number of hashes that must follow.
    fn parse(bytes: &[u8]) -> Result<(Self, u64), FormatError> {
        let short = || FormatError::Truncated { part: Part::SideCar };
        let mut wire = Wire::new(bytes);
        if wire.array().ok_or_else(short)? != MAGIC {
            return Err(FormatError::Value { field: "side-car magic" });
        }
        let version = wire.u16().ok_or_else(short)?;
        if version != VERSION {
            return Err(FormatError::Version { found: version });
        }
        if wire.array().ok_or_else(short)? != [GROUP_LOG2, 0] {
            return Err(FormatError::Value { field: "side-car group size" });
        }
        let header_hash = HeaderHash::from_bytes(wire.array().ok_or_else(short)?);
        let payload_len = wire.u64().ok_or_else(short)?;
        let chunks = MessageLen::of_sealed(payload_len)
            .map(MessageLen::chunks)
            .filter(|chunks| *chunks <= MAX_CHUNKS)
            .ok_or(FormatError::Length { field: "payload length in the side-car" })?;
        Ok((Self { header_hash, payload_len }, chunks.div_ceil(GROUP_CHUNKS)))
    }
}

impl SideCar {
    /// Reads the package at offset 0 of `source` once and computes the group roots; verifies the
    /// signature first.
    ///
    /// # Errors
    /// [`OpenError::Signature`] if the package is not signed or not what was signed,
    /// [`OpenError::TooLong`] if its side-car would be longer than [`MAX_SIDE_CAR_LEN`] (2 TiB of content).
    pub fn build<R: Read + Seek + Send>(
        header: &Header,
        source: R,
        max_chunks: u64,
        execution: &Execution<'_>,
    ) -> Result<Self, OpenError> {
        let max_chunks = max_chunks.min(MAX_CHUNKS);
        let (groups, ending, _) =
            hash_payload(header, source, max_chunks, execution, Groups::default())?;
        let trailer = ending.trailer.as_ref().ok_or(SignatureError::NotSigned)?;
        let head = Head { header_hash: header.hash(), payload_len: trailer.statement.payload_len };
        let side_car = Self { head, groups: groups.finish() };
        side_car.verify(header, &ending)?;
        Ok(side_car)
    }

    /// Reads a side-car; what it says is checked when a package is opened with it.
    ///
    /// # Errors
    /// [`SideCarError`]; at most [`MAX_SIDE_CAR_LEN`] bytes of hashes are read, and no more memory is taken
    /// than there are bytes to read.
    pub fn read(reader: &mut impl Read) -> Result<Self, SideCarError> {
        let mut head = Vec::new();
        reader.by_ref().take(HEAD_LEN as u64).read_to_end(&mut head).map_err(SideCarError::Io)?;
        let (head, expected) = Head::parse(&head)?;
        let mut groups = Vec::new();
        for _ in 0..expected {
            let mut hash = [0; HASH_LEN];
            if read_full(reader, &mut hash).map_err(SideCarError::Io)? < HASH_LEN {
                return Err(FormatError::Truncated { part: Part::SideCar }.into());
            }
            groups.push(hash);
        }
        match read_full(reader, &mut [0]).map_err(SideCarError::Io)? {
            0 => Ok(Self { head, groups }),
            _ => Err(FormatError::TrailingBytes { part: Part::SideCar }.into()),
        }
    }

    /// Decodes a side-car.
    ///
    /// # Errors
    /// [`FormatError`] if it is malformed.
    pub fn parse(mut bytes: &[u8]) -> Result<Self, FormatError> {
        Self::read(&mut bytes).map_err(|error| match error {
            SideCarError::Format(error) => error,
            // A slice does not fail to be read.
            SideCarError::Io(_) => FormatError::Truncated { part: Part::SideCar },
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
        writer.write_all(self.head.header_hash.as_bytes())?;
        writer.write_all(&self.head.payload_len.to_be_bytes())?;
        writer.write_all(self.groups.as_flattened())
    }

    /// Checks the group roots against the signed root of this package.
    pub(crate) fn verify(&self, header: &Header, ending: &Ending) -> Result<(), SignatureError> {
        let trailer = ending.trailer.as_ref().ok_or(SignatureError::NotSigned)?;
        let same = self.head.header_hash == header.hash()
            && self.head.payload_len == trailer.statement.payload_len;
        if !same {
            return Err(SignatureError::Payload);
        }
        let root = root_of_groups(&self.groups);
        trailer.verify_all(header, root, ending.section.as_deref()).map(|_| ())
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
