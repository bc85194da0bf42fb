//! The printed form: groups of characters with a checksum a line.
//!
//! Crockford's base32 (no I, L, O, U), 15 bytes a line in six groups of four, the seventh group 20 bits of a
//! SHA-256 over the line's number and bytes, so that a typing error, a line left out and two lines exchanged are
//! named. Case, blanks, hyphens and the look-alikes I, L and O are forgiven; lines from `#` on are for people.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::head::Head;
use super::text::{FIRST_LINE, MAX_SHARE_LEN, ShareFormatError};
use super::{SECRET_LEN, ShareSecret};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LABEL_LINE: &[u8] = b"medsec/emergency-share/v1/line\0";
const LABEL_CHECK: &[u8] = b"medsec/emergency-share/v1/check\0";
const LINE_LEN: usize = 15;
const LINE_BITS: usize = 120;
const LINE_SYMBOLS: usize = 24;
const CHECK_BITS: usize = 20;
const CHECK_LEN: usize = 8;
/// More than the longest share has: 24 for 16 shares.
const MAX_LINES: u8 = 24;

/// The lines of a share.
pub(super) fn render(head: &Head, index: u8, secret: &ShareSecret) -> Zeroizing<String> {
    let payload = payload(head, index, secret);
    // All of the capacity at once: a growing string would leave the share behind in freed memory.
    let mut text = Zeroizing::new(String::with_capacity(MAX_SHARE_LEN));
    text.push_str(FIRST_LINE);
    text.push_str(", printed\n");
    text.push_str(&for_people(head, index));
    let (lines, _) = payload.as_chunks::<LINE_LEN>();
    for (number, line) in (1_u8..).zip(lines) {
        text.push_str(&format!("{number:02}"));
        let value = line.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        push_groups(&mut text, value, LINE_BITS);
        push_groups(&mut text, line_check(number, line), CHECK_BITS);
        text.push('\n');
    }
    text
}

fn for_people(head: &Head, index: u8) -> String {
    let (scheme, kind) = (head.scheme, head.kind.name());
    format!(
        "# share {index} of {}, {} needed; {kind}; {}\n# set {}\n",
        scheme.count, scheme.needed, head.created_at, head.set
    )
}

/// `version u8 = 1 ‖ index u8 ‖ head ‖ secret(32) ‖ check(8) ‖ zeros` to whole lines.
fn payload(head: &Head, index: u8, secret: &ShareSecret) -> Zeroizing<Vec<u8>> {
    let mut payload = Zeroizing::new(Vec::with_capacity(MAX_SHARE_LEN));
    payload.extend_from_slice(&[1, index]);
    payload.extend_from_slice(&head.encode());
    payload.extend_from_slice(secret.as_slice());
    let check = check(&payload);
    payload.extend_from_slice(&check);
    let whole = payload.len().next_multiple_of(LINE_LEN);
    payload.resize(whole, 0);
    payload
}

/// Shows alterations that the checksums of single lines miss.
fn check(payload: &[u8]) -> [u8; CHECK_LEN] {
    let digest: [u8; 32] =
        Sha256::new().chain_update(LABEL_CHECK).chain_update(payload).finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

fn line_check(number: u8, line: &[u8; LINE_LEN]) -> u128 {
    let digest = Sha256::new().chain_update(LABEL_LINE).chain_update([number]);
    let digest: [u8; 32] = digest.chain_update(line).finalize().into();
    let [a, b, c, ..] = digest;
    u128::from(u32::from_be_bytes([0, a, b, c]) >> 4)
}

fn push_groups(text: &mut String, value: u128, bits: usize) {
    for low in (0..bits).step_by(5).rev() {
        let symbol = usize::try_from(value >> low & 31).unwrap_or_default();
        // A group of four ends where a multiple of 20 bits is left.
        if low % 20 == 15 {
            text.push(' ');
        }
        text.push(char::from(ALPHABET.get(symbol).copied().unwrap_or_default()));
    }
}

/// Reads what follows the first line.
pub(super) fn parse(text: &[u8]) -> Result<(Head, u8, ShareSecret), ShareFormatError> {
    let mut payload = Zeroizing::new(Vec::with_capacity(MAX_SHARE_LEN));
    let mut number = 0_u8;
    for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        number = number.saturating_add(1);
        if number > MAX_LINES {
            return Err(ShareFormatError::Line { line: number });
        }
        payload.extend_from_slice(&*parse_line(number, line)?);
    }
    parse_payload(&payload)
}

fn parse_line(number: u8, line: &[u8]) -> Result<Zeroizing<[u8; LINE_LEN]>, ShareFormatError> {
    let malformed = ShareFormatError::Line { line: number };
    let line = line.strip_prefix(format!("{number:02}").as_bytes()).ok_or(malformed)?;
    let starts = line.first().is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'-');
    let symbols = line.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'-');
    let (mut value, mut stated, mut count) = (0_u128, 0_u128, 0_usize);
    for symbol in symbols {
        let digit = digit(*symbol).ok_or(malformed)?;
        let to = if count < LINE_SYMBOLS { &mut value } else { &mut stated };
        *to = *to << 5 | digit;
        count = count.saturating_add(1);
    }
    if !starts || count != LINE_SYMBOLS + CHECK_BITS / 5 {
        return Err(malformed);
    }
    let bytes = value.to_be_bytes();
    let bytes = Zeroizing::new(bytes.last_chunk::<LINE_LEN>().copied().unwrap_or_default());
    let fits = line_check(number, &bytes) == stated;
    fits.then_some(bytes).ok_or(ShareFormatError::Mistyped { line: number })
}

fn digit(symbol: u8) -> Option<u128> {
    let symbol = match symbol.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|known| *known == symbol).and_then(|at| u128::try_from(at).ok())
}

fn parse_payload(payload: &[u8]) -> Result<(Head, u8, ShareSecret), ShareFormatError> {
    let incomplete = ShareFormatError::Incomplete;
    let ([version, index], rest) = payload.split_first_chunk().ok_or(incomplete)?;
    if *version != 1 {
        return Err(ShareFormatError::NotAShare);
    }
    let (head, rest) = Head::parse(rest).ok_or(incomplete)?;
    let (secret, rest) = rest.split_first_chunk::<SECRET_LEN>().ok_or(incomplete)?;
    let (stated, padding) = rest.split_first_chunk::<CHECK_LEN>().ok_or(incomplete)?;
    let checked = payload.len().saturating_sub(rest.len());
    let checked = payload.get(..checked).ok_or(incomplete)?;
    if padding.len() >= LINE_LEN || padding.iter().any(|byte| *byte != 0) {
        return Err(ShareFormatError::NotCanonical);
    }
    let secret = Zeroizing::new(*secret);
    let fits = check(checked) == *stated && (1..=head.scheme.count).contains(index);
    fits.then_some((head, *index, secret)).ok_or(ShareFormatError::Damaged)
}
