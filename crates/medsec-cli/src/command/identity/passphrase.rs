//! `medsec identity passphrase`: the same private keys under another passphrase.

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_kms::{Argon2Params, IdentityFile, Passphrase, PrivateKey, ReplaceError, UnlockError};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::passphrase::{PassphraseOption, choose_from};
use crate::report::Report;
use crate::session::Session;
use crate::units::counted;

#[derive(Debug, Args)]
#[command(after_help = crate::help::IDENTITY_PASSPHRASE)]
pub(crate) struct Options {
    /// The identity files; by default the home's own: identity, signer and the key of the audit log.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read the new passphrase from this file descriptor, up to the first line end, instead of asking on the terminal.
    #[arg(long, value_name = "N")]
    new_passphrase_fd: Option<u32>,
    /// Take the passphrase away: from now on permissions alone protect the files. For programs that nobody can type a
    /// passphrase for.
    #[arg(long, conflicts_with = "new_passphrase_fd")]
    no_passphrase: bool,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// A file whose key is at hand.
struct Opened<'a> {
    path: &'a Path,
    file: IdentityFile,
    key: PrivateKey,
    /// Whether it is as it should be already.
    is_done: bool,
}

pub(super) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let descriptor = options.passphrase.passphrase_fd;
    if descriptor.is_some_and(|number| number != 0) && descriptor == options.new_passphrase_fd {
        return Err(Failure::usage("old and new passphrase cannot both come from that descriptor")
            .next("give them on two descriptors, or as two lines on standard input (0)"));
    }
    let paths = match options.files.as_slice() {
        [] => own_files(session)?,
        files => files.to_vec(),
    };
    let files = paths.iter().map(|path| IdentityFile::load(path)).collect::<Result<Vec<_>, _>>()?;
    let locked = files.iter().any(|file| file.passphrase_params().is_some());
    let old = locked.then(|| options.passphrase.read()).transpose()?;
    let new = match options.no_passphrase {
        true => None,
        false => Some(choose_from(options.new_passphrase_fd)?),
    };
    // All of them, before the first is changed.
    let opened = paths.iter().zip(files);
    let opened = opened.map(|(path, file)| opened_with(path, file, old.as_ref(), new.as_ref()));
    let opened = opened.collect::<Result<Vec<_>, _>>()?;
    let (done, due): (Vec<_>, Vec<_>) = opened.into_iter().partition(|opened| opened.is_done);
    let mut changed = 0_u64;
    for opened in due {
        replace(opened, new.as_ref()).map_err(|failure| part_of_them(failure, changed))?;
        changed = changed.saturating_add(1);
    }
    let what = if new.is_some() { "under the new passphrase" } else { "without a passphrase" };
    let number = |number: u64| counted(number, ["file", "files"]);
    let already = u64::try_from(done.len()).unwrap_or(u64::MAX);
    let mut report = Report::new().line(match changed {
        0 => format!("nothing was changed: {} {what} already", number(already)),
        _ => format!("{} {what} from now on; the keys are the same", number(changed)),
    });
    if changed > 0 && already > 0 {
        report = report.line(format!("{} was so already", number(already)));
    }
    if changed > 0 {
        report = report.line("copies and backups of the old files open with the old passphrase");
    }
    Ok(report.field("changed", changed).field("already", already))
}

/// Those of the settings that are there.
fn own_files(session: &Session) -> Result<Vec<PathBuf>, Failure> {
    let settings = session.settings()?;
    let named = [&settings.identity.value, &settings.signer.value, &settings.audit_key.value];
    let files: Vec<PathBuf> =
        named.into_iter().flatten().filter(|path| path.exists()).cloned().collect();
    match files.is_empty() {
        true => Err(Failure::usage("the settings name no identity file that is there")
            .next("name the files, or run `medsec init`")),
        false => Ok(files),
    }
}

/// By the old passphrase, or the new one: an earlier run may have been stopped half-way.
fn opened_with<'a>(
    path: &'a Path,
    file: IdentityFile,
    old: Option<&Passphrase>,
    new: Option<&Passphrase>,
) -> Result<Opened<'a>, Failure> {
    if file.passphrase_params().is_none() {
        let key = file.unlock(None).map_err(unchanged)?;
        return Ok(Opened { path, file, key, is_done: new.is_none() });
    }
    let by_new = || file.unlock(Some(new?)).ok();
    match file.unlock(old) {
        Ok(key) => {
            let same = old.zip(new).is_some_and(|(old, new)| old.matches(new));
            Ok(Opened { path, file, key, is_done: same })
        }
        Err(error) => match by_new() {
            Some(key) => Ok(Opened { path, file, key, is_done: true }),
            None => Err(unchanged(error)),
        },
    }
}

fn unchanged(error: UnlockError) -> Failure {
    let failure = Failure::from(error);
    Failure { message: format!("{}; no file was changed", failure.message), ..failure }
}

fn replace(opened: Opened<'_>, new: Option<&Passphrase>) -> Result<(), Failure> {
    let Opened { path, file, key, .. } = opened;
    let created = file.created_at().timestamp();
    let again = match new {
        Some(new) => IdentityFile::protected(&key, created, new, Argon2Params::default())?,
        None => IdentityFile::plain(key, created),
    };
    Ok(again.replace(path)?)
}

/// A failure behind the first of several files.
fn part_of_them(failure: Failure, changed: u64) -> Failure {
    if changed == 0 {
        return failure;
    }
    let files = counted(changed, ["file before it is", "files before it are"]);
    let message = format!("{}; {files} as wanted already", failure.message);
    let next = "run the same command again, with both passphrases: what is done is passed over";
    Failure { message, ..failure }.next(next)
}

impl From<ReplaceError> for Failure {
    fn from(error: ReplaceError) -> Self {
        let message = error.to_string();
        match error {
            ReplaceError::Load(error) => error.into(),
            ReplaceError::Output(error) => Self::new(
                if matches!(error, medsec_crypto::OutputError::Io(_)) {
                    Exit::Io
                } else {
                    Exit::Output
                },
                format!("{message} ({error})"),
            )
            .next(
                "see what stands there, who may write into its folder, and whether there is room",
            ),
            ReplaceError::NotDurable(_) => Self::new(Exit::Unfinished, message)
                .next("see to the disk; keep both passphrases until it is sound"),
            ReplaceError::NotErased(_) => Self::new(Exit::Unfinished, message).next(
                "do not repeat it; destroy what else holds the old file, snapshots for instance",
            ),
            _ => Self::new(Exit::Identity, message)
                .next("see who else has changed or linked the file, and run the command again"),
        }
    }
}
