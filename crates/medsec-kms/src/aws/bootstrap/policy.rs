//! A policy document and its canonical form.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::super::context::{BIND, DATASET};
use super::Parts;

/// Version of the language; the only one in which all of this means what it says.
const VERSION: &str = "2012-10-17";
const CONTEXT: &str = "kms:EncryptionContext:";

/// Operator, then key, then values: one, or any of several.
pub(super) type Conditions = BTreeMap<&'static str, BTreeMap<String, Values>>;

/// One value as a string, several as a list in order.
#[derive(Clone, Debug)]
pub(super) struct Values(BTreeSet<String>);

#[derive(Clone, Debug)]
pub(super) struct Policy(pub(super) Vec<Statement>);

/// Members in order of their names.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statement {
    action: Values,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: Conditions,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<BTreeMap<&'static str, Values>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Values>,
    sid: &'static str,
}

impl Policy {
    pub(super) fn render(&self) -> String {
        // Strings and maps with string keys: nothing in it that JSON has no form for.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("Statement", &self.0)?;
        map.serialize_entry("Version", VERSION)?;
        map.end()
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0.len(), self.0.first()) {
            (1, Some(one)) => serializer.serialize_str(one),
            _ => self.0.serialize(serializer),
        }
    }
}

impl Values {
    pub(super) fn new<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> Self {
        Self(values.into_iter().map(|value| value.as_ref().to_owned()).collect())
    }

    fn everything() -> Self {
        Self::new(["*"])
    }
}

impl Statement {
    pub(super) fn allow<T: AsRef<str>>(
        sid: &'static str,
        actions: &[&str],
        resources: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            action: Values::new(actions),
            condition: Conditions::new(),
            effect: "Allow",
            not_resource: None,
            principal: None,
            resource: Some(Values::new(resources)),
            sid,
        }
    }

    pub(super) fn deny<T: AsRef<str>>(
        sid: &'static str,
        actions: &[&str],
        resources: impl IntoIterator<Item = T>,
    ) -> Self {
        Self { effect: "Deny", ..Self::allow(sid, actions, resources) }
    }

    /// Denies on every key but these.
    pub(super) fn deny_elsewhere<T: AsRef<str>>(
        sid: &'static str,
        actions: &[&str],
        resources: impl IntoIterator<Item = T>,
    ) -> Self {
        let kept = Some(Values::new(resources));
        Self { not_resource: kept, resource: None, ..Self::deny(sid, actions, ["*"]) }
    }

    /// Of a key policy: the key is the one that the policy stands at.
    pub(super) fn of_key(self, principals: Values) -> Self {
        let principal = Some(BTreeMap::from([("AWS", principals)]));
        Self { principal, resource: Some(Values::everything()), ..self }
    }

    /// Of a key policy, for all principals but these.
    pub(super) fn of_key_but_for(self, kept: Values) -> Self {
        self.of_key(Values::everything()).when("ArnNotEquals", "aws:PrincipalArn", kept)
    }

    pub(super) fn of_key_for_all(self) -> Self {
        self.of_key(Values::everything())
    }

    pub(super) fn when(mut self, operator: &'static str, key: &str, values: Values) -> Self {
        self.condition.entry(operator).or_default().insert(key.to_owned(), values);
        self
    }

    /// Under a context of ours only: with a bind, with no other pairs, and of the named datasets.
    pub(super) fn in_context(self, parts: &Parts<'_>) -> Self {
        let bound = self.when("Null", &format!("{CONTEXT}{BIND}"), Values::new(["false"])).when(
            "ForAllValues:StringEquals",
            "kms:EncryptionContextKeys",
            Values::new([BIND, DATASET]),
        );
        match &parts.datasets {
            Some(ids) => {
                bound.when("StringEquals", &format!("{CONTEXT}{DATASET}"), Values::new(ids))
            }
            None => bound,
        }
    }

    /// Where the request has no bind.
    pub(super) fn without_bind(self) -> Self {
        self.when("Null", &format!("{CONTEXT}{BIND}"), Values::new(["true"]))
    }

    pub(super) fn on_same_key(self, same: bool) -> Self {
        let same = if same { "true" } else { "false" };
        self.when("Bool", "kms:ReEncryptOnSameKey", Values::new([same]))
    }
}
