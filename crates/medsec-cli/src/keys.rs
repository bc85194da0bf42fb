//! Keys named on the command line.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use medsec_crypto::{HpkeIdentity, HpkeRecipient, SigningKey, VerifyingKey};
use medsec_kms::{IdentityFile, KeyKind, MAX_IDENTITY_LEN, PrivateKey, PublicKey};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::input::open_file;
use crate::passphrase::PassphraseOption;

/// The private key to open with, where one is needed.
#[derive(Clone, Debug, Args)]
pub(crate) struct IdentityOption {
    /// Identity file of a recipient.
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseOption,
}

impl IdentityOption {
    pub(crate) fn load(&self) -> Result<HpkeIdentity, Failure> {
        load_identity(&self.identity, &self.passphrase)
    }
}

/// The private key to open with.
pub(crate) fn load_identity(
    path: &Path,
    passphrase: &PassphraseOption,
) -> Result<HpkeIdentity, Failure> {
    match load(path, passphrase)? {
        PrivateKey::Identity(identity) => Ok(identity),
        _ => Err(Failure::usage(
            "the identity file holds a signer's key, which cannot open packages",
        )
        .next(
            "name the identity file of a recipient; `medsec identity show` tells which is which",
        )),
    }
}

/// The private key to sign with.
pub(crate) fn load_signer(
    path: &Path,
    passphrase: &PassphraseOption,
) -> Result<SigningKey, Failure> {
    match load(path, passphrase)? {
        PrivateKey::Signer(signer) => Ok(signer),
        _ => Err(Failure::usage("the identity file holds a recipient's key, which cannot sign")
            .next("make one with `medsec identity new --kind signer`")),
    }
}

fn load(path: &Path, passphrase: &PassphraseOption) -> Result<PrivateKey, Failure> {
    let file = IdentityFile::load(path)?;
    let passphrase = match file.passphrase_params() {
        Some(_) => Some(passphrase.read()?),
        None => None,
    };
    Ok(file.unlock(passphrase.as_ref())?)
}

/// Recipients given as strings or files.
pub(crate) fn recipients(option: &str, values: &[OsString]) -> Result<Vec<HpkeRecipient>, Failure> {
    public_keys(option, values, |key| key.as_recipient().cloned())
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
