//! `medsec rewrap`.

mod folder;
mod unseen;

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::Args;
use medsec::{NewList, Refused, RewrapGrant, RewrapWish, UseError, WantedRecipients};
use medsec_audit::Action;
use medsec_crypto::{
    Access, Existing, Header, HeaderError, HpkeRecipient, KeyRef, LockedPackage, OutputOptions,
    Recipient, RecipientProfile, RewrapError, Rewrapped, Stanza,
};
use medsec_kms::KeyName;

use crate::bulk::rewrap::{ListOption, PaceOption, Packages};
use crate::bulk::{self, BulkOption};
use crate::context_file::ContextOption;
use crate::custody::{Custody, CustodyOption, ToKey};
use crate::exit::Exit;
use crate::expectation::{check_context_names, explained};
use crate::failure::Failure;
use crate::input::{Input, open_file, refuse_dash, refuse_shared};
use crate::keys;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::target;
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::REWRAP)]
pub(crate) struct Options {
    /// Packages to change, or one folder of packages.
    #[arg(required_unless_present = "list", value_name = "FILE")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    list: ListOption,
    #[command(flatten)]
    who: CustodyOption,
    /// For packages sealed with --blind only: file with the context they were sealed with, or `-` for
    /// standard input. All others need none.
    #[arg(long, value_name = "FILE|-")]
    context_file: Option<PathBuf>,
    /// Public key, or file with one, of a recipient to add. May be repeated.
    #[arg(long, value_name = "PUBKEY|FILE", required_unless_present_any = ["drop", "to_key", "drop_key"])]
    to: Vec<OsString>,
    /// Key of the key store to add, in its newest version; older versions of it are removed. Or
    /// SERVICE:KEY, a key of a service that the settings name.
    #[arg(long, value_name = "KEY")]
    to_key: Option<KeyName>,
    /// Public key, or file with one, of a recipient to remove. May be repeated. Who had access may
    /// have kept the data key: to revoke it, seal the content anew.
    #[arg(long, value_name = "PUBKEY|FILE")]
    drop: Vec<OsString>,
    /// Key to remove, in all its versions: of the key store, or SERVICE:KEY. May be repeated. To move packages from one
    /// key to another, name the other one with --to-key.
    #[arg(long, value_name = "KEY")]
    drop_key: Vec<KeyName>,
    /// Change only packages that need no data key for it, by the word of the key service; all others fail. Without it their
    /// data keys are asked for, where policy and key permit it.
    #[arg(long, requires = "to_key", conflicts_with_all = ["to", "context_file"])]
    without_data_keys: bool,
    /// Write a copy with the new recipients and leave the package as it is. Never replaces a file.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    pace: PaceOption,
    #[command(flatten)]
    bulk: BulkOption,
}

/// What is the same for all inputs.
struct Job<'a> {
    options: &'a Options,
    custody: &'a Custody,
    wish: RewrapWish,
    add: Vec<HpkeRecipient>,
    /// What packages call them.
    added: Vec<KeyRef>,
    /// The key to add in its newest version; older versions are replaced.
    to_key: Option<ToKey<'a>>,
    remove: Vec<KeyRef>,
    /// Which of them some package had.
    removed: Vec<AtomicBool>,
    /// The keys to remove, in all versions.
    remove_keys: &'a [KeyName],
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
    refuse_shared(&[
        (inputs.contains(&Input::Stdin), "an input"),
        (options.list.uses_stdin(), "--list"),
        (context.uses_stdin(), "--context-file"),
        (options.who.passphrase.uses_stdin(), "--passphrase-fd"),
    ])?;
    let packages = match bulk::folder_of(&inputs)? {
        Some(folder) => Some(Packages::of_folder(session, folder)?),
        None => options.list.read()?,
    };
    match packages {
        Some(_) => bulk::refuse_without_folder(options.output.is_some(), "-o")?,
        None => bulk::refuse_without_folder(options.bulk.report.is_some(), "--report")?,
    }
    let remove = keys::recipients("--drop", &options.drop)?;
    let add = keys::recipients("--to", &options.to)?;
    let reproduced = context.read()?;
    let custody = Custody::enter(session, &options.who, Action::Rewrap, None)?;
    let work = |custody: &Custody| {
        let to_key = options.to_key.as_ref().map(|name| custody.to_key(name));
        let job = Job {
            options,
            custody,
            wish: RewrapWish { purpose: custody.purpose(), reproduced },
            added: add.iter().map(Recipient::key_ref).collect(),
            add,
            to_key: to_key.transpose()?,
            removed: remove.iter().map(|_| AtomicBool::new(false)).collect(),
            remove_keys: custody.keys_to_drop(&options.drop_key, options.to_key.as_ref())?,
            remove: remove.iter().map(Recipient::key_ref).collect(),
        };
        session.interrupt.arm();
        match &packages {
            Some(packages) => {
                let report = options.bulk.report.as_deref();
                let done = bulk::rewrap::run(session, packages, &options.pace, report, &job);
                done.map(Outcome::Folder)
            }
            None => Ok(session.each(&inputs, |input| job.rewrap(input.seekable()?))),
        }
    };
    let outcome = work(&custody);
    custody.close(outcome)
}

/// How the new recipients got there.
#[derive(Clone, Copy)]
enum Way {
    InPlace,
    Copy,
    /// A copy that took the package's place.
    Replaced,
}

impl Job<'_> {
    fn rewrap(&self, path: &Path) -> Result<Report, Failure> {
        let begun = Instant::now();
        let (mut file, about) = open_file(path)?;
        let header = Header::read_patiently(&mut file);
        if let Ok(header) = &header {
            self.check_drop(header)?;
        }
        let (grant, list) = match header {
            Ok(header) if self.goes_unseen(&header) => {
                let mut granted = self.granted_unseen(vec![header]);
                granted.pop().unwrap_or_else(|| Err(Refused::NeedsDataKey.into()))?
            }
            header => {
                self.refuse_data_key()?;
                self.list(self.grant(header)?)?
            }
        };
        let done = match &self.options.output {
            Some(output) => self.copied(file, output, &grant, &list),
            None => self.in_place(path, &grant, &list),
        };
        let unseen = grant.is_unseen();
        let (done, way) = ended(grant, done, path, Some(&about))?;
        Ok(report(&done, (way, unseen), list.len(), begun.elapsed()))
    }

    /// Nothing was asked for yet.
    fn refuse_data_key(&self) -> Result<(), Failure> {
        if !self.options.without_data_keys {
            return Ok(());
        }
        let what = "the package cannot be changed without its data key; nothing was changed";
        Err(Failure::new(Exit::Expectation, what).next(
            "leave --without-data-keys away, or look at the key service: one that cannot be asked cannot rewrap either",
        ))
    }

    /// Proves that the login has a key of it. The reproduced context is not needed, so that keys can be rotated by
    /// who knows no patient; but in a blind package only the payload shows, to who knows the context, that the data
    /// key is its own.
    fn grant(&self, header: Result<Header, HeaderError>) -> Result<RewrapGrant, Failure> {
        let names = match &header {
            Ok(header) if header.core().profile == RecipientProfile::Blind => {
                check_context_names(header, &self.wish.reproduced)
            }
            _ => Ok(()),
        };
        explained(self.custody.rewrap(header, &self.wish), names)
    }

    fn copied(
        &self,
        file: File,
        output: &Path,
        grant: &RewrapGrant,
        list: &NewList,
    ) -> Result<(Rewrapped, Way), UseError> {
        let options = target::options(Access::Umask);
        let confirm = |header: &Header| self.custody.confirm(grant, header);
        let mut package = LockedPackage::over(file)?;
        let done = grant.rewrap_into_copy(&mut package, list, output, options, confirm)?;
        Ok((done, Way::Copy))
    }

    /// Who is to be removed must be there: else it may be a slip.
    fn check_drop(&self, header: &Header) -> Result<(), Failure> {
        let is_under = |key: &KeyName| {
            let mut stanzas = header.stanzas().iter();
            stanzas.any(|stanza| self.custody.is_version_of(stanza, key))
        };
        let missing = self.remove.iter().position(|key| !has(header, key)).map(|at| ("--drop", at));
        let missing = missing.or_else(|| {
            let at = self.remove_keys.iter().position(|key| !is_under(key))?;
            Some(("--drop-key", at))
        });
        let Some((option, at)) = missing else { return Ok(()) };
        let number = at.saturating_add(1);
        Err(Failure::new(
            Exit::Expectation,
            format!("{option} no. {number} is not a recipient of the package; nothing was changed"),
        )
        .next("`medsec inspect` shows its recipients"))
    }

    /// Whether a recipient is to be removed, as a public key or as a version of a key.
    fn is_removed(&self, stanza: &Stanza) -> bool {
        self.remove.contains(stanza.key_ref())
            || self.custody.is_version_of_any(stanza, self.remove_keys)
    }

    /// Whether a recipient is the key that is added, in whichever version.
    fn is_of_key(&self, stanza: &Stanza) -> bool {
        let key = self.to_key.as_ref();
        key.is_some_and(|key| self.custody.stands_under(stanza, key).is_some())
    }

    /// Those of a package's recipients that stay, in file order. Those that are `renewed` go: they are added anew.
    fn kept(&self, header: &Header, renewed: &[KeyRef]) -> Vec<Stanza> {
        let goes = |stanza: &Stanza| {
            self.is_removed(stanza) || renewed.contains(stanza.key_ref()) || self.is_of_key(stanza)
        };
        header.stanzas().iter().filter(|stanza| !goes(stanza)).cloned().collect()
    }

    /// Keeps who is not removed and adds the new ones. What is refused is on record.
    fn list(&self, grant: RewrapGrant) -> Result<(RewrapGrant, NewList), Failure> {
        let kept = self.kept(grant.header(), &self.added);
        let keys: Vec<&KeyName> = self.to_key.iter().map(ToKey::name).collect();
        let wanted = WantedRecipients {
            kept,
            added: self.add.iter().map(|key| key as _).collect(),
            keys: &keys,
        };
        let (grant, list) = self.custody.list_for(grant, wanted)?;
        if list.is_empty() {
            grant.nothing_to_do()?;
            return Err(Failure::usage(
                "nobody would be left who can open the package; nothing was changed",
            )
            .next("add a recipient with --to in the same call"));
        }
        Ok((grant, list))
    }

    fn in_place(
        &self,
        path: &Path,
        grant: &RewrapGrant,
        list: &NewList,
    ) -> Result<(Rewrapped, Way), UseError> {
        let confirm = |header: &Header| self.custody.confirm(grant, header);
        let mut package = match LockedPackage::open(path) {
            Err(RewrapError::CannotLock(_)) => {
                LockedPackage::over(File::open(path).map_err(RewrapError::Read)?)?
            }
            opened => {
                let mut package = opened?;
                match grant.rewrap(&mut package, list, confirm) {
                    // Still under the lock, so that nobody else's rewrap is lost with the old file.
                    Err(UseError::Rewrap(RewrapError::DoesNotFit)) => package,
                    done => return Ok((done?, Way::InPlace)),
                }
            }
        };
        let done = grant.rewrap_into_copy(&mut package, list, path, over(), confirm)?;
        Ok((done, Way::Replaced))
    }
}

fn has(header: &Header, key: &KeyRef) -> bool {
    header.stanzas().iter().any(|stanza| stanza.key_ref() == key)
}

/// How it ended is on record when this returns. A copy that took the package's place has its owner and mode.
fn ended(
    grant: RewrapGrant,
    done: Result<(Rewrapped, Way), UseError>,
    path: &Path,
    about: Option<&Metadata>,
) -> Result<(Rewrapped, Way), Failure> {
    let closed = grant.finish(done.as_ref().map(|(done, _)| done));
    let (done, way) = done?;
    closed?;
    if let (Way::Replaced, Some(about)) = (way, about) {
        keep_access(path, about).map_err(|error| {
            Failure::io(
                "the package has its new recipients, but not its old owner and mode",
                &error,
            )
        })?;
    }
    Ok((done, way))
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

fn report(done: &Rewrapped, (way, unseen): (Way, bool), count: usize, took: Duration) -> Report {
    let without = if unseen { " without its data key" } else { "" };
    let (shown, word) = match way {
        Way::InPlace => ("in place", "in-place"),
        Way::Copy | Way::Replaced => ("into a copy", "copy"),
    };
    Report::new()
        .line(format!(
            "rewrapped {shown}{without} for {}, generation {} ({})",
            units::counted(count as u64, ["recipient", "recipients"]),
            done.generation,
            units::time(took)
        ))
        .field("way", word)
        .field("unseen", unseen)
        .field("recipients", count)
        .field("generation", done.generation)
        .field("old_slot", done.old_slot.to_string())
        .field("new_slot", done.new_slot.to_string())
        .field("seconds", units::seconds(took))
}
