//! `medsec identity`: files of private keys.

mod passphrase;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use medsec_kms::{Argon2Params, IdentityFile, KeyKind, PrivateKey};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::input::refuse_dash;
use crate::passphrase::PassphraseOption;
use crate::report::Report;
use crate::session::{Session, now};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new private key and write it into a file that only you can read.
    New(New),
    /// Put private keys under another passphrase: the user's own and the audit log's, or those of the files named.
    Passphrase(passphrase::Options),
    /// Show the public key of an identity file, to hand to a partner.
    Show(Show),
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::IDENTITY_NEW)]
pub(crate) struct New {
    /// What the key is for: to open packages (x25519, x-wing) or to sign them (signer).
    #[arg(long, value_enum, default_value_t = Kind::X25519)]
    kind: Kind,
    /// The file to write. Never replaces one.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Protect the file by its permissions only. For programs that nobody can type a passphrase for.
    #[arg(long, conflicts_with = "passphrase_fd")]
    no_passphrase: bool,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::IDENTITY_SHOW)]
pub(crate) struct Show {
    /// The identity file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Opens packages; HPKE with X25519.
    #[value(name = "x25519")]
    X25519,
    /// Opens packages; also against a later quantum computer. Experimental until its RFC.
    #[value(name = "x-wing")]
    XWing,
    /// Signs packages; Ed25519.
    #[value(name = "signer")]
    Signer,
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::New(_) => "identity new",
            Self::Passphrase(_) => "identity passphrase",
            Self::Show(_) => "identity show",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        match self {
            Self::New(new) => new.run(),
            Self::Passphrase(options) => passphrase::run(session, options),
            Self::Show(show) => Ok(describe(&IdentityFile::load(&show.file)?)),
        }
    }
}

impl New {
    fn run(&self) -> Result<Report, Failure> {
        refuse_dash(&self.out, "--out")?;
        // Before asking for a passphrase in vain; writing checks it again.
        if std::fs::symlink_metadata(&self.out).is_ok() {
            return Err(medsec_crypto::OutputError::Exists.into());
        }
        let key = PrivateKey::generate(match self.kind {
            Kind::X25519 => KeyKind::X25519,
            Kind::XWing => KeyKind::XWing,
            Kind::Signer => KeyKind::Ed25519,
        })?;
        let file = if self.no_passphrase {
            IdentityFile::plain(key, now())
        } else {
            let passphrase = self.passphrase.choose()?;
            IdentityFile::protected(&key, now(), &passphrase, Argon2Params::default())?
        };
        file.save_new(&self.out)?;
        Ok(describe(&file))
    }
}

fn describe(file: &IdentityFile) -> Report {
    let public_key = file.public_key().to_string();
    let protection = match file.passphrase_params() {
        None => Value::from("plain"),
        Some(params) => json!({
            "argon2id": {
                "memory_kib": params.memory_kib(),
                "passes": params.passes(),
                "lanes": params.lanes(),
            }
        }),
    };
    Report::new()
        .line(public_key.as_str())
        .field("public_key", public_key)
        .field("kind", file.public_key().kind().name())
        .field("created_at", file.created_at().to_string())
        .field("protection", protection)
}
