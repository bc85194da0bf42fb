//! `medsec open`.

mod metadata;

use std::fs::File;
use std::io::{ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use medsec_crypto::{
    Access, Backend, Context, Header, OpenError, Opened, OutputError, SignerExpectation,
    SlotCondition, Unlocked,
};
use medsec_kms::PublicKey;
use zeroize::Zeroizing;

use crate::bulk::open::{Manifests, Names, Plan, Present};
use crate::bulk::{self, BulkOption, Keys};
use crate::context_file::ContextOption;
use crate::expectation::{SignerOption, check_context_names};
use crate::failure::Failure;
use crate::input::{Input, open_file, refuse_shared_stdin};
use crate::openers::{IdentityOption, Openers};
use crate::progress::Watch;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::stdio::{StandardInput, StandardOutput};
use crate::target::{self, Target, TargetOption};
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::OPEN)]
pub(crate) struct Options {
    /// Packages to open, or one folder of packages; `-` is standard input.
    #[arg(required = true, value_name = "INPUT|-")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    identity: IdentityOption,
    #[command(flatten)]
    signer: SignerOption,
    /// Accept packages of any signer, and unsigned ones. A signature that is there must still fit.
    #[arg(long, conflicts_with = "signers")]
    any_signer: bool,
    #[command(flatten)]
    context: ContextOption,
    /// In --out-dir, name files after the packages' random identifiers instead of the names in their
    /// encrypted metadata.
    #[arg(long, requires = "out_dir")]
    opaque_names: bool,
    /// Also print the encrypted metadata: file name, DICOM UIDs and the like. They identify patients;
    /// see to it that the output does not end up in a log.
    #[arg(long)]
    show_metadata: bool,
    /// Let content go to standard output chunk by chunk, before the end of the package and its
    /// signature have been verified. Needed from standard input to standard output; whoever reads
    /// the content must throw it away if this program fails.
    #[arg(long)]
    danger_release_unverified: bool,
    /// For a folder that was opened in part: compare outputs that are there already with their packages,
    /// and skip those that are the same.
    #[arg(long, requires = "out_dir")]
    resume: bool,
    /// For a folder: do not look at its manifest. Then packages open that it does not list, and nobody notices
    /// that one is missing.
    #[arg(long, requires = "out_dir")]
    ignore_manifest: bool,
    #[command(flatten)]
    bulk: BulkOption,
    #[command(flatten)]
    target: TargetOption,
}

/// What is the same for all inputs.
struct Job<'a> {
    options: &'a Options,
    openers: Openers,
    signer: SignerExpectation,
    reproduced: Context,
    target: Target,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let inputs = Input::all(&options.inputs)?;
    let target = options.target.resolve(&inputs)?;
    refuse_shared_stdin(&inputs, &options.context, &options.identity.passphrase)?;
    if let Some(source) = bulk::folder_of(&inputs)? {
        return open_folder(session, options, source, &target);
    }
    bulk::refuse_without_folder(options.resume, "--resume")?;
    bulk::refuse_without_folder(options.ignore_manifest, "--ignore-manifest")?;
    bulk::refuse_without_folder(options.bulk.report.is_some(), "--report")?;
    let to_stdout = matches!(target, Target::Stdout);
    options.check_release(inputs.contains(&Input::Stdin), to_stdout)?;
    if to_stdout {
        session.use_stdout_for_content()?;
    }
    let job = Job {
        options,
        signer: options.signer.decided(session, options.any_signer)?,
        reproduced: options.context.read()?,
        openers: options.identity.load(session)?,
        target,
    };
    job.target.sweep();
    session.interrupt.arm();
    Ok(session.each(&inputs, |input| job.open(session, input)))
}

fn open_folder(
    session: &Session,
    options: &Options,
    source: &Path,
    target: &Target,
) -> Result<Outcome, Failure> {
    let Target::Folder(folder) = target else {
        return Err(
            Failure::usage("a folder is opened into a folder").next("give --out-dir FOLDER")
        );
    };
    if options.show_metadata || options.danger_release_unverified {
        return Err(Failure::usage(
            "--show-metadata and --danger-release-unverified are not for folders",
        )
        .next("leave them away, or open packages one by one"));
    }
    let signer = options.signer.decided(session, options.any_signer)?;
    let reproduced = options.context.read()?;
    let keys = Keys {
        recipients: Vec::new(),
        key: None,
        openers: Some(options.identity.load(session)?),
        signer: None,
    };
    session.interrupt.arm();
    let plan = Plan {
        keys: &keys,
        signer,
        reproduced: &reproduced,
        names: if options.opaque_names { Names::Opaque } else { Names::Restored },
        manifest: match options.ignore_manifest {
            true => Manifests::Ignored,
            false => Manifests::Heeded,
        },
        existing: if options.resume { Present::Compare } else { Present::Refuse },
        source,
        target: folder,
        report: options.bulk.report.as_deref(),
    };
    bulk::open::run(session, &plan).map(Outcome::Folder)
}

impl Options {
    fn check_release(&self, from_stdin: bool, to_stdout: bool) -> Result<(), Failure> {
        if from_stdin && to_stdout && !self.danger_release_unverified {
            return Err(Failure::usage(
                "from standard input to standard output the content would go out before it is verified",
            )
            .next("name the package's file, write to a file, or give --danger-release-unverified"));
        }
        if self.danger_release_unverified && !to_stdout {
            return Err(Failure::usage(
                "--danger-release-unverified is for standard output; files are always verified first",
            )
            .next("leave it away"));
        }
        if self.show_metadata && to_stdout {
            return Err(Failure::usage("standard output cannot take both content and metadata")
                .next("write the content to a file, or leave --show-metadata away"));
        }
        Ok(())
    }
}

impl Job<'_> {
    fn open(&self, session: &Session, input: &Input) -> Result<Report, Failure> {
        let begun = Instant::now();
        let (opened, name) = match input {
            Input::File(path) => self.open_file(session, path)?,
            Input::Stdin => self.open_stream(session)?,
        };
        let report = report(&opened, name, begun.elapsed());
        Ok(match self.options.show_metadata {
            true => metadata::add(report, opened.metadata.as_ref()),
            false => report,
        })
    }

    fn unlock(&self, header: Header) -> Result<Unlocked, Failure> {
        let fitting = self.openers.fitting(&header)?;
        check_context_names(&header, &self.reproduced)?;
        let checked = header.check(fitting.expectation(&self.signer, &self.reproduced))?;
        Ok(checked.unlock_with(&fitting.identities())?)
    }

    /// Gives the name of the file in the folder too, where it tells nothing.
    fn open_file(
        &self,
        session: &Session,
        path: &Path,
    ) -> Result<(Opened, Option<String>), Failure> {
        let (mut file, about) = open_file(path)?;
        let unlocked = self.unlock(Header::read_patiently(&mut file)?)?;
        let watch = Watch::new(session, Some(about.len()));
        let execution = session.execution(&watch);
        let (output, name) = match &self.target {
            Target::Stdout => return Ok((self.release(session, &unlocked, file)?, None)),
            Target::File(output) => (output.clone(), None),
            Target::Folder(folder) => {
                let kept = self.kept_name(&unlocked, &mut file)?;
                place(folder, kept.as_deref(), &unlocked)
            }
        };
        let options = target::options(Access::Owner);
        let opened = unlocked.open_to_file(file, &output, options, &execution);
        Ok((opened.map_err(|error| self.explain(error))?, name))
    }

    fn open_stream(&self, session: &Session) -> Result<(Opened, Option<String>), Failure> {
        let mut stdin = StandardInput::new(session.interrupt.clone());
        let unlocked = self.unlock(Header::read(&mut stdin)?)?;
        let (output, name) = match &self.target {
            Target::Stdout => {
                return Ok((release_stream(session, &unlocked, stdin, Verified::No)?, None));
            }
            Target::File(output) => (output.clone(), None),
            Target::Folder(folder) => place(folder, None, &unlocked),
        };
        let watch = Watch::new(session, None);
        let execution = session.execution(&watch);
        let options = target::options(Access::Owner);
        let opened = unlocked.open_stream_to_file(stdin, &output, options, &execution)?;
        Ok((opened, name))
    }

    /// In a folder it is the package that chose the name.
    fn explain(&self, error: OpenError) -> Failure {
        let taken = matches!(error, OpenError::Output(OutputError::Exists))
            && matches!(self.target, Target::Folder(_));
        let failure = Failure::from(error);
        if taken { failure.next("give --opaque-names, or another folder") } else { failure }
    }

    /// The content's own name, read before the package is verified; the file gets it only afterwards.
    fn kept_name(&self, unlocked: &Unlocked, file: &mut File) -> Result<Option<String>, Failure> {
        if self.options.opaque_names {
            return Ok(None);
        }
        let metadata = unlocked.read_metadata(file)?;
        let name = metadata.as_ref().and_then(|data| data.file_name.as_deref());
        Ok(name.and_then(target::safe_name).map(str::to_owned))
    }

    /// Verifies the whole package, then decrypts it a second time for standard output.
    fn release(
        &self,
        session: &Session,
        unlocked: &Unlocked,
        mut file: File,
    ) -> Result<Opened, Failure> {
        if self.options.danger_release_unverified {
            return release_stream(session, unlocked, file, Verified::No);
        }
        let failed = |error| Failure::io("reading the package failed", &error);
        // The header is read and the file stands at the first chunk.
        let start = file.stream_position().map_err(failed)?;
        let total = file.metadata().map_err(failed)?.len();
        let watch = Watch::new(session, Some(total));
        unlocked.verify(&mut file, &session.execution(&watch))?;
        drop(watch);
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        release_stream(session, unlocked, file, Verified::Yes)
    }
}

/// A file in the folder: under the content's own name, which is not shown, or an opaque one.
fn place(folder: &Path, kept: Option<&str>, unlocked: &Unlocked) -> (PathBuf, Option<String>) {
    match kept {
        Some(name) => (folder.join(name), None),
        None => {
            let name = unlocked.header().core().package_id.to_string();
            (folder.join(&name), Some(name))
        }
    }
}

/// Whether a package was verified to its end before its content goes out.
#[derive(Clone, Copy)]
enum Verified {
    Yes,
    No,
}

/// Content chunk by chunk to standard output.
fn release_stream<R: Read + Send>(
    session: &Session,
    unlocked: &Unlocked,
    rest: R,
    verified: Verified,
) -> Result<Opened, Failure> {
    let mut reader = unlocked.danger_release_unverified(rest, Backend::default())?;
    let mut buffer = Zeroizing::new(vec![0; 256 * 1024]);
    let mut released = 0_u64;
    loop {
        if session.interrupt.is_set() {
            return Err(part_released(Failure::interrupted(), released, verified));
        }
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => return Err(part_released(verdict(error), released, verified)),
        };
        let content = buffer.get(..read).unwrap_or_default();
        put(content, &mut released).map_err(|error| {
            let failure = Failure::io("writing the content failed", &error);
            part_released(failure, released, verified)
        })?;
    }
    Ok(reader.finish()?)
}

/// Writes to standard output and counts what went out, also of a write that failed on its way.
fn put(mut content: &[u8], released: &mut u64) -> std::io::Result<()> {
    while !content.is_empty() {
        match StandardOutput.write(content) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                *released = released.saturating_add(written as u64);
                content = content.get(written..).unwrap_or_default();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The package's error, which a reader can only give inside an I/O error.
fn verdict(error: std::io::Error) -> Failure {
    match error.downcast::<OpenError>() {
        Ok(error) => error.into(),
        Err(error) => Failure::io("reading the package failed", &error),
    }
}

fn part_released(failure: Failure, released: u64, verified: Verified) -> Failure {
    if released == 0 {
        return failure;
    }
    let message = failure.message.replace("; nothing was released", "");
    let message = message.replace("; no output was left", "");
    Failure::new(
        failure.exit,
        format!("{message}; {released} bytes of content have gone to standard output"),
    )
    .next(match verified {
        Verified::Yes => "what came out is verified, but it is not the whole content",
        Verified::No => "throw away what came out: it is not verified",
    })
}

fn report(opened: &Opened, name: Option<String>, took: Duration) -> Report {
    let signer = opened.signer.map(|key| PublicKey::from(key).to_string());
    let signed = match &signer {
        Some(signer) => format!("signed by {signer}"),
        None => "not signed".to_owned(),
    };
    let mut report = Report::new()
        .line(format!(
            "opened {} of package {}, every byte verified, {signed}{} ({})",
            units::size(opened.plain_len),
            opened.package_id,
            target::arrow(name.as_deref()),
            units::pace(opened.plain_len, took),
        ))
        .field("package_id", opened.package_id.to_string())
        .field("content_len", opened.plain_len)
        .field("signer", signer)
        .field("slots", slots_name(opened.slots))
        .field("output", name)
        .field("seconds", units::seconds(took));
    if let Some(warning) = slots_warning(opened.slots) {
        report = report.line(format!("  note: {warning}"));
    }
    report
}

/// The state of the recipient slots as a word.
pub(super) const fn slots_name(slots: SlotCondition) -> &'static str {
    match slots {
        SlotCondition::Clean => "clean",
        SlotCondition::RewrapUnfinished => "rewrap-unfinished",
        _ => "damaged",
    }
}

/// What the state of the recipient slots calls for.
pub(super) const fn slots_warning(slots: SlotCondition) -> Option<&'static str> {
    match slots {
        SlotCondition::Clean => None,
        SlotCondition::RewrapUnfinished => {
            Some("rewrap unfinished: the old recipients can still open it; rewrap again")
        }
        _ => Some("recipient slot damaged (the one not in use); the next rewrap repairs it"),
    }
}
