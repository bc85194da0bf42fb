//! `medsec rewrap`.

mod folder;

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::Args;
use medsec_crypto::{
    Access, Confirmation, Context, Existing, Header, KeyRef, LockedPackage, NewRecipients,
    OpenError, OutputOptions, Recipient, RecipientProfile, RewrapError, Rewrapped,
    SignerExpectation, Stanza, UnlockedRecipients,
};
use medsec_kms::KeyName;

use crate::bulk::{self, BulkOption};
use crate::context_file::ContextOption;
use crate::exit::Exit;
use crate::expectation::check_context_names;
use crate::failure::Failure;
use crate::input::{Input, open_file, refuse_dash, refuse_shared_stdin};
use crate::keys;
use crate::openers::{IdentityOption, Openers};
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::target;
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::REWRAP)]
pub(crate) struct Options {
    /// Packages to change, or one folder of packages.
    #[arg(required = true, value_name = "FILE")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    identity: IdentityOption,
    /// For packages sealed with --blind only: file with the context they were sealed with, or `-` for
    /// standard input. All others need none.
    #[arg(long, value_name = "FILE|-")]
    context_file: Option<PathBuf>,
    /// Public key, or file with one, of a recipient to add. May be repeated.
    #[arg(long, value_name = "PUBKEY|FILE", required_unless_present_any = ["drop", "to_key"])]
    to: Vec<OsString>,
    /// Key of the key store to add, in its newest version; older versions of it are removed.
    #[arg(long, value_name = "KEY")]
    to_key: Option<KeyName>,
    /// Public key, or file with one, of a recipient to remove. May be repeated. Who had access may
    /// have kept the data key: to revoke it, seal the content anew.
    #[arg(long, value_name = "PUBKEY|FILE")]
    drop: Vec<OsString>,
    /// Write a copy with the new recipients and leave the package as it is. Never replaces a file.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    bulk: BulkOption,
}

/// What is the same for all inputs.
struct Job<'a> {
    options: &'a Options,
    openers: Openers,
    add: Vec<Box<dyn Recipient + Send + Sync>>,
    /// The key whose older versions are replaced.
    to_key: Option<&'a KeyName>,
    remove: Vec<KeyRef>,
    /// Which of them some package had.
    removed: Vec<AtomicBool>,
    reproduced: Context,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let inputs = Input::all(&options.inputs)?;
    if inputs.len() > 1 && options.output.is_some() {
        return Err(Failure::usage("-o is for a single package")
            .next("leave -o away, or rewrap one package at a time"));
    }
    if let Some(output) = &options.output {
        refuse_dash(output, "-o")?;
    }
    let context = ContextOption { context_file: options.context_file.clone() };
    refuse_shared_stdin(&inputs, &context, &options.identity.passphrase)?;
    let remove = keys::recipients("--drop", &options.drop)?;
    let to = keys::recipients("--to", &options.to)?;
    let mut add: Vec<Box<dyn Recipient + Send + Sync>> =
        to.into_iter().map(|key| Box::new(key) as _).collect();
    let reproduced = context.read()?;
    let openers = options.identity.load(session)?;
    if let Some(name) = &options.to_key {
        add.push(Box::new(openers.newest(name)?));
    }
    let job = Job {
        options,
        add,
        to_key: options.to_key.as_ref(),
        removed: remove.iter().map(|_| AtomicBool::new(false)).collect(),
        remove: remove.iter().map(Recipient::key_ref).collect(),
        reproduced,
        openers,
    };
    let folder = bulk::folder_of(&inputs)?;
    match folder {
        Some(_) => bulk::refuse_without_folder(options.output.is_some(), "-o")?,
        None => bulk::refuse_without_folder(options.bulk.report.is_some(), "--report")?,
    }
    session.interrupt.arm();
    if let Some(folder) = folder {
        let report = options.bulk.report.as_deref();
        return bulk::rewrap::run(session, folder, report, &job).map(Outcome::Folder);
    }
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
        let (mut file, about) = open_file(path)?;
        let unlocked = self.unlock(Header::read_patiently(&mut file)?)?;
        self.check_drop(&unlocked)?;
        let stanzas = self.stanzas(&unlocked)?;
        let count = stanzas.len();
        let recipients = new_recipients(&unlocked, stanzas);
        let (done, way) = match &self.options.output {
            Some(output) => {
                let options = target::options(Access::Umask);
                let confirm = |header: &Header| self.confirm(&unlocked, header);
                let mut package = LockedPackage::over(file)?;
                let done = package.rewrap_into_copy(&recipients, output, options, confirm)?;
                (done, Way::Copy)
            }
            None => self.in_place(path, &about, &unlocked, &recipients)?,
        };
        Ok(report(&done, way, count, begun.elapsed()))
    }

    /// Proves that the identity is a recipient. The reproduced context is not needed, so that keys can
    /// be rotated by who knows no patient; but in a blind package only the payload shows, to who knows
    /// the context, that the data key is its own.
    fn unlock(&self, header: Header) -> Result<UnlockedRecipients, Failure> {
        let fitting = self.openers.fitting(&header)?;
        if header.core().profile == RecipientProfile::Blind {
            check_context_names(&header, &self.reproduced)?;
            let any = SignerExpectation::NotRequired;
            let expected = fitting.expectation(&any, &self.reproduced);
            return Ok(header.check(expected)?.unlock_with(&fitting.identities())?.into());
        }
        let unlocked = header.unlock_recipients_with(&fitting.identities());
        unlocked.map_err(|error| match error {
            OpenError::NotAuthentic(error) => RewrapError::NotAuthentic(error).into(),
            other => other.into(),
        })
    }

    /// Who is to be removed must be there: else it may be a slip.
    fn check_drop(&self, unlocked: &UnlockedRecipients) -> Result<(), Failure> {
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
        Ok(())
    }

    /// Whether a recipient is an older version of the key that is added.
    fn is_outdated(&self, key_ref: &KeyRef) -> bool {
        let newest = self.add.iter().any(|new| new.key_ref() == *key_ref);
        self.to_key.is_some_and(|name| !newest && self.openers.is_version_of(key_ref, name))
    }

    /// Keeps who is not removed, in file order, and adds the new ones.
    fn stanzas(&self, unlocked: &UnlockedRecipients) -> Result<Vec<Stanza>, Failure> {
        let header = unlocked.header();
        let replaced = |key: &KeyRef| self.add.iter().any(|new| new.key_ref() == *key);
        let mut stanzas: Vec<Stanza> = header
            .stanzas()
            .iter()
            .filter(|s| !self.remove.contains(s.key_ref()) && !replaced(s.key_ref()))
            .filter(|s| !self.is_outdated(s.key_ref()))
            .cloned()
            .collect();
        let add: Vec<&dyn Recipient> = self.add.iter().map(|key| &**key as _).collect();
        stanzas.extend(unlocked.wrap_for(&add)?);
        if stanzas.is_empty() {
            return Err(Failure::usage(
                "nobody would be left who can open the package; nothing was changed",
            )
            .next("add a recipient with --to in the same call"));
        }
        Ok(stanzas)
    }

    fn in_place(
        &self,
        path: &Path,
        about: &Metadata,
        unlocked: &UnlockedRecipients,
        recipients: &NewRecipients<'_>,
    ) -> Result<(Rewrapped, Way), Failure> {
        let confirm = |header: &Header| self.confirm(unlocked, header);
        let mut package = match LockedPackage::open(path) {
            Err(RewrapError::CannotLock(_)) => {
                LockedPackage::over(File::open(path).map_err(RewrapError::Read)?)?
            }
            opened => {
                let mut package = opened?;
                match package.rewrap(recipients, confirm) {
                    // Still under the lock, so that nobody else's rewrap is lost with the old file.
                    Err(RewrapError::DoesNotFit) => package,
                    done => return Ok((done?, Way::InPlace)),
                }
            }
        };
        let done = package.rewrap_into_copy(recipients, path, over(), confirm)?;
        keep_access(path, about).map_err(|error| {
            Failure::io(
                "the package has its new recipients, but not its old owner and mode",
                &error,
            )
        })?;
        Ok((done, Way::Copy))
    }

    /// Tries the new recipients, if this identity is still one of them.
    fn confirm(&self, unlocked: &UnlockedRecipients, header: &Header) -> Confirmation {
        let Ok(fitting) = self.openers.fitting(header) else {
            return Confirmation::NotPermitted;
        };
        let Some(dek) = fitting.unwrap_dek(header) else {
            return Confirmation::Failed;
        };
        let same = dek.expose_secret() == unlocked.dek().expose_secret();
        let authentic = header.core().profile == RecipientProfile::Blind
            || header.clone().unlock_recipients_with(&fitting.identities()).is_ok();
        if same && authentic { Confirmation::Unwrapped(dek) } else { Confirmation::Failed }
    }
}

fn new_recipients(unlocked: &UnlockedRecipients, stanzas: Vec<Stanza>) -> NewRecipients<'_> {
    match unlocked.header().core().profile {
        RecipientProfile::Blind => NewRecipients::Blind { stanzas },
        _ => NewRecipients::Authenticated { unlocked, stanzas },
    }
}

/// For a copy that takes the package's place: its owner's only until it has the access of the old file.
fn over() -> OutputOptions {
    let mut options = target::options(Access::Owner);
    options.existing = Existing::Replace;
    options
}

/// Gives a copy the owner and the mode of the file it replaced.
#[cfg(unix)]
fn keep_access(path: &Path, about: &Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let now = std::fs::metadata(path)?;
    if (now.uid(), now.gid()) != (about.uid(), about.gid()) {
        chown(path, Some(about.uid()), Some(about.gid()))?;
    }
    std::fs::set_permissions(path, about.permissions())
}

#[cfg(not(unix))]
fn keep_access(_: &Path, _: &Metadata) -> std::io::Result<()> {
    Ok(())
}

fn report(done: &Rewrapped, way: Way, count: usize, took: Duration) -> Report {
    let (shown, word) = match way {
        Way::InPlace => ("in place", "in-place"),
        Way::Copy => ("into a copy", "copy"),
    };
    Report::new()
        .line(format!(
            "rewrapped {shown} for {}, generation {} ({})",
            units::counted(count as u64, ["recipient", "recipients"]),
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
