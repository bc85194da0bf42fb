//! `medsec open`.

mod metadata;

use std::fs::File;
use std::io::{ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use medsec::{Aim, Grant, NotLoggedIn, OpenWish, ReleaseError, Unbound, UseError};
use medsec_audit::Action;
use medsec_crypto::{
    Access, Backend, DatasetId, Header, OpenError, Opened, OutputError, SlotCondition,
};
use medsec_kms::PublicKey;
use zeroize::Zeroizing;

use crate::audit::filter::patient;
use crate::bulk::open::{Manifests, Names, Plan, Present};
use crate::bulk::{self, BulkOption};
use crate::context_file::ContextOption;
use crate::custody::{Custody, CustodyOption, refuse_homeless};
use crate::expectation::{SignerOption, limits};
use crate::failure::Failure;
use crate::input::{Input, open_file, refuse_shared};
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
    who: CustodyOption,
    #[command(flatten)]
    signer: SignerOption,
    /// Accept packages of any signer, and unsigned ones. A signature that is there must still fit.
    #[arg(long, conflicts_with = "signers")]
    any_signer: bool,
    /// Accept packages under the key store's keys that are bound to no policy known here, those from before there
    /// was one, unless the policy refuses that.
    #[arg(long)]
    accept_unbound: bool,
    /// Data set of this policy that a partner's package is opened under, because what it says itself is the
    /// partner's name; by default the one in the settings. Packages sealed here keep their own.
    #[arg(long, value_name = "ID")]
    dataset: Option<String>,
    #[command(flatten)]
    context: ContextOption,
    /// File with the patient that the packages are about, by the pseudonym or commitment that stands in the log; `-` is
    /// standard input. It is recorded, and an emergency that covers one patient asks for it.
    #[arg(long, value_name = "FILE|-")]
    patient_file: Option<PathBuf>,
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
    custody: &'a Custody,
    wish: OpenWish,
    target: Target,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let inputs = Input::all(&options.inputs)?;
    let target = options.target.resolve(&inputs)?;
    options.check_stdin(&inputs)?;
    let source = bulk::folder_of(&inputs)?;
    match source {
        Some(_) => options.check_folder(&target)?,
        None => options.check_files(session, &inputs, &target)?,
    }
    refuse_homeless(session)?;
    let signer = options.signer.decided(session, options.any_signer)?;
    let reproduced = options.context.read()?;
    let dataset = options.dataset.as_deref().map(DatasetId::new).transpose()?;
    let filed_under = dataset.or(session.settings()?.dataset.value.clone());
    let patient = options.patient_file.as_deref().map(patient::read).transpose()?;
    let custody = Custody::enter(session, &options.who, Action::Open, None)?;
    let wish = OpenWish {
        aim: Aim::Content,
        purpose: custody.purpose(),
        signer,
        reproduced,
        limits: limits(),
        patient,
        unbound: if options.accept_unbound { Unbound::Accepted } else { Unbound::Refused },
        filed_under,
    };
    session.interrupt.arm();
    let outcome = match (source, &target) {
        (Some(source), Target::Folder(folder)) => {
            options.open_folder(session, &custody, &wish, source, folder)
        }
        _ => {
            let job = Job { options, custody: &custody, wish, target };
            job.target.sweep();
            Ok(session.each(&inputs, |input| job.open(session, input)))
        }
    };
    custody.close(outcome)
}

impl Options {
    /// Standard input serves one purpose only.
    fn check_stdin(&self, inputs: &[Input]) -> Result<(), Failure> {
        let is_stdin = self.patient_file.as_deref().is_some_and(|path| path.as_os_str() == "-");
        refuse_shared(&[
            (inputs.contains(&Input::Stdin), "an input"),
            (self.context.uses_stdin(), "--context-file"),
            (self.who.passphrase.uses_stdin(), "--passphrase-fd"),
            (is_stdin, "--patient-file"),
        ])
    }

    fn open_folder(
        &self,
        session: &Session,
        custody: &Custody,
        wish: &OpenWish,
        source: &Path,
        target: &Path,
    ) -> Result<Outcome, Failure> {
        let plan = Plan {
            custody,
            wish,
            names: if self.opaque_names { Names::Opaque } else { Names::Restored },
            manifest: match self.ignore_manifest {
                true => Manifests::Ignored,
                false => Manifests::Heeded,
            },
            existing: if self.resume { Present::Compare } else { Present::Refuse },
            source,
            target,
            report: self.bulk.report.as_deref(),
        };
        bulk::open::run(session, &plan).map(Outcome::Folder)
    }

    fn check_folder(&self, target: &Target) -> Result<(), Failure> {
        if !matches!(target, Target::Folder(_)) {
            return Err(
                Failure::usage("a folder is opened into a folder").next("give --out-dir FOLDER")
            );
        }
        if self.show_metadata || self.danger_release_unverified {
            return Err(Failure::usage(
                "--show-metadata and --danger-release-unverified are not for folders",
            )
            .next("leave them away, or open packages one by one"));
        }
        Ok(())
    }

    fn check_files(
        &self,
        session: &Session,
        inputs: &[Input],
        target: &Target,
    ) -> Result<(), Failure> {
        bulk::refuse_without_folder(self.resume, "--resume")?;
        bulk::refuse_without_folder(self.ignore_manifest, "--ignore-manifest")?;
        bulk::refuse_without_folder(self.bulk.report.is_some(), "--report")?;
        let to_stdout = matches!(target, Target::Stdout);
        self.check_release(inputs.contains(&Input::Stdin), to_stdout)?;
        if to_stdout {
            session.use_stdout_for_content()?;
        }
        Ok(())
    }

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

    /// Gives the name of the file in the folder too, where it tells nothing.
    fn open_file(
        &self,
        session: &Session,
        path: &Path,
    ) -> Result<(Opened, Option<String>), Failure> {
        let (mut file, about) = open_file(path)?;
        let grant = self.custody.open_named(Header::read_patiently(&mut file), &self.wish)?;
        let watch = Watch::new(session, Some(about.len()));
        let execution = session.execution(&watch);
        let (output, name) = match &self.target {
            Target::Stdout => return Ok((self.release(session, grant, file)?, None)),
            Target::File(output) => (output.clone(), None),
            Target::Folder(folder) => {
                let kept = self.kept_name(&grant, &mut file);
                match kept {
                    Ok(kept) => place(folder, kept.as_deref(), &grant),
                    Err(error) => return Err(bulk::given_up(grant, error)),
                }
            }
        };
        let options = target::options(Access::Owner);
        let opened = grant.open_to_file(file, &output, options, &execution);
        Ok((opened.map_err(|error| self.explain(error))?, name))
    }

    fn open_stream(&self, session: &Session) -> Result<(Opened, Option<String>), Failure> {
        let mut stdin = StandardInput::new(session.interrupt.clone());
        let grant = self.custody.open_named(Header::read(&mut stdin), &self.wish)?;
        let (output, name) = match &self.target {
            Target::Stdout => {
                return Ok((release_stream(session, grant, stdin, Verified::No)?, None));
            }
            Target::File(output) => (output.clone(), None),
            Target::Folder(folder) => place(folder, None, &grant),
        };
        let watch = Watch::new(session, None);
        let execution = session.execution(&watch);
        let options = target::options(Access::Owner);
        let opened = grant.open_stream_to_file(stdin, &output, options, &execution)?;
        Ok((opened, name))
    }

    /// In a folder it is the package that chose the name.
    fn explain(&self, error: ReleaseError) -> Failure {
        let taken = matches!(
            error,
            ReleaseError::Output(OutputError::Exists)
                | ReleaseError::Open(OpenError::Output(OutputError::Exists))
        ) && matches!(self.target, Target::Folder(_));
        let failure = Failure::from(error);
        if taken { failure.next("give --opaque-names, or another folder") } else { failure }
    }

    /// The content's own name, read before the package is verified; the file gets it only afterwards.
    fn kept_name(&self, grant: &Grant, file: &mut File) -> Result<Option<String>, UseError> {
        if self.options.opaque_names {
            return Ok(None);
        }
        let metadata = grant.read_metadata(file)?;
        let name = metadata.as_ref().and_then(|data| data.file_name.as_deref());
        Ok(name.and_then(target::safe_name).map(str::to_owned))
    }

    /// Verifies the whole package, then decrypts it a second time for standard output.
    fn release(&self, session: &Session, grant: Grant, mut file: File) -> Result<Opened, Failure> {
        if self.options.danger_release_unverified {
            return release_stream(session, grant, file, Verified::No);
        }
        // The header is read and the file stands at the first chunk.
        match verify_first(session, &grant, &mut file) {
            Ok(()) => release_stream(session, grant, file, Verified::Yes),
            Err(error) => Err(bulk::given_up(grant, error)),
        }
    }
}

fn verify_first(session: &Session, grant: &Grant, file: &mut File) -> Result<(), UseError> {
    let start = file.stream_position().map_err(OpenError::Read)?;
    let total = file.metadata().map_err(OpenError::Read)?.len();
    let watch = Watch::new(session, Some(total));
    grant.verify(&mut *file, &session.execution(&watch))?;
    file.seek(SeekFrom::Start(start)).map_err(OpenError::Read)?;
    Ok(())
}

/// A file in the folder: under the content's own name, which is not shown, or an opaque one.
fn place(folder: &Path, kept: Option<&str>, grant: &Grant) -> (PathBuf, Option<String>) {
    match kept {
        Some(name) => (folder.join(name), None),
        None => {
            let name = grant.header().core().package_id.to_string();
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

/// Content chunk by chunk to standard output. How it ended is on record when this returns.
fn release_stream<R: Read + Send + 'static>(
    session: &Session,
    grant: Grant,
    rest: R,
    verified: Verified,
) -> Result<Opened, Failure> {
    let mut released = 0_u64;
    let result = copy_out(session, &grant, rest, &mut released);
    let closed = grant.close(result.as_ref().map(drop));
    match result {
        Ok(opened) => {
            closed.map_err(|error| part_released(error.into(), released, verified))?;
            Ok(opened)
        }
        Err(error) => Err(part_released(error.into(), released, verified)),
    }
}

fn copy_out<R: Read + Send + 'static>(
    session: &Session,
    grant: &Grant,
    rest: R,
    released: &mut u64,
) -> Result<Opened, UseError> {
    let mut reader = grant.danger_release_unverified(rest, Backend::default())?;
    let mut buffer = Zeroizing::new(vec![0; 256 * 1024]);
    loop {
        if session.interrupt.is_set() {
            return Err(OpenError::Interrupted.into());
        }
        let read = match reader.read(&mut buffer) {
            Ok(0) => return reader.finish(),
            Ok(read) => read,
            Err(error) => return Err(verdict(error)),
        };
        let content = buffer.get(..read).unwrap_or_default();
        put(content, released).map_err(OpenError::Write)?;
    }
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
fn verdict(error: std::io::Error) -> UseError {
    match error.downcast::<NotLoggedIn>() {
        Ok(why) => why.into(),
        Err(error) => error.downcast::<OpenError>().unwrap_or_else(OpenError::Read).into(),
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
