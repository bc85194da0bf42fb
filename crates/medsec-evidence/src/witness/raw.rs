//! The witness as it stands in the file: texts and numbers, nothing judged yet.

use serde::{Deserialize, Serialize};

use super::{SCHEMA, Witness};
use crate::checks::{Check, Polarity};

#[derive(Debug, Deserialize)]
pub(super) struct SchemaOnly {
    pub(super) schema: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWitness {
    pub(crate) schema: String,
    pub(crate) run: String,
    pub(crate) binary: String,
    pub(crate) test: String,
    pub(crate) attempt: u32,
    pub(crate) edition: String,
    pub(crate) citations: Vec<String>,
    pub(crate) claim: String,
    pub(crate) polarity: Polarity,
    pub(crate) checks: RawChecks,
    pub(crate) body_sha256: String,
    pub(crate) source: RawSource,
    pub(crate) package: RawPackage,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawChecks {
    pub(crate) denies: u64,
    pub(crate) allows: u64,
    pub(crate) holds: u64,
    pub(crate) equal: u64,
    pub(crate) listed: Vec<Check>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSource {
    pub(crate) file: String,
    pub(crate) line: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPackage {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl From<&crate::checks::Checks> for RawChecks {
    fn from(checks: &crate::checks::Checks) -> Self {
        let counts = checks.counts();
        Self {
            denies: counts.denies,
            allows: counts.allows,
            holds: counts.holds,
            equal: counts.equal,
            listed: checks.listed().to_vec(),
        }
    }
}

impl From<&Witness> for RawWitness {
    fn from(witness: &Witness) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            run: witness.run.to_string(),
            binary: witness.binary.to_string(),
            test: witness.test.to_string(),
            attempt: witness.attempt.get(),
            edition: witness.edition.to_string(),
            citations: witness.citations.iter().map(ToString::to_string).collect(),
            claim: witness.claim.clone(),
            polarity: witness.polarity,
            checks: RawChecks::from(&witness.checks),
            body_sha256: witness.body.to_string(),
            source: RawSource {
                file: witness.source.file.clone(),
                line: witness.source.line.get(),
            },
            package: RawPackage {
                name: witness.package.name.clone(),
                version: witness.package.version.clone(),
            },
        }
    }
}
