//! The identifiers at the head of a DICOM file (PS3.10), for the encrypted metadata.
//!
//! This is no DICOM reader. It walks over the elements of the first MiB, keeps three UIDs and gives up
//! at the first thing it does not know. `dicom-object` is not used for it because it allocates whatever
//! length an element states and recurses as deep as sequences nest, and nobody has checked this file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};

use zeroize::Zeroizing;

const PREAMBLE_LEN: usize = 128;
const MAGIC: &[u8] = b"DICM";
const HEAD_LEN: usize = PREAMBLE_LEN + MAGIC.len();
/// How much of a file is looked at behind its head: in most this tells all, else more of it, at last the first
/// MiB.
const LOOKS: [usize; 3] = [4 * 1024 - HEAD_LEN, 64 * 1024 - HEAD_LEN, 1024 * 1024 - HEAD_LEN];
/// Longest UID in bytes (PS3.5, section 9.1).
const MAX_UID_LEN: usize = 64;
/// Length of a sequence or item that ends with a delimiter.
const UNDEFINED: u32 = u32::MAX;
/// Value representations whose length field has 32 bits (PS3.5, table 7.1-1).
const LONG: [&[u8; 2]; 13] =
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];

type Tag = (u16, u16);
const META: u16 = 0x0002;
const TRANSFER_SYNTAX: Tag = (META, 0x0010);
const INSTANCE_UID: Tag = (0x0008, 0x0018);
const STUDY_UID: Tag = (0x0020, 0x000D);
const SERIES_UID: Tag = (0x0020, 0x000E);
const ITEM: Tag = (0xFFFE, 0xE000);
const ITEM_END: Tag = (0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = (0xFFFE, 0xE0DD);

/// What a DICOM file calls itself; what is missing or malformed is left out.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Identifiers {
    pub(crate) study: Option<String>,
    pub(crate) series: Option<String>,
    pub(crate) instance: Option<String>,
}

/// Looks whether `file` is a DICOM file, and sets it to its start again.
///
/// An error means that the file could not be set back; one in reading comes again when it is sealed.
pub(crate) fn recognise(file: &mut File) -> io::Result<Option<Identifiers>> {
    let found = look(file);
    file.rewind()?;
    Ok(found.unwrap_or_default())
}

/// Most files tell all in the first look, and most of the others are no DICOM: neither pays for the longest.
fn look(file: &mut File) -> io::Result<Option<Identifiers>> {
    let mut found = Identifiers::default();
    for len in LOOKS {
        // What is read may name patients and is erased.
        let mut part = Zeroizing::new(vec![0; HEAD_LEN.saturating_add(len)]);
        let read = read_full(file, &mut part)?;
        let Some(rest) = behind_head(part.get(..read).unwrap_or_default()) else {
            return Ok(None);
        };
        let complete;
        (found, complete) = identifiers(rest);
        if complete || read < part.len() {
            break;
        }
        file.rewind()?;
    }
    Ok(Some(found))
}

/// What follows preamble and magic word.
fn behind_head(file: &[u8]) -> Option<&[u8]> {
    let (head, rest) = file.split_at_checked(HEAD_LEN)?;
    head.ends_with(MAGIC).then_some(rest)
}

/// Fills `buffer` as far as the file goes.
fn read_full(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut total = 0_usize;
    while let Some(rest) = buffer.get_mut(total..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(read) => total = total.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}

/// How elements are encoded.
#[derive(Clone, Copy)]
struct Syntax {
    /// Whether each element states its value representation.
    explicit: bool,
    big_endian: bool,
}

impl Syntax {
    /// That of the file meta information.
    const META: Self = Self { explicit: true, big_endian: false };

    /// None where the data set is compressed as a whole.
    fn of(transfer_syntax: &str) -> Option<Self> {
        Some(match transfer_syntax {
            "1.2.840.10008.1.2" => Self { explicit: false, big_endian: false },
            "1.2.840.10008.1.2.2" => Self { explicit: true, big_endian: true },
            "1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.8.1" => return None,
            _ => Self::META,
        })
    }

    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// One element, or the start or end of an item or a sequence.
struct Element<'a> {
    tag: Tag,
    /// None where the length is undefined: then what it holds comes next.
    value: Option<&'a [u8]>,
}

/// Takes an element off `rest`; none at the end or where nothing more can be made out.
fn take<'a>(rest: &mut &'a [u8], syntax: Syntax) -> Option<Element<'a>> {
    let (group, after) = rest.split_first_chunk()?;
    let (element, after) = after.split_first_chunk()?;
    let tag = (syntax.u16(*group), syntax.u16(*element));
    let marks = matches!(tag, ITEM | ITEM_END | SEQUENCE_END);
    let (len, after) = if syntax.explicit && !marks {
        explicit_len(after, syntax)?
    } else {
        let (len, after) = after.split_first_chunk()?;
        (syntax.u32(*len), after)
    };
    let (value, after) = if len == UNDEFINED {
        (None, after)
    } else {
        let (value, after) = after.split_at_checked(usize::try_from(len).ok()?)?;
        (Some(value), after)
    };
    *rest = after;
    Some(Element { tag, value })
}

fn explicit_len(bytes: &[u8], syntax: Syntax) -> Option<(u32, &[u8])> {
    let (representation, after) = bytes.split_first_chunk::<2>()?;
    if !representation.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    if !LONG.contains(&representation) {
        let (len, after) = after.split_first_chunk()?;
        return Some((syntax.u16(*len).into(), after));
    }
    let (_, after) = after.split_first_chunk::<2>()?;
    let (len, after) = after.split_first_chunk()?;
    let len = syntax.u32(*len);
    // What stands in an unknown element of undefined length is encoded otherwise (PS3.5, 6.2.2).
    (len != UNDEFINED || representation == b"SQ").then_some((len, after))
}

/// Of what stands behind the magic word, and whether more of the file could not add to it.
fn identifiers(mut rest: &[u8]) -> (Identifiers, bool) {
    let mut found = Identifiers::default();
    let Some(syntax) = transfer_syntax(&mut rest) else {
        return (found, false);
    };
    let mut depth = 0_usize;
    while let Some(Element { tag, value }) = take(&mut rest, syntax) {
        if depth == 0 {
            match tag {
                INSTANCE_UID => found.instance = value.and_then(uid),
                STUDY_UID => found.study = value.and_then(uid),
                SERIES_UID => found.series = value.and_then(uid),
                _ => {}
            }
            // Elements stand in the order of their tags.
            if tag >= SERIES_UID {
                return (found, true);
            }
        }
        let step = match (tag, value) {
            (ITEM_END | SEQUENCE_END, _) => depth.checked_sub(1),
            (_, None) => depth.checked_add(1),
            (_, Some(_)) => Some(depth),
        };
        let Some(now) = step else { break };
        depth = now;
    }
    (found, false)
}

/// Goes behind the file meta information.
fn transfer_syntax(rest: &mut &[u8]) -> Option<Syntax> {
    let mut syntax = None;
    loop {
        let mut ahead = *rest;
        let element = take(&mut ahead, Syntax::META).filter(|element| element.tag.0 == META);
        let Some(element) = element else {
            return syntax;
        };
        if element.tag == TRANSFER_SYNTAX {
            syntax = element.value.and_then(uid).as_deref().and_then(Syntax::of);
        }
        *rest = ahead;
    }
}

/// The text of a UID without its padding, if it is one.
fn uid(value: &[u8]) -> Option<String> {
    let text = str::from_utf8(value).ok()?.trim_end_matches(['\0', ' ']);
    let fits = (1..=MAX_UID_LEN).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
