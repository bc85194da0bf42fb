//! `medsec emergency stage`: an emergency key that exists only as shares.
//!
//! The shares are written, read back and put together once; then it is recorded that the key was made. What fails on
//! the way removes the shares again: there is no such key then.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use medsec::EmergencyNote;
use medsec_audit::Action;
use medsec_kms::{
    Argon2Params, EmergencySet, EmergencyShares, KeyKind, Passphrase, ShareScheme, ShareText,
};

use super::policy_source::PolicySource;
use super::shares::PassphrasesOption;
use crate::command::make_private;
use crate::custody::{Custody, CustodyOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::refuse_shared;
use crate::report::{Outcome, Report};
use crate::session::{Session, now};

#[derive(Debug, Args)]
#[command(after_help = crate::help::EMERGENCY_STAGE)]
pub(crate) struct Options {
    /// How many shares make the key: at least 2.
    #[arg(long, value_name = "M")]
    threshold: u8,
    /// How many shares there are: at most 16.
    #[arg(long, value_name = "N")]
    shares: u8,
    /// Folder for the shares as files, each under the passphrase of its custodian.
    #[arg(long, value_name = "FOLDER", required_unless_present = "print")]
    out: Option<PathBuf>,
    /// Folder for the shares as text to be printed. Whoever reads one has the share: print them one by one, and
    /// remove the files.
    #[arg(long, value_name = "FOLDER")]
    print: Option<PathBuf>,
    /// The kind of the key: x25519, or x-wing against quantum computers too.
    #[arg(long, default_value = "x25519", value_parser = kind)]
    kind: KeyKind,
    /// Also write the public key into the `required_recipients` of this policy source.
    #[arg(long, value_name = "FOLDER")]
    into_policy: Option<PathBuf>,
    #[command(flatten)]
    passphrases: PassphrasesOption,
    #[command(flatten)]
    who: CustodyOption,
}

fn kind(text: &str) -> Result<KeyKind, &'static str> {
    match text {
        "x25519" => Ok(KeyKind::X25519),
        "x-wing" => Ok(KeyKind::XWing),
        _ => Err("neither x25519 nor x-wing"),
    }
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let scheme = ShareScheme::new(options.threshold, options.shares)?;
    refuse_shared(&[
        (options.passphrases.uses_stdin(), "--passphrase-fds"),
        (options.who.passphrase.uses_stdin(), "--passphrase-fd"),
    ])?;
    let source = options.into_policy.as_deref().map(PolicySource::read).transpose()?;
    // Before anything is locked: it takes the custodians their time.
    let passphrases = match options.out {
        Some(_) => Some(options.passphrases.choose(options.shares)?),
        None => None,
    };
    let custody = Custody::enter(session, &options.who, Action::KeyCreate, None)?;
    session.interrupt.arm();
    let outcome = options.stage(&custody, scheme, passphrases.as_deref(), source.as_ref());
    custody.close(outcome.map(Outcome::Whole))
}

impl Options {
    fn stage(
        &self,
        custody: &Custody,
        scheme: ShareScheme,
        passphrases: Option<&[Passphrase]>,
        source: Option<&PolicySource<'_>>,
    ) -> Result<Report, Failure> {
        let set = EmergencySet::stage(self.kind, scheme, now())?;
        let mut written = Written::default();
        if let (Some(folder), Some(passphrases)) = (&self.out, passphrases) {
            let params = Argon2Params::default();
            for (share, passphrase) in set.shares().zip(passphrases) {
                let share = share.protected(passphrase, params)?;
                written.write(folder, "share", &share)?;
            }
            self.try_files(&set, scheme, &written, passphrases)?;
        }
        if let Some(folder) = &self.print {
            set.shares().try_for_each(|share| written.write(folder, "txt", &share.printed()))?;
        }
        custody.note_emergency(None, EmergencyNote::KeyStaged(set.id()))?;
        written.keep();
        let mut report = report(&set, scheme);
        report = report.field("into_policy", source.is_some());
        match source.map(|source| source.add(set.public_key())) {
            None => Ok(report.line("add the public key to required_recipients in policy.toml, and put the policy in force")),
            Some(Ok(())) => Ok(report.line("it stands in policy.toml now; put the policy in force: medsec policy sign FOLDER")),
            Some(Err(failure)) => {
                // The key is there: what failed behind it is told, and does not take it back.
                report.failed = Some(Exit::Unfinished);
                Ok(report.line(failure.message).line("add the public key to required_recipients by hand"))
            }
        }
    }

    /// Reads the first shares back as they lie there, and puts them together: before anybody relies on them.
    fn try_files(
        &self,
        set: &EmergencySet,
        scheme: ShareScheme,
        written: &Written,
        passphrases: &[Passphrase],
    ) -> Result<(), Failure> {
        let mut shares = EmergencyShares::of(set.public_key().clone());
        let files = written.0.iter().zip(passphrases).take(scheme.needed().into());
        for (path, passphrase) in files {
            shares.add(&ShareText::load(path)?, Some(passphrase))?;
        }
        shares.combine()?;
        Ok(())
    }
}

/// Files that go again unless they are to be kept.
#[derive(Debug, Default)]
struct Written(Vec<PathBuf>);

impl Written {
    fn write(&mut self, folder: &Path, end: &str, share: &ShareText) -> Result<(), Failure> {
        make_private(folder)?;
        let set: String = share.set().to_string().chars().take(8).collect();
        let path = folder.join(format!("emergency-{set}-{}.{end}", share.index()));
        share.save_new(&path)?;
        self.0.push(path);
        Ok(())
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

fn report(set: &EmergencySet, scheme: ShareScheme) -> Report {
    let key = set.public_key().to_string();
    let (needed, count) = (scheme.needed(), scheme.count());
    Report::new()
        .line(format!("made emergency key {} in {count} shares, of which any {needed} make it", set.id()))
        .line(key.as_str())
        .line("hand the shares out, one to each custodian, and let none stay here; then try them: medsec emergency drill")
        .field("set", set.id().to_string())
        .field("public_key", key)
        .field("kind", set.public_key().kind().name())
        .field("threshold", needed)
        .field("shares", count)
}
