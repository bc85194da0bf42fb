//! The counts in a JUnit file of nextest.

use anyhow::{Context as _, Result};

/// How many tests passed and how many did not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// Ran and passed.
    pub(super) passed: u64,
    /// Failed an assertion, crashed, ran out of time, or left the run.
    pub(super) failed: u64,
}

impl Counts {
    /// Reads the attributes of the root element `<testsuites tests=… failures=… errors=…>`.
    ///
    /// # Errors
    /// This is no JUnit file.
    pub(super) fn parse(junit: &str) -> Result<Self> {
        let (_, rest) = junit.split_once("<testsuites").context("no element `testsuites`")?;
        let (root, _) = rest.split_once('>').context("element `testsuites` does not end")?;
        let tests = number(root, "tests").context("no count of tests")?;
        let errors = number(root, "errors").unwrap_or(0);
        let failed = number(root, "failures").context("no count of failures")?;
        let failed = failed.saturating_add(errors);
        Ok(Self { passed: tests.saturating_sub(failed), failed })
    }

    /// The sum of two runs.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    /// Whether nothing failed.
    pub(super) const fn all_passed(self) -> bool {
        self.failed == 0
    }
}

fn number(attributes: &str, name: &str) -> Option<u64> {
    let value = attributes.split_once(&format!(" {name}=\""))?.1;
    value.split('"').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_root() {
        let junit = "<?xml version=\"1.0\"?>\n<testsuites name=\"medsec\" tests=\"10\" \
                     failures=\"2\" errors=\"1\" uuid=\"x\">\n<testsuite tests=\"99\" failures=\"9\">";
        assert_eq!(Counts::parse(junit).unwrap(), Counts { passed: 7, failed: 3 });
    }

    #[test]
    fn files_without_counts_are_refused() {
        assert!(Counts::parse("").is_err());
        assert!(Counts::parse("<testsuites name=\"a\">").is_err());
        assert!(Counts::parse("<testsuites tests=\"1\"").is_err());
    }

    #[test]
    fn counts_of_runs_are_added() {
        let sum = Counts { passed: 1, failed: 0 }.plus(Counts { passed: 2, failed: 3 });
        assert_eq!(sum, Counts { passed: 3, failed: 3 });
        assert!(!sum.all_passed());
    }
}
