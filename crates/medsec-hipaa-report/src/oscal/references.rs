//! References between and inside documents: the schemas accept dangling ones, and so does `trestle validate`.

use std::collections::BTreeSet;

use serde_json::Value;

/// Everything that is named somewhere in the documents.
#[derive(Debug, Default)]
struct Named {
    files: BTreeSet<String>,
    controls: BTreeSet<String>,
    parts: BTreeSet<String>,
    observations: BTreeSet<String>,
}

/// Checks documents by file name (`catalog.json` …) and says what refers to nothing, or is identified twice.
#[must_use]
pub fn dangling(documents: &[(String, Value)]) -> Vec<String> {
    let mut named = Named::default();
    for (file, document) in documents {
        named.files.insert(file.clone());
        visit(document, &mut |parent, key, value| named.learn(parent, key, value));
    }
    let mut wrong = Vec::new();
    for (file, document) in documents {
        let resources = resources(document);
        let mut seen = BTreeSet::new();
        visit(document, &mut |parent, key, value| {
            let Some(text) = value.as_str() else { return };
            if key == "uuid" && !seen.insert(text.to_owned()) {
                wrong.push(format!("{file}: uuid {text} stands twice"));
            } else if !named.knows(parent, key, text, &resources) {
                wrong.push(format!("{file}: {key} `{text}` refers to nothing"));
            }
        });
    }
    wrong
}

/// Calls `each` for every member of every object, with the name under which the object itself stands.
fn visit(document: &Value, each: &mut impl FnMut(&str, &str, &Value)) {
    fn inside(parent: &str, value: &Value, each: &mut impl FnMut(&str, &str, &Value)) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    each(parent, key, member);
                    inside(key, member, each);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|one| inside(parent, one, each)),
            _ => {}
        }
    }
    inside("", document, each);
}

/// Identifiers of the resources in the back matter.
fn resources(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(document, &mut |parent, key, value| {
        if parent == "resources" && key == "uuid" {
            found.extend(value.as_str().map(str::to_owned));
        }
    });
    found
}

impl Named {
    fn learn(&mut self, parent: &str, key: &str, value: &Value) {
        let Some(text) = value.as_str().map(str::to_owned) else { return };
        match (parent, key) {
            ("controls", "id") => drop(self.controls.insert(text)),
            ("parts", "id") => drop(self.parts.insert(text)),
            ("observations", "uuid") => drop(self.observations.insert(text)),
            _ => {}
        }
    }

    /// Whether what a member refers to is there; a member that is no reference always is.
    fn knows(&self, parent: &str, key: &str, text: &str, resources: &BTreeSet<String>) -> bool {
        match (parent, key) {
            (_, "control-id") => self.controls.contains(text),
            ("sources", "id-ref") => self.controls.contains(text),
            (_, "target-id") => self.parts.contains(text),
            (_, "observation-uuid") => self.observations.contains(text),
            (_, "href" | "source") => match text.strip_prefix('#') {
                Some(id) => resources.contains(id),
                None => text.contains("://") || self.files.contains(text),
            },
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn documents(results: Value) -> Vec<(String, Value)> {
        let catalog = json!({ "catalog": { "uuid": "c", "groups": [{ "controls": [
            { "id": "one", "parts": [{ "id": "one_smt" }] } ] }] } });
        vec![("catalog.json".to_owned(), catalog), ("results.json".to_owned(), results)]
    }

    #[test]
    fn each_kind_of_dangling_reference_is_found() {
        for wrong in [
            json!({ "include-controls": [{ "control-id": "two" }] }),
            json!({ "target": { "target-id": "two_smt" } }),
            json!({ "related-observations": [{ "observation-uuid": "o" }] }),
            json!({ "import-ap": { "href": "plan.json" } }),
            json!({ "import-ssp": { "href": "#r" } }),
            json!({ "sources": [{ "id-ref": "two" }] }),
            json!([{ "uuid": "u" }, { "uuid": "u" }]),
        ] {
            assert_eq!(dangling(&documents(wrong.clone())).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn references_that_lead_somewhere_are_left_alone() {
        let fine = json!({
            "import-ap": { "href": "catalog.json" }, "control-id": "one", "target-id": "one_smt",
            "import-ssp": { "href": "#r" }, "resources": [{ "uuid": "r" }], "observation-uuid": "o",
            "observations": [{ "uuid": "o" }], "links": [{ "href": "https://example.org" }],
            "targets": [{ "id-ref": "ac-1" }],
        });
        assert_eq!(dangling(&documents(fine)), Vec::<String>::new());
    }
}
