//! `medsec rewrap`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use medsec_crypto::{
    Access, Confirmation, Context, Existing, Header, HpkeIdentity, HpkeRecipient, Identity as _,
    KeyRef, LockedPackage, NewRecipients, OutputOptions, Recipient as _, RecipientProfile,
    RewrapError, Rewrapped, SignerExpectation, Stanza, Unlocked,
};

use crate::context_file::{ContextOption, refuse_shared_stdin};
use crate::exit::Exit;
use crate::expectation::{check_context_names, expectation};
use crate::failure::Failure;
use crate::input::Input;
use crate::keys;
use crate::passphrase::PassphraseOption;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::units;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Packages to change.
    #[arg(required = true, value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// Identity file of a present recipient.
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOption,
    #[command(flatten)]
    context: ContextOption,
    /// Public key, or file with one, of a recipient to add. May be repeated.
    #[arg(long, value_name = "PUBKEY|FILE", required_unless_present = "drop")]
    to: Vec<String>,
    /// Public key, or file with one, of a recipient to remove. May be repeated. Who had access may
    /// have kept the data key: to revoke it, seal the content anew.
    #[arg(long, value_name = "PUBKEY|FILE")]
    drop: Vec<String>,
    /// Write a copy with the new recipients and leave the package as it is. Never replaces a file.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

/// What is the same for all inputs.
struct Job<'a> {
    options: &'a Options,
    identity: HpkeIdentity,
    reproduced: Context,
    add: Vec<HpkeRecipient>,
    remove: Vec<KeyRef>,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let inputs = Input::all(&options.inputs)?;
    if inputs.len() > 1 && options.output.is_some() {
        return Err(Failure::usage("-o is for a single package"));
    }
    refuse_shared_stdin(&[
        (options.context.uses_stdin(), "--context-file"),
        (options.passphrase.uses_stdin(), "--passphrase-fd"),
    ])?;
    let remove = keys::recipients("--drop", &options.drop)?;
    let job = Job {
        options,
        add: keys::recipients("--to", &options.to)?,
        remove: remove.iter().map(|key| key.key_ref()).collect(),
        reproduced: options.context.read()?,
        identity: keys::load_identity(&options.identity, &options.passphrase)?,
    };
    session.interrupt.arm();
    Ok(session.each(&inputs, |input| job.rewrap(input.seekable()?)))
}

/// How the new recipients got there.
#[derive(Clone, Copy)]
enum Way {
    InPlace,
    Copy,
}

impl Job<'_> {
    fn rewrap(&self, path: &Path) -> Result<Report, Failure> {
        let begun = Instant::now();
        let header = read_header(path)?;
        let unlocked = self.unlock(header)?;
        let stanzas = self.stanzas(&unlocked)?;
        let count = stanzas.len();
        let recipients = new_recipients(&unlocked, stanzas);
        let (done, way) = match &self.options.output {
            Some(output) => (
                copy(
                    path,
                    output,
                    &recipients,
                    crate::target::options(Access::Umask),
                )?,
                Way::Copy,
            ),
            None => self.in_place(path, &recipients)?,
        };
        Ok(report(&done, way, count, begun.elapsed()))
    }

    /// Proves key and context, so that nobody rewraps what he cannot open.
    fn unlock(&self, header: Header) -> Result<Unlocked, Failure> {
        check_context_names(&header, &self.reproduced)?;
        let expected = expectation(
            &self.identity,
            &SignerExpectation::NotRequired,
            &self.reproduced,
        );
        Ok(header.check(expected)?.unlock_with(&[&self.identity])?)
    }

    /// Keeps who is not removed, in file order, and adds the new ones.
    fn stanzas(&self, unlocked: &Unlocked) -> Result<Vec<Stanza>, Failure> {
        let header = unlocked.header();
        let present = |key: &KeyRef| header.stanzas().iter().any(|s| s.key_ref() == key);
        if let Some(at) = self.remove.iter().position(|key| !present(key)) {
            let number = at.saturating_add(1);
            return Err(Failure::new(
                Exit::Expectation,
                format!(
                    "--drop no. {number} is not a recipient of the package; nothing was changed"
                ),
            )
            .next("`medsec inspect` shows its recipients"));
        }
        let replaced = |key: &KeyRef| self.add.iter().any(|new| new.key_ref() == *key);
        let mut stanzas: Vec<Stanza> = header
            .stanzas()
            .iter()
            .filter(|s| !self.remove.contains(s.key_ref()) && !replaced(s.key_ref()))
            .cloned()
            .collect();
        let dek = keys::unwrap_dek(&self.identity, header)?;
        for recipient in &self.add {
            let stanza = recipient.wrap_dek(&dek, &header.bind());
            stanzas.push(stanza.map_err(medsec_crypto::SealError::Wrap)?);
        }
        if stanzas.is_empty() {
            return Err(Failure::usage(
                "nobody would be left who can open the package; nothing was changed",
            ));
        }
        Ok(stanzas)
    }

    fn in_place(
        &self,
        path: &Path,
        recipients: &NewRecipients<'_>,
    ) -> Result<(Rewrapped, Way), Failure> {
        let locked = LockedPackage::open(path);
        let done =
            locked.and_then(|locked| locked.rewrap(recipients, |header| self.confirm(header)));
        match done {
            Ok(done) => Ok((done, Way::InPlace)),
            Err(RewrapError::DoesNotFit | RewrapError::CannotLock) => {
                Ok((copy(path, path, recipients, over(path)?)?, Way::Copy))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Tries the new recipients, if this identity is still one of them.
    fn confirm(&self, header: &Header) -> Confirmation {
        let own = self.identity.key_ref();
        let stanza = header.stanzas().iter().find(|s| *s.key_ref() == own);
        match stanza.map(|stanza| self.identity.unwrap_dek(stanza, &header.bind())) {
            None => Confirmation::NotPermitted,
            Some(Ok(_)) => Confirmation::Unwrapped,
            Some(Err(_)) => Confirmation::Failed,
        }
    }
}

fn read_header(path: &Path) -> Result<Header, Failure> {
    let (mut file, _) = crate::input::open_file(path)?;
    Ok(Header::read_patiently(&mut file)?)
}

fn new_recipients(unlocked: &Unlocked, stanzas: Vec<Stanza>) -> NewRecipients<'_> {
    match unlocked.header().core().profile {
        RecipientProfile::Blind => NewRecipients::Blind { stanzas },
        _ => NewRecipients::Authenticated { unlocked, stanzas },
    }
}

/// Reads the package without a lock: a copy is checked against what was unlocked.
fn copy(
    path: &Path,
    output: &Path,
    recipients: &NewRecipients<'_>,
    options: OutputOptions,
) -> Result<Rewrapped, Failure> {
    let file = File::open(path).map_err(|e| Failure::io("the package cannot be read", &e))?;
    let package = LockedPackage::over(file)?;
    Ok(package.rewrap_into_copy(recipients, output, options)?)
}

/// A copy that takes the package's place and keeps it as private as it was.
fn over(path: &Path) -> Result<OutputOptions, Failure> {
    let failed = |error| Failure::io("the package cannot be read", &error);
    let about = std::fs::metadata(path).map_err(failed)?;
    let mut options = OutputOptions::default();
    options.existing = Existing::Replace;
    options.access = if is_private(&about) {
        Access::Owner
    } else {
        Access::Umask
    };
    Ok(options)
}

#[cfg(unix)]
fn is_private(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    about.mode() & 0o077 == 0
}

#[cfg(not(unix))]
const fn is_private(_: &std::fs::Metadata) -> bool {
    false
}

fn report(done: &Rewrapped, way: Way, count: usize, took: Duration) -> Report {
    let (shown, word) = match way {
        Way::InPlace => ("in place", "in-place"),
        Way::Copy => ("into a copy", "copy"),
    };
    Report::new()
        .line(format!(
            "rewrapped {shown} for {count} recipient(s), generation {} ({})",
            done.generation,
            units::time(took)
        ))
        .field("way", word)
        .field("recipients", count)
        .field("generation", done.generation)
        .field("old_slot", done.old_slot.to_string())
        .field("new_slot", done.new_slot.to_string())
        .field("seconds", units::seconds(took))
}
