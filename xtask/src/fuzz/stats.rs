//! The figures libFuzzer prints at its end.

use std::fmt;

/// What one target did.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    /// No finding, and the target ran.
    pub(crate) ok: bool,
    executions: u64,
    per_second: u64,
    new_units: u64,
    /// Files that hold inputs that broke the target.
    findings: Vec<String>,
    trouble: Option<String>,
}

impl Stats {
    /// Reads libFuzzer's `stat::` lines and the names of the inputs it wrote down.
    pub(crate) fn parse(text: &str, exited_well: bool) -> Self {
        let number = |name: &str| {
            let line = text.lines().rev().find_map(|line| line.trim().strip_prefix(name))?;
            line.trim().parse::<u64>().ok()
        };
        let finding = |line: &str| Some(line.split_once("Test unit written to ")?.1.to_owned());
        let executions = number("stat::number_of_executed_units:");
        let findings: Vec<_> = text.lines().filter_map(finding).collect();
        Self {
            ok: exited_well && findings.is_empty() && executions.is_some(),
            executions: executions.unwrap_or(0),
            per_second: number("stat::average_exec_per_sec:").unwrap_or(0),
            new_units: number("stat::new_units_added:").unwrap_or(0),
            findings,
            trouble: None,
        }
    }

    /// A target that could not be run.
    #[expect(clippy::needless_pass_by_value, reason = "the shape that unwrap_or_else takes")]
    pub(crate) fn broken(why: anyhow::Error) -> Self {
        Self { trouble: Some(format!("{why:#}")), ..Self::default() }
    }

    fn result(&self) -> String {
        match (&self.trouble, self.findings.as_slice()) {
            (Some(why), _) => format!("did not run: {why}"),
            (None, []) if self.ok => "no finding".to_owned(),
            (None, []) => "FAILED".to_owned(),
            (None, files) => format!("FINDING {}", files.join(" ")),
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executions, per_second, new_units, .. } = self;
        let result = self.result();
        write!(f, "{executions} executions, {per_second}/s, {new_units} new units, {result}")
    }
}

/// All targets, by name.
pub(crate) fn table(results: &[(String, Stats)]) -> String {
    let mut results: Vec<_> = results.iter().collect();
    results.sort_by_key(|(target, _)| target);
    let width = results.iter().map(|(target, _)| target.len()).max().unwrap_or(0).max(6);
    let head = format!(
        "{:width$}  {:>12}  {:>8}  {:>9}  result\n",
        "target", "executions", "exec/s", "new units"
    );
    let row = |(target, stats): &(String, Stats)| {
        let Stats { executions, per_second, new_units, .. } = stats;
        let result = stats.result();
        format!("{target:width$}  {executions:>12}  {per_second:>8}  {new_units:>9}  {result}\n")
    };
    std::iter::once(head).chain(results.into_iter().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &str = "Done 1024 runs in 61 second(s)\n\
        stat::number_of_executed_units: 1024\n\
        stat::average_exec_per_sec:     16\n\
        stat::new_units_added:          3\n";

    #[test]
    fn figures_are_read_from_the_end() {
        let stats = Stats::parse(END, true);
        assert_eq!(stats.to_string(), "1024 executions, 16/s, 3 new units, no finding");
        assert!(stats.ok);
    }

    #[test]
    fn written_unit_is_a_finding() {
        let text = format!("artifact_prefix='a'; Test unit written to a/crash-1\n{END}");
        let stats = Stats::parse(&text, false);
        assert!(!stats.ok);
        assert!(stats.to_string().ends_with("FINDING a/crash-1"));
    }

    #[test]
    fn target_without_figures_has_failed() {
        assert!(!Stats::parse("error: could not compile", true).ok);
        assert!(!Stats::parse(END, false).ok);
        let broken = Stats::broken(anyhow::anyhow!("no program"));
        assert!(broken.to_string().ends_with("did not run: no program"));
    }

    #[test]
    fn table_lists_targets_by_name() {
        let table = table(&[
            ("slots".to_owned(), Stats::parse(END, true)),
            ("core".to_owned(), Stats::parse(END, true)),
        ]);
        let names: Vec<_> = table.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names, ["target", "core", "slots"]);
    }
}
