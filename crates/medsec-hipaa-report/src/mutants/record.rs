//! `compliance/mutants.json`: what became of the mutants that were tried, and `compliance/survivors.toml`: why those
//! that nobody noticed do no harm.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sample::Mutant;
use super::tree::Tree;
use crate::digest::sha256;
use crate::error::{At as _, ReportError, parsed, read_limited};
use crate::project::is_inside;

/// Where it lies, from the root of the repository.
pub const MUTANTS_FILE: &str = "compliance/mutants.json";
/// Where the reasons lie.
pub const SURVIVORS_FILE: &str = "compliance/survivors.toml";

const SCHEMA: &str = "medsec-mutants/v1";
const LONGEST: u64 = 16 << 20;

/// The content of `compliance/mutants.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Record {
    schema: String,
    /// The program that made the mutants, with its version.
    pub tool: String,
    rows: BTreeMap<String, Rows>,
}

/// What was tried for one item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    /// How many mutants its paths have.
    of: usize,
    /// The commit of the last run.
    commit: String,
    /// Sorted by name.
    tried: Vec<Tried>,
}

/// One mutant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tried {
    /// `file:line:column: replace …`, as the tool names it.
    pub(crate) mutant: String,
    /// From the root of the repository.
    pub(crate) file: String,
    /// Of the file before it was mutated.
    pub(crate) sha256: String,
    pub(crate) outcome: Outcome,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// A test that is evidence for the item failed or came to no end.
    Evidence,
    /// Another test of the package did.
    Other,
    /// No test did.
    Survived,
    /// It does not build.
    Unviable,
}

impl Outcome {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Evidence => "noticed by evidence",
            Self::Other => "noticed by another test",
            Self::Survived => "NOT NOTICED",
            Self::Unviable => "does not build",
        }
    }
}

/// What is left to try of an item.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// What no test noticed the last time.
    pub(super) survivors: Vec<Mutant>,
    /// What was never tried, or before its file changed.
    pub(super) new: Vec<Mutant>,
}

/// What became of mutants of the code that implements an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Mutants {
    /// The program that made them.
    pub tool: String,
    /// The commit at which they were last tried.
    pub commit: String,
    /// Tests that are evidence for the item noticed them.
    pub killed: usize,
    /// Other tests of the package did.
    pub killed_by_others: usize,
    /// They build: noticed or not.
    pub viable: usize,
    /// They do not build, and show nothing.
    pub unviable: usize,
    /// Beyond the limit or the time, or of a file that changed since.
    pub not_tried: usize,
    /// No test noticed them.
    pub survivors: Vec<Survivor>,
}

/// A mutant that no test noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Survivor {
    /// `file:line:column: replace …`.
    pub mutant: String,
    /// Why it does no harm, from `compliance/survivors.toml`.
    pub why: Option<String>,
}

impl Mutants {
    /// How many of those that build some test noticed.
    #[must_use]
    pub const fn noticed(&self) -> usize {
        self.killed.saturating_add(self.killed_by_others)
    }

    /// The counts in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { killed, killed_by_others, viable, unviable, not_tried, .. } = self;
        let survived = self.survivors.len();
        format!(
            "{viable} mutants that build: {killed} noticed by its evidence, {killed_by_others} by other tests of the \
             package, {survived} by none. Not building {unviable}, not tried {not_tried}."
        )
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explained {
    #[serde(default, rename = "survivor")]
    survivors: Vec<Explanation>,
}

/// Why a survivor does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanation {
    /// Without line and column, which change: `file: replace …`.
    mutant: String,
    why: String,
}

impl Default for Record {
    fn default() -> Self {
        Self { schema: SCHEMA.to_owned(), tool: String::new(), rows: BTreeMap::new() }
    }
}

impl Record {
    /// Reads it; an empty one where there is none.
    ///
    /// # Errors
    /// The file cannot be read or is of another schema.
    pub fn load(root: &Path) -> Result<Self, ReportError> {
        let path = root.join(MUTANTS_FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = read_limited(&path, LONGEST)?;
        let record: Self = serde_json::from_slice(&bytes)
            .map_err(|error| ReportError::content(MUTANTS_FILE, error))?;
        if record.schema == SCHEMA {
            Ok(record)
        } else {
            Err(ReportError::content(MUTANTS_FILE, format!("the schema is not `{SCHEMA}`")))
        }
    }

    pub(super) fn save(&self, root: &Path) -> Result<(), ReportError> {
        let path = root.join(MUTANTS_FILE);
        let unfinished = path.with_extension("json.unfinished");
        let mut json = serde_json::to_vec_pretty(self)
            .map_err(|error| ReportError::content(MUTANTS_FILE, error))?;
        json.push(b'\n');
        std::fs::write(&unfinished, json).at(&unfinished)?;
        std::fs::rename(&unfinished, &path).at(&path)
    }

    pub(super) fn citations(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }

    /// Keeps what was tried of files that are as they were, and says what is left to try. A survivor that nobody explained
    /// is tried again, because there may be a better test by now; until then it stands.
    pub(super) fn begin(
        &mut self,
        citation: &str,
        tree: &Tree,
        listed: &[Mutant],
        sampled: &[Mutant],
    ) -> Result<Left, ReportError> {
        let row = self.rows.entry(citation.to_owned()).or_default();
        row.of = listed.len();
        row.commit.clone_from(&tree.commit);
        let explained = explained(&tree.root)?;
        let mut digests = Digests::of(&tree.root);
        let (mut kept, mut survivors) = (Vec::new(), Vec::new());
        for one in row.tried.drain(..) {
            let fresh = digests.is_as_in(&one)?;
            let mutant = listed.iter().find(|mutant| fresh && mutant.name == one.mutant);
            let Some(mutant) = mutant else { continue };
            if one.outcome == Outcome::Survived && explained.survivor(&one.mutant).why.is_none() {
                survivors.push(mutant.clone());
            }
            kept.push(one);
        }
        survivors.dedup();
        row.tried = kept;
        let is_new = |mutant: &&Mutant| row.tried.iter().all(|one| one.mutant != mutant.name);
        Ok(Left { survivors, new: sampled.iter().filter(is_new).cloned().collect() })
    }

    /// Takes what became of mutants, in place of what was known about them.
    pub(super) fn add(
        &mut self,
        citation: &str,
        tree: &Tree,
        tried: Vec<(Mutant, Outcome)>,
    ) -> Result<(), ReportError> {
        let row = self.rows.entry(citation.to_owned()).or_default();
        let is_other = |one: &Tried| tried.iter().all(|(mutant, _)| mutant.name != one.mutant);
        row.tried.retain(is_other);
        let mut digests = Digests::of(&tree.root);
        for (Mutant { name: mutant, file, .. }, outcome) in tried {
            let sha256 = digests.file(&file)?.unwrap_or_default().to_owned();
            row.tried.push(Tried { mutant, file, sha256, outcome });
        }
        row.tried.sort();
        Ok(())
    }

    /// What was tried for an item, whatever became of the files.
    pub(super) fn all(&self, citation: &str) -> Option<Mutants> {
        let row = self.rows.get(citation)?;
        Some(self.counted(row, row.tried.iter(), &Explained { survivors: Vec::new() }))
    }

    /// What counts of it, for every item: of files that are as they were.
    pub(crate) fn counting(&self, root: &Path) -> Result<BTreeMap<String, Mutants>, ReportError> {
        let explained = explained(root)?;
        let mut digests = Digests::of(root);
        let mut all = BTreeMap::new();
        for (citation, row) in &self.rows {
            let mut fresh = Vec::new();
            for one in &row.tried {
                if digests.is_as_in(one)? {
                    fresh.push(one);
                }
            }
            all.insert(citation.clone(), self.counted(row, fresh.into_iter(), &explained));
        }
        Ok(all)
    }

    fn counted<'a>(
        &self,
        row: &Rows,
        tried: impl Iterator<Item = &'a Tried>,
        explained: &Explained,
    ) -> Mutants {
        let (tool, commit) = (self.tool.clone(), row.commit.clone());
        let mut seen = Mutants { tool, commit, not_tried: row.of, ..Mutants::default() };
        for one in tried {
            seen.not_tried = seen.not_tried.saturating_sub(1);
            let count = match one.outcome {
                Outcome::Evidence => &mut seen.killed,
                Outcome::Other => &mut seen.killed_by_others,
                Outcome::Unviable => &mut seen.unviable,
                Outcome::Survived => {
                    seen.survivors.push(explained.survivor(&one.mutant));
                    continue;
                }
            };
            *count = count.saturating_add(1);
        }
        seen.viable = seen.noticed().saturating_add(seen.survivors.len());
        seen
    }
}

impl Explained {
    fn survivor(&self, mutant: &str) -> Survivor {
        let name = without_place(mutant);
        let why = self.survivors.iter().find(|one| one.mutant == name).map(|one| one.why.clone());
        Survivor { mutant: mutant.to_owned(), why }
    }
}

fn explained(root: &Path) -> Result<Explained, ReportError> {
    let path = root.join(SURVIVORS_FILE);
    if !path.exists() {
        return Ok(Explained { survivors: Vec::new() });
    }
    parsed(SURVIVORS_FILE, &path, LONGEST)
}

/// `file:line:column: what` without line and column.
fn without_place(mutant: &str) -> String {
    let Some((place, what)) = mutant.split_once(": ") else { return mutant.to_owned() };
    let file = place.split(':').next().unwrap_or(place);
    format!("{file}: {what}")
}

/// Digests of files, each taken once.
struct Digests<'a> {
    root: &'a Path,
    taken: BTreeMap<String, Option<String>>,
}

impl<'a> Digests<'a> {
    const fn of(root: &'a Path) -> Self {
        Self { root, taken: BTreeMap::new() }
    }

    /// That of a file, if it is there.
    fn file(&mut self, file: &str) -> Result<Option<&str>, ReportError> {
        if !self.taken.contains_key(file) {
            let path = self.root.join(file);
            let there = is_inside(self.root, file) && path.is_file();
            let digest = there.then(|| read_limited(&path, LONGEST)).transpose()?;
            self.taken.insert(file.to_owned(), digest.map(|bytes| sha256(&bytes)));
        }
        Ok(self.taken.get(file).and_then(Option::as_deref))
    }

    /// Whether the file of a mutant is as it was when that was tried.
    fn is_as_in(&mut self, tried: &Tried) -> Result<bool, ReportError> {
        Ok(self.file(&tried.file)? == Some(tried.sha256.as_str()))
    }
}

#[cfg(test)]
mod tests;
