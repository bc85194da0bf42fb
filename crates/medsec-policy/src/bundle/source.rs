//! What people edit: `policy.toml`, `roles.toml` and `rules/*.cedar`.

mod error;
mod files;
mod issuers;
mod node;
mod policy;
mod roles;
#[cfg(test)]
mod tests;
mod time;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use self::error::{SourceError, SourceFile, SourceProblem};
pub(super) use self::files::is_hidden;
use self::policy::Lineage;
use super::schema::SchemaId;
use super::{Bundle, Contents, RulesName, document};
use crate::ids::PolicyHash;

/// The texts of a policy's files, each line ended by one LF.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    policy: String,
    roles: String,
    rules: BTreeMap<RulesName, String>,
}

impl Source {
    /// The longest file, in bytes, but for `roles.toml`.
    pub const MAX_FILE_LEN: usize = 1024 * 1024;
    /// The longest `roles.toml`, in bytes: room for as many principals as there may be.
    pub const MAX_ROLES_LEN: usize = 16 * 1024 * 1024;
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} files of rules)", self.rules.len())
    }
}

/// Makes a policy, the first of its line, the one its source says, or the one that follows `previous`.
pub(super) fn compile(source: &Source, previous: Option<&Bundle>) -> Result<Bundle, SourceError> {
    compile_for(SchemaId::shipped(), source, previous)
}

/// The same for any schema: vectors must not change with the schema.
pub(super) fn compile_for(
    schema: SchemaId,
    source: &Source,
    previous: Option<&Bundle>,
) -> Result<Bundle, SourceError> {
    let policy = policy::parse(&source.policy)?;
    let assignments = roles::parse(&source.roles)?;
    let Lineage { sequence, supersedes } = lineage(policy.lineage, previous)?;
    let contents = Contents {
        name: policy.name,
        sequence,
        supersedes,
        schema,
        settings: policy.settings,
        assignments,
        rules: source.rules.clone(),
    };
    let document = document::render(&contents);
    if document.len() > Bundle::MAX_DOCUMENT_LEN {
        let problem = SourceProblem::TooLong { most: Bundle::MAX_DOCUMENT_LEN };
        return Err(problem.in_file(SourceFile::Folder));
    }
    Ok(Bundle::new(contents, document))
}

/// What comes before the policy. `stated` has the error to answer if it does not fit.
fn lineage(
    stated: Option<(Lineage, SourceError)>,
    previous: Option<&Bundle>,
) -> Result<Lineage, SourceError> {
    let due = previous.map(following).transpose()?;
    match (stated, due) {
        (None, due) => Ok(due.unwrap_or(Lineage { sequence: 1, supersedes: Vec::new() })),
        (Some((lineage, error)), None) => {
            let wrong = || SourceError { problem: SourceProblem::Lineage, ..error };
            fits(lineage.sequence, &lineage.supersedes).then_some(lineage).ok_or_else(wrong)
        }
        (Some((lineage, error)), Some(due)) => {
            if lineage == due {
                Ok(due)
            } else {
                Err(error)
            }
        }
    }
}

fn following(previous: &Bundle) -> Result<Lineage, SourceError> {
    let supersedes = [&[previous.hash()], previous.supersedes()].concat();
    let sequence = previous.sequence().checked_add(1);
    sequence
        .filter(|_| supersedes.len() <= Bundle::MAX_SUPERSEDED)
        .map(|sequence| Lineage { sequence, supersedes })
        .ok_or_else(|| SourceProblem::TooManySuperseded.in_file(SourceFile::Folder))
}

/// Whether a policy of this number can supersede these: none twice, and each has had a number of its own, from 1.
pub(super) fn fits(sequence: u64, supersedes: &[PolicyHash]) -> bool {
    let different: BTreeSet<_> = supersedes.iter().collect();
    let count = u64::try_from(supersedes.len()).unwrap_or(u64::MAX);
    different.len() == supersedes.len() && count < sequence
}
