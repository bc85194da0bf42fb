//! What must hold of assignments before anybody is given a role by them.

use std::collections::{BTreeMap, BTreeSet};

use super::Assignments;
use super::levels::levels;
use crate::authenticate::reserved;
use crate::ids::{DatasetId, GroupName, PrincipalId, RoleName};

/// Where in the assignments something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Place {
    /// In the assignments as a whole.
    Whole,
    /// A role.
    Role(RoleName),
    /// A group.
    Group(GroupName),
    /// A principal.
    Principal(PrincipalId),
    /// A data set.
    Dataset(DatasetId),
    /// A pair of roles that are to be separate.
    Separated(RoleName, RoleName),
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssignmentProblem {
    /// More of them than there may be.
    #[error("more {what} than {most}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// It names something that is not there.
    #[error("it names a {what} that is not there")]
    Dangling {
        /// Of which kind.
        what: &'static str,
    },
    /// It is nested in itself, directly or through others.
    #[error("it is nested in itself")]
    Circle,
    /// It is nested deeper than is permitted.
    #[error("nested deeper than {}", Assignments::MAX_DEPTH)]
    TooDeep,
    /// Two roles that are to be separate come together here.
    #[error("the roles `{first}` and `{second}` are separate and come together here")]
    Separated {
        /// One.
        first: RoleName,
        /// The other.
        second: RoleName,
    },
    /// The pair is a role and itself, or its larger name stands first.
    #[error("two different roles can be separate, the smaller name first")]
    Pair,
    /// The name stands for nobody in particular: it is generic, shared or reserved.
    #[error("the name stands for nobody in particular")]
    Reserved,
    /// Another principal has the same name but for upper and lower case.
    #[error("another principal differs in upper and lower case only")]
    Alike,
}

/// Assignments do not hold together; nothing can be decided by them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
#[expect(clippy::exhaustive_structs, reason = "a place and what is wrong there")]
pub struct AssignmentError {
    /// Where.
    pub place: Place,
    /// What.
    #[source]
    pub problem: AssignmentProblem,
}

impl AssignmentProblem {
    fn at(self, place: Place) -> AssignmentError {
        AssignmentError { place, problem: self }
    }
}

/// For each name, which of the separated roles come with it.
type Brought<'a, K> = BTreeMap<&'a K, BTreeSet<&'a RoleName>>;

impl Assignments {
    /// Most principals.
    pub const MAX_PRINCIPALS: usize = 100_000;
    /// Most roles; most groups, and most data sets, too.
    pub const MAX_ROLES: usize = 10_000;
    /// Most pairs of separated roles.
    pub const MAX_SEPARATED: usize = 256;
    /// How often a role may include a role that includes a role; data sets alike.
    pub const MAX_DEPTH: usize = 16;

    /// Checks that all names exist, that nothing is nested in itself, and that separated roles stay apart.
    ///
    /// What an identity provider says about groups comes later: [`roles_of`](Self::roles_of) looks again.
    ///
    /// # Errors
    /// [`AssignmentError`] with the first thing found.
    pub fn check(&self) -> Result<(), AssignmentError> {
        self.check_counts()?;
        self.check_names()?;
        self.check_principals()?;
        let datasets = self.datasets.iter().map(|(name, dataset)| (name, &dataset.within));
        nested(&datasets.collect(), Place::Dataset)?;
        let roles = self.roles.iter().map(|(name, role)| (name, &role.includes)).collect();
        self.check_separation(&nested(&roles, Place::Role)?)
    }

    fn check_counts(&self) -> Result<(), AssignmentError> {
        let counts = [
            ("roles", self.roles.len(), Self::MAX_ROLES),
            ("groups", self.groups.len(), Self::MAX_ROLES),
            ("data sets", self.datasets.len(), Self::MAX_ROLES),
            ("principals", self.principals.len(), Self::MAX_PRINCIPALS),
            ("separated pairs", self.separated.len(), Self::MAX_SEPARATED),
        ];
        match counts.into_iter().find(|(_, count, most)| count > most) {
            Some((what, _, most)) => {
                Err(AssignmentProblem::TooMany { what, most }.at(Place::Whole))
            }
            None => Ok(()),
        }
    }

    fn check_names(&self) -> Result<(), AssignmentError> {
        for (name, role) in &self.roles {
            known(&self.roles, &role.includes, "role", || Place::Role(name.clone()))?;
        }
        for (name, group) in &self.groups {
            known(&self.roles, &group.roles, "role", || Place::Group(name.clone()))?;
        }
        for (id, assigned) in &self.principals {
            let place = || Place::Principal(id.clone());
            known(&self.roles, &assigned.roles, "role", place)?;
            known(&self.groups, &assigned.groups, "group", place)?;
        }
        for (id, dataset) in &self.datasets {
            let place = || Place::Dataset(id.clone());
            known(&self.datasets, &dataset.within, "data set", place)?;
            known(&self.groups, &dataset.groups, "group", place)?;
        }
        for (a, b) in &self.separated {
            let place = || Place::Separated(a.clone(), b.clone());
            known(&self.roles, [a, b], "role", place)?;
            if a >= b {
                return Err(AssignmentProblem::Pair.at(place()));
            }
        }
        Ok(())
    }

    /// A name must stand for one person or program, and who reads it in a record must not have to look at upper
    /// and lower case to know which.
    fn check_principals(&self) -> Result<(), AssignmentError> {
        let mut seen = BTreeSet::new();
        for id in self.principals.keys() {
            let at = |problem: AssignmentProblem| problem.at(Place::Principal(id.clone()));
            reserved::check(id).map_err(|_| at(AssignmentProblem::Reserved))?;
            if !seen.insert(id.as_str().to_ascii_lowercase()) {
                return Err(at(AssignmentProblem::Alike));
            }
        }
        Ok(())
    }

    /// Roles and groups are looked at too, not only principals: an identity provider may put anybody into a
    /// group.
    fn check_separation(&self, sorted: &[&RoleName]) -> Result<(), AssignmentError> {
        let watched: BTreeSet<_> = self.separated.iter().flat_map(|(a, b)| [a, b]).collect();
        let mut roles = Brought::new();
        for name in sorted {
            let includes = self.roles.get(name).into_iter().flat_map(|role| &role.includes);
            let mut all = brought(&roles, includes);
            all.extend(watched.get(name));
            self.apart(&all, || Place::Role((*name).clone()))?;
            roles.insert(name, all);
        }
        let mut groups = Brought::new();
        for (name, group) in &self.groups {
            let all = brought(&roles, &group.roles);
            self.apart(&all, || Place::Group(name.clone()))?;
            groups.insert(name, all);
        }
        for (id, assigned) in &self.principals {
            let mut all = brought(&roles, &assigned.roles);
            all.extend(brought(&groups, &assigned.groups));
            self.apart(&all, || Place::Principal(id.clone()))?;
        }
        Ok(())
    }

    fn apart(
        &self,
        roles: &BTreeSet<&RoleName>,
        place: impl Fn() -> Place,
    ) -> Result<(), AssignmentError> {
        let both = |(a, b): &&(RoleName, RoleName)| roles.contains(a) && roles.contains(b);
        match self.separated.iter().find(both) {
            Some((a, b)) => {
                let (first, second) = (a.clone(), b.clone());
                Err(AssignmentProblem::Separated { first, second }.at(place()))
            }
            None => Ok(()),
        }
    }
}

fn brought<'a, K: Ord + 'a>(
    known: &Brought<'a, K>,
    names: impl IntoIterator<Item = &'a K>,
) -> BTreeSet<&'a RoleName> {
    names.into_iter().filter_map(|name| known.get(name)).flatten().copied().collect()
}

fn known<'a, K: Ord + 'a, V>(
    all: &BTreeMap<K, V>,
    names: impl IntoIterator<Item = &'a K>,
    what: &'static str,
    place: impl Fn() -> Place,
) -> Result<(), AssignmentError> {
    let missing = names.into_iter().any(|name| !all.contains_key(name));
    if missing { Err(AssignmentProblem::Dangling { what }.at(place())) } else { Ok(()) }
}

/// The names, each after those it is nested in.
fn nested<'a, K: Ord + Clone>(
    edges: &BTreeMap<&'a K, &'a BTreeSet<K>>,
    place: impl Fn(K) -> Place,
) -> Result<Vec<&'a K>, AssignmentError> {
    let sorted =
        levels(edges).map_err(|circular| AssignmentProblem::Circle.at(place(circular.clone())))?;
    match sorted.iter().find(|(_, depth)| *depth > Assignments::MAX_DEPTH) {
        Some((name, _)) => Err(AssignmentProblem::TooDeep.at(place((*name).clone()))),
        None => Ok(sorted.into_iter().map(|(name, _)| name).collect()),
    }
}
