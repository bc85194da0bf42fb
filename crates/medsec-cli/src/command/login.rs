//! `medsec login`.

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_kms::IdentityFile;

use super::status;
use crate::agent::client::{Lost, ask_first, unasked};
use crate::agent::wire::{Answer, Login, Request};
use crate::agent::{GONE, Keep, Place, Wanted, start, wanted};
use crate::failure::Failure;
use crate::own;
use crate::passphrase::PassphraseOption;
use crate::report::Report;
use crate::session::Session;
use crate::token;

#[derive(Debug, Args)]
#[command(after_help = crate::help::LOGIN)]
pub(crate) struct Options {
    /// Identity file of a user of the key store; by default the one in the settings.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Identity file of the same user's signer key, under the same passphrase; by default the one in the settings.
    #[arg(long, value_name = "FILE")]
    sign_with: Option<PathBuf>,
    /// File with a token of an identity provider that the policy trusts; `-` is standard input. The identity file then
    /// unlocks the keys, and who it is, with how many factors, is what the token says.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    if wanted(session)? == Wanted::No {
        return Err(Failure::usage("a login is held by an agent, and none is wanted here")
            .next("leave --no-agent away, and MEDSEC_AGENT=off"));
    }
    if options.token_file.as_deref() == Some(Path::new("-")) && options.passphrase.uses_stdin() {
        return Err(Failure::usage("token and passphrase cannot both come from standard input")
            .next("give one of them in a file, or on another descriptor"));
    }
    let place = Place::of(session)?;
    let (identity, signer) = (full(options.identity.as_ref())?, full(options.sign_with.as_ref())?);
    let protected = needs_passphrase(session, identity.as_deref(), signer.as_deref())?;
    let passphrase = protected.then(|| options.passphrase.read_bytes()).transpose()?;
    let token = options.token_file.as_deref().map(token::read).transpose()?;
    let request = Request::Login(Login {
        identity: identity.as_deref(),
        signer: signer.as_deref(),
        passphrase: passphrase.as_ref().map(|bytes| bytes.as_slice()),
        token: token.as_ref().map(|bytes| bytes.as_slice()),
    });
    let (answer, started) = match ask_first(&place, &request)? {
        Some((_, answer)) => (answer, false),
        None => {
            start(session, Keep::UntilLogout)?;
            let (_, answer) = ask_first(&place, &request)?.ok_or(Lost::Gone)?;
            (answer, true)
        }
    };
    match answer {
        Answer::Status(about) => Ok(status::report(&about, "logged in").field("started", started)),
        answer => {
            // An agent that has nobody to wait for ends.
            let _ = started && place.wait_until_gone(GONE);
            Err(unasked(answer))
        }
    }
}

/// Whether one of the files is under a passphrase. The agent reads them itself, and asks nobody.
fn needs_passphrase(
    session: &Session,
    identity: Option<&Path>,
    signer: Option<&Path>,
) -> Result<bool, Failure> {
    let settings = session.settings()?;
    let own = settings.signer.value.as_deref().filter(|_| identity.is_none());
    let identity = identity.or(settings.identity.value.as_deref()).ok_or_else(own::unnamed)?;
    let mut protected = false;
    for path in [Some(identity), signer.or(own)].into_iter().flatten() {
        protected |= IdentityFile::load(path)?.passphrase_params().is_some();
    }
    Ok(protected)
}

/// The agent may stand in another folder.
fn full(path: Option<&PathBuf>) -> Result<Option<PathBuf>, Failure> {
    let full = path.map(std::path::absolute).transpose();
    full.map_err(|error| Failure::io("an identity file cannot be found", &error))
}
