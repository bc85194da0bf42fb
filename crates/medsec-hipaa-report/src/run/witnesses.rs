//! The witnesses of one run.

use std::collections::BTreeMap;
use std::path::Path;

use medsec_evidence::Witness;

use crate::error::{At as _, ReportError, read_limited};
use crate::key::TestId;
use crate::problem::Problem;

const LONGEST: u64 = 65_536;

/// Witnesses of this run by test; more than one is kept, for the join to refuse.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Witnesses {
    /// By name.
    pub tests: BTreeMap<TestId, Vec<Witness>>,
}

impl Witnesses {
    /// Reads every file of the folder. What is no witness of this run becomes a problem.
    pub(super) fn load(
        folder: &Path,
        name: &str,
        run: &str,
    ) -> Result<(Self, Vec<Problem>), ReportError> {
        let mut all = Self::default();
        let mut problems = Vec::new();
        let entries = std::fs::read_dir(folder).at(folder)?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()).at(folder));
        let mut paths: Vec<_> = paths.collect::<Result<_, _>>()?;
        paths.sort();
        // A test that was ended while it wrote leaves such a file: it is no witness, and that there is none is seen.
        paths.retain(|path| path.extension().is_none_or(|ending| ending != "unfinished"));
        for path in paths {
            let shown = path.file_name().unwrap_or_default().to_string_lossy();
            let file = format!("{name}/witnesses/{shown}");
            let read = read_limited(&path, LONGEST).map_err(|error| error.to_string());
            let witness = read
                .and_then(|bytes| Witness::from_json(&bytes).map_err(|error| error.to_string()));
            match witness {
                Err(what) => problems.push(Problem::UnreadableWitness { file, what }),
                Ok(witness) => {
                    let test = TestId::new(witness.binary().as_str(), witness.test().as_str());
                    if witness.run().as_str() == run {
                        all.tests.entry(test).or_default().push(witness);
                    } else {
                        let run = witness.run().to_string();
                        problems.push(Problem::ForeignWitness { file, test, run });
                    }
                }
            }
        }
        Ok((all, problems))
    }
}
