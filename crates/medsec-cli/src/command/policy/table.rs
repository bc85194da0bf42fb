//! `medsec policy test`: a policy's answers against those that somebody expects.

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_policy::{
    DecideError, Effect, Expected, Outcome, PrincipalId, Purpose, RuleName, Table,
};
use serde_json::{Value, json};

use super::which;
use crate::custody::InForce;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::read_small;
use crate::report::Report;
use crate::session::Session;

/// Failures that people are shown; JSON has as many as it can take.
const SHOWN: usize = 50;
const SHOWN_JSON: usize = 10_000;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_TEST)]
pub(crate) struct Options {
    /// The policy: a folder with a source, or a file as `medsec policy export` writes it; by default the one in force.
    #[arg(value_name = "POLICY")]
    policy: Option<PathBuf>,
    /// The table of expected decisions.
    #[arg(long, value_name = "FILE", required_unless_present = "write", conflicts_with = "write")]
    table: Option<PathBuf>,
    /// Print a table of what the policy decides, to be read, corrected and kept.
    #[arg(long)]
    write: bool,
    /// With `--write`: of this principal only. May be repeated.
    #[arg(long = "as", value_name = "PRINCIPAL", requires = "write")]
    who: Vec<PrincipalId>,
}

impl Options {
    pub(super) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let policy = which::named(session, self.policy.as_deref())?;
        match &self.table {
            Some(table) => compared(&read(table)?, &policy),
            None => self.written(&policy),
        }
    }

    fn written(&self, policy: &InForce) -> Result<Report, Failure> {
        let all = || policy.bundle.assignments().principals.keys().cloned().collect();
        let who: Vec<PrincipalId> = if self.who.is_empty() { all() } else { self.who.clone() };
        let text = Table::generate(&policy.engine, &who).map_err(undecided)?;
        let report = text.lines().fold(Report::new(), Report::line);
        Ok(report.field("table", text))
    }
}

fn read(path: &Path) -> Result<Table, Failure> {
    let bytes = read_small(path, "the table", Table::MAX_LEN)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage("the table is not UTF-8").next("write it as plain text"))?;
    Table::parse(&text).map_err(|error| {
        Failure::usage(format!("the table of expected decisions, {error}"))
            .next("docs/policies.md describes its columns; --write prints one")
    })
}

fn compared(table: &Table, policy: &InForce) -> Result<Report, Failure> {
    let outcomes = table.run(&policy.engine).map_err(undecided)?;
    let wrong: Vec<&Outcome> =
        outcomes.iter().filter(|outcome| !outcome.is_as_expected()).collect();
    let mut report = Report::new();
    for outcome in wrong.iter().take(SHOWN) {
        report = report.line(line(outcome));
    }
    if wrong.len() > SHOWN {
        report = report.line(format!("… and {} more", wrong.len().saturating_sub(SHOWN)));
    }
    let values: Vec<_> = wrong.iter().take(SHOWN_JSON).map(|outcome| value(outcome)).collect();
    report = report
        .line(format!("{} decision(s), {} not as expected", outcomes.len(), wrong.len()))
        .field("decisions", outcomes.len())
        .field("unexpected", wrong.len())
        .field("failures", values);
    report.failed = (!wrong.is_empty()).then_some(Exit::Failure);
    Ok(report)
}

fn undecided(error: DecideError) -> Failure {
    Failure::new(Exit::Policy, error.to_string())
        .next("a rule that cannot be evaluated permits nothing: correct it in the source")
}

/// `line 7, TREAT: expected permit, decided forbidden by no-own-review`
fn line(outcome: &Outcome) -> String {
    let purpose = outcome.purpose.map_or("no purpose", Purpose::name);
    let emergency = if outcome.emergency { ", under an emergency" } else { "" };
    let factors = if outcome.two_factors { "two factors" } else { "one factor" };
    let rules = rules(outcome);
    let by = if rules.is_empty() { "no rule".to_owned() } else { rules.join(", ") };
    format!(
        "line {}, {purpose}{emergency}, {factors}: expected {}, decided {} by {by}",
        outcome.line,
        expected(outcome.expected),
        found(outcome.found),
    )
}

fn value(outcome: &Outcome) -> Value {
    json!({
        "line": outcome.line,
        "purpose": outcome.purpose.map(Purpose::name),
        "emergency": outcome.emergency,
        "two_factors": outcome.two_factors,
        "expected": expected(outcome.expected),
        "decided": found(outcome.found),
        "rules": rules(outcome),
    })
}

fn rules(outcome: &Outcome) -> Vec<String> {
    outcome.rules.iter().map(RuleName::to_string).collect()
}

const fn expected(expected: Expected) -> &'static str {
    match expected {
        Expected::Permit => "permit",
        Expected::Deny => "deny",
        Expected::Refused(refusal) => refusal.name(),
    }
}

const fn found(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => "permit",
        Effect::Deny(refusal) => refusal.name(),
    }
}
