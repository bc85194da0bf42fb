//! The test witness: what a test leaves behind after it proved its claim.
//!
//! Not to be confused with the witness of a transparency log. The format is described in
//! `docs/formats/test-witness.md`; it holds no values of the data under test.

mod body_hash;
mod field;
mod names;
mod raw;
mod validate;

use core::num::NonZeroU32;

use crate::catalog::Edition;
use crate::checks::{Checks, Polarity};
use crate::citation::Citation;

pub use body_hash::BodyHash;
pub use field::{FieldProblem, InvalidField};
pub use names::{BinaryId, RunId, TestName};

pub(crate) use raw::{RawChecks, RawPackage, RawSource, RawWitness};
pub(crate) use validate::is_plain_relative;

/// Longer input is refused before it is parsed.
const MAX_LEN: usize = 64 * 1024;

/// The value of `schema` in every witness this version writes and reads.
pub(crate) const SCHEMA: &str = "medsec-test-witness/v1";

/// One test, at one attempt of one run, proved its claim.
///
/// ```
/// use medsec_evidence::{Polarity, Witness};
///
/// let witness = Witness::from_json(
///     br#"{
///     "schema": "medsec-test-witness/v1", "run": "r1", "binary": "clinic::it",
///     "test": "session::idle_session_cannot_open", "attempt": 1,
///     "edition": "hipaa2013", "citations": ["164.312(a)(2)(iii)"],
///     "claim": "an idle session cannot open a package", "polarity": "deny",
///     "checks": {"denies": 1, "allows": 0, "holds": 0, "equal": 0,
///         "listed": [{"kind": "denies", "fact": "clinic::SessionError", "times": 1}]},
///     "body_sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
///     "source": {"file": "tests/it/session.rs", "line": 12},
///     "package": {"name": "clinic", "version": "0.1.0"}
/// }"#,
/// )?;
/// assert_eq!(witness.polarity(), Polarity::Deny);
/// assert_eq!(witness.citations()[0].to_string(), "164.312(a)(2)(iii)");
/// # Ok::<(), medsec_evidence::ReadWitnessError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    // INVARIANT: every field is within the bounds of the format; each citation is an item of the
    // edition; the checks show the polarity.
    run: RunId,
    binary: BinaryId,
    test: TestName,
    attempt: NonZeroU32,
    edition: Edition,
    citations: Vec<Citation>,
    claim: String,
    polarity: Polarity,
    checks: Checks,
    body: BodyHash,
    source: Source,
    package: Package,
}

impl Witness {
    /// Reads a witness file.
    ///
    /// # Errors
    /// [`ReadWitnessError`] if it is longer than 64 KiB, not JSON of this schema, or says what no
    /// recorded test can say, such as polarity `deny` without a `denies` check.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReadWitnessError> {
        if bytes.len() > MAX_LEN {
            return Err(ReadWitnessError::TooLong { len: bytes.len() });
        }
        // A later schema may have other fields: its name is judged before its shape.
        if serde_json::from_slice::<raw::SchemaOnly>(bytes)?.schema != SCHEMA {
            return Err(ReadWitnessError::UnknownSchema);
        }
        let raw: RawWitness = serde_json::from_slice(bytes)?;
        Ok(Self::try_from(raw)?)
    }

    /// Writes the file that [`from_json`](Self::from_json) reads.
    ///
    /// # Errors
    /// [`serde_json::Error`] is passed on; no valid witness is known to cause one.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(&RawWitness::from(self))
    }

    /// The run it belongs to.
    pub const fn run(&self) -> &RunId {
        &self.run
    }

    /// The test binary.
    pub const fn binary(&self) -> &BinaryId {
        &self.binary
    }

    /// The test, as libtest prints it.
    pub const fn test(&self) -> &TestName {
        &self.test
    }

    /// One, unless a runner retried.
    pub const fn attempt(&self) -> NonZeroU32 {
        self.attempt
    }

    /// The edition the citations are of.
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// The items the claim is about, in the order of the attribute: one to eight.
    pub fn citations(&self) -> &[Citation] {
        &self.citations
    }

    /// What the test shows, in words.
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// Whether it shows that something works or that something is refused.
    pub const fn polarity(&self) -> Polarity {
        self.polarity
    }

    /// The checks that passed, at least one.
    pub const fn checks(&self) -> &Checks {
        &self.checks
    }

    /// Which body ran.
    pub const fn body(&self) -> BodyHash {
        self.body
    }

    /// Where the attribute stands.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The package the test was compiled in.
    pub const fn package(&self) -> &Package {
        &self.package
    }
}

/// A line of source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// Relative, with `/`, as the compiler was given it: in Cargo, from the workspace root. For a file
    /// outside of it, the file name alone.
    pub file: String,
    /// The line of the attribute, from one.
    pub line: NonZeroU32,
}

/// A Cargo package.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Why bytes are no [`Witness`]; they count as no evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadWitnessError {
    /// Longer than the format allows; it was not parsed.
    #[error("a witness of {len} bytes; none is longer than 65536")]
    TooLong {
        /// Length of the input in bytes.
        len: usize,
    },
    /// Truncated, not JSON, or not of this shape.
    #[error("not the JSON of a test witness")]
    Json(#[from] serde_json::Error),
    /// Another format, or a later version of this one.
    #[error("the schema is not `medsec-test-witness/v1`")]
    UnknownSchema,
    /// A value that no recorded test has.
    #[error(transparent)]
    Field(#[from] InvalidField),
}

#[cfg(test)]
mod tests;
