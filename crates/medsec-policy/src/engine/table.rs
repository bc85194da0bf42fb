//! Tables of expected decisions: what somebody who read a policy by hand says that it must decide.
//!
//! Text of lines with commas. The first is [`Table::HEAD`]; empty lines and those that start with `#` are passed
//! over. A line asks one question for each of its purposes:
//!
//! ```text
//! principal,action,resource,purpose,emergency,two-factors,age,expect
//! ann,open,package:ct-2026,TREAT|COC,no,yes,60,permit
//! ann,open,package:ct-2026,-,no,yes,60,purpose
//! ```
//!
//! `purpose` is one or several with `|` between them, `-` for none stated, or `*` for all there are and none;
//! `emergency` and `two-factors` are `yes`, `no` or `*` for both; `age` of the proof is in seconds; `expect` is
//! `permit`, `deny` or the reason of a refusal. [`ResourceClass`] says how resources are written.

mod generate;
mod read;

use std::time::Duration;

use super::Engine;
use super::question::{Question, Subject};
use super::resource_class::ResourceClass;
use crate::action::Action;
use crate::decision::{DecideError, Effect, Refusal};
use crate::ids::{PrincipalId, RuleName};
use crate::purpose::Purpose;

pub use self::read::{TableError, TableProblem};

/// Expected decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Row>,
}

/// What is expected of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth")]
pub enum Expected {
    /// That it permits.
    Permit,
    /// That it denies, whatever the reason.
    Deny,
    /// That it denies for this reason.
    Refused(Refusal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    line: usize,
    principal: PrincipalId,
    action: Action,
    resource: ResourceClass,
    /// Never empty.
    purposes: Vec<Option<Purpose>>,
    /// Never empty, as the next.
    emergency: &'static [bool],
    two_factors: &'static [bool],
    age: Duration,
    expected: Expected,
}

/// One decision of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The line that asked for it, from 1.
    pub line: usize,
    /// The purpose, where one was stated.
    pub purpose: Option<Purpose>,
    /// Whether under an open emergency.
    pub emergency: bool,
    /// Whether the principal had proved who they are with two factors.
    pub two_factors: bool,
    /// What was expected.
    pub expected: Expected,
    /// What was decided.
    pub found: Effect,
    /// The rules that decided, in their order.
    pub rules: Vec<RuleName>,
}

impl Outcome {
    /// Whether it was decided as expected.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        match (self.expected, self.found) {
            (Expected::Permit, Effect::Permit) | (Expected::Deny, Effect::Deny(_)) => true,
            (Expected::Refused(expected), Effect::Deny(found)) => expected == found,
            _ => false,
        }
    }
}

impl Table {
    /// The names of the columns: the first line of every table.
    pub const HEAD: &str = "principal,action,resource,purpose,emergency,two-factors,age,expect";
    /// The longest text, in bytes.
    pub const MAX_LEN: usize = 16 << 20;

    /// How many decisions it expects.
    #[must_use]
    pub fn decisions(&self) -> usize {
        self.rows.iter().map(|row| row.asked().count()).fold(0, usize::saturating_add)
    }

    /// Asks the engine all questions of the table, and hands back all answers in the table's order.
    ///
    /// # Errors
    /// [`DecideError`] if one of them cannot be decided.
    pub fn run(&self, engine: &Engine) -> Result<Vec<Outcome>, DecideError> {
        let other = engine.somebody_else().ok_or(DecideError::Evaluation)?;
        let mut outcomes = Vec::with_capacity(self.decisions());
        for row in &self.rows {
            row.run(engine, &other, &mut outcomes)?;
        }
        Ok(outcomes)
    }
}

impl Row {
    fn run(
        &self,
        engine: &Engine,
        other: &PrincipalId,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), DecideError> {
        let resource = self.resource.example(&self.principal, other);
        let subject = Subject::assigned(engine, &self.principal);
        for (purpose, emergency, two_factors) in self.asked() {
            let question = subject.clone().map(|subject| Question {
                subject,
                action: self.action,
                resource: &resource,
                purpose,
                emergency,
                two_factors,
                age: self.age,
            });
            let verdict = engine.verdict(question.as_ref())?;
            outcomes.push(Outcome {
                line: self.line,
                purpose,
                emergency,
                two_factors,
                expected: self.expected,
                found: verdict.effect,
                rules: verdict.rules.iter().map(|rule| rule.name().clone()).collect(),
            });
        }
        Ok(())
    }

    /// Every combination that the row stands for.
    fn asked(&self) -> impl Iterator<Item = (Option<Purpose>, bool, bool)> {
        self.purposes.iter().flat_map(move |purpose| {
            self.emergency.iter().flat_map(move |emergency| {
                self.two_factors.iter().map(move |two| (*purpose, *emergency, *two))
            })
        })
    }
}

/// None stated, and all there are.
fn every_purpose() -> impl Iterator<Item = Option<Purpose>> {
    std::iter::once(None).chain(Purpose::ALL.iter().copied().map(Some))
}
