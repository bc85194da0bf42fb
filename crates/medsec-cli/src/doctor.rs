//! Looks whether a machine and a home are fit to keep ePHI, and says how to mend what is not.
//!
//! [`facts`] looks, [`machine`] and [`home`] judge: what they judge can be stated in a test.

mod facts;
mod home;
mod log;
mod machine;
mod policy;

use serde_json::{Value, json};

pub(crate) use self::facts::Facts;

use crate::exit::Exit;
use crate::report::Report;
use crate::session::Session;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// Works, but protects less than it could.
    Warning,
    /// To be mended before anything is sealed here.
    Problem,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) mend: Option<String>,
}

impl Finding {
    fn good(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, message: message.into(), mend: None }
    }

    fn warning(check: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        let (message, mend) = (message.into(), Some(mend.into()));
        Self { check, verdict: Verdict::Warning, message, mend }
    }

    fn problem(check: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { verdict: Verdict::Problem, ..Self::warning(check, message, mend) }
    }
}

/// Makes all checks.
pub(crate) fn examine(session: &Session) -> Vec<Finding> {
    let facts = Facts::gather(session);
    let mut findings = machine::judge(&facts);
    findings.extend(home::judge(session));
    findings
}

/// What the checks came to, for people and programs.
pub(crate) fn report(findings: &[Finding]) -> Report {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (problems, warnings) = (count(Verdict::Problem), count(Verdict::Warning));
    let mut report = Report::new();
    for finding in findings {
        report = report.line(format!(
            "{:8} {}: {}",
            finding.verdict.name(),
            finding.check,
            finding.message
        ));
        if let Some(mend) = &finding.mend {
            report = report.line(format!("         → {mend}"));
        }
    }
    report = report
        .line(format!("{problems} problem(s), {warnings} warning(s), {} checks", findings.len()))
        .field("problems", problems)
        .field("warnings", warnings)
        .field("checks", findings.iter().map(value_of).collect::<Vec<Value>>());
    report.failed = (problems > 0).then_some(Exit::Failure);
    report
}

fn value_of(finding: &Finding) -> Value {
    json!({
        "check": finding.check,
        "verdict": finding.verdict.name(),
        "message": finding.message,
        "mend": finding.mend,
    })
}
