//! What a report finds wrong. Every problem names the culprit, and any of them fails `--check`.

use serde::{Serialize, Serializer};

use crate::date::Date;
use crate::key::TestId;

/// Something that must not stay as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message says what its fields are")]
pub enum Problem {
    // The source.
    #[error("{file}:{line}: `#[evidence]` in a file that is part of no target")]
    Unreached { file: String, line: usize },
    #[error("{file}:{line}: `{what}` by `cfg_attr`: the source alone does not say what is tested")]
    Conditional { file: String, line: usize, what: String },
    #[error("{file}:{line}: `#[path]` leads out of the repository")]
    OutsideModule { file: String, line: usize },
    #[error(
        "{file}:{line}: calls `__private`, which only `#[evidence]` may: it writes witnesses for others"
    )]
    Posing { file: String, line: usize },
    #[error("{file}:{line}: `#[evidence]` cannot be read: {what}")]
    Attribute { file: String, line: usize, what: String },
    #[error("{file}:{line}: {test} cites `{citation}`, which is no item of the rule")]
    UnknownCitation { file: String, line: usize, test: TestId, citation: String },
    #[error("{file}:{line}: {test} cites edition `{edition}`; this report is of `hipaa2013`")]
    UnknownEdition { file: String, line: usize, test: TestId, edition: String },
    #[error("{file}: {what}: tests that count run once, under equal rules")]
    RunnerSettings { file: String, what: String },

    // The run.
    #[error("`{configuration}`: {} failed: {}", tests(failed.len()), failed.join(", "))]
    TestsFailed { configuration: String, failed: Vec<String> },
    #[error("`{configuration}` was planned and left nothing behind")]
    NotRun { configuration: String },
    #[error("`{configuration}` is of another run than the others, or was not planned: {run}")]
    OtherRun { configuration: String, run: String },
    #[error("the tree differs from the commit: {}", files.join(", "))]
    DirtyTree { files: Vec<String> },
    #[error("`{configuration}` ran on a tree that differed from its commit: {}", files.join(", "))]
    DirtyRun { configuration: String, files: Vec<String> },
    #[error("`{configuration}` ran at commit {ran}; the report is of {reported}")]
    OtherCommit { configuration: String, ran: String, reported: String },
    #[error("{file} is not as it was when the tests were over")]
    Edited { file: String },
    #[error("{file} says {said}, and holds {found}")]
    Miscounted { file: String, said: String, found: String },
    #[error("{file} is no witness: {what}")]
    UnreadableWitness { file: String, what: String },
    #[error("{file} is a witness of another run, {run}: {test}")]
    ForeignWitness { file: String, test: TestId, run: String },
    #[error("{file}:{line}: {test} left a witness, and no source declares it")]
    UndeclaredWitness { file: String, line: u32, test: TestId },
    #[error("{file}:{line}: {test} does not count: {why}")]
    DoesNotCount { file: String, line: usize, test: TestId, why: String },

    // The lock.
    #[error("compliance/compliance.lock is gone: nothing says which evidence there was")]
    NoLock,
    #[error("{citation}: evidence is lost: {test} ({file}): {why}")]
    Lost { citation: String, test: TestId, file: String, why: String },
    #[error("{citation}: {test} ({file}) is not what was locked: {what}")]
    Changed { citation: String, test: TestId, file: String, what: String },
    #[error("{citation}: {test} ({file}) is in no lock")]
    Orphaned { citation: String, test: TestId, file: String },
    #[error("{citation} ({title}): no {polarity} evidence; each row of 164.312 needs both")]
    Floor { citation: String, title: String, polarity: String },

    // What the project decides.
    #[error("compliance/controls.toml: {citation}: `{path}` does not exist")]
    MissingPath { citation: String, path: String },
    #[error("compliance/controls.toml: no row for {citation}")]
    MissingControl { citation: String },
    #[error("{file}: `{citation}` is no item of the rule")]
    CitationInFile { file: String, citation: String },
    #[error("{file}: {what}")]
    Malformed { file: String, what: String },
    #[error("{citation} ({title}) is addressable and has no decision (164.306(d)(3))")]
    NoDecision { citation: String, title: String },
    #[error("{file}: {citation} is required: no alternative can stand in its place")]
    AlternativeForRequired { file: String, citation: String },
    #[error("{file}: waiver of {citation} without an expiry")]
    WaiverWithoutExpiry { file: String, citation: String },
    #[error("{file}: waives {citation}, as {other} does")]
    SecondWaiver { file: String, citation: String, other: String },
    #[error("{file}: the waiver of {citation} expired on {expires}")]
    WaiverExpired { file: String, citation: String, expires: Date },
    #[error("{file}: the attestation expired on {expires}")]
    AttestationExpired { file: String, expires: Date },
    #[error("{file}: the attestation begins on {effective}, after the report date")]
    AttestationNotYet { file: String, effective: Date },
    #[error("{file}: no signature by a signer of compliance/report.toml")]
    AttestationUnsigned { file: String },
    #[error("{file}: the evidence file {evidence} is not the one that was attested")]
    EvidenceFileChanged { file: String, evidence: String },
    #[error("{file}: `{entry}` was to be reviewed by {due}")]
    Overdue { file: String, entry: String, due: Date },
}

impl Problem {
    /// The file that has to change, where one is named.
    #[must_use]
    pub fn place(&self) -> Option<(&str, Option<usize>)> {
        match self {
            Self::Unreached { file, line }
            | Self::Conditional { file, line, .. }
            | Self::OutsideModule { file, line }
            | Self::Posing { file, line }
            | Self::Attribute { file, line, .. }
            | Self::UnknownCitation { file, line, .. }
            | Self::UnknownEdition { file, line, .. }
            | Self::DoesNotCount { file, line, .. } => Some((file, Some(*line))),
            Self::UndeclaredWitness { file, line, .. } => Some((file, usize::try_from(*line).ok())),
            Self::RunnerSettings { file, .. }
            | Self::Lost { file, .. }
            | Self::Changed { file, .. }
            | Self::Orphaned { file, .. }
            | Self::CitationInFile { file, .. }
            | Self::Malformed { file, .. }
            | Self::AlternativeForRequired { file, .. }
            | Self::WaiverWithoutExpiry { file, .. }
            | Self::SecondWaiver { file, .. }
            | Self::WaiverExpired { file, .. }
            | Self::AttestationExpired { file, .. }
            | Self::AttestationNotYet { file, .. }
            | Self::AttestationUnsigned { file }
            | Self::EvidenceFileChanged { file, .. }
            | Self::Overdue { file, .. } => Some((file, None)),
            Self::MissingPath { .. } | Self::MissingControl { .. } => {
                Some(("compliance/controls.toml", None))
            }
            _ => None,
        }
    }
}

/// A count with its noun.
fn tests(count: usize) -> String {
    if count == 1 { "a test".to_owned() } else { format!("{count} tests") }
}

/// As its message.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
