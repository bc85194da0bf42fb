//! The walk over an event along the elements of FHIR R4.

use serde_json::{Map, Value};

use super::reference::{Contained, Target, is_kind};
use super::report::{ElementPath, Report, Step};
use super::schema::AUDIT_EVENT;
use super::types::{Also, COMMON, Element, Kind, MODIFIER, REFERENCE, SIBLING, Type};
use super::{MAX_DEPTH, Rule};

/// Checks an event against FHIR R4 alone.
pub(super) fn check(event: &Value, report: &mut Report) {
    let Some(members) = event.as_object() else {
        return report.add(ElementPath::default(), Rule::WrongType);
    };
    if members.get("resourceType").and_then(Value::as_str) != Some("AuditEvent") {
        report.add(ElementPath::default(), Rule::ResourceType);
    }
    let contained = Contained::of(event);
    let mut walk = Walk { contained: &contained, report, path: ElementPath::default(), depth: 1 };
    walk.members(members, &AUDIT_EVENT, &["resourceType"]);
    walk.requestors(members);
}

/// Where the walk is, and what it found.
struct Walk<'a> {
    contained: &'a Contained<'a>,
    report: &'a mut Report,
    path: ElementPath,
    depth: usize,
}

impl Walk<'_> {
    fn found(&mut self, rule: Rule) {
        self.report.add(self.path.clone(), rule);
    }

    fn found_below(&mut self, name: &'static str, rule: Rule) {
        self.report.add(self.path.below(&[Step::Element(name)]), rule);
    }

    /// Goes one step down and comes back.
    fn at(&mut self, step: Step, inside: impl FnOnce(&mut Self)) {
        self.path.push(step);
        inside(self);
        self.path.pop();
    }

    /// An object of a type.
    fn object(&mut self, value: &Value, of: &'static Type) {
        let Some(members) = value.as_object() else { return self.found(Rule::WrongType) };
        if self.depth >= MAX_DEPTH {
            return self.found(Rule::TooDeep);
        }
        self.depth = self.depth.saturating_add(1);
        self.members(members, of, &[]);
        self.depth = self.depth.saturating_sub(1);
    }

    fn members(&mut self, members: &Map<String, Value>, of: &'static Type, besides: &[&str]) {
        if members.is_empty() {
            self.found(Rule::Empty);
        }
        let elements = of.elements.iter().chain(&COMMON).chain(of.is_backbone.then_some(&MODIFIER));
        let mut known: Vec<&str> = besides.to_vec();
        for element in elements {
            known.push(element.name);
            self.element(members, element);
        }
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            let plain = name.strip_prefix('_').and_then(|name| primitive(of, name));
            match plain.zip(members.get(name)) {
                Some((element, value)) => self.sibling(element, value),
                None => self.report.add_unknown(self.path.clone(), name),
            }
        }
        self.also(members, of.also);
    }

    fn element(&mut self, members: &Map<String, Value>, element: &'static Element) {
        let Some(value) = members.get(element.name) else {
            let has_sibling = members.contains_key(&format!("_{}", element.name));
            if element.is_required && !has_sibling {
                self.found_below(element.name, Rule::Missing);
            }
            return;
        };
        self.at(Step::Element(element.name), |walk| match (element.is_list, value) {
            (_, Value::Null) => walk.found(Rule::Empty),
            (true, Value::Array(items)) => walk.list(items, element, members),
            (true, _) => walk.found(Rule::ListExpected),
            (false, Value::Array(_)) => walk.found(Rule::NotAList),
            (false, value) => walk.value(value, element.kind),
        });
    }

    fn list(&mut self, items: &[Value], element: &'static Element, members: &Map<String, Value>) {
        if items.is_empty() {
            self.found(Rule::Empty);
        }
        // A primitive that has only an extension is null here, and the extension stands beside it.
        let has_sibling = members.contains_key(&format!("_{}", element.name));
        let is_primitive = matches!(element.kind, Kind::Primitive(_));
        for (index, item) in items.iter().enumerate() {
            self.at(Step::Index(index), |walk| match item {
                Value::Null if is_primitive && has_sibling => {}
                Value::Null => walk.found(Rule::Empty),
                Value::Array(_) => walk.found(Rule::NotAList),
                item => walk.value(item, element.kind),
            });
        }
    }

    fn value(&mut self, value: &Value, kind: Kind) {
        match kind {
            Kind::Primitive(form) => {
                if let Err(rule) = form.check(value) {
                    self.found(rule);
                }
            }
            Kind::Bound(codes) => match value {
                Value::String(code) if codes.contains(&code.as_str()) => {}
                Value::String(_) => self.found(Rule::RequiredBinding),
                _ => self.found(Rule::WrongType),
            },
            Kind::Complex(of) => self.object(value, of),
            Kind::Reference(targets) => {
                self.object(value, &REFERENCE);
                self.reference(value, targets);
            }
            Kind::Resource => self.resource(value),
            Kind::Any => {
                if value.as_object().is_none_or(Map::is_empty) {
                    self.found(Rule::Empty);
                }
            }
        }
    }

    /// `_name`: id and extensions of a primitive value.
    fn sibling(&mut self, element: &'static Element, value: &Value) {
        self.at(Step::Element(element.name), |walk| match (element.is_list, value) {
            (true, Value::Array(items)) => {
                items.iter().filter(|item| !item.is_null()).for_each(|item| {
                    walk.object(item, &SIBLING);
                })
            }
            (true, _) => walk.found(Rule::ListExpected),
            (false, value) => walk.object(value, &SIBLING),
        });
    }

    fn reference(&mut self, value: &Value, targets: &[&str]) {
        let text = value.get("reference").and_then(Value::as_str).map(Target::of);
        match text {
            Some(Target::Malformed) => return self.found(Rule::ReferenceForm),
            Some(Target::Local(id)) if !self.contained.has(id) => {
                return self.found(Rule::LocalReference);
            }
            _ => {}
        }
        let kind = self.contained.kind_of(value);
        if kind.is_some_and(|kind| !targets.is_empty() && !targets.contains(&kind)) {
            self.found(Rule::ReferenceTarget);
        }
    }

    /// A contained resource: of a kind, not containing others, without a version of its own.
    fn resource(&mut self, value: &Value) {
        let Some(members) = value.as_object() else { return self.found(Rule::WrongType) };
        let kind = members.get("resourceType").and_then(Value::as_str);
        if !kind.is_some_and(is_kind) {
            self.found(Rule::Form);
        }
        let meta = members.get("meta");
        let of_its_own = |name| meta.is_some_and(|meta| meta.get(name).is_some());
        let versioned = of_its_own("versionId") || of_its_own("lastUpdated");
        if members.contains_key("contained") || versioned {
            self.found(Rule::Contained);
        }
    }

    fn also(&mut self, members: &Map<String, Value>, also: Also) {
        let has = |name: &str| members.contains_key(name);
        let values =
            members.keys().filter(|name| name.trim_start_matches('_').starts_with("value"));
        let mut values: Vec<_> = values.map(|name| name.trim_start_matches('_')).collect();
        values.sort_unstable();
        values.dedup();
        match also {
            Also::Nothing => {}
            Also::Entity if has("name") && has("query") => self.found(Rule::NameAndQuery),
            Also::Entity => {}
            Also::Extension | Also::Detail if values.len() > 1 => self.found(Rule::ChoiceTwice),
            Also::Detail if values.is_empty() => self.found_below("value", Rule::Missing),
            Also::Detail => {}
            Also::Extension if values.is_empty() != has("extension") => {
                self.found(Rule::ExtensionValue);
            }
            Also::Extension => {}
        }
    }

    fn requestors(&mut self, members: &Map<String, Value>) {
        let agents = members.get("agent").and_then(Value::as_array).into_iter().flatten();
        let asking = agents.filter(|agent| agent.get("requestor") == Some(&Value::Bool(true)));
        if asking.count() > 1 {
            self.found_below("agent", Rule::Requestors);
        }
    }
}

/// The primitive element of this name.
fn primitive(of: &'static Type, name: &str) -> Option<&'static Element> {
    let element = of.elements.iter().find(|element| element.name == name)?;
    matches!(element.kind, Kind::Primitive(_) | Kind::Bound(_)).then_some(element)
}
