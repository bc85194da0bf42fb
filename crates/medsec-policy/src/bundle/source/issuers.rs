//! `[settings.issuers]`: whose tokens are heeded.

use std::collections::BTreeMap;

use super::error::SourceError;
use super::node::{Node, insert};
use crate::authenticate::token_rules::Presence;
use crate::ids::PrincipalId;
use crate::principal::PrincipalKind;
use crate::settings::{ClaimText, Issuer, IssuerName};
use crate::text::InvalidValue;

pub(super) fn all(node: &Node<'_>) -> Result<BTreeMap<IssuerName, Issuer>, SourceError> {
    let mut all = BTreeMap::new();
    for (name, node) in node.named()? {
        insert(&mut all, name, one(&node)?, &node)?;
    }
    Ok(all)
}

const KEYS: [&str; 16] = [
    "issuer",
    "audience",
    "keys",
    "authorities",
    "algorithms",
    "types",
    "subject",
    "users",
    "kind",
    "groups",
    "acr",
    "amr",
    "max_authentication_age",
    "max_lifetime",
    "not_before",
    "token_id",
];

fn one(node: &Node<'_>) -> Result<Issuer, SourceError> {
    let fields = node.fields(KEYS)?;
    let [issuer, audience, keys, authorities, algorithms, types, subject, users, ..] = &fields;
    let [.., kind, groups, acr, amr, age, lifetime, not_before, token_id] = &fields;
    let issuer = Issuer {
        issuer: issuer.parsed()?,
        audience: audience.parsed()?,
        keys: keys.parsed()?,
        authorities: authorities.set_or("system")?,
        algorithms: algorithms.set()?,
        types: types.set()?,
        subject: subject.parsed()?,
        users: users_of(users)?,
        kind: word(
            kind,
            "kind",
            [("person", PrincipalKind::Person), ("service", PrincipalKind::Service)],
        )?,
        groups: groups.parsed_or("none")?,
        acr: acr.set()?,
        amr: amr.set()?,
        max_authentication_age: age.time_or("unlimited")?,
        max_lifetime: lifetime.time()?,
        not_before: word(
            not_before,
            "not_before",
            [("required", Presence::Required), ("optional", Presence::Optional)],
        )?,
        token_id: token_id.parsed()?,
    };
    let place = |invalid: InvalidValue| {
        let named = KEYS.iter().position(|key| *key == invalid.field);
        named.and_then(|at| fields.get(at)).unwrap_or(node).error(invalid)
    };
    issuer.check().map_err(place)?;
    Ok(issuer)
}

/// `"as-named"`, or a table from the names in tokens to users.
fn users_of(node: &Node<'_>) -> Result<Option<BTreeMap<ClaimText, PrincipalId>>, SourceError> {
    if node.is_word("as-named") {
        return Ok(None);
    }
    let mut users = BTreeMap::new();
    for (name, node) in node.named()? {
        insert(&mut users, name, node.parsed()?, &node)?;
    }
    Ok(Some(users))
}

fn word<T, const N: usize>(
    node: &Node<'_>,
    field: &'static str,
    words: [(&str, T); N],
) -> Result<T, SourceError> {
    let text = node.text()?;
    let found = words.into_iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| value).ok_or_else(|| node.error(InvalidValue { field }))
}
