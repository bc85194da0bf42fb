//! A policy as one signed file: what is decided by, who has which role, and what is set.
//!
//! What people edit is a [`Source`]: a folder of TOML and Cedar. [`Bundle::compile`] makes of it one document with
//! exactly one form, whose hash names the policy for ever: in packages, in decisions, in the audit trail. A
//! [`SignedBundle`] carries the document and its signatures. The bytes are described in
//! `docs/formats/policy-bundle.md`.
//!
//! The rules are text here. That they fit the schema is for the engine to say, before anybody signs them.

mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod mark;
mod schema;
mod signed;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

pub use self::mark::{BundleMark, MarkError};
use self::schema::SchemaId;
pub use self::signed::{BundleError, BundleSigner, SignedBundle, SignerKey, SignerName};
pub use self::source::{Source, SourceError, SourceFile, SourceProblem};
use crate::assignments::Assignments;
use crate::ids::PolicyHash;
use crate::settings::Settings;
use crate::text::identifier;

/// What is hashed before the document, so that its hash is never that of something else.
const HASH_LABEL: &[u8] = b"medsec/policy-bundle/v1\0";

identifier!(
    /// Names a policy, for people. 1 to 64 of `a-z 0-9 . _ -`.
    BundleName, 64, "policy name",
    b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);
identifier!(
    /// Names a file of rules, without its ending `.cedar`. 1 to 64 of `a-z 0-9 . _ -`: file systems that do not
    /// tell upper from lower case must not make two files one.
    RulesName, 64, "name of a file of rules",
    b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);

/// A policy.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    contents: Contents,
    // INVARIANT: what `contents` renders to, and its hash.
    document: Vec<u8>,
    hash: PolicyHash,
}

/// What the document says.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
struct Contents {
    name: BundleName,
    sequence: u64,
    supersedes: Vec<PolicyHash>,
    schema: SchemaId,
    settings: Settings,
    assignments: Assignments,
    rules: BTreeMap<RulesName, String>,
}

impl Bundle {
    /// The longest document, in bytes.
    pub const MAX_DOCUMENT_LEN: usize = 64 * 1024 * 1024;
    /// The most policies that one can supersede.
    pub const MAX_SUPERSEDED: usize = 4096;
    /// The most files of rules.
    pub const MAX_RULES: usize = 1000;
    /// The most bytes of rules, all files together.
    pub const MAX_RULES_LEN: usize = 8 * 1024 * 1024;

    /// Makes a policy of its source. A source that says neither `sequence` nor `supersedes` becomes the first of
    /// its line.
    ///
    /// # Errors
    /// [`SourceError`] with file and line of the first thing that is wrong. Nothing was made.
    pub fn compile(source: &Source) -> Result<Self, SourceError> {
        source::compile(source, None)
    }

    /// Makes the policy that follows `previous`: its number is the next, and it supersedes `previous` and all that
    /// `previous` does, so that packages sealed under any of them still open.
    ///
    /// # Errors
    /// [`SourceError`], also if the source says a `sequence` or `supersedes` of its own that is not what follows
    /// from `previous`. Nothing was made.
    pub fn succeed(source: &Source, previous: &Self) -> Result<Self, SourceError> {
        source::compile(source, Some(previous))
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &BundleName {
        &self.contents.name
    }

    /// Its number in its line: a policy that follows another has a higher one.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.contents.sequence
    }

    /// The hash that names it.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.hash
    }

    /// The policies before it, the newest first.
    #[must_use]
    pub fn supersedes(&self) -> &[PolicyHash] {
        &self.contents.supersedes
    }

    /// Whether a package that was sealed under `policy` is one of this policy: it is this one, or one before it.
    #[must_use]
    pub fn covers(&self, policy: PolicyHash) -> bool {
        policy == self.hash || self.contents.supersedes.contains(&policy)
    }

    /// The files of rules, by name.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.contents.rules.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Who has which roles.
    #[must_use]
    pub const fn assignments(&self) -> &Assignments {
        &self.contents.assignments
    }

    /// What is set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.contents.settings
    }

    /// The document: the bytes that are hashed and signed.
    #[must_use]
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    fn new(contents: Contents, document: Vec<u8>) -> Self {
        let hash = hash(&document);
        Self { contents, document, hash }
    }
}

impl fmt::Debug for Bundle {
    /// Without the contents: they name the workforce.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contents { name, sequence, .. } = &self.contents;
        write!(f, "Bundle({name}, {sequence}, {})", self.hash)
    }
}

fn hash(document: &[u8]) -> PolicyHash {
    let hash = Sha256::new().chain_update(HASH_LABEL).chain_update(document);
    PolicyHash::from_bytes(hash.finalize().into())
}
