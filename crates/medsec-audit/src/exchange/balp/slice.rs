//! The parts of a profile that speak of one agent or entity among others: a *slice*, picked by its type.

use serde_json::Value;

use super::super::code::Code;
use super::Rule;
use super::reference::Contained;
use super::report::{ElementPath, Report, Step};

/// One agent or entity that a profile speaks of.
#[derive(Debug)]
pub(super) struct Slice {
    /// The types that make an agent or entity this one.
    pub(super) types: &'static [Code],
    /// The rule that is broken if there is none.
    pub(super) missing: Option<Rule>,
    /// What it must have.
    pub(super) needs: &'static [(&'static str, Rule)],
    /// What it must not have.
    pub(super) never: &'static [&'static str],
    pub(super) more: More,
}

/// What else holds for it.
#[derive(Clone, Copy, Debug)]
pub(super) enum More {
    Nothing,
    /// It is the requestor.
    Requestor,
    /// It is the observer of the source.
    Observer,
    /// Its role is one of these.
    Role(&'static [Code], Rule),
    /// It is in the role of a patient, and refers to one.
    Patient(Code),
    /// It has the value of an identifier.
    Transaction,
}

/// Whether a coding is this code.
pub(super) fn is(coding: &Value, code: &Code) -> bool {
    let member = |name| coding.get(name).and_then(Value::as_str);
    member("system") == Some(code.system) && member("code") == Some(code.code)
}

/// The list of this name, or nothing.
pub(super) fn items<'a>(event: &'a Value, list: &str) -> &'a [Value] {
    event.get(list).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl Slice {
    /// Whether the type of an agent (a concept) or an entity (a coding) is one of the slice.
    fn takes(&self, item: &Value) -> bool {
        let Some(kind) = item.get("type") else { return false };
        let mut codings = std::iter::once(kind).chain(items(kind, "coding"));
        codings.any(|coding| self.types.iter().any(|code| is(coding, code)))
    }

    /// Checks those items of the list that are in the slice.
    pub(super) fn check(&self, event: &Value, list: &'static str, report: &mut Report) {
        let all = items(event, list).iter().enumerate();
        let mut picked = all.filter(|(_, item)| self.takes(item));
        let Some(first) = picked.next() else {
            let path = ElementPath::default().below(&[Step::Element(list)]);
            return self.missing.into_iter().for_each(|rule| report.add(path.clone(), rule));
        };
        let at = |index| ElementPath::default().below(&[Step::Element(list), Step::Index(index)]);
        self.check_one(event, first.1, &at(first.0), list, report);
        // The first is held against the rules; that there is another is enough to say of the others.
        picked.for_each(|(index, _)| report.add(at(index), Rule::SliceRepeated));
    }

    fn check_one(
        &self,
        event: &Value,
        item: &Value,
        at: &ElementPath,
        list: &'static str,
        report: &mut Report,
    ) {
        let below = |name| at.below(&[Step::Element(name)]);
        for (name, rule) in self.needs.iter().filter(|(name, _)| item.get(name).is_none()) {
            report.add(below(name), *rule);
        }
        let never = if list == "agent" { Rule::AgentNever } else { Rule::EntityNever };
        for name in self.never.iter().filter(|name| item.get(name).is_some()) {
            report.add(below(name), never);
        }
        if let Some((name, rule)) = self.more.broken(event, item) {
            report.add(below(name), rule);
        }
    }
}

impl More {
    /// The element and the rule that it breaks.
    fn broken(self, event: &Value, item: &Value) -> Option<(&'static str, Rule)> {
        let broken = |holds: bool, name, rule| (!holds).then_some((name, rule));
        let role_of = |codes: &[Code]| {
            let role = item.get("role");
            role.is_some_and(|role| codes.iter().any(|code| is(role, code)))
        };
        match self {
            Self::Nothing => None,
            Self::Requestor => {
                let asks = item.get("requestor") == Some(&Value::Bool(true));
                broken(asks, "requestor", Rule::UserRequestor)
            }
            Self::Observer => {
                let observer = event.get("source").and_then(|source| source.get("observer"));
                broken(item.get("who") == observer, "who", Rule::Observer)
            }
            Self::Role(codes, rule) => broken(role_of(codes), "role", rule),
            Self::Patient(code) => {
                broken(role_of(&[code]), "role", Rule::PatientRole).or_else(|| {
                    let contained = Contained::of(event);
                    let kind = item.get("what").and_then(|what| contained.kind_of(what));
                    broken(
                        kind.is_none_or(|kind| kind == "Patient"),
                        "what",
                        Rule::PatientReference,
                    )
                })
            }
            Self::Transaction => {
                let value = item.get("what").and_then(|what| what.get("identifier"));
                let has = value.is_some_and(|id| id.get("value").is_some_and(Value::is_string));
                broken(has, "what", Rule::TransactionId)
            }
        }
    }
}
