//! `compliance/compliance.lock`: which tests evidence which item, and with which body.
//!
//! It changes only when somebody blesses it, so that lost or weakened evidence is a line in a review.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use medsec_evidence::Polarity;
use serde::{Deserialize, Serialize};

use crate::error::{At as _, ReportError, parsed};
use crate::join::{Joined, Test};
use crate::key::TestId;
use crate::problem::Problem;

/// Where it lies, from the root of the repository.
pub const LOCK_FILE: &str = "compliance/compliance.lock";

const LONGEST: u64 = 16 << 20;

const HEAD: &str = "# Which tests evidence which item of 45 CFR 164 subpart C, and the hashes of their bodies.\n\
                    # Written by `compliance-report --bless` and by nothing else: a change of this file is reviewed.\n\n";

/// The content of the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Lock {
    /// 1.
    version: u32,
    /// Sorted by citation and test.
    #[serde(default)]
    evidence: Vec<Locked>,
}

/// One test for one item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
struct Locked {
    citation: String,
    test: TestId,
    polarity: String,
    claim: String,
    body: String,
    /// What checks on behalf of the body, where it is not all in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    helpers: Option<String>,
    file: String,
    /// Configurations in which it ran, passed and left its witness.
    #[serde(default)]
    shown_in: Vec<String>,
}

impl Lock {
    /// The lock as it would be blessed: what counts, but for the state of the tree.
    #[must_use]
    pub fn of(joined: &Joined) -> Self {
        let counting = joined.tests.iter().filter(|test| test.counts_on_a_clean_tree());
        let mut evidence: Vec<_> = counting.flat_map(locked).collect();
        evidence.sort();
        Self { version: 1, evidence }
    }

    /// Reads the lock; an empty one where there is none.
    ///
    /// # Errors
    /// The file cannot be read or is no lock.
    pub fn load(root: &Path) -> Result<Self, ReportError> {
        let path = root.join(LOCK_FILE);
        if !path.exists() {
            return Ok(Self { version: 1, evidence: Vec::new() });
        }
        let lock: Self = parsed(LOCK_FILE, &path, LONGEST)?;
        if lock.version == 1 {
            Ok(lock)
        } else {
            Err(ReportError::content(LOCK_FILE, "version is not 1"))
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, root: &Path) -> Result<(), ReportError> {
        let path = root.join(LOCK_FILE);
        let text = toml::to_string(self).map_err(|error| ReportError::content(LOCK_FILE, error))?;
        std::fs::write(&path, format!("{HEAD}{text}")).at(&path)
    }

    /// What a new lock does not hold any more: item, test and file of each.
    pub(crate) fn dropped(&self, new: &Self) -> Vec<String> {
        let kept: BTreeSet<_> = new.evidence.iter().map(|one| (&one.citation, &one.test)).collect();
        let gone = self.evidence.iter().filter(|one| !kept.contains(&(&one.citation, &one.test)));
        gone.map(|one| format!("{} {} ({})", one.citation, one.test, one.file)).collect()
    }

    /// How many tests stand in it, each counted once an item.
    #[must_use]
    pub fn len(&self) -> usize {
        self.evidence.len()
    }

    /// Whether nothing is locked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.evidence.is_empty()
    }

    /// What was locked and is gone or other, and what counts and is not locked.
    #[must_use]
    pub fn compare(&self, joined: &Joined) -> Vec<Problem> {
        let now = Self::of(joined);
        let index = |lock: &Self| -> BTreeMap<(String, TestId), Locked> {
            let entries = lock.evidence.iter().cloned();
            entries.map(|one| ((one.citation.clone(), one.test.clone()), one)).collect()
        };
        let (before, after) = (index(self), index(&now));
        let mut problems = Vec::new();
        for (place, old) in &before {
            match after.get(place) {
                None => problems.push(lost(old, joined, &now)),
                Some(new) => problems.extend(changed(old, new)),
            }
        }
        let orphans = after.iter().filter(|(place, _)| !before.contains_key(*place));
        problems.extend(orphans.map(|(_, new)| Problem::Orphaned {
            citation: new.citation.clone(),
            test: new.test.clone(),
            file: new.file.clone(),
        }));
        problems
    }
}

fn locked(test: &Test) -> Vec<Locked> {
    let declared = &test.declared;
    let one = |citation: &String| Locked {
        citation: citation.clone(),
        test: declared.key.clone(),
        polarity: polarity(declared.polarity).to_owned(),
        claim: declared.claim.clone(),
        body: declared.body_sha256.clone(),
        helpers: declared.helpers_sha256.clone(),
        file: declared.file.clone(),
        shown_in: test.shown_in.clone(),
    };
    declared.citations.iter().map(one).collect()
}

/// As the attribute spells it.
pub(crate) const fn polarity(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Deny => "deny",
        _ => "allow",
    }
}

fn changed(old: &Locked, new: &Locked) -> Vec<Problem> {
    let fields = [
        ("body", old.body != new.body),
        ("helpers, which check on its behalf,", old.helpers != new.helpers),
        ("claim", old.claim != new.claim),
        ("polarity", old.polarity != new.polarity),
    ];
    let different = fields.into_iter().filter(|(_, differs)| *differs);
    let different = different.map(|(what, _)| format!("its {what} changed"));
    // More of them is no loss.
    let gone = old.shown_in.iter().filter(|name| !new.shown_in.contains(name));
    let gone = gone.map(|name| format!("it is not shown in `{name}` any more"));
    let problem = |what: String| Problem::Changed {
        citation: old.citation.clone(),
        test: old.test.clone(),
        file: new.file.clone(),
        what,
    };
    different.chain(gone).map(problem).collect()
}

/// Says what became of a test: it does not count, cites something else, has another name, or is gone.
fn lost(old: &Locked, joined: &Joined, now: &Lock) -> Problem {
    let why = match joined.tests.iter().find(|test| test.declared.key == old.test) {
        Some(test) if !test.cites(&old.citation) => {
            format!("it cites {} now", test.declared.citations.join(", "))
        }
        Some(test) => {
            let reasons: Vec<_> = test.reasons.iter().map(ToString::to_string).collect();
            reasons.join("; ")
        }
        None => match now.evidence.iter().find(|new| new.body == old.body) {
            Some(new) => format!("no source declares it; {} has the same body", new.test),
            None => "no source declares it".to_owned(),
        },
    };
    let (citation, test) = (old.citation.clone(), old.test.clone());
    Problem::Lost { citation, test, file: old.file.clone(), why }
}
