//! The preamble: `magic(8) ‖ version u16 ‖ suite u16 ‖ core_len u32`, 16 bytes.

use crate::error::{FormatError, Part};
use crate::suite::Suite;
use crate::wire::Wire;

/// First eight bytes of a package. The high bit, the two kinds of line end and the end-of-file
/// character show a transfer in text mode, as in PNG.
pub(crate) const MAGIC: [u8; 8] = *b"\x89MSP\r\n\x1a\n";
/// Length in bytes.
pub(crate) const PREAMBLE_LEN: usize = 16;
/// The format version this crate writes and reads.
pub(crate) const VERSION: u16 = 1;
/// Most bytes of a core.
pub(crate) const MAX_CORE_LEN: usize = 64 * 1024;
/// Fewest bytes of a core: package id, flags and the creation time.
const MIN_CORE_LEN: usize = 16 + 4 + 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preamble {
    pub(crate) suite: Suite,
    pub(crate) core_len: usize,
}

impl Preamble {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let part = Part::Preamble;
        check_magic(bytes)?;
        let mut wire = Wire::new(bytes);
        let magic = wire.array::<8>();
        let version = magic.and(wire.u16()).ok_or(FormatError::Truncated { part })?;
        if version != VERSION {
            return Err(FormatError::Version { found: version });
        }
        let number = wire.u16().ok_or(FormatError::Truncated { part })?;
        let suite = Suite::from_number(number).ok_or(FormatError::Suite { found: number })?;
        let core_len = wire.u32().ok_or(FormatError::Truncated { part })?;
        let core_len = usize::try_from(core_len)
            .ok()
            .filter(|len| (MIN_CORE_LEN..=MAX_CORE_LEN).contains(len))
            .ok_or(FormatError::Length { field: "core" })?;
        Ok(Self { suite, core_len })
    }

    pub(crate) fn to_bytes(self) -> [u8; PREAMBLE_LEN] {
        let mut out = [0; PREAMBLE_LEN];
        let core_len = u32::try_from(self.core_len).unwrap_or(u32::MAX);
        let fields = MAGIC
            .into_iter()
            .chain(VERSION.to_be_bytes())
            .chain(self.suite.number().to_be_bytes())
            .chain(core_len.to_be_bytes());
        out.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        out
    }
}

/// Tells a damaged package from something else altogether.
fn check_magic(bytes: &[u8]) -> Result<(), FormatError> {
    let start = bytes.get(..MAGIC.len().min(bytes.len())).unwrap_or_default();
    if start == MAGIC {
        return Ok(());
    }
    if start.len() < MAGIC.len() && MAGIC.starts_with(start) {
        return Err(FormatError::Truncated { part: Part::Preamble });
    }
    // High bit stripped, UTF-8 or Latin-1 transcoding, line ends converted, base64 of the magic.
    let mangled: [&[u8]; 9] = [
        b"\x09MSP",
        b"\xc2\x89MSP",
        b"\xef\xbf\xbdMSP",
        b"\xe2\x80\xb0MSP",
        b"\x89MSP\n",
        b"\x89MSP\r\x1a",
        b"\x89MSP\r\r",
        b"\x89MSP\r\n\x1a\r",
        b"iU1TUA0K",
    ];
    let text = mangled.iter().any(|form| start.starts_with(form));
    Err(if text { FormatError::TextTransfer } else { FormatError::NotAPackage })
}
