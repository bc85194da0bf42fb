//! The text form of a manifest. Every line is rendered again from what was read of it and compared, so that
//! a manifest has one form only, however lenient the parsing of a number or a digit may be.

use super::{Head, MAX_MANIFEST_PACKAGES, ManifestEntry, ManifestError, NO_PREVIOUS, PackageName};
use crate::ids::{HeaderHash, ManifestHash, ManifestId, MerkleRoot, PackageId, Timestamp};
use crate::signature::{SIGNATURE_LEN, VerifyingKey};

const FIRST_LINE: &str = "medsec manifest v1";
const SIGNATURE: &str = "signature: ";
/// `signature: `, two digits a byte, line end.
pub(super) const SIGNATURE_LINE_LEN: usize = SIGNATURE.len() + 2 * SIGNATURE_LEN + 1;
/// The longest line: id, length, root, header hash and name, a blank after each but the last, line end.
const MAX_LINE: usize = 32 + 20 + 64 + 128 + PackageName::MAX_LEN + 5;
/// More than the seven lines of a head take.
pub(super) const HEAD_LEN: usize = 512;
/// The shortest line of a package.
pub(super) const MIN_ENTRY_LINE: usize = 32 + 1 + 64 + 128 + 1 + 5;

/// The lines of a body; none is looked for further than a line may be long.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self { rest: body, number: 0 }
    }

    fn next(&mut self) -> Result<&'a str, ManifestError> {
        self.number = self.number.saturating_add(1);
        let window = self.rest.get(..MAX_LINE).unwrap_or(self.rest);
        let end = window.iter().position(|byte| *byte == b'\n');
        let parts = end.and_then(|end| self.rest.split_at_checked(end));
        let (line, rest) = parts.ok_or_else(|| self.unfit())?;
        self.rest = rest.get(1..).unwrap_or_default();
        str::from_utf8(line).map_err(|_| self.unfit())
    }

    fn field(&mut self, name: &str) -> Result<&'a str, ManifestError> {
        let line = self.next()?;
        line.strip_prefix(name).ok_or_else(|| self.unfit())
    }

    /// The line read last is not as it must be.
    const fn unfit(&self) -> ManifestError {
        ManifestError::Line { line: self.number }
    }
}

/// Takes the signature line off a file that starts as a manifest does.
pub(super) fn split_signature(file: &[u8]) -> Result<(&[u8], [u8; SIGNATURE_LEN]), ManifestError> {
    let first = file.strip_prefix(FIRST_LINE.as_bytes());
    if first.is_none_or(|rest| !rest.starts_with(b"\n")) {
        return Err(ManifestError::NotAManifest);
    }
    let (body, line) = file.split_last_chunk::<SIGNATURE_LINE_LEN>().ok_or(ManifestError::Cut)?;
    let digits = line.strip_prefix(SIGNATURE.as_bytes()).and_then(|line| line.strip_suffix(b"\n"));
    let signature = digits.and_then(|digits| unhex(str::from_utf8(digits).ok()?));
    signature.map(|signature| (body, signature)).ok_or(ManifestError::Cut)
}

pub(super) fn render_signature(text: &mut String, signature: &[u8; SIGNATURE_LEN]) {
    text.push_str(SIGNATURE);
    push_hex(text, signature);
    text.push('\n');
}

impl Head {
    /// Head and list, that is everything that is signed.
    pub(super) fn render(&self, entries: &[ManifestEntry]) -> String {
        let names: usize = entries.iter().map(|entry| entry.name.as_str().len()).sum();
        let room = entries.len().saturating_mul(MIN_ENTRY_LINE + 20).saturating_add(names);
        let mut text = String::with_capacity(room.saturating_add(HEAD_LEN + SIGNATURE_LINE_LEN));
        text.push_str(&self.text());
        entries.iter().for_each(|entry| push_entry(&mut text, entry));
        text
    }

    fn text(&self) -> String {
        let Self { id, version, previous, created, signer, packages } = self;
        let created = created.unix_seconds();
        format!(
            "{FIRST_LINE}\nid: {id}\nversion: {version}\nprevious: {previous}\ncreated: {created}\n\
             signer: {signer}\npackages: {packages}\n"
        )
    }

    /// Reads the seven lines of a head. Nothing of it is authentic yet.
    pub(super) fn read(lines: &mut Lines<'_>) -> Result<Self, ManifestError> {
        let whole = lines.rest;
        lines.next()?;
        let id = lines.field("id: ")?;
        let id = ManifestId::from_bytes(unhex(id).ok_or_else(|| lines.unfit())?);
        let version = lines.field("version: ")?;
        let version = version.parse().map_err(|_| lines.unfit())?;
        let previous = lines.field("previous: ")?;
        let previous = ManifestHash::from_bytes(unhex(previous).ok_or_else(|| lines.unfit())?);
        if version == 0 || (version == 1) != (previous == NO_PREVIOUS) {
            return Err(lines.unfit());
        }
        let created = lines.field("created: ")?;
        let created = created.parse().map_err(|_| lines.unfit())?;
        let signer = lines.field("signer: ")?;
        let signer = unhex(signer).and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let signer = signer.ok_or_else(|| lines.unfit())?;
        let packages = lines.field("packages: ")?;
        let packages = packages.parse().map_err(|_| lines.unfit())?;
        let created = Timestamp::from_unix_seconds(created);
        let head = Self { id, version, previous, created, signer, packages };
        let canonical = whole.starts_with(head.text().as_bytes());
        canonical.then_some(head).ok_or_else(|| lines.unfit())
    }
}

/// Reads the list, which must be all that is left.
pub(super) fn read_entries(
    lines: &mut Lines<'_>,
    packages: usize,
) -> Result<Vec<ManifestEntry>, ManifestError> {
    if packages > MAX_MANIFEST_PACKAGES {
        return Err(ManifestError::TooManyPackages);
    }
    // A number that the list cannot reach must not take memory.
    let possible = lines.rest.len().checked_div(MIN_ENTRY_LINE).unwrap_or_default();
    let mut entries = Vec::with_capacity(packages.min(possible));
    let mut again = String::with_capacity(MAX_LINE);
    for _ in 0..packages {
        let line = lines.next()?;
        let entry = read_entry(line).ok_or_else(|| lines.unfit())?;
        again.clear();
        push_entry(&mut again, &entry);
        if again.strip_suffix('\n') != Some(line) {
            return Err(lines.unfit());
        }
        entries.push(entry);
    }
    let line = lines.number.saturating_add(1);
    lines.rest.is_empty().then_some(entries).ok_or(ManifestError::Line { line })
}

fn read_entry(line: &str) -> Option<ManifestEntry> {
    let mut fields = line.splitn(5, ' ');
    Some(ManifestEntry {
        package_id: PackageId::from_bytes(unhex(fields.next()?)?),
        payload_len: fields.next()?.parse().ok()?,
        root: MerkleRoot::from_bytes(unhex(fields.next()?)?),
        header_hash: HeaderHash::from_bytes(unhex(fields.next()?)?),
        name: PackageName::new(fields.next()?).ok()?,
    })
}

fn push_entry(text: &mut String, entry: &ManifestEntry) {
    push_hex(text, entry.package_id.as_bytes());
    text.push(' ');
    text.push_str(&entry.payload_len.to_string());
    text.push(' ');
    push_hex(text, entry.root.as_bytes());
    text.push(' ');
    push_hex(text, entry.header_hash.as_bytes());
    text.push(' ');
    text.push_str(entry.name.as_str());
    text.push('\n');
}

/// Two digits a byte, a block at a time: a long list is mostly these.
fn push_hex(text: &mut String, bytes: &[u8]) {
    for block in bytes.chunks(32) {
        let mut digits = [[0; 2]; 32];
        for (pair, byte) in digits.iter_mut().zip(block) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 0x0F)];
        }
        let digits = digits.get(..block.len()).unwrap_or_default().as_flattened();
        text.push_str(str::from_utf8(digits).unwrap_or_default());
    }
}

/// Of a number below 16.
const fn hex_digit(number: u8) -> u8 {
    let letter = if number < 10 { 0 } else { b'a'.wrapping_sub(b'0').wrapping_sub(10) };
    number.wrapping_add(b'0').wrapping_add(letter)
}

/// Exactly `N` bytes in lower-case hexadecimal digits.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut out = [0; N];
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}
