//! The folder `compliance/`: what a project decides and states about itself.
//!
//! ```text
//! report.toml        name, link to the source, signers, packages that are left out
//! controls.toml      per item: paths, what the component shows, what it leaves to others
//! compliance.lock    see [`Lock`](crate::Lock)
//! decisions.toml     addressable items: implemented, or what stands instead
//! attestations/*.toml, each with *.toml.sig beside it
//! waivers/*.toml
//! registers/risks.toml, registers/incidents.toml
//! mutants.json       what became of mutants of those paths; survivors.toml says why some do no harm
//! ```
//!
//! Only `report.toml` must be there.

mod attestation;
mod control;
mod decision;
mod folder;
mod register;
mod settings;
mod waiver;

use std::collections::BTreeMap;
use std::path::Path;

use crate::date::Date;
use crate::error::ReportError;
use crate::mutants::{Mutants, Record as MutantRecord};
use crate::problem::Problem;

pub use attestation::{Attestation, Evidence, Standing};
pub use control::Control;
pub use decision::{Choice, Decision};
pub use register::{Entry, Register};
pub use settings::{Excluded, Program, Settings, Signer};
pub use waiver::Waiver;

#[cfg(test)]
pub(crate) use attestation::CONDITIONAL;
pub(crate) use attestation::{SIGNATURE_TYPE, Text as AttestationText};
pub(crate) use folder::is_inside;

/// Everything that stands in `compliance/`, judged at a day.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Project {
    /// `report.toml`.
    pub settings: Settings,
    /// `controls.toml`, in the order of the rule.
    pub controls: Vec<Control>,
    /// `decisions.toml`.
    pub decisions: Vec<Decision>,
    /// All attestations, with how each stands.
    pub attestations: Vec<Attestation>,
    /// Waivers that hold.
    pub waivers: Vec<Waiver>,
    /// Risks and incidents.
    pub registers: Vec<Register>,
    /// `mutants.json`, where results count: by item.
    pub mutants: BTreeMap<String, Mutants>,
    /// What is wrong in these files.
    pub problems: Vec<Problem>,
}

impl Project {
    /// Reads the folder below the root of a repository.
    ///
    /// # Errors
    /// `report.toml` is missing or wrong, or a file cannot be read. What is wrong in the others is a problem.
    pub fn load(root: &Path, date: Date) -> Result<Self, ReportError> {
        let mut project = Self { settings: Settings::load(root)?, ..Self::default() };
        let problems = &mut project.problems;
        project.controls = control::load(root, problems)?;
        project.decisions = decision::load(root, date, problems)?;
        project.attestations = attestation::load(root, date, &project.settings, problems)?;
        project.waivers = waiver::load(root, date, problems)?;
        project.registers = register::load(root, date, problems)?;
        problems.extend(runner_settings(root)?);
        project.mutants = MutantRecord::load(root)?.counting(root)?;
        Ok(project)
    }

    /// The files that it was read from and that its statements rest on: all of them have to be in the commit.
    pub(crate) fn files(&self, root: &Path) -> Result<Vec<String>, ReportError> {
        let mut files = folder::below(root, "compliance")?;
        let evidence = self.attestations.iter().filter_map(|one| one.evidence.as_ref());
        files.extend(evidence.map(|evidence| evidence.file.clone()));
        Ok(files)
    }

    /// What the project says about an item.
    #[must_use]
    pub fn control(&self, citation: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.citation == citation)
    }

    /// What was decided about an addressable item.
    #[must_use]
    pub fn decision(&self, citation: &str) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.citation == citation)
    }

    /// The waiver of an item.
    #[must_use]
    pub fn waiver(&self, citation: &str) -> Option<&Waiver> {
        self.waivers.iter().find(|waiver| waiver.citation == citation)
    }

    /// The attestations of an item.
    pub fn attestations<'a>(&'a self, citation: &'a str) -> impl Iterator<Item = &'a Attestation> {
        self.attestations.iter().filter(move |one| one.citations.iter().any(|c| c == citation))
    }
}

/// What in nextest's configuration would let a test count that did not run once, under the rules of all others.
///
/// # Errors
/// The file is there and is no TOML.
pub fn runner_settings(root: &Path) -> Result<Vec<Problem>, ReportError> {
    const FILE: &str = ".config/nextest.toml";
    let Some(text) = folder::text(root, FILE)? else { return Ok(Vec::new()) };
    let configuration: toml::Table =
        text.parse().map_err(|error: toml::de::Error| ReportError::content(FILE, error))?;
    let profiles = configuration.get("profile").and_then(toml::Value::as_table);
    let mut problems = Vec::new();
    let mut wrong = |what: String| {
        problems.push(Problem::RunnerSettings { file: FILE.to_owned(), what });
    };
    for (name, profile) in profiles.into_iter().flatten() {
        for setting in ["overrides", "default-filter", "scripts"] {
            if profile.get(setting).is_some() {
                wrong(format!("profile `{name}` has `{setting}`"));
            }
        }
        if profile.get("retries").is_some_and(|retries| *retries != toml::Value::Integer(0)) {
            wrong(format!("profile `{name}` retries"));
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests;
