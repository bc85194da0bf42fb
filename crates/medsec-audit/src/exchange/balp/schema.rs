//! The elements of AuditEvent, FHIR 4.0.1.

use super::form::Form;
use super::types::{
    Also, CODING_KIND, CONCEPT_KIND, Kind, META, NARRATIVE, PERIOD, TEXT, Type, backbone, many,
    must, one,
};

/// Who can be an agent or an observer.
const ACTORS: &[&str] =
    &["PractitionerRole", "Practitioner", "Organization", "Device", "Patient", "RelatedPerson"];

pub(super) static AUDIT_EVENT: Type = backbone(
    &[
        one("meta", Kind::Complex(&META)),
        one("implicitRules", Kind::Primitive(Form::Uri)),
        one("language", Kind::Primitive(Form::Code)),
        one("text", Kind::Complex(&NARRATIVE)),
        many("contained", Kind::Resource),
        must(one("type", CODING_KIND)),
        many("subtype", CODING_KIND),
        one("action", Kind::Bound(&["C", "R", "U", "D", "E"])),
        one("period", Kind::Complex(&PERIOD)),
        must(one("recorded", Kind::Primitive(Form::Instant))),
        one("outcome", Kind::Bound(&["0", "4", "8", "12"])),
        one("outcomeDesc", TEXT),
        many("purposeOfEvent", CONCEPT_KIND),
        must(many("agent", Kind::Complex(&AGENT))),
        must(one("source", Kind::Complex(&SOURCE))),
        many("entity", Kind::Complex(&ENTITY)),
    ],
    Also::Nothing,
);

static AGENT: Type = backbone(
    &[
        one("type", CONCEPT_KIND),
        many("role", CONCEPT_KIND),
        one("who", Kind::Reference(ACTORS)),
        one("altId", TEXT),
        one("name", TEXT),
        must(one("requestor", Kind::Primitive(Form::Boolean))),
        one("location", Kind::Reference(&["Location"])),
        many("policy", Kind::Primitive(Form::Uri)),
        one("media", CODING_KIND),
        one("network", Kind::Complex(&NETWORK)),
        many("purposeOfUse", CONCEPT_KIND),
    ],
    Also::Nothing,
);

static NETWORK: Type = backbone(
    &[one("address", TEXT), one("type", Kind::Bound(&["1", "2", "3", "4", "5"]))],
    Also::Nothing,
);

static SOURCE: Type = backbone(
    &[one("site", TEXT), must(one("observer", Kind::Reference(ACTORS))), many("type", CODING_KIND)],
    Also::Nothing,
);

static ENTITY: Type = backbone(
    &[
        one("what", Kind::Reference(&[])),
        one("type", CODING_KIND),
        one("role", CODING_KIND),
        one("lifecycle", CODING_KIND),
        many("securityLabel", CODING_KIND),
        one("name", TEXT),
        one("description", TEXT),
        one("query", Kind::Primitive(Form::Base64)),
        many("detail", Kind::Complex(&DETAIL)),
    ],
    Also::Entity,
);

static DETAIL: Type = backbone(
    &[
        must(one("type", TEXT)),
        one("valueString", TEXT),
        one("valueBase64Binary", Kind::Primitive(Form::Base64)),
    ],
    Also::Detail,
);

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::types::Element;
    use super::*;

    /// The official definition of AuditEvent, where there is one.
    fn definition() -> Option<Value> {
        let Some(folder) = std::env::var_os("MEDSEC_FHIR_EXAMPLES") else {
            println!("not run: MEDSEC_FHIR_EXAMPLES is not set (cargo xtask test sets it)");
            let demanded = std::env::var_os("MEDSEC_REQUIRE_ORACLE").is_some_and(|v| v == "1");
            assert!(!demanded, "MEDSEC_REQUIRE_ORACLE=1, but there is no definition");
            return None;
        };
        let file = std::path::Path::new(&folder).join("StructureDefinition-AuditEvent.json");
        Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
    }

    /// Elements of the type and of the types in it, each with the path that a definition gives it.
    fn flat(path: &str, of: &'static Type, all: &mut Vec<(String, &'static Element)>) {
        for element in of.elements {
            let path = format!("{path}.{}", element.name);
            all.push((path.clone(), element));
            if let Kind::Complex(inner) = element.kind
                && inner.is_backbone
            {
                flat(&path, inner, all);
            }
        }
    }

    /// The codes of references' targets in a definition.
    fn targets(element: &Value) -> Vec<String> {
        let profiles = element["type"][0]["targetProfile"].as_array().into_iter().flatten();
        let kind = |url: &Value| url.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        profiles.map(kind).filter(|kind| kind != "Resource").collect()
    }

    #[test]
    fn elements_are_those_of_the_official_definition() {
        let Some(definition) = definition() else { return };
        let official = definition["snapshot"]["element"].as_array().unwrap();
        let mut ours = Vec::new();
        flat("AuditEvent", &AUDIT_EVENT, &mut ours);
        let mut seen = 0;
        for element in official {
            let path = element["path"].as_str().unwrap();
            let last = path.rsplit('.').next().unwrap();
            if matches!(last, "AuditEvent" | "id" | "extension" | "modifierExtension") {
                continue;
            }
            // A choice stands here as the elements that there can be of it, and as a rule beside.
            let choice = path.strip_suffix("[x]");
            let named = |(name, _): &&(String, &Element)| {
                choice.map_or(name == path, |choice| name.starts_with(choice))
            };
            let found: Vec<_> = ours.iter().filter(named).collect();
            let kinds = element["type"].as_array().unwrap().len();
            assert_eq!(found.len(), kinds, "{path}");
            for (_, own) in found {
                let required = element["min"] == 1 && choice.is_none();
                assert_eq!(
                    (own.is_required, own.is_list),
                    (required, element["max"] == "*"),
                    "{path}"
                );
                let bound = matches!(own.kind, Kind::Bound(_));
                assert_eq!(bound, element["binding"]["strength"] == "required", "{path}");
                if let Kind::Reference(kinds) = own.kind {
                    assert_eq!(kinds, targets(element), "{path}");
                }
                seen += 1;
            }
        }
        assert_eq!(seen, ours.len(), "elements that are not in the definition");
    }
}
