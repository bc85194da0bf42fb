//! nextest's JUnit file: how each test ended.

use std::collections::BTreeMap;

use roxmltree::{Document, Node, ParsingOptions};

use crate::key::TestId;

/// Most nodes of a file: far more than a million tests have.
const MOST_NODES: u32 = 20_000_000;

/// How one test ended once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Error,
    Skipped,
}

/// One `testcase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) outcome: Outcome,
    /// It failed before it passed, or was run again.
    pub(crate) again: bool,
}

/// How many tests passed and how many did not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two counts; callers add them up")]
pub struct Counts {
    /// Ran and passed.
    pub passed: u64,
    /// Failed an assertion, crashed, ran out of time, or left the run.
    pub failed: u64,
}

impl Counts {
    /// The sum of two runs.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    /// Whether nothing failed.
    #[must_use]
    pub const fn all_passed(self) -> bool {
        self.failed == 0
    }
}

/// All tests of the file.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Results {
    pub(crate) cases: BTreeMap<TestId, Vec<Case>>,
    said: Said,
}

/// What the root element says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Said {
    tests: usize,
    failures: usize,
    errors: usize,
}

impl Results {
    /// The tests that failed, crashed or ran out of time.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &TestId> {
        let bad = |case: &Case| matches!(case.outcome, Outcome::Failed | Outcome::Error);
        self.cases.iter().filter(move |(_, cases)| cases.iter().any(bad)).map(|(key, _)| key)
    }

    /// Reads the text of a JUnit file.
    ///
    /// # Errors
    /// It is no XML, or has not the shape that nextest gives it.
    pub fn parse(xml: &str) -> Result<Self, String> {
        let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let document =
            Document::parse_with_options(xml, options).map_err(|error| error.to_string())?;
        let root = document.root_element();
        if !root.has_tag_name("testsuites") {
            return Err("no element `testsuites`".to_owned());
        }
        let number = |name: &str| root.attribute(name).and_then(|value| value.parse().ok());
        let tests = number("tests").ok_or("no count of tests")?;
        let failures = number("failures").ok_or("no count of failures")?;
        let said = Said { tests, failures, errors: number("errors").unwrap_or(0) };
        let mut results = Self { cases: BTreeMap::new(), said };
        for suite in elements(root, "testsuite") {
            let binary = suite.attribute("name").ok_or("a suite without a name")?;
            for case in elements(suite, "testcase") {
                let test = case.attribute("name").ok_or("a test without a name")?;
                let key = TestId::new(binary, test);
                results.cases.entry(key).or_default().push(judged(case));
            }
        }
        Ok(results)
    }

    /// How many passed and failed.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let all = || self.cases.values().flatten();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let passed = all().filter(|case| case.outcome == Outcome::Passed).count();
        let failed =
            all().filter(|case| matches!(case.outcome, Outcome::Failed | Outcome::Error)).count();
        Counts { passed: count(passed), failed: count(failed) }
    }

    /// What the root says and what stands below it, where the two differ.
    pub(super) fn miscounted(&self) -> Option<(String, String)> {
        let all = || self.cases.values().flatten();
        let with = |outcome| all().filter(|case| case.outcome == outcome).count();
        let (failures, errors) = (with(Outcome::Failed), with(Outcome::Error));
        let ran = all().count().saturating_sub(with(Outcome::Skipped));
        let Said { tests, .. } = self.said;
        let found =
            Said { tests: if tests == ran { ran } else { all().count() }, failures, errors };
        let text =
            |s: Said| format!("{} tests, {} failures, {} errors", s.tests, s.failures, s.errors);
        (found != self.said).then(|| (text(self.said), text(found)))
    }
}

fn elements<'a, 'i>(node: Node<'a, 'i>, name: &'a str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name(name))
}

fn judged(case: Node<'_, '_>) -> Case {
    let has = |name: &str| case.children().any(|child| child.has_tag_name(name));
    let outcome = if has("error") {
        Outcome::Error
    } else if has("failure") {
        Outcome::Failed
    } else if has("skipped") {
        Outcome::Skipped
    } else {
        Outcome::Passed
    };
    let again = ["rerunFailure", "rerunError", "flakyFailure", "flakyError"];
    Case { outcome, again: again.iter().any(|name| has(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(root: &str, cases: &str) -> String {
        format!(
            "<testsuites {root}><testsuite name=\"clinic::it\">{cases}</testsuite></testsuites>"
        )
    }

    #[test]
    fn files_without_counts_are_refused() {
        for wrong in
            ["", "<a/>", "<testsuites name='a'/>", "<testsuites tests='1'/>", "<testsuites"]
        {
            assert!(Results::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_ending_is_told_apart() {
        let cases = "<testcase name='a'/><testcase name='b'><failure/></testcase>\
                     <testcase name='c'><skipped/></testcase><testcase name='d'><error/></testcase>\
                     <testcase name='e'><flakyFailure/></testcase>";
        let results = Results::parse(&file("tests='5' failures='1' errors='1'", cases)).unwrap();
        assert_eq!(results.counts(), Counts { passed: 2, failed: 2 });
        let of = |test: &str| results.cases[&TestId::new("clinic::it", test)][0];
        assert_eq!(of("c"), Case { outcome: Outcome::Skipped, again: false });
        assert_eq!(of("e"), Case { outcome: Outcome::Passed, again: true });
        assert_eq!(results.miscounted(), None);
    }

    #[test]
    fn counts_that_do_not_fit_are_seen() {
        let cases = "<testcase name='a'/><testcase name='b'/>";
        let results = Results::parse(&file("tests='2' failures='1'", cases)).unwrap();
        let (said, found) = results.miscounted().unwrap();
        assert!(said.contains("1 failures") && found.contains("0 failures"));
    }

    #[test]
    fn counts_of_runs_are_added() {
        let sum = Counts { passed: 1, failed: 0 }.plus(Counts { passed: 2, failed: 3 });
        assert_eq!(sum, Counts { passed: 3, failed: 3 });
        assert!(!sum.all_passed());
    }
}
