//! Where witnesses go, as the environment says.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use crate::witness::{InvalidField, RunId};

const FOLDER: &str = "MEDSEC_EVIDENCE_DIR";
const RUN: &str = "MEDSEC_EVIDENCE_RUN";
const BINARY: &str = "NEXTEST_BINARY_ID";
const ATTEMPT: &str = "NEXTEST_ATTEMPT";

#[derive(Debug)]
pub(super) struct Destination {
    pub(super) folder: PathBuf,
    pub(super) run: RunId,
    pub(super) binary: Option<String>,
    pub(super) attempt: u32,
}

impl Destination {
    /// `None` if nobody asked for witnesses.
    pub(super) fn from_env() -> Result<Option<Self>, RecordError> {
        Self::from_lookup(env::var_os)
    }

    pub(super) fn from_lookup(
        lookup: impl Fn(&'static str) -> Option<OsString>,
    ) -> Result<Option<Self>, RecordError> {
        let Some(folder) = lookup(FOLDER) else {
            return Ok(None);
        };
        if folder.is_empty() {
            return Err(RecordError::Variable { variable: FOLDER });
        }
        let text = |variable| match lookup(variable) {
            Some(value) => {
                value.into_string().map_or(Err(RecordError::Variable { variable }), |v| Ok(Some(v)))
            }
            None => Ok(None),
        };
        let run = text(RUN)?.and_then(|run| run.parse().ok());
        let attempt = text(ATTEMPT)?.map_or(Ok(1), |attempt| attempt.parse());
        Ok(Some(Self {
            folder: folder.into(),
            run: run.ok_or(RecordError::Variable { variable: RUN })?,
            binary: text(BINARY)?,
            attempt: attempt.map_err(|_| RecordError::Variable { variable: ATTEMPT })?,
        }))
    }
}

/// Why a proven test leaves no witness; the test then fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    #[error("the environment variable `{variable}` is missing, empty or malformed")]
    Variable { variable: &'static str },
    #[error("the `Proven` it returned was made by another test")]
    LentProof,
    #[error(transparent)]
    Field(#[from] InvalidField),
    #[error("the witness does not serialize")]
    Json(#[from] serde_json::Error),
    #[error("the folder of `MEDSEC_EVIDENCE_DIR` cannot be written to ({kind})")]
    Write { kind: io::ErrorKind },
}
