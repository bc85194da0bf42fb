//! Reads the rules of a policy and refuses them all if one of them could mean something else than it says.

mod literals;
mod reading;

use std::collections::BTreeSet;

use cedar_policy::{PolicySet, Schema, ValidationMode, ValidationWarning, Validator};

use self::reading::Reading;
use super::error::{Finding, LoadError, Problem};
use super::hierarchy::Hierarchy;
use super::names::Names;
use super::rule::Rule;
use super::statements::{MAX_DEPTH, statements};
use crate::assignments::Assignments;
use crate::settings::Settings;

/// The most files of rules.
pub(super) const MAX_FILES: usize = 1_000;
/// The longest file, in bytes.
pub(super) const MAX_FILE_LEN: usize = 1 << 20;
/// The most rules: a decision looks at all rules of its action.
pub(super) const MAX_RULES: usize = 10_000;
/// The longest rule, in bytes. The parser's depth follows from it.
pub(super) const MAX_RULE_LEN: usize = 8 << 10;

/// What rules are read against.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) assignments: &'a Assignments,
    pub(super) hierarchy: &'a Hierarchy,
    pub(super) names: &'a Names,
}

/// Reads all rules, in their order.
pub(super) fn rules(files: &[(&str, &str)], ground: &Ground<'_>) -> Result<Vec<Rule>, LoadError> {
    check_sizes(files)?;
    let Ok((schema, _)) = Schema::from_cedarschema_str(super::SCHEMA) else {
        return Err(alone(Problem::BrokenSchema));
    };
    let validator = Validator::new(schema);
    let (mut rules, mut findings) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for (file, text) in files {
        for statement in statements(text) {
            if rules.len() >= MAX_RULES || findings.len() >= MAX_RULES {
                findings.push(finding(Problem::TooMuch { what: "rules", most: MAX_RULES }));
                return Err(LoadError { findings });
            }
            let mut reading = Reading::new(file, text, statement);
            if let Some(rule) = read(&mut reading, &validator, ground) {
                if !seen.insert(rule.name.clone()) {
                    reading.note(Some(&rule.name), 0, Problem::Duplicate);
                }
                rules.push(rule);
            }
            findings.append(&mut reading.findings);
        }
    }
    if findings.is_empty() { Ok(rules) } else { Err(LoadError { findings }) }
}

/// What is wrong with the assignments, as far as decisions depend on it.
pub(super) fn assignments(ground: &Ground<'_>, settings: &Settings) -> Result<(), LoadError> {
    let mut findings = Vec::new();
    for id in ground.assignments.principals.keys() {
        let standing = ground.hierarchy.principal(id);
        let conflict = standing.and_then(|s| ground.hierarchy.conflict(&s.places));
        let problem = conflict.map(|(a, b)| Problem::Separated(a.clone(), b.clone()));
        findings.extend(problem.map(finding));
    }
    for id in ground.assignments.datasets.keys() {
        let limits = ground.hierarchy.dataset(id).and_then(|view| view.purposes.as_ref());
        if limits.is_some_and(|limits| limits.is_disjoint(&settings.purposes)) {
            findings.push(finding(Problem::NoPurpose(id.clone())));
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(LoadError { findings }) }
}

pub(super) fn alone(problem: Problem) -> LoadError {
    LoadError { findings: vec![finding(problem)] }
}

const fn finding(problem: Problem) -> Finding {
    Finding { at: None, rule: None, problem }
}

fn check_sizes(files: &[(&str, &str)]) -> Result<(), LoadError> {
    if files.len() > MAX_FILES {
        return Err(alone(Problem::TooMuch { what: "files of rules", most: MAX_FILES }));
    }
    if files.iter().any(|(_, text)| text.len() > MAX_FILE_LEN) {
        return Err(alone(Problem::TooMuch {
            what: "bytes in a file of rules",
            most: MAX_FILE_LEN,
        }));
    }
    Ok(())
}

/// Reads one rule; what is wrong is noted. A rule that has a name is handed back even so, so that a second one
/// of that name is found.
fn read(reading: &mut Reading<'_>, validator: &Validator, ground: &Ground<'_>) -> Option<Rule> {
    if reading.text().len() > MAX_RULE_LEN {
        reading.note(None, 0, Problem::TooMuch { what: "bytes in a rule", most: MAX_RULE_LEN });
        return None;
    }
    if reading.is_too_deep() {
        reading.note(None, 0, Problem::TooMuch { what: "brackets in brackets", most: MAX_DEPTH });
        return None;
    }
    let policy = reading.parse()?;
    let (name, why) = reading.annotations(&policy);
    let policy = match &name {
        Some(name) => policy.new_id(cedar_policy::PolicyId::new(name.as_str())),
        None => policy,
    };
    validate(reading, name.as_ref(), &policy, validator);
    literals::check(reading, name.as_ref(), &policy, ground);
    Some(reading.rule(name?, why.unwrap_or_default(), policy, ground))
}

/// What Cedar's validator finds. Its warnings are refused too: a rule that matches nothing protects nothing.
fn validate(
    reading: &mut Reading<'_>,
    name: Option<&crate::ids::RuleName>,
    policy: &cedar_policy::Policy,
    validator: &Validator,
) {
    let Ok(set) = PolicySet::from_policies([policy.clone()]) else {
        return reading.note(
            name,
            0,
            Problem::Syntax { says: "it is not a rule by itself".to_owned() },
        );
    };
    let result = validator.validate(&set, ValidationMode::Strict);
    for error in result.validation_errors() {
        reading.note_detailed(name, &error.into(), |says| Problem::Schema { says });
    }
    for warning in result.validation_warnings() {
        if !is_unreachable(warning) {
            reading.note_detailed(name, &warning.into(), |says| Problem::Misleading { says });
        }
    }
    // Cedar may say in two ways that nothing matches.
    if let Some(warning) = result.validation_warnings().find(|warning| is_unreachable(warning)) {
        reading.note_detailed(name, &warning.into(), |says| Problem::Unreachable { says });
    }
}

const fn is_unreachable(warning: &ValidationWarning) -> bool {
    matches!(
        warning,
        ValidationWarning::ImpossiblePolicy(_) | ValidationWarning::InvalidActionApplication(_)
    )
}
