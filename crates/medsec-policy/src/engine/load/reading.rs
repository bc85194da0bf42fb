//! One rule while it is read, and what is found wrong with it.

use std::collections::BTreeSet;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy};

use super::super::error::{At, Finding, Problem};
use super::super::rule::{Rule, RuleEffect};
use super::super::statements::{Statement, line_and_column};
use super::{Ground, literals};
use crate::action::Action;
use crate::ids::{RoleName, RuleName};

/// The longest reason in `@why`, in bytes.
const MAX_WHY_LEN: usize = 500;

pub(super) struct Reading<'a> {
    file: &'a str,
    text: &'a str,
    statement: Statement<'a>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Reading<'a> {
    pub(super) const fn new(file: &'a str, text: &'a str, statement: Statement<'a>) -> Self {
        Self { file, text, statement, findings: Vec::new() }
    }

    pub(super) const fn text(&self) -> &'a str {
        self.statement.text
    }

    pub(super) const fn is_too_deep(&self) -> bool {
        self.statement.too_deep
    }

    /// Notes a problem at so many bytes from the rule's beginning.
    pub(super) fn note(&mut self, rule: Option<&RuleName>, offset: usize, problem: Problem) {
        let at = self.statement.start.saturating_add(offset);
        let (line, column) = line_and_column(self.text, at);
        let at = Some(At { file: self.file.to_owned(), line, column });
        self.findings.push(Finding { at, rule: rule.cloned(), problem });
    }

    /// Notes what Cedar describes, where Cedar says it is.
    pub(super) fn note_detailed(
        &mut self,
        rule: Option<&RuleName>,
        error: &DetailedError,
        problem: impl Fn(String) -> Problem,
    ) {
        let offset = error.source_locations.first().map_or(0, |label| label.loc.start);
        let help = error.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
        // The rule is named already, and one finding is one line.
        let about = rule.map(|rule| format!("for policy `{rule}`, ")).unwrap_or_default();
        let message = error.message.strip_prefix(&about).unwrap_or(&error.message);
        let says = format!("{message}{help}").split_whitespace().collect::<Vec<_>>().join(" ");
        self.note(rule, offset, problem(says));
    }

    pub(super) fn parse(&mut self) -> Option<Policy> {
        match Policy::parse(None, self.text()) {
            Ok(policy) => Some(policy),
            Err(errors) => {
                let detailed = DetailedError::from(&errors);
                for error in std::iter::once(&detailed).chain(&detailed.related) {
                    self.note_detailed(None, error, |says| Problem::Syntax { says });
                }
                None
            }
        }
    }

    /// The rule's name and reason; what is missing or has no reader is noted.
    pub(super) fn annotations(&mut self, policy: &Policy) -> (Option<RuleName>, Option<String>) {
        let name = policy.annotation("id").map(RuleName::new);
        let why = policy.annotation("why").map(|why| why.trim().to_owned());
        match &name {
            None => self.note(None, 0, Problem::MissingAnnotation { name: "id" }),
            Some(Err(_)) => self.note(None, 0, Problem::InvalidAnnotation { name: "id" }),
            Some(Ok(_)) => {}
        }
        let name = name.and_then(Result::ok);
        let says = |why: &String| {
            (1..=MAX_WHY_LEN).contains(&why.len()) && !why.contains(|c: char| c.is_control())
        };
        match &why {
            None => self.note(name.as_ref(), 0, Problem::MissingAnnotation { name: "why" }),
            Some(why) if !says(why) => {
                self.note(name.as_ref(), 0, Problem::InvalidAnnotation { name: "why" });
            }
            Some(_) => {}
        }
        for (other, _) in policy.annotations().filter(|(key, _)| !["id", "why"].contains(key)) {
            let offset = self.text().find(&format!("@{other}")).unwrap_or(0);
            let problem = Problem::UnknownAnnotation { name: other.to_owned() };
            self.note(name.as_ref(), offset, problem);
        }
        (name, why)
    }

    pub(super) fn rule(
        &self,
        name: RuleName,
        why: String,
        policy: Policy,
        ground: &Ground<'_>,
    ) -> Rule {
        let (literals, looks_into) = literals::of(&policy);
        let parsed = literals::parsed(&policy);
        let parsed = parsed.as_deref();
        let role = |uid: &EntityUid| {
            let is_role = *uid.type_name() == ground.names.role;
            let name = is_role.then(|| RoleName::new(uid.id().unescaped()).ok()).flatten()?;
            ground.hierarchy.role(&name)
        };
        Rule {
            name,
            why,
            effect: match policy.effect() {
                Effect::Permit => RuleEffect::Permit,
                Effect::Forbid => RuleEffect::Forbid,
            },
            file: self.file.to_owned(),
            line: line_and_column(self.text, self.statement.start).0,
            actions: actions(&policy),
            roles: literals.iter().filter_map(role).collect(),
            looks_into,
            asks_other: literals::asks(parsed, &["sealedBy", "initiator"]),
            asks_age: literals::asks(parsed, &["authenticationAge"]),
            literals,
            policy,
        }
    }
}

/// The actions that the head of the rule admits.
fn actions(policy: &Policy) -> BTreeSet<Action> {
    let known = |uid: &EntityUid| uid.id().unescaped().parse().ok();
    match policy.action_constraint() {
        ActionConstraint::Any => Action::ALL.iter().copied().collect(),
        ActionConstraint::In(all) => all.iter().filter_map(known).collect(),
        ActionConstraint::Eq(one) => known(&one).into_iter().collect(),
    }
}
