//! A clinic to try things in: a key store, an audit log and a policy in a folder that goes away with it, as
//! `medsec init` makes them in a home. Each example puts one part of its own into [`Clinic::parts`].

mod founding;

use std::error::Error;
use std::fs::File;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use medsec::{
    Aim, Custodian, Grant, Login, OpenWish, Parts, Refused, SealRequest, SealWish, SessionLogin,
    Unbound, Unlocks,
};
use medsec_audit::{AuditLog, Event, Line, Origin};
use medsec_crypto::{
    Context, Execution, Header, Limits, OutputOptions, PackageSpec, SignerExpectation, SigningKey,
    Timestamp,
};
use medsec_kms::{KeyName, Keyring};
use medsec_policy::{LocalUser, Purpose, Session, SystemClock};
use tempfile::TempDir;

/// The clinic's data set, and the key of its store that packages of it are sealed under.
pub const DATASET: &str = "mri-2026";

/// Whatever went wrong: an example tells it and ends.
pub type Failed = Box<dyn Error>;

/// A clinic with one user, ada, who has all roles but the auditor's.
#[derive(Debug)]
pub struct Clinic {
    folder: TempDir,
    /// All that a Custodian is made of.
    pub parts: Parts,
    /// Ada's keys.
    pub keys: Arc<Keyring>,
    /// What ada signs with.
    pub signer: Arc<SigningKey>,
    log: AuditLog,
}

impl Clinic {
    /// Founds one.
    ///
    /// # Errors
    /// What could not be made.
    pub fn found() -> Result<Self, Failed> {
        founding::found(TempDir::new()?)
    }

    /// A session of ada's.
    ///
    /// # Errors
    /// The clock cannot be read, or there is no randomness.
    pub fn ada(&self) -> Result<SessionLogin, Failed> {
        let principal = LocalUser::verified_by_store("ada")?.principal(SystemTime::now());
        let limits = self.parts.policy.settings.sessions;
        let keys = Arc::clone(&self.keys);
        let unlocks = Unlocks::new(keys, Some(self.signing_key()?));
        let session = Session::start(principal, limits, Arc::new(SystemClock), unlocks)?;
        Ok(SessionLogin::new(session, Origin::Local))
    }

    /// A copy of ada's signing key, for a session of its own.
    ///
    /// # Errors
    /// None that can happen to a key of its length.
    pub fn signing_key(&self) -> Result<SigningKey, Failed> {
        // The copy of the seed is erased.
        Ok(SigningKey::take_from(&mut self.signer.expose_seed().to_vec())?)
    }

    /// Seals a text, through the Custodian as everything, and gives the package.
    ///
    /// # Errors
    /// [`Refused`], or what went wrong with the file.
    pub fn seal(
        &self,
        custodian: &Custodian,
        login: &dyn Login,
        content: &[u8],
    ) -> Result<PathBuf, Failed> {
        let mut spec = PackageSpec::default();
        spec.dataset = Some(medsec_crypto::DatasetId::new(DATASET)?);
        let created_at = Timestamp::from(SystemTime::now());
        let request = SealRequest { spec, created_at, content_len: None };
        let key = KeyName::new(DATASET)?;
        let wish = SealWish {
            purpose: Some(Purpose::Treatment),
            keys: &[&key],
            recipients: &[],
            sign: true,
            patient: None,
        };
        let grant = pollster::block_on(custodian.seal(login, request, &wish))?;
        let path = self.folder.path().join(format!("{}.msp", grant.package_id()));
        grant.seal_to_file(content, &path, OutputOptions::default(), &Execution::default())?;
        Ok(path)
    }

    /// What the log tells: action and phase of each event, read from its files.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn told(&self) -> Result<Vec<String>, Failed> {
        let mut told = Vec::new();
        let mut reader = self.log.reader(&founding::stream()?, 0)?;
        while let Some(batches) = reader.read()? {
            let lines = batches.lines()?;
            let records = lines.lines().iter().filter_map(|line| match line {
                Line::Record(record) => Event::parse(record.bytes).ok(),
                Line::Commit(_) => None,
            });
            told.extend(records.map(|content| {
                let outcome = content.event.phase.outcome();
                let outcome = outcome.map_or("announced", medsec_audit::Outcome::name);
                format!("{} {outcome}", content.event.action)
            }));
        }
        Ok(told)
    }
}

/// To open for a purpose, whoever signed.
#[must_use]
pub fn wish(purpose: Purpose) -> OpenWish {
    OpenWish {
        aim: Aim::Content,
        purpose: Some(purpose),
        signer: SignerExpectation::NotRequired,
        reproduced: Context::new(),
        limits: Limits::default(),
        patient: None,
        unbound: Unbound::Refused,
        filed_under: None,
    }
}

/// A grant to open a package.
///
/// # Errors
/// [`Refused`].
pub fn open(
    custodian: &Custodian,
    login: &dyn Login,
    package: &PathBuf,
    purpose: Purpose,
) -> Result<Grant, Refused> {
    let header = match File::open(package) {
        Ok(mut file) => Header::read(&mut file),
        Err(error) => Err(medsec_crypto::HeaderError::Io(error)),
    };
    pollster::block_on(custodian.open(login, header, &wish(purpose)))
}

/// Opens a package into memory and gives its length.
///
/// # Errors
/// [`Refused`], or what is wrong with the package.
pub fn read(
    custodian: &Custodian,
    login: &dyn Login,
    package: &PathBuf,
    purpose: Purpose,
) -> Result<usize, Failed> {
    let grant = open(custodian, login, package, purpose)?;
    let source = Cursor::new(std::fs::read(package)?);
    let (content, _) = grant.open_to_memory(source, 1 << 20, &Execution::default())?;
    Ok(content.len())
}
