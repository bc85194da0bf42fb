//! Tables of what a policy decides now: to be read by somebody, and to be kept as what it must decide.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::super::question::{Question, Subject};
use super::super::resource_class::ResourceClass;
use super::{Engine, Table, every_purpose};
use crate::action::Action;
use crate::decision::{DecideError, Effect};
use crate::ids::PrincipalId;
use crate::purpose::Purpose;
use crate::request::Resource;

/// What is decided without and with an emergency, each with one factor and with two.
type Fourfold = [[&'static str; 2]; 2];

impl Table {
    /// Writes a table of what the engine decides now about these principals: every action and every kind of
    /// resource, every purpose there is and none, with and without an emergency, freshly proven with one factor and
    /// with two. What is decided alike shares a line.
    ///
    /// # Errors
    /// [`DecideError`] if one of them cannot be decided.
    pub fn generate(engine: &Engine, principals: &[PrincipalId]) -> Result<String, DecideError> {
        let other = engine.somebody_else().ok_or(DecideError::Evaluation)?;
        let resources = ResourceClass::all(engine.hierarchy.datasets());
        let mut text = format!("{}\n", Self::HEAD);
        for id in principals {
            for action in Action::ALL {
                for class in &resources {
                    let resource = class.example(id, &other);
                    for (decided, purposes) in decided(engine, id, *action, &resource)? {
                        lines(&mut text, &format!("{id},{action},{class}"), decided, &purposes);
                    }
                }
            }
        }
        Ok(text)
    }
}

/// Purposes by what is decided for them; nothing where the schema has no such action on such a thing.
fn decided(
    engine: &Engine,
    id: &PrincipalId,
    action: Action,
    resource: &Resource,
) -> Result<BTreeMap<Fourfold, Vec<&'static str>>, DecideError> {
    let subject = Subject::assigned(engine, id);
    let mut found: BTreeMap<Fourfold, Vec<&str>> = BTreeMap::new();
    if subject.as_ref().is_some_and(|subject| !action.applies_to(subject.kind, resource)) {
        return Ok(found);
    }
    let effect = |purpose, emergency, two_factors| -> Result<&'static str, DecideError> {
        let question = subject.clone().map(|subject| {
            let age = Duration::ZERO;
            Question { subject, action, resource, purpose, emergency, two_factors, age }
        });
        Ok(match engine.verdict(question.as_ref())?.effect {
            Effect::Permit => "permit",
            Effect::Deny(refusal) => refusal.name(),
        })
    };
    for purpose in every_purpose() {
        let fourfold = [
            [effect(purpose, false, false)?, effect(purpose, false, true)?],
            [effect(purpose, true, false)?, effect(purpose, true, true)?],
        ];
        found.entry(fourfold).or_default().push(purpose.map_or("-", Purpose::name));
    }
    Ok(found)
}

/// As few lines as say it.
fn lines(text: &mut String, start: &str, decided: Fourfold, purposes: &[&str]) {
    let all = purposes.len() == every_purpose().count();
    let purposes = if all { "*".to_owned() } else { purposes.join("|") };
    let [[a, b], [c, d]] = decided;
    let lines = if a == b && c == d && a == c {
        vec![("*", "*", a)]
    } else if a == b && c == d {
        vec![("no", "*", a), ("yes", "*", c)]
    } else if a == c && b == d {
        vec![("*", "no", a), ("*", "yes", b)]
    } else {
        vec![("no", "no", a), ("no", "yes", b), ("yes", "no", c), ("yes", "yes", d)]
    };
    for (emergency, two_factors, effect) in lines {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{start},{purposes},{emergency},{two_factors},0,{effect}");
    }
}
