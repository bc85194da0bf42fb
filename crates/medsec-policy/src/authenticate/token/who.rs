//! From what a token says to who somebody is.

use std::collections::BTreeSet;

use super::claims::Claims;
use super::rules::{KindRule, SecondFactor, SubjectClaim, TokenRules};
use crate::authenticate::RefusedBecause;
use crate::authenticate::json::Json;
use crate::authenticate::principal_id;
use crate::authenticate::reserved;
use crate::ids::{GroupName, PrincipalId};
use crate::principal::{Factors, PrincipalKind};

/// Most methods that `amr` lists.
const MAX_METHODS: usize = 32;

/// The identifier: prefix and value, unchanged.
pub(crate) fn id(claims: &Claims, rules: &TokenRules) -> Result<PrincipalId, RefusedBecause> {
    let name = match &rules.subject.claim {
        SubjectClaim::Subject => claims.subject()?,
        SubjectClaim::Named(claim) => named(claims, claim)?,
        SubjectClaim::VerifiedEmail => verified_email(claims)?,
        SubjectClaim::ServiceAccount => service_account(claims)?,
    };
    let Some(users) = &rules.subject.users else {
        return principal_id(&rules.subject.prefix, name);
    };
    let id = users.get(name).ok_or(RefusedBecause::NameUnknown)?;
    reserved::check(id).map_err(|_| RefusedBecause::PrincipalReserved)?;
    Ok(id.clone())
}

fn named<'c>(claims: &'c Claims, claim: &str) -> Result<&'c str, RefusedBecause> {
    let value = claims.value(claim).ok_or(RefusedBecause::NameMissing)?;
    value.text().ok_or(RefusedBecause::NameForm)
}

/// Only `true` itself says so: the text `"true"` is another claim.
fn verified_email(claims: &Claims) -> Result<&str, RefusedBecause> {
    let address = named(claims, "email")?;
    let verified = matches!(claims.value("email_verified"), Some(Json::Bool(true)));
    verified.then_some(address).ok_or(RefusedBecause::EmailUnverified)
}

/// `sub`, if the claim `kubernetes.io` names the same namespace and account.
fn service_account(claims: &Claims) -> Result<&str, RefusedBecause> {
    let subject = claims.subject()?;
    let parts =
        subject.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let about = claims.value("kubernetes.io").and_then(Json::object);
    let namespace = about.and_then(|about| about.get("namespace")?.text());
    let account =
        about.and_then(|about| about.get("serviceaccount")?.object()?.get("name")?.text());
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
    };
    let same = parts == namespace.zip(account);
    let fits = parts.is_some_and(|(namespace, name)| is_name(namespace) && is_name(name));
    (same && fits).then_some(subject).ok_or(RefusedBecause::ServiceAccount)
}

/// A person or a program.
pub(crate) fn kind(claims: &Claims, rule: &KindRule) -> Result<PrincipalKind, RefusedBecause> {
    let text = |claim: &str| {
        let value = claims.value(claim);
        value.map(|value| value.text().ok_or(RefusedBecause::KindForm)).transpose()
    };
    let is_service = match rule {
        KindRule::Always(kind) => return Ok(*kind),
        KindRule::ServiceWhere { claim, values } => {
            text(claim)?.is_some_and(|value| values.contains(value))
        }
        KindRule::ServiceWhereSubject { claim } => text(claim)? == Some(claims.subject()?),
    };
    Ok(if is_service { PrincipalKind::Service } else { PrincipalKind::Person })
}

/// How many factors the issuer says it asked for.
pub(crate) fn factors(claims: &Claims, rule: &SecondFactor) -> Result<Factors, RefusedBecause> {
    let class = claims.value("acr").map(|acr| acr.text().ok_or(RefusedBecause::FactorsForm));
    let methods = claims.value("amr").map(|amr| {
        let methods = amr.texts(MAX_METHODS);
        methods.ok_or(RefusedBecause::FactorsForm)
    });
    let by_class = class.transpose()?.is_some_and(|class| rule.acr.contains(class));
    let mut methods = methods.transpose()?.unwrap_or_default().into_iter();
    let two = by_class || methods.any(|method| rule.amr.contains(method));
    Ok(if two { Factors::Two } else { Factors::One })
}

/// The groups; none, if the claim is missing or no claim is heeded.
pub(crate) fn groups(
    claims: &Claims,
    rules: &TokenRules,
) -> Result<BTreeSet<GroupName>, RefusedBecause> {
    let Some(claim) = &rules.groups else { return Ok(BTreeSet::new()) };
    // OpenID Connect Core section 5.6.2. A rule that forbids something to a group would not see its members.
    let elsewhere = claims
        .value("_claim_names")
        .is_some_and(|names| names.object().is_none_or(|names| names.contains_key(claim)));
    if elsewhere {
        return Err(RefusedBecause::GroupsElsewhere);
    }
    let Some(value) = claims.value(claim) else { return Ok(BTreeSet::new()) };
    let list = value.list().ok_or(RefusedBecause::GroupsForm)?;
    if list.len() > rules.limits.max_groups {
        return Err(RefusedBecause::GroupsTooMany);
    }
    let group = |value: &Json| {
        let name = value.text().ok_or(RefusedBecause::GroupsForm)?;
        GroupName::new(name).map_err(|_| RefusedBecause::GroupName)
    };
    list.iter().map(group).collect()
}
