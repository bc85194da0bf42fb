//! What is no error, and probably not meant.

use std::collections::BTreeSet;

use medsec_kms::LocalStore;
use medsec_policy::{Action, Assignments, Bundle, Engine, RoleName};

use super::super::finding::Finding;
use super::super::standing::{can_sign, principal, who_may};

const ROLES: &str = "roles.toml";

/// Everything of that kind.
pub(super) fn warnings(
    bundle: &Bundle,
    engine: &Engine,
    store: Option<&LocalStore>,
) -> Vec<Finding> {
    let assignments = bundle.assignments();
    let mut findings = unused_roles(assignments);
    findings.extend(memberless(assignments));
    findings.extend(unreachable_datasets(assignments));
    findings.extend(idle(assignments));
    findings.extend(nobody(bundle, engine, store));
    findings
}

/// A rule for a role that nobody has permits nothing to anybody: the name may be a slip of the pen.
fn unused_roles(assignments: &Assignments) -> Vec<Finding> {
    let had: BTreeSet<RoleName> = assignments
        .principals
        .iter()
        .filter_map(|(id, assigned)| assignments.roles_of(&principal(id, assigned)).ok())
        .flatten()
        .collect();
    // An identity provider may put anybody into a group.
    let by_group = |role: &RoleName| assignments.groups.values().any(|g| g.roles.contains(role));
    let unused = assignments.roles.keys().filter(|role| !had.contains(*role) && !by_group(role));
    unused.map(|role| Finding::warning(ROLES, format!("nobody has the role `{role}`"))).collect()
}

fn memberless(assignments: &Assignments) -> Vec<Finding> {
    let with_members: BTreeSet<_> =
        assignments.principals.values().flat_map(|assigned| &assigned.groups).collect();
    let empty = assignments.groups.keys().filter(|group| !with_members.contains(group));
    let what =
        |group| format!("nobody is in the group `{group}`, unless an identity provider says so");
    empty.map(|group| Finding::warning(ROLES, what(group))).collect()
}

fn unreachable_datasets(assignments: &Assignments) -> Vec<Finding> {
    let closed = assignments.datasets.iter();
    let closed = closed.filter(|(_, set)| set.groups.is_empty() && set.within.is_empty());
    let what = |id| format!("no group works with the data set `{id}`");
    closed.map(|(id, _)| Finding::warning(ROLES, what(id))).collect()
}

fn idle(assignments: &Assignments) -> Vec<Finding> {
    let idle = assignments.principals.iter().filter(|(id, assigned)| {
        assignments.roles_of(&principal(id, assigned)).is_ok_and(|roles| roles.is_empty())
    });
    idle.map(|(id, _)| Finding::warning(ROLES, format!("`{id}` has no role"))).collect()
}

/// What somebody should be able to do, and nobody can.
fn nobody(bundle: &Bundle, engine: &Engine, store: Option<&LocalStore>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut changers = who_may(engine, bundle, Action::ChangePolicy);
    let can = changers.any(|id| store.is_none_or(|store| can_sign(store, id)));
    if !can {
        let what = match store {
            Some(_) => {
                "nobody who administers the key store may change the policy: nobody ever could again"
            }
            None => "nobody may change the policy: nobody ever could again",
        };
        findings.push(Finding::warning(ROLES, what));
    }
    for (action, what) in [
        (Action::ReadAudit, "nobody may read the audit trail"),
        (Action::CloseReview, "nobody may close the review of an emergency"),
    ] {
        if who_may(engine, bundle, action).next().is_none() {
            findings.push(Finding::warning(ROLES, what));
        }
    }
    findings
}
