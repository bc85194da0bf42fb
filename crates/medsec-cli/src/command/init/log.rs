//! The audit log of a new home.

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_audit::{
    AuditLog, KeyName, LogName, LogOrigin, NewLog, Pin, Retention, StreamName, SystemClock,
};
use medsec_crypto::{OutputOptions, SigningKey};
use medsec_kms::{KeyKind, Passphrase, PrivateKey, StoreId};

use super::{absolute, make_private, write_key};
use crate::anchor;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::log_key::signer;
use crate::settings::{AUDIT_FOLDER, AUDIT_KEY, AUDIT_PIN, STREAM, default_anchor};

#[derive(Debug, Args)]
pub(super) struct LogOptions {
    /// Name of the audit log and its key, by custom a URL without its scheme, such as `clinic.example/log`; by
    /// default `medsec.local/` and the start of the store's id.
    #[arg(long, value_name = "NAME", conflicts_with = "join")]
    audit_name: Option<LogName>,
    /// Folder that remembers how far the audit log was, best on another disk; by default `medsec/anchors` in the
    /// user's state folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "join")]
    anchor: Option<PathBuf>,
    /// Do without: then nothing shows that records were cut off at the end of the log but its age.
    #[arg(long, conflicts_with_all = ["join", "anchor"])]
    no_anchor: bool,
}

/// What was made.
pub(super) struct MadeLog {
    pub(super) pin: Pin,
    /// The folder of the anchor.
    pub(super) anchor: Option<PathBuf>,
}

impl LogOptions {
    pub(super) const fn without_anchor() -> Self {
        Self { audit_name: None, anchor: None, no_anchor: true }
    }

    /// Where the anchor will be. Asked before anything is made.
    pub(super) fn anchor(&self) -> Result<Option<PathBuf>, Failure> {
        if self.no_anchor {
            return Ok(None);
        }
        let folder = match &self.anchor {
            Some(folder) => folder.clone(),
            None => default_anchor().ok_or_else(|| {
                Failure::usage("there is no state folder for the anchor of the audit log")
                    .next("give --anchor FOLDER on another disk, or do without: --no-anchor")
            })?,
        };
        absolute(&folder).map(Some)
    }

    /// Makes the log with its key and its pin in a home that is being built.
    pub(super) fn build(
        &self,
        home: &Path,
        store: StoreId,
        anchor: Option<PathBuf>,
        passphrase: Option<&Passphrase>,
    ) -> Result<MadeLog, Failure> {
        let name = match &self.audit_name {
            Some(name) => name.clone(),
            None => name_of(store)?,
        };
        let stream = stream()?;
        if let Some(folder) = &anchor {
            make_private(folder)?;
            refuse_known(folder, &name, &stream)?;
        }
        let key = SigningKey::generate()?;
        write_key(&home.join(AUDIT_KEY), KeyKind::Ed25519, key.expose_seed(), passphrase)?;
        let note_name = KeyName::new(name.as_str()).map_err(|error| unnamed(&error))?;
        let signer = signer(note_name, &PrivateKey::Signer(key))?;
        let new = NewLog { streams: vec![stream], retention: Retention::SIX_YEARS };
        let folder = home.join(AUDIT_FOLDER);
        let log = AuditLog::create(&folder, &new, &signer, &SystemClock::default())?;
        let pin = log.pin().clone();
        let options = OutputOptions::default();
        medsec_crypto::write_file(&home.join(AUDIT_PIN), pin.to_string().as_bytes(), options)?;
        Ok(MadeLog { pin, anchor })
    }
}

impl MadeLog {
    /// Hands the first checkpoint to the anchor, once the log is in its place. Shows too that the log opens there.
    pub(super) fn anchor_first(&self, home: &Path) -> Result<(), Failure> {
        let log = AuditLog::open(&home.join(AUDIT_FOLDER), &self.pin)?;
        let (Some(folder), Some(first)) = (&self.anchor, log.checkpoint(&stream()?)?) else {
            return Ok(());
        };
        anchor::at(folder)?.keep(&first.note).map_err(|error| {
            let failure = Failure::from(error);
            let message = format!("the home is made, but {}", failure.message);
            Failure { exit: Exit::Unfinished, message, ..failure }
                .next("see to the anchor's folder, then run `medsec audit checkpoint`")
        })
    }
}

fn stream() -> Result<StreamName, Failure> {
    StreamName::new(STREAM).map_err(|error| unnamed(&error))
}

fn name_of(store: StoreId) -> Result<LogName, Failure> {
    let id: String = store.to_string().chars().take(8).collect();
    LogName::new(&format!("medsec.local/{id}")).map_err(|error| unnamed(&error))
}

fn unnamed(error: &dyn std::error::Error) -> Failure {
    Failure::usage(format!("the audit log cannot be called so: {error}"))
        .next("give --audit-name NAME, such as `clinic.example/log`")
}

/// A log of a name that the anchor knows would look to everybody as if the other one had been replaced.
fn refuse_known(folder: &Path, name: &LogName, stream: &StreamName) -> Result<(), Failure> {
    let origin = LogOrigin::new(&format!("{name}/{stream}")).map_err(|error| unnamed(&error))?;
    let anchor = anchor::at(folder)?;
    anchor.prepare(&origin)?;
    match anchor.newest(&origin)? {
        None => Ok(()),
        Some(_) => Err(Failure::new(
            Exit::Output,
            "the anchor knows an audit log of this name already; nothing was made",
        )
        .next("give another --audit-name, or another --anchor")),
    }
}
