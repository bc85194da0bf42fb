//! References: their forms, and the kind of resource they lead to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::form::is_id;

/// Where a reference leads, as far as its text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// To a contained resource of this id; with an empty id, to the resource that contains it.
    Local(&'a str),
    /// To a resource of this kind.
    Kind(&'a str),
    /// The text does not tell.
    Unknown,
    /// Not a reference.
    Malformed,
}

impl<'a> Target<'a> {
    /// Of the member `reference`.
    pub(super) fn of(text: &'a str) -> Self {
        if let Some(id) = text.strip_prefix('#') {
            return if id.is_empty() || is_id(id) { Self::Local(id) } else { Self::Malformed };
        }
        if text.contains(char::is_whitespace) {
            return Self::Malformed;
        }
        let absolute = text.contains("://");
        match kind_of(text) {
            Some(kind) => Self::Kind(kind),
            None if absolute || text.starts_with("urn:") => Self::Unknown,
            None => Self::Malformed,
        }
    }
}

/// `Kind` of `…/Kind/id` or `…/Kind/id/_history/version`.
fn kind_of(text: &str) -> Option<&str> {
    // A version of a canonical is not part of the path.
    let path = text.split(['|', '?', '#']).next()?;
    let mut parts = path.rsplit('/');
    let (mut id, mut kind) = (parts.next()?, parts.next()?);
    if kind == "_history" {
        if !is_id(id) {
            return None;
        }
        (id, kind) = (parts.next()?, parts.next()?);
    }
    (is_id(id) && is_kind(kind)).then_some(kind)
}

/// Whether it looks like the name of a kind of resource.
pub(super) fn is_kind(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
    first && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The resources that an event contains, by id. Gathered once: an event may have as many references as resources.
pub(super) struct Contained<'a> {
    of: &'a Value,
    kinds: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Contained<'a> {
    pub(super) fn of(event: &'a Value) -> Self {
        let text = |resource: &'a Value, name| resource.get(name).and_then(Value::as_str);
        let all = event.get("contained").and_then(Value::as_array).into_iter().flatten();
        let named = all.filter_map(|resource| {
            text(resource, "id").map(|id| (id, text(resource, "resourceType")))
        });
        Self { of: event, kinds: named.collect() }
    }

    /// Whether what a local reference leads to exists: the empty one leads to the event itself.
    pub(super) fn has(&self, id: &str) -> bool {
        id.is_empty() || self.kinds.contains_key(id)
    }

    /// The kind of resource that a reference says it leads to: by its text, by the contained resource, or by `type`.
    pub(super) fn kind_of<'b>(&'b self, reference: &'b Value) -> Option<&'b str> {
        let member = |name| reference.get(name).and_then(Value::as_str);
        match member("reference").map(Target::of) {
            Some(Target::Kind(kind)) => Some(kind),
            Some(Target::Local("")) => self.of.get("resourceType").and_then(Value::as_str),
            Some(Target::Local(id)) => self.kinds.get(id).copied().flatten(),
            // The URL of a definition is another way to state a kind.
            _ => member("type").map(|kind| kind.rsplit('/').next().unwrap_or(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_from_references() {
        for (text, target) in [
            ("Patient/1", Target::Kind("Patient")),
            ("Patient/1/_history/2", Target::Kind("Patient")),
            ("https://a.example/fhir/Device/x.y", Target::Kind("Device")),
            ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", Target::Unknown),
            ("https://a.example/", Target::Unknown),
            ("#o1", Target::Local("o1")),
            ("#", Target::Local("")),
            ("#a b", Target::Malformed),
            ("patient", Target::Malformed),
            ("patient/1", Target::Malformed),
            ("Patient/a_b", Target::Malformed),
            ("Patient/1 x", Target::Malformed),
            ("Patient/1/_history/a_b", Target::Malformed),
        ] {
            assert_eq!(Target::of(text), target, "{text}");
        }
    }
}
