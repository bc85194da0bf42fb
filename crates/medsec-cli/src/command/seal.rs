//! `medsec seal`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use medsec::{ReleaseError, SealGrant, SealRequest, Signer};
use medsec_audit::Action;
use medsec_crypto::{
    Access, ContentType, Context, DatasetId, HpkeRecipient, Metadata, OutputError, PackageSpec,
    RecipientProfile, SealError, Sealed, Suite, VerifyingKey,
};
use medsec_kms::KeyName;

use crate::bulk::seal::{Described, Names, Plan};
use crate::bulk::{self, BulkOption, Keys};
use crate::context_file::ContextOption;
use crate::custody::{Custody, CustodyOption, PurposeOption, as_recipients, refuse_homeless};
use crate::describe::{add_identifiers, describe};
use crate::expectation::store_signers;
use crate::failure::Failure;
use crate::input::{Input, open_file, refuse_shared_stdin};
use crate::keys;
use crate::passphrase::PassphraseOption;
use crate::progress::Watch;
use crate::report::{Outcome, Report};
use crate::session::{Session, now};
use crate::stdio::{StandardInput, StandardOutput};
use crate::target::{self, Target, TargetOption};
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::SEAL)]
pub(crate) struct Options {
    /// Files to seal, or one folder with all that is in it; `-` is standard input.
    #[arg(required = true, value_name = "INPUT|-")]
    inputs: Vec<PathBuf>,
    /// Public key, or file with one, of a recipient. May be repeated.
    #[arg(long, value_name = "PUBKEY|FILE")]
    to: Vec<OsString>,
    /// Key of the key store to seal under: everyone who was granted it can open. The packages name the
    /// dataset after it and are signed with the key in the settings, unless something else is said. Or
    /// SERVICE:KEY, a key of a service that the settings name. May be repeated: each of them opens the
    /// packages, and if one cannot be used nothing is sealed.
    #[arg(long, value_name = "KEY")]
    key: Vec<KeyName>,
    /// Identity file of the signer. Signed packages show their origin to everyone.
    #[arg(long, value_name = "FILE")]
    sign_with: Option<PathBuf>,
    /// Do not sign. Then nobody can tell who sealed, and a folder gets no manifest.
    #[arg(long, conflicts_with = "sign_with")]
    unsigned: bool,
    #[command(flatten)]
    passphrase: PassphraseOption,
    #[command(flatten)]
    purpose: PurposeOption,
    #[command(flatten)]
    context: ContextOption,
    /// A pair that stands in clear in the package, authenticated. Never patient data. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    store: Vec<String>,
    /// Opaque name of the dataset, in clear; by default the key's, or the one in the settings.
    #[arg(long, value_name = "ID")]
    dataset: Option<String>,
    /// Media type of the content, in clear. Without it, DICOM files get `application/dicom`.
    #[arg(long, value_name = "TYPE/SUBTYPE")]
    content_type: Option<String>,
    /// Keep no encrypted metadata (file name and size, and of DICOM files the Study, Series and SOP
    /// Instance UIDs), and do not look whether the input is DICOM.
    #[arg(long)]
    no_metadata: bool,
    /// How to encrypt.
    #[arg(long, value_enum, default_value_t = SuiteName::Aes256Gcm)]
    suite: SuiteName,
    /// Leave the recipient list unauthenticated, so that a job without any data key can rotate it.
    #[arg(long)]
    blind: bool,
    /// In --out-dir, name packages after their inputs instead of after their random identifiers. File
    /// names often name patients, and a package's name is not encrypted.
    #[arg(long, requires = "out_dir")]
    keep_names: bool,
    /// Identity file of the user of the key store who seals, by default the one in the settings; or of a
    /// recipient, to tell which files of a folder are sealed already.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// For a folder that is signed: refuse a manifest that does not follow the newest one that was seen, and
    /// remember the new one in this file. Keep it where whoever can write to the folder cannot.
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
    #[command(flatten)]
    bulk: BulkOption,
    #[command(flatten)]
    target: TargetOption,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SuiteName {
    /// AES-256-GCM, made of approved algorithms.
    #[value(name = "aes-256-gcm")]
    Aes256Gcm,
    /// ChaCha20-Poly1305, for machines without AES hardware.
    #[value(name = "chacha20-poly1305")]
    ChaCha20Poly1305,
}

/// What is the same for all inputs.
struct Job<'a> {
    options: &'a Options,
    custody: &'a Custody,
    keys: Keys,
    spec: PackageSpec,
    target: Target,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let inputs = Input::all(&options.inputs)?;
    let target = options.target.resolve(&inputs)?;
    if matches!(target, Target::Stdout) {
        session.use_stdout_for_content()?;
        if std::io::stdout().is_terminal() {
            return Err(Failure::usage("a package is not for terminals")
                .next("redirect the output, or name a file with -o"));
        }
    }
    if options.to.is_empty() && options.key.is_empty() {
        return Err(Failure::usage("nobody is named who could open what is sealed")
            .next("give --key KEY for those who hold that key of the key store, or --to PUBKEY for a partner"));
    }
    refuse_shared_stdin(&inputs, &options.context, &options.passphrase)?;
    let source = bulk::folder_of(&inputs)?;
    if source.is_none() {
        bulk::refuse_without_folder(options.seen.is_some(), "--seen")?;
        bulk::refuse_without_folder(options.bulk.report.is_some(), "--report")?;
    }
    let named = keys::recipients("--to", &options.to)?;
    let spec = options.spec(session)?;
    let custody = options.enter(session)?;
    let keys = options.keys(session, &custody, named);
    let outcome = keys.and_then(|keys| match source {
        Some(source) => seal_folder(session, options, &custody, &keys, &spec, source, &target),
        None => {
            let job = Job { options, custody: &custody, keys, spec, target };
            job.target.sweep();
            session.interrupt.arm();
            Ok(session.each(&inputs, |input| job.seal(session, input)))
        }
    });
    custody.close(outcome)
}

fn seal_folder(
    session: &Session,
    options: &Options,
    custody: &Custody,
    keys: &Keys,
    spec: &PackageSpec,
    source: &Path,
    target: &Target,
) -> Result<Outcome, Failure> {
    let Target::Folder(folder) = target else {
        return Err(
            Failure::usage("a folder is sealed into a folder").next("give --out-dir FOLDER")
        );
    };
    if keys.signer.is_none() && options.seen.is_some() {
        return Err(Failure::usage(
            "--seen is for a folder with a manifest, and only who signs keeps one",
        )
        .next("give --sign-with FILE, or leave --seen away"));
    }
    let signers = match &keys.signer {
        Some(key) => expected_signers(session, key)?,
        None => Vec::new(),
    };
    session.interrupt.arm();
    let plan = Plan {
        custody,
        keys,
        spec,
        described: if options.no_metadata { Described::No } else { Described::Yes },
        names: if options.keep_names { Names::Kept } else { Names::Opaque },
        signers: &signers,
        seen: options.seen.as_deref(),
        source,
        target: folder,
        report: options.bulk.report.as_deref(),
    };
    bulk::seal::run(session, &plan).map(Outcome::Folder)
}

/// Whose packages and manifest a run that signs goes on from: its own, and those of the key store's users.
fn expected_signers(session: &Session, key: &Signer) -> Result<Vec<VerifyingKey>, Failure> {
    let mut signers = store_signers(session)?.unwrap_or_default();
    signers.push(key.verifying_key());
    Ok(signers)
}

impl Options {
    /// Who seals, and with which key packages are signed.
    fn enter(&self, session: &Session) -> Result<Custody, Failure> {
        refuse_homeless(session)?;
        let settings = session.settings()?;
        let set = settings.signer.value.as_deref().filter(|_| !self.unsigned);
        let signer = self.sign_with.as_deref().or(set);
        if signer.is_none() && !self.unsigned {
            return Err(Failure::usage("no signer is named, neither on the command line nor in the settings; nothing was sealed")
                .next("give --sign-with FILE, set user.signer, or give --unsigned"));
        }
        let who = CustodyOption {
            identity: self.identity.clone(),
            passphrase: self.passphrase.clone(),
            purpose: self.purpose.clone(),
        };
        Custody::enter(session, &who, Action::Seal, signer)
    }

    /// Whom to seal to, and with what to sign.
    fn keys(
        &self,
        session: &Session,
        custody: &Custody,
        named: Vec<HpkeRecipient>,
    ) -> Result<Keys, Failure> {
        let recipients = named.into_iter().map(|key| Box::new(key) as _).collect();
        let mut keys: Vec<KeyName> = Vec::with_capacity(self.key.len());
        for (index, name) in self.key.iter().enumerate() {
            if keys.contains(name) {
                let number = index.saturating_add(1);
                return Err(Failure::usage(format!("--key no. {number} was named already"))
                    .next("name every key once; did you mean another one?"));
            }
            custody.refuse_unknown(session, name)?;
            keys.push(name.clone());
        }
        Ok(Keys { recipients, keys, signer: custody.signer()? })
    }

    fn spec(&self, session: &Session) -> Result<PackageSpec, Failure> {
        let mut spec = PackageSpec::default();
        spec.suite = match self.suite {
            SuiteName::Aes256Gcm => Suite::Aes256Gcm,
            SuiteName::ChaCha20Poly1305 => Suite::ChaCha20Poly1305,
        };
        if self.blind {
            spec.profile = RecipientProfile::Blind;
        }
        // A key of the store is its data set's; one of a service elsewhere can be anybody's.
        let key = self.key.iter().find(|key| key.is_local()).map(KeyName::as_str);
        let dataset = self.dataset.as_deref().or(key);
        let set = session.settings()?.dataset.value.clone();
        spec.dataset = dataset.map(DatasetId::new).transpose()?.or(set);
        let content_type = self.content_type.as_deref();
        spec.content_type = content_type.map(ContentType::new).transpose()?;
        spec.stored = stored(&self.store)?;
        spec.reproduced = self.context.read()?;
        Ok(spec)
    }
}

fn stored(pairs: &[String]) -> Result<Context, Failure> {
    let mut context = Context::new();
    for (index, pair) in pairs.iter().enumerate() {
        let inserted =
            pair.split_once('=').and_then(|(key, value)| context.insert(key, value).ok());
        inserted.ok_or_else(|| {
            let number = index.saturating_add(1);
            Failure::usage(format!("--store no. {number} is not a new pair KEY=VALUE"))
                .next("keys are of a-z, 0-9, `.`, `_` and `-`, and stand there once")
        })?;
    }
    Ok(context)
}

/// The plaintext of one input.
enum Content {
    Stdin(StandardInput),
    File(File),
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Stdin(stdin) => stdin.read(out),
            Self::File(file) => file.read(out),
        }
    }
}

/// One package on its way.
struct Package {
    grant: SealGrant,
    content: Content,
    size: Option<u64>,
}

impl Job<'_> {
    fn seal(&self, session: &Session, input: &Input) -> Result<Report, Failure> {
        let begun = Instant::now();
        let package = self.start(session, input)?;
        let (sealed, name) = self.write(session, input, package)?;
        Ok(self.report(&sealed, name, begun.elapsed()))
    }

    fn start(&self, session: &Session, input: &Input) -> Result<Package, Failure> {
        let mut spec = self.spec.clone();
        if !self.options.no_metadata {
            spec.metadata = Some(Metadata::new());
        }
        let (content, size) = match input {
            Input::Stdin => {
                let stdin = StandardInput::new(session.interrupt.clone());
                (Content::Stdin(stdin), None)
            }
            Input::File(path) => {
                let (mut file, about) = open_file(path)?;
                let size = about.is_file().then_some(about.len());
                // Of a pipe nothing may be read ahead, and its name means nothing.
                if let (Some(len), Some(metadata)) = (size, &mut spec.metadata) {
                    let name = path.file_name().and_then(OsStr::to_str);
                    describe(metadata, name, len);
                    add_identifiers(&mut spec, &mut file)?;
                }
                (Content::File(file), size)
            }
        };
        let recipients = as_recipients(&self.keys.recipients);
        let keys: Vec<_> = self.keys.keys.iter().collect();
        let wish = self.keys.wish(self.custody, &keys, &recipients);
        let request = SealRequest { spec, created_at: now(), content_len: size };
        let grant = self.custody.seal(request, &wish).map_err(explain)?;
        Ok(Package { grant, content, size })
    }

    /// Gives the name of the file in the folder, if it was not chosen by the user.
    fn write(
        &self,
        session: &Session,
        input: &Input,
        package: Package,
    ) -> Result<(Sealed, Option<String>), Failure> {
        let watch = Watch::new(session, package.size);
        let execution = session.execution(&watch);
        let Package { grant, content, .. } = package;
        let (path, name) = match &self.target {
            Target::Stdout => {
                let sealed = grant.seal(content, StandardOutput, &execution);
                return Ok((sealed.map_err(on_the_way)?, None));
            }
            Target::File(path) => (path.clone(), None),
            Target::Folder(folder) => match self.kept_name(input) {
                Some(name) => (folder.join(name), None),
                None => {
                    let name = format!("{}.msp", grant.package_id());
                    (folder.join(&name), Some(name))
                }
            },
        };
        let options = target::options(Access::Umask);
        let sealed = grant.seal_to_file(content, &path, options, &execution);
        Ok((sealed.map_err(|error| self.explain(error))?, name))
    }

    /// In a folder it is the input that chose the name.
    fn explain(&self, error: ReleaseError) -> Failure {
        let exists = matches!(
            error,
            ReleaseError::Seal(SealError::Output(OutputError::Exists))
                | ReleaseError::Output(OutputError::Exists)
        );
        let taken = exists && matches!(self.target, Target::Folder(_));
        let failure = Failure::from(error);
        if taken {
            failure.next("leave --keep-names away, or give another folder")
        } else {
            failure
        }
    }

    fn kept_name(&self, input: &Input) -> Option<OsString> {
        let name = file_name(input).filter(|_| self.options.keep_names)?;
        let mut name = name.to_owned();
        name.push(".msp");
        Some(name)
    }

    fn report(&self, sealed: &Sealed, name: Option<String>, took: Duration) -> Report {
        let signed = if self.keys.signer.is_some() { ", signed" } else { "" };
        Report::new()
            .line(format!(
                "sealed {} for {}{signed} as package {}{} ({})",
                units::size(sealed.plain_len),
                units::counted(self.keys.count() as u64, ["recipient", "recipients"]),
                sealed.package_id,
                target::arrow(name.as_deref()),
                units::pace(sealed.plain_len, took),
            ))
            .field("package_id", sealed.package_id.to_string())
            .field("header_hash", sealed.header_hash.to_string())
            .field("content_len", sealed.plain_len)
            .field("package_len", sealed.package_len)
            .field("recipients", self.keys.count())
            .field("root", sealed.root.map(|root| root.to_string()))
            .field("output", name)
            .field("seconds", units::seconds(took))
    }
}

/// What went to standard output before cannot be taken back.
fn on_the_way(error: ReleaseError) -> Failure {
    match error {
        ReleaseError::Seal(SealError::Write(error)) => {
            Failure::io("writing the package failed; what was written is no package", &error)
        }
        error => error.into(),
    }
}

fn file_name(input: &Input) -> Option<&OsStr> {
    match input {
        Input::File(path) => Path::file_name(path),
        Input::Stdin => None,
    }
}

/// What is refused before anything is read comes of the command line.
fn explain(failure: Failure) -> Failure {
    if failure.exit == crate::exit::Exit::Usage {
        failure.next("check that no recipient is named twice and no context key is both stored and reproduced")
    } else {
        failure
    }
}
