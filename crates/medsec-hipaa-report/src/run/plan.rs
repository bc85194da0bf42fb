//! `plan.json`: which configurations a run was to have, written before the first of them starts, so that one that left
//! nothing behind is missed.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Run;
use crate::error::{At as _, ReportError, read_limited};
use crate::problem::Problem;

const FILE: &str = "plan.json";
const SCHEMA: &str = "medsec-test-plan/v1";
const LONGEST: u64 = 1 << 20;

/// The content of `plan.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    schema: String,
    /// The run: its configurations are `RUN.NAME`.
    run: String,
    configurations: Vec<String>,
}

impl Plan {
    pub(super) fn new(run: &str, configurations: &[&str]) -> Self {
        let names = configurations.iter().map(|&name| name.to_owned());
        Self { schema: SCHEMA.to_owned(), run: run.to_owned(), configurations: names.collect() }
    }

    pub(super) fn save(&self, folder: &Path) -> Result<(), ReportError> {
        let place = folder.join(FILE);
        let json = serde_json::to_string_pretty(self)
            .map_err(|error| ReportError::content(FILE, error))?;
        std::fs::write(&place, json + "\n").at(&place)
    }

    pub(super) fn load(folder: &Path) -> Result<Self, ReportError> {
        let wrong = |what: String| ReportError::content(FILE, what);
        let bytes = read_limited(&folder.join(FILE), LONGEST)?;
        let plan: Self =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if plan.schema == SCHEMA { Ok(plan) } else { Err(wrong(format!("not `{SCHEMA}`"))) }
    }

    pub(super) fn names(&self, configuration: &str) -> bool {
        self.configurations.iter().any(|name| name == configuration)
    }

    /// What ran and was not planned, or was planned and did not run.
    pub(super) fn compare(&self, runs: &[Run]) -> Vec<Problem> {
        let ran = |name: &String| runs.iter().any(|run| run.facts.configuration == *name);
        let absent = self.configurations.iter().filter(|name| !ran(name)).cloned();
        let mut problems: Vec<_> =
            absent.map(|configuration| Problem::NotRun { configuration }).collect();
        let foreign = runs.iter().filter(|run| {
            let name = &run.facts.configuration;
            !self.names(name) || run.facts.run != format!("{}.{name}", self.run)
        });
        problems.extend(foreign.map(|run| Problem::OtherRun {
            configuration: run.facts.configuration.clone(),
            run: run.facts.run.clone(),
        }));
        problems
    }
}
