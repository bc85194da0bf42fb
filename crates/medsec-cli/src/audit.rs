//! The audit log of the settings, or another one.

pub(crate) mod check;
pub(crate) mod elsewhere;
pub(crate) mod entry;
pub(crate) mod filter;
pub(crate) mod print;
pub(crate) mod reading;
pub(crate) mod records;
pub(crate) mod report;
pub(crate) mod told;
pub(crate) mod watch;
pub(crate) mod when;

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_audit::{AuditLog, Pin, StreamName};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Longest pin file in bytes.
const MAX_PIN: u64 = 4096;

/// Which log, where it is not the one of the settings: a copy, for instance.
#[derive(Clone, Debug, Args)]
pub(crate) struct LogOption {
    /// Folder of the log; by default the one in the settings.
    #[arg(long, value_name = "FOLDER")]
    log: Option<PathBuf>,
    /// The log's pin; by default the one in the settings. Keep a copy of it where the log's machine cannot write.
    #[arg(long, value_name = "FILE")]
    pin: Option<PathBuf>,
}

/// Which streams.
#[derive(Clone, Debug, Args)]
pub(crate) struct StreamOption {
    /// A stream of the log; by default all of them.
    #[arg(long, value_name = "NAME")]
    stream: Option<StreamName>,
}

impl LogOption {
    /// The log of the settings.
    pub(crate) const OWN: Self = Self { log: None, pin: None };

    /// Whether it is the log of the settings.
    pub(crate) const fn is_own(&self) -> bool {
        self.log.is_none() && self.pin.is_none()
    }

    /// Whether it is the log of the settings, whatever it is called here.
    pub(crate) fn is_of_home(&self, session: &Session) -> Result<bool, Failure> {
        let Some(named) = &self.log else { return Ok(true) };
        let Some(settings) = session.any_settings()? else { return Ok(false) };
        let real = |path: &Path| path.canonicalize().ok();
        let (named, own) = (real(named), real(&settings.audit.value));
        Ok(own.is_some() && named == own)
    }

    /// The log, its root note verified with the pin.
    pub(crate) fn open(&self, session: &Session) -> Result<AuditLog, Failure> {
        let (folder, pin) = match (&self.log, &self.pin) {
            (Some(folder), Some(pin)) => (folder, pin),
            (folder, pin) => {
                let settings = session.settings()?;
                let folder = folder.as_ref().unwrap_or(&settings.audit.value);
                (folder, pin.as_ref().unwrap_or(&settings.audit_pin.value))
            }
        };
        Ok(AuditLog::open(folder, &read_pin(pin)?)?)
    }
}

impl StreamOption {
    /// The one stream that is meant.
    pub(crate) fn one(&self, log: &AuditLog) -> Result<StreamName, Failure> {
        match self.of(log)?.as_slice() {
            [stream] => Ok(stream.clone()),
            _ => Err(Failure::usage("the log has several streams, and one is meant here")
                .next("give --stream NAME; `medsec audit stream list` shows them")),
        }
    }

    /// The streams that are meant, in the order of their names.
    pub(crate) fn of(&self, log: &AuditLog) -> Result<Vec<StreamName>, Failure> {
        match &self.stream {
            None => Ok(log.root().streams().cloned().collect()),
            Some(name) if log.root().genesis(name).is_some() => Ok(vec![name.clone()]),
            Some(_) => Err(Failure::new(Exit::Log, "the log has no such stream")
                .next("`medsec audit stream list` shows its streams")),
        }
    }
}

/// A pin in a file.
pub(crate) fn read_pin(path: &Path) -> Result<Pin, Failure> {
    let failed = |error: std::io::Error| {
        let mut failure = Failure::io("the pin of the audit log cannot be read", &error)
            .next("give --pin FILE with the pin that `medsec init` printed");
        if error.kind() == std::io::ErrorKind::NotFound {
            failure.exit = Exit::Log;
        }
        failure
    };
    let about = std::fs::metadata(path).map_err(failed)?;
    let malformed = || {
        Failure::usage("the file is not the pin of an audit log")
            .next("give --pin FILE with the pin that `medsec init` printed")
    };
    if about.len() > MAX_PIN {
        return Err(malformed());
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    text.parse().map_err(|_| malformed())
}
