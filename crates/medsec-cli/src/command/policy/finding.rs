//! What is wrong with a source, and where: one line for people, one object for programs.

use medsec_policy::{At, Finding as RuleFinding, LoadError, SourceError, SourceFile};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// It cannot be put in force.
    Error,
    /// It can, and is probably not meant.
    Warning,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) level: Level,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    rule: Option<String>,
    pub(super) message: String,
}

impl Finding {
    pub(super) fn error(file: &str, message: impl Into<String>) -> Self {
        let (level, file, message) = (Level::Error, Some(file.to_owned()), message.into());
        Self { level, file, line: None, column: None, rule: None, message }
    }

    pub(super) fn warning(file: &str, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(file, message) }
    }

    /// What keeps a source from being made a policy: the first thing.
    pub(super) fn of_source(error: &SourceError) -> Self {
        let file = match &error.file {
            SourceFile::Folder => None,
            file => Some(file.to_string()),
        };
        let (level, message) = (Level::Error, error.problem.to_string());
        Self { level, file, line: error.line, column: None, rule: None, message }
    }

    fn of_rule(finding: &RuleFinding) -> Self {
        let (file, line, column) = match &finding.at {
            Some(At { file, line, column }) => {
                (Some(format!("rules/{file}.cedar")), Some(*line), Some(*column))
            }
            None => (None, None, None),
        };
        let rule = finding.rule.as_ref().map(ToString::to_string);
        let (level, message) = (Level::Error, finding.problem.to_string());
        Self { level, file, line, column, rule, message }
    }

    /// Everything that is wrong with the rules.
    pub(super) fn of_rules(error: &LoadError) -> Vec<Self> {
        error.findings().iter().map(Self::of_rule).collect()
    }

    /// `rules/care.cedar:3:5: error: rule `x`: …`
    pub(super) fn shown(&self) -> String {
        let mut place = self.file.clone().unwrap_or_default();
        for number in [self.line, self.column].into_iter().flatten() {
            place = format!("{place}:{number}");
        }
        let place = if place.is_empty() { place } else { format!("{place}: ") };
        let rule = self.rule.as_ref().map_or_else(String::new, |rule| format!("rule `{rule}`: "));
        format!("{place}{}: {rule}{}", self.level.name(), self.message)
    }

    pub(super) fn value(&self) -> Value {
        json!({
            "level": self.level.name(),
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "rule": self.rule,
            "message": self.message,
        })
    }
}

/// The rules are refused, each finding with its place.
pub(super) fn refused(error: &LoadError) -> Failure {
    let lines: Vec<String> = Finding::of_rules(error).iter().map(Finding::shown).collect();
    Failure::new(Exit::Policy, lines.join("\n"))
        .next("correct the rules; docs/policies.md describes them")
}
