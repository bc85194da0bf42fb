//! nextest's list of tests.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::key::TestId;

/// All tests of the binaries that were built.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Listed {
    /// By name.
    pub tests: BTreeMap<TestId, Listing>,
}

/// What the list says about a test.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// It carries `#[ignore]`.
    pub ignored: bool,
    /// Why it was not to run, in nextest's word.
    pub left_out: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "rust-suites")]
    suites: BTreeMap<String, Suite>,
}

#[derive(Deserialize)]
struct Suite {
    #[serde(rename = "binary-id")]
    binary: String,
    testcases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    ignored: bool,
    #[serde(rename = "filter-match")]
    filter: Filter,
}

#[derive(Deserialize)]
struct Filter {
    status: String,
    reason: Option<String>,
}

impl Listed {
    pub(super) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let raw: Raw = serde_json::from_str(json)?;
        let mut tests = BTreeMap::new();
        for suite in raw.suites.into_values() {
            for (name, case) in suite.testcases {
                let chosen = case.filter.status == "matches";
                let reason = case.filter.reason.unwrap_or(case.filter.status);
                let left_out = (!chosen).then_some(reason);
                let key = TestId::new(suite.binary.as_str(), name);
                tests.insert(key, Listing { ignored: case.ignored, left_out });
            }
        }
        Ok(Self { tests })
    }
}
