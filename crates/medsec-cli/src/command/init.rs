//! `medsec init`: a home with a key store, its first user, the first key and the audit log.

mod log;
pub(crate) mod policy;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use medsec_crypto::{HpkeIdentity, HpkeKind, OutputOptions, SigningKey};
use medsec_kms::{
    Argon2Params, IdentityFile, KeyKind, KeyName, KeySpec, LocalStore, Passphrase, PrivateKey,
    PublicKey, StoreId, StorePlace, UserName,
};
use medsec_policy::{Bundle, Ready};

use self::log::{LogOptions, MadeLog};
use self::policy::PolicyOptions;
use crate::custody::{HeldMark, InForce};
use crate::failure::Failure;
use crate::own::{Own, files_of};
use crate::passphrase::PassphraseOption;
use crate::report::Report;
use crate::session::{Session, now};
use crate::settings::{
    AUDIT_FOLDER, AUDIT_KEY, AUDIT_PIN, AuditTemplate, FILE_NAME, POLICY_FOLDER, Settings, Source,
    Template, template,
};

#[derive(Debug, Args)]
#[command(after_help = crate::help::INIT)]
pub(crate) struct Options {
    /// Name of the user, who administers a new store: that of a person, because the audit log and the policy call
    /// them by it.
    #[arg(long, value_name = "NAME")]
    user: UserName,
    /// Use the key store in this folder instead of making one; its administrator adds the user.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["key", "max_age"])]
    join: Option<PathBuf>,
    /// The id of that store, as its administrator told it; another one is refused.
    #[arg(long, value_name = "ID", requires = "join")]
    store_id: Option<StoreId>,
    /// Name of the first dataset's key.
    #[arg(long, value_name = "DATASET", default_value = "default")]
    key: KeyName,
    /// Days after which a version of that key should be replaced.
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    max_age: u32,
    /// Protect the user's files by their permissions only. For machines on which nobody can type.
    #[arg(long, conflicts_with = "passphrase_fd")]
    no_passphrase: bool,
    #[command(flatten)]
    passphrase: PassphraseOption,
    #[command(flatten)]
    policy: PolicyOptions,
    #[command(flatten)]
    log: LogOptions,
}

impl Options {
    /// For a home that lives as long as a demo.
    pub(super) fn for_demo(user: &str, key: &str) -> Result<Self, Failure> {
        let unfit = |_| Failure::usage("the demo's user or key cannot be called so");
        Ok(Self {
            user: user.parse().map_err(unfit)?,
            join: None,
            store_id: None,
            key: key.parse().map_err(unfit)?,
            max_age: 365,
            no_passphrase: true,
            passphrase: PassphraseOption { passphrase_fd: None },
            policy: PolicyOptions::ready(Ready::HipaaDefault),
            log: LogOptions::without_anchor(),
        })
    }
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let settings = session.settings()?;
    let home = &settings.home.value;
    refuse_existing(home)?;
    refuse_named(settings)?;
    let anchor = match options.join {
        Some(_) => None,
        None => options.log.anchor()?,
    };
    let mark = absolute(&settings.mark.value)?;
    let policy_mark = absolute(&settings.policy_mark.value)?;
    refuse_existing(&mark)?;
    refuse_existing(&policy_mark)?;
    let passphrase = match options.no_passphrase {
        true => None,
        false => Some(options.passphrase.choose()?),
    };
    session.interrupt.arm();
    let parent = home.parent().filter(|folder| !folder.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    make_private(parent)?;
    // All of it comes into being beside its place, and into its place in one step.
    let mut builder = tempfile::Builder::new();
    builder.prefix(".medsec-init-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let building = builder
        .tempdir_in(parent)
        .map_err(|error| Failure::io("the home cannot be made", &error))?;
    let made = build(options, building.path(), anchor, passphrase.as_ref())?;
    let within = absolute(home)?;
    let named = mark.strip_prefix(&within).unwrap_or(&mark);
    let shared = options.join.as_deref().map(Shared::beside).transpose()?;
    let text = template(Template {
        store: &made.folder,
        mark: named,
        id: made.id,
        user: options.user.as_str(),
        dataset: made.log.as_ref().map(|_| options.key.as_str()),
        policy: shared.as_ref().and_then(|shared| shared.policy.as_deref()),
        audit: match (&made.log, &shared) {
            (Some(log), _) => Some(AuditTemplate {
                folder: Path::new(AUDIT_FOLDER),
                pin: Path::new(AUDIT_PIN),
                key: Some(Path::new(AUDIT_KEY)),
                anchor: log.anchor.as_deref(),
            }),
            (None, Some(shared)) => shared.audit(),
            (None, None) => None,
        },
    });
    let config = building.path().join(FILE_NAME);
    medsec_crypto::write_file(&config, text.as_bytes(), OutputOptions::default())?;
    for mark in [&mark, &policy_mark] {
        if !mark.starts_with(&within) {
            make_private(mark.parent().unwrap_or(parent))?;
        }
    }
    let moved = fs::rename(building.path(), home).and_then(|()| sync(parent));
    moved.map_err(|error| Failure::io("the home cannot be put in its place", &error))?;
    // It has another name now: there is nothing left to remove.
    let _ = building.keep();
    let folder = home.join(&made.folder);
    let store = LocalStore::open(StorePlace { folder, mark: Some(mark), expected: Some(made.id) })?;
    if let Some(bundle) = &made.policy {
        HeldMark::hold(&policy_mark)?.begin(bundle)?;
    } else if let Some(folder) = shared.as_ref().and_then(|shared| shared.policy.as_deref()) {
        InForce::remember_first(folder, &store, &policy_mark)?;
    }
    let mut report = report(options, &made);
    // The home is there: its pin and what comes next are told in any case.
    if let Some(Err(failure)) = made.log.as_ref().map(|log| log.anchor_first(home)) {
        report = report.line(failure.message).field("anchored", false);
        report = failure.next.into_iter().fold(report, Report::line);
        report.failed = Some(failure.exit);
    }
    Ok(report)
}

/// What the environment names is not what is made here, and would go before it.
fn refuse_named(settings: &Settings) -> Result<(), Failure> {
    for (source, name) in [
        (settings.store.source, "MEDSEC_STORE"),
        (settings.policy.source, "MEDSEC_POLICY"),
        (settings.audit.source, "MEDSEC_AUDIT"),
        (settings.audit_pin.source, "MEDSEC_AUDIT_PIN"),
        (settings.audit_key.source, "MEDSEC_AUDIT_KEY"),
        (settings.audit_anchor.source, "MEDSEC_AUDIT_ANCHOR"),
    ] {
        if matches!(source, Source::Environment(_)) {
            let what =
                format!("{name} is set, but a new one is made in the home; nothing was made");
            let next = format!("unset {name}, or give --join FOLDER to use a store that is there");
            return Err(Failure::usage(what).next(next));
        }
    }
    Ok(())
}

/// What a new home is about.
struct Made {
    own: Own,
    /// The store, where the settings will name it.
    folder: PathBuf,
    id: StoreId,
    /// The policy, unless a store was joined.
    policy: Option<Bundle>,
    /// The audit log, unless a store was joined.
    log: Option<MadeLog>,
}

/// What a home shares with the one that its store is in.
struct Shared {
    policy: Option<PathBuf>,
    folder: PathBuf,
    pin: PathBuf,
    has_log: bool,
}

impl Shared {
    /// The policy and the audit log beside a store, as `init` makes them.
    fn beside(store: &Path) -> Result<Self, Failure> {
        let store = absolute(store)?;
        let home = store.parent().unwrap_or(&store);
        let policy = home.join(POLICY_FOLDER);
        let pin = home.join(AUDIT_PIN);
        Ok(Self {
            policy: policy.is_dir().then_some(policy),
            folder: home.join(AUDIT_FOLDER),
            has_log: pin.is_file(),
            pin,
        })
    }

    fn audit(&self) -> Option<AuditTemplate<'_>> {
        self.has_log.then_some(AuditTemplate {
            folder: &self.folder,
            pin: &self.pin,
            key: None,
            anchor: None,
        })
    }
}

fn build(
    options: &Options,
    home: &Path,
    anchor: Option<PathBuf>,
    passphrase: Option<&Passphrase>,
) -> Result<Made, Failure> {
    let identities = home.join("identities");
    make_private(&identities)?;
    let own = new_user(&identities, options.user.as_str(), passphrase)?;
    if let Some(folder) = &options.join {
        let folder = absolute(folder)?;
        let place = StorePlace { folder: folder.clone(), mark: None, expected: options.store_id };
        let id = LocalStore::open(place)?.id();
        return Ok(Made { own, folder, id, policy: None, log: None });
    }
    let place = StorePlace { folder: home.join("store"), mark: None, expected: None };
    let mut store = LocalStore::create(place, &options.user, &own.identity, &own.signer, now())?;
    let spec = KeySpec { name: options.key.clone(), max_age_days: Some(options.max_age) };
    let mut change = store.change(own.administrator(), now())?;
    change.create_key(&spec)?;
    change.commit()?;
    let id = store.id();
    let policy = options.policy.build(home, &options.user, &options.key, &own.signer)?;
    let log = options.log.build(home, id, anchor, passphrase)?;
    Ok(Made { own, folder: PathBuf::from("store"), id, policy: Some(policy), log: Some(log) })
}

/// Makes a user's two private keys and writes them into their files.
pub(crate) fn new_user(
    folder: &Path,
    user: &str,
    passphrase: Option<&Passphrase>,
) -> Result<Own, Failure> {
    let (identity_path, signer_path) = files_of(folder, user);
    let own = Own {
        identity: HpkeIdentity::generate(HpkeKind::X25519)?,
        signer: SigningKey::generate()?,
    };
    write_key(&identity_path, KeyKind::X25519, own.identity.expose_secret(), passphrase)?;
    let written = write_key(&signer_path, KeyKind::Ed25519, own.signer.expose_seed(), passphrase);
    // Half a user would only be in the way of the next attempt.
    written.inspect_err(|_| drop(fs::remove_file(&identity_path)))?;
    Ok(own)
}

fn write_key(
    path: &Path,
    kind: KeyKind,
    secret: &[u8; 32],
    passphrase: Option<&Passphrase>,
) -> Result<(), Failure> {
    let mut copy = zeroize::Zeroizing::new(*secret);
    let key = PrivateKey::take_from(kind, copy.as_mut_slice())
        .map_err(|error| Failure::usage(error.to_string()))?;
    let file = match passphrase {
        Some(passphrase) => {
            IdentityFile::protected(&key, now(), passphrase, Argon2Params::default())?
        }
        None => IdentityFile::plain(key, now()),
    };
    Ok(file.save_new(path)?)
}

fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    Err(Failure::new(
        crate::exit::Exit::Output,
        "there is a home, or a mark of one, already; nothing was made",
    )
    .next("use it, or give --home FOLDER for another one"))
}

/// Makes a folder for its owner only, where there is none.
pub(crate) fn make_private(folder: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Failure::io("a folder cannot be made", &error))
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::io("the home cannot be made", &error))
}

#[cfg(unix)]
fn sync(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn report(options: &Options, made: &Made) -> Report {
    let signer = PublicKey::from(made.own.signer.verifying_key()).to_string();
    let recipient = PublicKey::from(made.own.identity.recipient().clone()).to_string();
    let (id, user, key) = (made.id, &options.user, &options.key);
    let report = if options.join.is_some() {
        Report::new()
            .line(format!("made a home for `{user}` with key store {id}: compare the id with its administrator"))
            .line("an administrator adds the user with")
            .line(format!("medsec user add {user} --recipient {recipient} --signer {signer}"))
            .line("policy and audit log are those of the home that the store is in")
    } else {
        Report::new()
            .line(format!("made key store {id} with user `{user}` and key `{key}`"))
            .line(format!("signs as {signer}"))
            .line(format!("next: medsec seal STUDY --key {key} --purpose TREAT --out-dir SEALED"))
            .line("      medsec store backup FILE, onto another disk; and copy the folder `identities`:")
            .line("      without an identity nothing that was sealed opens again")
            .field("key", key.as_str())
    };
    let is_ready = options.policy.is_ready();
    let report =
        made.policy.iter().fold(report, |report, bundle| policy_lines(report, bundle, is_ready));
    let report = made.log.iter().fold(report, log_lines);
    report
        .field("store", id.to_string())
        .field("user", user.as_str())
        .field("signer", signer)
        .field("recipient", recipient)
}

fn policy_lines(report: Report, bundle: &Bundle, is_ready: bool) -> Report {
    let source = if is_ready {
        format!("its source is in `{POLICY_FOLDER}/source`")
    } else {
        "its source stays where it is: keep it for `medsec policy sign FOLDER`".to_owned()
    };
    report
        .line(format!("policy `{}` is in force; {source}", bundle.name()))
        .field("policy", bundle.hash().to_string())
}

/// The pin in full: whoever keeps it elsewhere can tell whether the log is still this one.
fn log_lines(report: Report, log: &MadeLog) -> Report {
    let report = report.line("made the audit log; with its pin anyone can verify it:").line("");
    let pin = log.pin.to_string();
    let report = pin.lines().fold(report, |report, line| report.line(format!("  {line}")));
    let report = report
        .line("")
        .line("every seal, open and rewrap is recorded there, and so is what is refused")
        .line("keep a copy of the pin where whoever can write this home cannot write");
    let report = match log.anchor {
        Some(_) => report.line("an anchor outside the home remembers each checkpoint of the log"),
        None => {
            report.line("NO anchor: records cut off at the end of the log show only by its age")
        }
    };
    report.field("pin", pin).field("anchor", log.anchor.is_some())
}
