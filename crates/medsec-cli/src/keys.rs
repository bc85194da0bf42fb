//! Public keys named on the command line.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::Path;

use medsec_crypto::{HpkeRecipient, Recipient, VerifyingKey};
use medsec_kms::{IdentityFile, KeyKind, MAX_IDENTITY_LEN, PublicKey};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::input::open_file;

/// Recipients given as strings or files.
pub(crate) fn recipients(option: &str, values: &[OsString]) -> Result<Vec<HpkeRecipient>, Failure> {
    let keys = public_keys(option, values, |key| key.as_recipient().cloned())?;
    let mut seen = Vec::with_capacity(keys.len());
    for (index, key) in keys.iter().map(Recipient::key_ref).enumerate() {
        if seen.contains(&key) {
            let number = index.saturating_add(1);
            return Err(Failure::usage(format!("{option} no. {number} was named already"))
                .next("name every recipient once; did you mean another one?"));
        }
        seen.push(key);
    }
    Ok(keys)
}

/// Signers given as strings or files.
pub(crate) fn signers(option: &str, values: &[OsString]) -> Result<Vec<VerifyingKey>, Failure> {
    public_keys(option, values, |key| key.as_signer().copied())
}

fn public_keys<K>(
    option: &str,
    values: &[OsString],
    pick: impl Fn(&PublicKey) -> Option<K>,
) -> Result<Vec<K>, Failure> {
    let one = |(index, value): (usize, &OsString)| {
        let place = format!("{option} no. {}", index.saturating_add(1));
        let key = public_key(value).map_err(|failure| Failure {
            message: format!("{place}: {}", failure.message),
            ..failure
        })?;
        pick(&key).ok_or_else(|| {
            let kind = key.kind().name();
            Failure::usage(format!("{place}: a key of kind {kind} does not belong here")).next(
                "recipients have keys `msp-x25519:…` or `msp-xwing:…`, signers `msp-ed25519:…`",
            )
        })
    };
    values.iter().enumerate().map(one).collect()
}

/// A string that starts like a public key is one; anything else names a file that holds one, or an
/// identity file, of which only the public half is used.
fn public_key(value: &OsStr) -> Result<PublicKey, Failure> {
    let invalid = |error: medsec_kms::PublicKeyError| {
        Failure::usage(error.to_string())
            .next("ask its owner for what `medsec identity show` prints, or for a file of it")
    };
    let starts_like_key =
        |text: &&str| KeyKind::ALL.iter().any(|kind| text.starts_with(kind.prefix()));
    if let Some(key) = value.to_str().filter(starts_like_key) {
        return key.parse().map_err(invalid);
    }
    let (file, _) = open_file(Path::new(value))?;
    let limit = MAX_IDENTITY_LEN.saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit.saturating_add(1)));
    file.take(limit as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::io("the file of a public key cannot be read", &error))?;
    if let Ok(identity) = IdentityFile::parse(&bytes) {
        return Ok(identity.public_key().clone());
    }
    let text = str::from_utf8(&bytes).unwrap_or_default();
    text.trim().parse().map_err(invalid)
}
