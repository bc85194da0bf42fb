//! Who has which roles, and which data sets there are: what a policy bundle says besides its rules.

mod check;
mod levels;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::check::{AssignmentError, AssignmentProblem, Place};
use crate::ids::{DatasetId, GroupName, PrincipalId, RoleName};
use crate::principal::{Principal, PrincipalKind};
use crate::purpose::Purpose;

/// Roles, groups, principals and data sets. All names that one of them mentions stand in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Assignments {
    /// The roles there are.
    pub roles: BTreeMap<RoleName, Role>,
    /// The groups there are.
    pub groups: BTreeMap<GroupName, Group>,
    /// The principals there are.
    pub principals: BTreeMap<PrincipalId, Assigned>,
    /// The data sets there are.
    pub datasets: BTreeMap<DatasetId, Dataset>,
    /// Pairs of roles that no principal may have both of, directly or through groups and other roles. The smaller
    /// name stands first.
    pub separated: BTreeSet<(RoleName, RoleName)>,
}

/// A principal has no roles under these assignments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RolesError {
    /// The policy knows no such principal.
    #[error("the policy knows no such principal")]
    Unknown,
    /// The policy knows them as a person and they came as a program, or the other way round.
    #[error("the policy knows this principal as another kind")]
    Kind,
    /// With the groups that the identity provider names they would have two roles that are to be separate.
    #[error("the roles `{first}` and `{second}` are separate and would come together")]
    Separated {
        /// One.
        first: RoleName,
        /// The other.
        second: RoleName,
    },
}

impl Assignments {
    /// All roles of a principal: those assigned to them, those of their groups, both of the policy and of whoever
    /// authenticated them, and those that such roles include. Groups that the policy does not know give nothing.
    ///
    /// # Errors
    /// [`RolesError`] if the policy does not know the principal, knows them as another kind, or if two of these
    /// roles are to be separate. Nothing is then permitted.
    pub fn roles_of(&self, principal: &Principal) -> Result<BTreeSet<RoleName>, RolesError> {
        let assigned = self.principals.get(&principal.id).ok_or(RolesError::Unknown)?;
        if assigned.kind != principal.kind {
            return Err(RolesError::Kind);
        }
        let groups = assigned.groups.union(&principal.groups);
        let of_groups = groups.filter_map(|name| self.groups.get(name)).flat_map(|g| &g.roles);
        let roles = self.with_included(assigned.roles.iter().chain(of_groups));
        match self.separated.iter().find(|(a, b)| roles.contains(a) && roles.contains(b)) {
            Some((a, b)) => Err(RolesError::Separated { first: a.clone(), second: b.clone() }),
            None => Ok(roles.into_iter().cloned().collect()),
        }
    }

    /// These roles and all that they include.
    fn with_included<'a>(
        &'a self,
        roles: impl Iterator<Item = &'a RoleName>,
    ) -> BTreeSet<&'a RoleName> {
        let mut found = BTreeSet::new();
        let mut waiting: Vec<_> = roles.collect();
        while let Some(name) = waiting.pop() {
            if found.insert(name) {
                waiting.extend(self.roles.get(name).into_iter().flat_map(|role| &role.includes));
            }
        }
        found
    }
}

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Role {
    /// Roles whose rights it has too.
    pub includes: BTreeSet<RoleName>,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Group {
    /// The roles that its members have.
    pub roles: BTreeSet<RoleName>,
}

/// What is assigned to a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Assigned {
    /// A person or a program.
    pub kind: PrincipalKind,
    /// Roles.
    pub roles: BTreeSet<RoleName>,
    /// Groups, besides those that an identity provider names.
    pub groups: BTreeSet<GroupName>,
}

/// A data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Dataset {
    /// Data sets that it is a part of.
    pub within: BTreeSet<DatasetId>,
    /// Purposes for which it may be used; any that the settings accept, if empty.
    pub purposes: BTreeSet<Purpose>,
    /// Groups whose members work with it: rules may ask for that.
    pub groups: BTreeSet<GroupName>,
}
