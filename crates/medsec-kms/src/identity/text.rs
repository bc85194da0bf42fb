//! The text form of an identity file.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, Zeroizing};

use super::{CHECK_LEN, IdentityFile, MAX_IDENTITY_LEN, Protection, SECRET_LEN, plain_check};
use crate::passphrase::{Argon2Params, PassphraseKdf, PassphraseSlot};
use crate::private_key::PrivateKey;
use crate::public_key::{PublicKey, PublicKeyError};
use crate::utc::UtcTime;

const FIRST_LINE: &str = "medsec identity v1";
const PUBLIC: &str = "public: ";
const CREATED: &str = "created: ";
const PROTECTION: &str = "protection: ";
const SECRET: &str = "secret: ";
const PLAIN: &str = "plain";
const LINES: usize = 5;

impl IdentityFile {
    /// Reads the text of an identity file. No passphrase is needed and none is tried.
    ///
    /// # Errors
    /// [`IdentityFormatError`] with the line that is not as it must be.
    pub fn parse(bytes: &[u8]) -> Result<Self, IdentityFormatError> {
        if bytes.len() > MAX_IDENTITY_LEN {
            return Err(IdentityFormatError::TooLong);
        }
        let text = str::from_utf8(bytes).map_err(|_| IdentityFormatError::NotAnIdentity)?;
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(IdentityFormatError::NotAnIdentity);
        }
        let public_key: PublicKey = field(lines.next(), PUBLIC, 2)?.parse()?;
        let created_at = field(lines.next(), CREATED, 3)?
            .parse()
            .map_err(|_| IdentityFormatError::Line { line: 3 })?;
        let kdf = parse_protection(field(lines.next(), PROTECTION, 4)?)?;
        let secret = Zeroizing::new(
            URL_SAFE_NO_PAD
                .decode(field(lines.next(), SECRET, 5)?)
                .map_err(|_| IdentityFormatError::Line { line: 5 })?,
        );
        if text.lines().count() != LINES {
            return Err(IdentityFormatError::NotCanonical);
        }
        let head = head(&public_key, created_at, kdf.as_ref());
        let protection = match kdf {
            None => Protection::Plain(parse_plain(&public_key, &head, &secret)?),
            Some(kdf) => Protection::Passphrase(
                PassphraseSlot::from_parts(kdf, secret.to_vec())
                    .map_err(|_| IdentityFormatError::Line { line: 5 })?,
            ),
        };
        let file = Self { public_key, created_at, protection };
        let canonical = *file.render() == text;
        canonical.then_some(file).ok_or(IdentityFormatError::NotCanonical)
    }

    /// The text of the file.
    #[must_use]
    pub fn render(&self) -> Zeroizing<String> {
        let (kdf, secret) = match &self.protection {
            Protection::Plain(key) => {
                let head = head(&self.public_key, self.created_at, None);
                let key = key.expose_secret();
                let check = plain_check(&head, key);
                (None, Zeroizing::new([key.as_slice(), &check].concat()))
            }
            Protection::Passphrase(slot) => {
                (Some(slot.kdf()), Zeroizing::new(slot.sealed().to_vec()))
            }
        };
        // All of the capacity at once: a growing string would leave the key behind in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(MAX_IDENTITY_LEN));
        text.push_str(&head(&self.public_key, self.created_at, kdf));
        text.push_str(SECRET);
        URL_SAFE_NO_PAD.encode_string(&*secret, &mut text);
        text.push('\n');
        text
    }
}

/// Everything before the secret.
pub(super) fn head(
    public_key: &PublicKey,
    created_at: UtcTime,
    kdf: Option<&PassphraseKdf>,
) -> String {
    let protection = kdf.map_or_else(|| PLAIN.to_owned(), render_kdf);
    format!("{FIRST_LINE}\n{PUBLIC}{public_key}\n{CREATED}{created_at}\n{PROTECTION}{protection}\n")
}

/// What stands behind `protection: ` under a passphrase.
pub(crate) fn render_kdf(kdf: &PassphraseKdf) -> String {
    let (params, salt) = (kdf.params(), URL_SAFE_NO_PAD.encode(kdf.salt()));
    format!(
        "argon2id m={} t={} p={} salt={salt}",
        params.memory_kib(),
        params.passes(),
        params.lanes(),
    )
}

fn field<'a>(
    line: Option<&'a str>,
    name: &str,
    number: u8,
) -> Result<&'a str, IdentityFormatError> {
    line.and_then(|line| line.strip_prefix(name)).ok_or(IdentityFormatError::Line { line: number })
}

/// Reads what [`render_kdf`] writes; none for `plain`.
pub(crate) fn parse_protection(text: &str) -> Result<Option<PassphraseKdf>, IdentityFormatError> {
    if text == PLAIN {
        return Ok(None);
    }
    let line = IdentityFormatError::Line { line: 4 };
    let mut parts = text.split(' ');
    let mut part = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
    let named = part("argon2id");
    let (memory, passes, lanes) = (part("m="), part("t="), part("p="));
    let salt = part("salt=");
    let numbers = || {
        named.filter(|rest| rest.is_empty())?;
        let passes = passes?.parse().ok()?;
        Some((memory?.parse().ok()?, passes, lanes?.parse().ok()?))
    };
    let (memory, passes, lanes) = numbers().ok_or(line)?;
    let params =
        Argon2Params::new(memory, passes, lanes).map_err(|_| IdentityFormatError::Parameters)?;
    let salt = salt
        .and_then(|salt| URL_SAFE_NO_PAD.decode(salt).ok())
        .and_then(|salt| salt.try_into().ok())
        .ok_or(line)?;
    Ok(Some(PassphraseKdf::new(params, salt)))
}

fn parse_plain(
    public_key: &PublicKey,
    head: &str,
    secret: &[u8],
) -> Result<PrivateKey, IdentityFormatError> {
    let line = IdentityFormatError::Line { line: 5 };
    let (key, check) = secret.split_last_chunk::<CHECK_LEN>().ok_or(line)?;
    if key.len() != SECRET_LEN {
        return Err(line);
    }
    if *check != plain_check(head, key) {
        return Err(IdentityFormatError::Damaged);
    }
    let mut key = key.to_vec();
    let private = PrivateKey::take_from(public_key.kind(), &mut key);
    key.zeroize();
    let private = private.map_err(|_| line)?;
    let belongs = private.public_key() == *public_key;
    belongs.then_some(private).ok_or(IdentityFormatError::Damaged)
}

/// A file is not an identity file of a kind this version reads. Nothing of its content is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityFormatError {
    /// The first line is missing.
    #[error("not an identity file")]
    NotAnIdentity,
    /// Longer than an identity file can be.
    #[error("longer than the {MAX_IDENTITY_LEN} bytes an identity file may have")]
    TooLong,
    /// A line is not as it must be.
    #[error("line {line} of the identity file is not as it must be")]
    Line {
        /// Its number, from 1.
        line: u8,
    },
    /// The public key is malformed.
    #[error(transparent)]
    PublicKey(#[from] PublicKeyError),
    /// The Argon2id parameters are outside their limits.
    #[error("the Argon2id parameters of the identity file are outside their limits")]
    Parameters,
    /// Further lines, blanks or other line ends.
    #[error("the identity file has lines, blanks or line ends that do not belong there")]
    NotCanonical,
    /// The checksum of a plain file does not fit, or its halves do not belong together.
    #[error("the identity file is damaged")]
    Damaged,
}
