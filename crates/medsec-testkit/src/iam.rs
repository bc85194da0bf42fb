//! An evaluator of IAM policies, for tests of policies that we write.
//!
//! It knows the elements, operators and keys that those policies use, and panics at any other: a policy that it does
//! not understand whole is not one that it has tested. How AWS evaluates is described in the IAM user guide, "Policy
//! evaluation logic" and "IAM JSON policy elements".

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a policy that is not understood fails the test, which is all it can do"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// What a caller wants: one action on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests make it")]
pub struct Request {
    /// ARN of the role that calls.
    pub principal: String,
    /// For instance `kms:Decrypt`.
    pub action: String,
    /// ARN of the key.
    pub resource: String,
    /// Keys of the request context with their values. A key without values is one that the request does not have.
    pub context: BTreeMap<String, BTreeSet<String>>,
}

/// What policies say to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else")]
pub enum Decision {
    /// No statement is about it: refused.
    Silent,
    /// A statement allows it, and none denies it.
    Allow,
    /// A statement denies it, whatever others say.
    Deny,
}

/// A policy, of an identity or of a key.
#[derive(Clone, Debug)]
pub struct Policy(Vec<Map<String, Value>>);

impl Policy {
    /// Reads it.
    #[must_use]
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        let mut policy = object(serde_json::from_str(text).expect("JSON"));
        let version = policy.remove("Version").expect("a version");
        assert_eq!(version, "2012-10-17", "variables and conditions mean something else before");
        let statements = policy.remove("Statement").expect("statements");
        assert!(policy.is_empty(), "unknown elements of a policy: {policy:?}");
        let statements = match statements {
            Value::Array(all) => all.into_iter().map(object).collect(),
            one => vec![object(one)],
        };
        Self(statements)
    }

    /// What this policy alone says.
    #[must_use]
    pub fn decide(&self, request: &Request) -> Decision {
        let meant = self.0.iter().filter(|statement| is_meant(statement, request));
        let effects = meant.map(|statement| match text(statement.get("Effect")) {
            "Allow" => Decision::Allow,
            "Deny" => Decision::Deny,
            other => panic!("unknown effect {other}"),
        });
        effects.max().unwrap_or(Decision::Silent)
    }
}

/// What AWS decides for a caller of the key's account. The key's policy has to allow: the caller itself, or the
/// account's root, which leaves it to the caller's own policy. Neither policy may deny.
#[must_use]
pub fn decide(identity: &Policy, key: &Policy, request: &Request) -> bool {
    let (own, direct) = (identity.decide(request), key.decide(request));
    let parts: Vec<&str> = request.resource.split(':').collect();
    let [_, partition, _, _, account, ..] = parts[..] else { panic!("no ARN of a key") };
    let principal = format!("arn:{partition}:iam::{account}:root");
    let left = key.decide(&Request { principal, ..request.clone() });
    let allowed = direct == Decision::Allow || (left, own) == (Decision::Allow, Decision::Allow);
    allowed && own != Decision::Deny && direct != Decision::Deny
}

/// Whether a statement is about a request. Each of its elements is looked at, known or not.
fn is_meant(statement: &Map<String, Value>, request: &Request) -> bool {
    let element = |(name, value): (&String, &Value)| match name.as_str() {
        "Sid" | "Effect" => true,
        "Action" => texts(value).iter().any(|pattern| matches(pattern, &request.action)),
        "Resource" => texts(value).iter().any(|pattern| matches(pattern, &request.resource)),
        "NotResource" => !texts(value).iter().any(|pattern| matches(pattern, &request.resource)),
        "Principal" => is_principal(value, &request.principal),
        "Condition" => holds(value, request),
        other => panic!("unknown element {other}"),
    };
    let acts = statement.contains_key("Action") && statement.contains_key("Effect");
    let on = statement.contains_key("Resource") ^ statement.contains_key("NotResource");
    assert!(acts && on, "an incomplete statement: {statement:?}");
    // No shortcut: what is not understood must be found in every test.
    let met: Vec<bool> = statement.iter().map(element).collect();
    !met.contains(&false)
}

fn is_principal(value: &Value, principal: &str) -> bool {
    let all = value.as_object().expect("principals by kind");
    assert!(all.keys().eq(["AWS"]), "unknown kinds of principals: {value}");
    texts(all.get("AWS").expect("principals")).iter().any(|one| *one == "*" || *one == principal)
}

fn holds(value: &Value, request: &Request) -> bool {
    let operators = value.as_object().expect("conditions by operator");
    let each = operators.iter().flat_map(|(operator, keys)| {
        let keys = keys.as_object().expect("conditions by key");
        keys.iter().map(move |(key, values)| (operator, key, texts(values)))
    });
    let met = each.map(|(operator, key, values)| condition(operator, key, &values, request));
    !met.collect::<Vec<_>>().contains(&false)
}

fn condition(operator: &str, key: &str, values: &[&str], request: &Request) -> bool {
    let none = BTreeSet::new();
    let principal = BTreeSet::from([request.principal.clone()]);
    let found = match key {
        "aws:PrincipalArn" => &principal,
        "kms:EncryptionContextKeys" | "kms:ReEncryptOnSameKey" => {
            request.context.get(key).unwrap_or(&none)
        }
        key if key.starts_with("kms:EncryptionContext:") => {
            request.context.get(key).unwrap_or(&none)
        }
        other => panic!("unknown condition key {other}"),
    };
    let any = |is: &dyn Fn(&str, &str) -> bool| {
        found.iter().any(|found| values.iter().any(|value| is(value, found)))
    };
    match operator {
        // With a key that the request does not have, these are false, and those with Not true.
        "StringEquals" | "Bool" => any(&|value, found| value == found),
        "ArnNotEquals" => !any(&|value, found| matches(value, found)),
        // True where the request has no values at all.
        "ForAllValues:StringEquals" => found.iter().all(|one| values.contains(&one.as_str())),
        "Null" => match values {
            ["true"] => found.is_empty(),
            ["false"] => !found.is_empty(),
            _ => panic!("Null takes true or false"),
        },
        other => panic!("unknown operator {other}"),
    }
}

/// `*` stands for any run of characters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, "")) => text.starts_with(start),
        Some(_) => panic!("a pattern with * in its middle: {pattern}"),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("no object: {other}"),
    }
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).expect("a string")
}

/// One string, or several.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().map(|one| text(Some(one))).collect(),
        one => vec![text(Some(one))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(action: &str, resource: &str, context: &[(&str, &str)]) -> Request {
        let pair = |(key, value): &(&str, &str)| {
            ((*key).to_owned(), BTreeSet::from([(*value).to_owned()]))
        };
        Request {
            principal: "me".to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: context.iter().map(pair).collect(),
        }
    }

    fn policy(statements: &str) -> Policy {
        Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#))
    }

    #[test]
    fn denial_wins_and_silence_is_none() {
        let allow = r#"{"Effect":"Allow","Action":"kms:*","Resource":"k"}"#;
        let deny = r#"{"Effect":"Deny","Action":"kms:Decrypt","NotResource":"j"}"#;
        let both = policy(&format!("{allow},{deny}"));
        assert_eq!(both.decide(&request("kms:Encrypt", "k", &[])), Decision::Allow);
        assert_eq!(both.decide(&request("kms:Decrypt", "k", &[])), Decision::Deny);
        assert_eq!(both.decide(&request("kms:Encrypt", "j", &[])), Decision::Silent);
        assert_eq!(both.decide(&request("kms:Decrypt", "j", &[])), Decision::Silent);
    }

    #[test]
    fn absent_key_fails_an_equality_and_passes_for_all_values() {
        let of = |condition: &str| {
            policy(&format!(
                r#"{{"Effect":"Allow","Action":"a","Resource":"*","Condition":{condition}}}"#
            ))
        };
        const KEY: &str = "kms:EncryptionContext:x";
        for (condition, absent, equal, other) in [
            (r#"{"StringEquals":{"kms:EncryptionContext:x":["1","2"]}}"#, false, true, false),
            (r#"{"ForAllValues:StringEquals":{"kms:EncryptionContext:x":"1"}}"#, true, true, false),
            (r#"{"Null":{"kms:EncryptionContext:x":"true"}}"#, true, false, false),
            (r#"{"Null":{"kms:EncryptionContext:x":"false"}}"#, false, true, true),
            (r#"{"ArnNotEquals":{"kms:EncryptionContext:x":"1"}}"#, true, false, true),
        ] {
            let allows = |context: &[(&str, &str)]| {
                of(condition).decide(&request("a", "r", context)) == Decision::Allow
            };
            let found = (allows(&[]), allows(&[(KEY, "1")]), allows(&[(KEY, "3")]));
            assert_eq!(found, (absent, equal, other), "{condition}");
        }
    }
}
