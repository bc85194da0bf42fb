//! The form of a share as a file under a passphrase.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::head::Head;
use super::text::{FIRST_LINE, ShareFormatError, ShareText};
use super::{SECRET_LEN, ShareScheme};
use crate::identity::{IdentityFormatError, parse_protection, render_kdf};
use crate::passphrase::{PassphraseKdf, PassphraseSlot};
use crate::public_key::PublicKey;

const CHECK: &str = "check: ";
const CHECK_LEN: usize = 8;
const LINES: usize = 9;
/// What a passphrase slot adds to the share.
const SLOT_OVERHEAD: usize = 72;

pub(super) fn render(
    head: &Head,
    index: u8,
    public_key: &PublicKey,
    slot: &PassphraseSlot,
) -> String {
    let before = before_secret(head, index, public_key, slot.kdf());
    let text = format!("{before}secret: {}\n", URL_SAFE_NO_PAD.encode(slot.sealed()));
    let check = URL_SAFE_NO_PAD.encode(check(&text));
    format!("{text}{CHECK}{check}\n")
}

/// Everything before the secret: what it is bound to.
pub(super) fn before_secret(
    head: &Head,
    index: u8,
    public_key: &PublicKey,
    kdf: &PassphraseKdf,
) -> String {
    let Head { set, scheme, created_at, .. } = head;
    let (count, needed) = (scheme.count, scheme.needed);
    let commitments = URL_SAFE_NO_PAD.encode(head.commitments().concat());
    let protection = render_kdf(kdf);
    format!(
        "{FIRST_LINE}\nset: {set}\nshare: {index} of {count}, {needed} needed\npublic: {public_key}\n\
         created: {created_at}\ncommitments: {commitments}\nprotection: {protection}\n"
    )
}

/// Tells accidental damage from a wrong passphrase; protects against nobody.
fn check(text: &str) -> [u8; CHECK_LEN] {
    let digest: [u8; 32] = Sha256::digest(text).into();
    digest.first_chunk().copied().unwrap_or_default()
}

pub(super) fn parse(bytes: &[u8]) -> Result<ShareText, ShareFormatError> {
    let text = str::from_utf8(bytes).map_err(|_| ShareFormatError::Damaged)?;
    let lines = Lines(text.lines().take(LINES + 1).collect());
    let (before, stated) = text.rsplit_once(CHECK).ok_or(malformed(9))?;
    if stated.trim_ascii_end() != URL_SAFE_NO_PAD.encode(check(before)) {
        return Err(ShareFormatError::Damaged);
    }
    let set = lines.field(2, "set: ")?.parse().map_err(|_| malformed(2))?;
    let (index, scheme) = parse_numbers(lines.field(3, "share: ")?)?;
    let public_key: PublicKey = lines.field(4, "public: ")?.parse()?;
    if public_key.as_recipient().is_none() {
        return Err(malformed(4));
    }
    let created_at = lines.field(5, "created: ")?.parse().map_err(|_| malformed(5))?;
    let commitments = lines.bytes(6, "commitments: ")?;
    let kdf = parse_kdf(lines.field(7, "protection: ")?)?;
    let sealed = lines.bytes(8, "secret: ")?;
    if sealed.len() != SECRET_LEN + SLOT_OVERHEAD {
        return Err(malformed(8));
    }
    let head = Head::of_file(set, scheme, &public_key, created_at, &commitments);
    let slot = PassphraseSlot::from_parts(kdf, sealed).map_err(|_| malformed(8))?;
    let share = ShareText::of_file(head.ok_or(malformed(6))?, index, public_key, slot);
    let canonical = *share.render() == text;
    canonical.then_some(share).ok_or(ShareFormatError::NotCanonical)
}

const fn malformed(line: u8) -> ShareFormatError {
    ShareFormatError::Line { line }
}

struct Lines<'a>(Vec<&'a str>);

impl<'a> Lines<'a> {
    /// What follows `name` in a line, counted from 1.
    fn field(&self, number: u8, name: &str) -> Result<&'a str, ShareFormatError> {
        let line = self.0.get(usize::from(number).saturating_sub(1));
        line.and_then(|line| line.strip_prefix(name)).ok_or(malformed(number))
    }

    fn bytes(&self, number: u8, name: &str) -> Result<Vec<u8>, ShareFormatError> {
        URL_SAFE_NO_PAD.decode(self.field(number, name)?).map_err(|_| malformed(number))
    }
}

/// `2 of 5, 3 needed`.
fn parse_numbers(text: &str) -> Result<(u8, ShareScheme), ShareFormatError> {
    let numbers = || {
        let (index, rest) = text.split_once(" of ")?;
        let (count, needed) = rest.strip_suffix(" needed")?.split_once(", ")?;
        Some((index.parse().ok()?, count.parse().ok()?, needed.parse().ok()?))
    };
    let (index, count, needed) = numbers().ok_or(malformed(3))?;
    let scheme = ShareScheme::new(needed, count).map_err(|_| malformed(3))?;
    let fits = (1..=count).contains(&index);
    fits.then_some((index, scheme)).ok_or(malformed(3))
}

fn parse_kdf(text: &str) -> Result<PassphraseKdf, ShareFormatError> {
    let line = malformed(7);
    match parse_protection(text) {
        Ok(kdf) => kdf.ok_or(line),
        Err(IdentityFormatError::Parameters) => Err(ShareFormatError::Parameters),
        Err(_) => Err(line),
    }
}
