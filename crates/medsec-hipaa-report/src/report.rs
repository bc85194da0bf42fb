//! The model that every output is made from.
//!
//! It holds nothing that differs between two runs at one commit and one report date: no times, run ids, counts of
//! repeated checks or paths of the machine.

mod build;
mod row;
mod status;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::date::Date;
use crate::git::Borrowed;
use crate::key::TestId;
use crate::problem::Problem;
use crate::project::{Attestation, Excluded, Register};
use crate::sbom::Bill;

pub use build::{Input, build};
pub use row::{Claim, Row};
pub use status::Status;

/// Schema of `report.json`.
pub const SCHEMA: &str = "medsec-compliance-report/v1";

/// A compliance report.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What it is of.
    pub component: Component,
    /// Edition of the rule.
    pub edition: &'static str,
    /// The commit.
    pub commit: String,
    /// Files that differ from the commit; then nothing counts.
    pub changed: Vec<String>,
    /// Packages that were built from other repositories by their path.
    pub borrowed: Vec<Borrowed>,
    /// Attestations and waivers are judged at this day.
    pub date: Date,
    /// The earliest day on which something that it rests on expires.
    pub valid_until: Option<Date>,
    /// What ran.
    pub configurations: Vec<Ran>,
    /// How strong the evidence is.
    pub assurance: Vec<String>,
    /// The software bill of materials beside the report, where a program is named.
    pub bill: Option<Bill>,
    /// That bill itself.
    #[serde(skip)]
    pub sbom: Option<serde_json::Value>,
    /// Packages whose evidence tests are left out.
    pub excluded: Vec<Excluded>,
    /// How many items have each status, by [`Status::key`].
    pub totals: BTreeMap<&'static str, usize>,
    /// All items, in the order of the rule.
    pub rows: Vec<Row>,
    /// All declared tests, by name.
    pub tests: Vec<TestEntry>,
    /// All attestations.
    pub attestations: Vec<Attestation>,
    /// Risks and incidents.
    pub registers: Vec<Register>,
    /// What must not stay as it is.
    pub problems: Vec<Problem>,
    /// What this report is not.
    pub limits: [&'static str; 5],
}

/// What the report is of.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Component {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its version.
    pub version: String,
    /// Address of its repository.
    pub source: String,
    /// Where its commit can be looked at.
    pub commit_link: String,
}

/// One configuration in which tests ran.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// What nextest was told to run.
    pub arguments: Vec<String>,
    /// The compiler.
    pub rustc: String,
    /// On what it ran and with what.
    pub about: BTreeMap<String, String>,
    /// How many tests passed.
    pub passed: u64,
    /// How many did not.
    pub failed: u64,
    /// Those, evidence or not.
    pub failures: Vec<TestId>,
    /// How many of them left a witness.
    pub witnessed: usize,
}

/// A declared test.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TestEntry {
    /// For links: the start of the digest of its name.
    pub id: String,
    /// Its name.
    pub test: TestId,
    /// Whether it is evidence.
    pub counts: bool,
    /// Why it is not.
    pub reasons: Vec<String>,
    /// What it shows.
    pub claim: String,
    /// `allow` or `deny`.
    pub polarity: &'static str,
    /// The items.
    pub citations: Vec<String>,
    /// The file.
    pub file: String,
    /// Line of the attribute.
    pub line: usize,
    /// Last line.
    pub end: usize,
    /// Where the lines can be looked at.
    pub link: String,
    /// Hash of the body.
    pub body_sha256: String,
    /// Configurations in which it ran, passed and left its witness.
    pub shown_in: Vec<String>,
    /// What it checked.
    pub checks: Vec<Checked>,
    /// The lines.
    pub excerpt: String,
}

/// A check that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Checked {
    /// `denies`, `allows`, `holds` or `equal`.
    pub kind: String,
    /// The stated fact, or the type of the error or value.
    pub fact: String,
}

/// What a report is not, in every output.
pub const LIMITS: [&str; 5] = [
    "It is no certification and no legal advice. Whether an organization complies with the rule is a judgement about \
     that organization, which software cannot make.",
    "It is no business associate agreement and stands in for none.",
    "It shows what tests of this component did at one commit. It does not show how the component is installed, configured \
     or used anywhere.",
    "A test shows its claim and no more. What a test does not try, it does not show.",
    "Evaluation goes on: after every change, and periodically, the report is made anew (164.308(a)(8)). Keep each one for \
     six years (164.316(b)(2)(i)).",
];

impl Report {
    /// The row of an item.
    #[must_use]
    pub fn row(&self, citation: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.citation == citation)
    }

    /// A test by its name.
    #[must_use]
    pub fn test(&self, key: &TestId) -> Option<&TestEntry> {
        self.tests.iter().find(|test| test.test == *key)
    }

    /// Whether the tree was the commit.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.changed.is_empty()
    }
}
