//! The log key: signs the audit log's list of streams and its checkpoints.

use std::path::PathBuf;

use clap::Args;
use medsec_audit::{Algorithm, Ed25519NoteSigner, KeyName, NoteSigner as _, Pin};
use medsec_kms::{IdentityFile, PrivateKey};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::passphrase::PassphraseOption;
use crate::session::Session;

/// Where the log key is.
#[derive(Clone, Debug, Args)]
pub(crate) struct LogKeyOption {
    /// Identity file of the log key; by default the one in the settings.
    #[arg(long, value_name = "FILE")]
    log_key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

impl LogKeyOption {
    /// The key, which must be the one of the pin.
    pub(crate) fn load(&self, session: &Session, pin: &Pin) -> Result<Ed25519NoteSigner, Failure> {
        let file = match &self.log_key {
            Some(path) => IdentityFile::load(path)?,
            None => IdentityFile::load(&named(session)?)?,
        };
        let locked = file.passphrase_params().is_some();
        let passphrase = locked.then(|| self.passphrase.read()).transpose()?;
        let signer = signer(pin.key().name().clone(), &file.unlock(passphrase.as_ref())?)?;
        if signer.verifier_key() != pin.key() {
            return Err(Failure::new(Exit::Log, "this is not the key of the audit log")
                .next("give --log-key FILE with the key that `medsec init` made for it"));
        }
        Ok(signer)
    }
}

fn named(session: &Session) -> Result<PathBuf, Failure> {
    session.settings()?.audit_key.value.clone().ok_or_else(|| {
        Failure::usage("no log key is named, neither on the command line nor in the settings")
            .next("give --log-key FILE, or set audit.key in config.toml")
    })
}

/// A signer's private key as one of notes, under the name of a log.
pub(crate) fn signer(name: KeyName, key: &PrivateKey) -> Result<Ed25519NoteSigner, Failure> {
    let PrivateKey::Signer(key) = key else {
        return Err(Failure::usage("the identity file holds a recipient's key, which cannot sign")
            .next("the log key is the one in `identities/audit.key`"));
    };
    let mut seed = zeroize::Zeroizing::new(*key.expose_seed());
    Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, seed.as_mut_slice()).map_err(|error| {
        Failure::new(Exit::Identity, error.to_string())
            .next("give --log-key FILE with the key that `medsec init` made for the log")
    })
}
