//! Steps with budgets, and the table at the end.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The failure was already printed: the exit code is all that is left to say.
#[derive(Debug)]
pub(crate) struct Reported;

impl std::fmt::Display for Reported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed as printed above")
    }
}

impl std::error::Error for Reported {}

/// Seconds as a [`Duration`], short enough for a list of budgets.
pub(crate) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What ran so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: String,
    budget: Duration,
    took: Duration,
    ok: bool,
}

impl Steps {
    /// Runs one step, prints its name, budget, duration and failure, and returns its result.
    ///
    /// A step over its budget is marked in the table and does not fail.
    pub(crate) fn step<T>(
        &mut self,
        name: &str,
        budget: Duration,
        work: impl FnOnce() -> Result<T>,
    ) -> Option<T> {
        println!("==> {name} (budget {})", human(budget));
        let started = Instant::now();
        let result = work();
        let took = started.elapsed();
        let ok = result.is_ok();
        match &result {
            Ok(_) => println!("    {name}: done in {}\n", human(took)),
            Err(why) => println!("    {name}: FAILED in {}: {why:#}\n", human(took)),
        }
        self.rows.push(Row { name: name.to_owned(), budget, took, ok });
        result.ok()
    }

    /// Marks the last step of this name as failed: it ran to its end, and what it found is bad.
    pub(crate) fn fail(&mut self, name: &str) {
        if let Some(row) = self.rows.iter_mut().rev().find(|row| row.name == name) {
            row.ok = false;
        }
    }

    /// Whether every step so far succeeded.
    pub(crate) fn all_ok(&self) -> bool {
        self.rows.iter().all(|row| row.ok)
    }

    /// The table of all steps: name, duration, budget.
    pub(crate) fn table(&self) -> String {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
        let mut table = format!("{:width$}  {:>9}  {:>9}\n", "step", "took", "budget");
        for row in &self.rows {
            let over = if row.took > row.budget { "  over budget" } else { "" };
            let failed = if row.ok { "" } else { "  FAILED" };
            let (name, took, budget) = (&row.name, human(row.took), human(row.budget));
            table.push_str(&format!("{name:width$}  {took:>9}  {budget:>9}{over}{failed}\n"));
        }
        let total = human(self.rows.iter().map(|row| row.took).sum());
        let budget = human(self.rows.iter().map(|row| row.budget).sum());
        table.push_str(&format!("{:width$}  {total:>9}  {budget:>9}\n", "all"));
        table
    }
}

/// `0.4 s`, `59.0 s`, `2 min 05 s`.
pub(crate) fn human(time: Duration) -> String {
    let whole = time.as_secs();
    match (whole.checked_div(60), whole.checked_rem(60)) {
        (Some(minutes), Some(rest)) if minutes > 0 => format!("{minutes} min {rest:02} s"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_for_people() {
        assert_eq!(human(Duration::from_millis(420)), "0.4 s");
        assert_eq!(human(seconds(60)), "1 min 00 s");
        assert_eq!(human(seconds(125)), "2 min 05 s");
    }

    #[test]
    fn failed_step_shows_in_the_table() {
        let mut steps = Steps::default();
        assert_eq!(steps.step("good", seconds(9), || Ok(7)), Some(7));
        assert!(steps.all_ok());
        assert_eq!(steps.step("bad", seconds(9), || anyhow::bail!("no") as Result<()>), None);
        assert!(!steps.all_ok());
        assert!(steps.table().lines().nth(2).unwrap().ends_with("FAILED"));
    }

    #[test]
    fn step_over_budget_does_not_fail() {
        let mut steps = Steps::default();
        steps.step("slow", Duration::ZERO, || Ok(()));
        assert!(steps.all_ok());
        steps.fail("slow");
        assert!(!steps.all_ok());
        assert!(steps.table().contains("over budget"));
    }
}
