//! One run of the tests in one configuration, as it lies on disk.
//!
//! `<evidence>/<run>/plan.json` names the configurations, and `<evidence>/<run>/<configuration>/` holds `run.json`, nextest's `list.json` and `junit.xml`, and in `witnesses/` what
//! the tests wrote. When the tests are over, `run.json` gets the SHA-256 of every other file, so that a later edit shows.

mod build;
mod facts;
mod junit;
mod list;
mod plan;
mod record;
mod witnesses;

use std::path::Path;

use self::plan::Plan;
use crate::digest::sha256;
use crate::error::{At as _, ReportError, read_limited};
use crate::problem::Problem;

pub use facts::Facts;
pub use junit::{Counts, Results};
pub use list::{Listed, Listing};
pub use record::{Configuration, Recorder};
pub use witnesses::Witnesses;

pub(crate) use junit::Outcome;

/// Longest list and longest JUnit file that is read: 256 MiB.
const LONGEST: u64 = 256 << 20;

/// What one configuration left behind.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// What ran, when and on what.
    pub facts: Facts,
    /// SHA-256 of `run.json`, from which that was read.
    pub sha256: String,
    /// Which tests there are.
    pub listed: Listed,
    /// How they ended.
    pub results: Results,
    /// What they wrote.
    pub witnesses: Witnesses,
    /// What is wrong with the files themselves.
    pub problems: Vec<Problem>,
}

impl Run {
    /// Reads the folder of one configuration.
    ///
    /// # Errors
    /// A file is missing, too long or not what its name says.
    pub fn load(folder: &Path) -> Result<Self, ReportError> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = |file: &str| read_limited(&folder.join(file), LONGEST);
        let text = |file: &str| {
            String::from_utf8(bytes(file)?)
                .map_err(|error| ReportError::content(format!("{name}/{file}"), error))
        };
        let own = text("run.json")?;
        let facts = Facts::parse(&own)
            .map_err(|error| ReportError::content(format!("{name}/run.json"), error))?;
        let mut problems = facts.compare(folder, &name)?;
        let listed = Listed::parse(&text("list.json")?)
            .map_err(|error| ReportError::content(format!("{name}/list.json"), error))?;
        let results = Results::parse(&text("junit.xml")?)
            .map_err(|error| ReportError::content(format!("{name}/junit.xml"), error))?;
        if let Some((said, found)) = results.miscounted() {
            let file = format!("{name}/junit.xml");
            problems.push(Problem::Miscounted { file, said, found });
        }
        let (witnesses, wrong) = Witnesses::load(&folder.join("witnesses"), &name, &facts.run)?;
        problems.extend(wrong);
        let sha256 = sha256(own.as_bytes());
        Ok(Self { facts, sha256, listed, results, witnesses, problems })
    }

    /// Reads the folders of all configurations of a run, in the order of their names; and says which of those that were
    /// planned did not run, and which ran at another time.
    ///
    /// # Errors
    /// As [`Run::load`]; or there is none, or nothing says which were planned.
    pub fn load_all(folder: &Path) -> Result<(Vec<Self>, Vec<Problem>), ReportError> {
        let entries = std::fs::read_dir(folder).at(folder)?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()).at(folder));
        let mut folders: Vec<_> = paths.collect::<Result<_, _>>()?;
        folders.retain(|path| path.join("run.json").is_file());
        folders.sort();
        if folders.is_empty() {
            return Err(ReportError::content(folder.display().to_string(), "no run lies there"));
        }
        let runs: Vec<_> =
            folders.iter().map(|folder| Self::load(folder)).collect::<Result<_, _>>()?;
        let problems = Plan::load(folder)?.compare(&runs);
        Ok((runs, problems))
    }
}
