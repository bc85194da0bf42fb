//! The entities that a rule names: whether they are there, and which of them it can look into.

use std::str::FromStr as _;

use cedar_policy::{EntityUid, Policy, PrincipalConstraint, ResourceConstraint};

use super::super::error::Problem;
use super::{Ground, reading::Reading};
use crate::ids::{DatasetId, EmergencyId, GroupName, PackageId, PrincipalId, RoleName, RuleName};
use crate::principal::PrincipalKind;

/// All entities that the rule names, and those that it may look into.
///
/// The head asks what the principal and the resource stand in, which they know themselves. Only what the
/// conditions name can stand where its own ancestors or attributes are asked for.
pub(super) fn of(policy: &Policy) -> (Vec<EntityUid>, Vec<EntityUid>) {
    let all = policy.entity_literals();
    let mut looks_into = all.clone();
    for head in head(policy) {
        if let Some(at) = looks_into.iter().position(|uid| *uid == head) {
            looks_into.remove(at);
        }
    }
    (all, looks_into)
}

/// The rule as it was parsed, to be searched: text can spell an attribute in more than one way. `None` if it cannot be
/// told.
pub(super) fn parsed(policy: &Policy) -> Option<String> {
    policy.to_json().ok().map(|json| json.to_string())
}

/// Whether a rule that was [`parsed`] looks at an attribute whose name begins so. One that cannot be told may.
pub(super) fn asks(parsed: Option<&str>, attributes: &[&str]) -> bool {
    parsed.is_none_or(|parsed| attributes.iter().any(|attribute| parsed.contains(attribute)))
}

fn head(policy: &Policy) -> impl Iterator<Item = EntityUid> {
    let principal = match policy.principal_constraint() {
        PrincipalConstraint::In(uid)
        | PrincipalConstraint::Eq(uid)
        | PrincipalConstraint::IsIn(_, uid) => Some(uid),
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
    };
    let resource = match policy.resource_constraint() {
        ResourceConstraint::In(uid)
        | ResourceConstraint::Eq(uid)
        | ResourceConstraint::IsIn(_, uid) => Some(uid),
        ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
    };
    principal.into_iter().chain(resource)
}

/// Notes what the rule names and the assignments do not have.
pub(super) fn check(
    reading: &mut Reading<'_>,
    rule: Option<&RuleName>,
    policy: &Policy,
    ground: &Ground<'_>,
) {
    for uid in policy.entity_literals() {
        if let Some(kind) = missing(&uid, ground) {
            let name = uid.id().unescaped().to_owned();
            let offset = reading.text().find(&format!("::\"{name}\"")).unwrap_or(0);
            reading.note(rule, offset, Problem::Unassigned { kind, name });
        }
    }
}

/// Of which kind it is, if there is none such.
fn missing(uid: &EntityUid, ground: &Ground<'_>) -> Option<&'static str> {
    let (names, all) = (ground.names, ground.assignments);
    let (id, kind) = (uid.id().unescaped(), uid.type_name());
    let is = |expected: PrincipalKind| {
        let id = PrincipalId::new(id).ok()?;
        (all.principals.get(&id)?.kind == expected).then_some(())
    };
    let (found, kind) = if *kind == names.role {
        (RoleName::new(id).is_ok_and(|id| all.roles.contains_key(&id)), "role")
    } else if *kind == names.group {
        (GroupName::new(id).is_ok_and(|id| all.groups.contains_key(&id)), "group")
    } else if *kind == names.dataset {
        (DatasetId::new(id).is_ok_and(|id| all.datasets.contains_key(&id)), "data set")
    } else if *kind == names.user {
        (is(PrincipalKind::Person).is_some(), "person")
    } else if *kind == names.service {
        (is(PrincipalKind::Service).is_some(), "service")
    } else if *kind == names.package {
        (PackageId::from_str(id).is_ok(), "package with such an identifier:")
    } else if *kind == names.emergency {
        (EmergencyId::from_str(id).is_ok(), "emergency with such an identifier:")
    } else {
        // Actions, purposes, the audit trail and the policy are lists of the schema.
        return None;
    };
    (!found).then_some(kind)
}
