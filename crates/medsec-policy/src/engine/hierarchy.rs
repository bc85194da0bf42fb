//! Who stands in which roles and groups, which data set lies in which: worked out once, when the policy is loaded.

use std::collections::{BTreeSet, HashMap};

use cedar_policy::{Entity, EntityUid, RestrictedExpression};

use super::names::{Names, uid};
use super::question;
use crate::assignments::{Assigned, Assignments};
use crate::ids::{DatasetId, GroupName, PrincipalId, RoleName};
use crate::principal::PrincipalKind;
use crate::purpose::Purpose;

/// A role or a group by its place in the table: 10,000 principals share the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place(usize);

/// Some of the roles and groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<bool>);

impl Places {
    pub(super) fn insert(&mut self, place: Place) {
        if self.0.len() <= place.0 {
            self.0.resize(place.0.saturating_add(1), false);
        }
        if let Some(one) = self.0.get_mut(place.0) {
            *one = true;
        }
    }

    pub(super) fn contains(&self, place: Place) -> bool {
        self.0.get(place.0).is_some_and(|one| *one)
    }
}

/// A role or a group.
#[derive(Debug)]
struct Member {
    uid: EntityUid,
    role: Option<RoleName>,
    /// The roles that come with it, itself among them. In order.
    with: BTreeSet<Place>,
}

/// What is assigned to a principal, with all that follows from it.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) kind: PrincipalKind,
    pub(super) places: BTreeSet<Place>,
}

/// A data set, with all that follows from those it lies in.
#[derive(Debug)]
pub(super) struct DatasetView {
    pub(super) uid: EntityUid,
    /// The data sets it lies in, directly or not.
    pub(super) above: Vec<EntityUid>,
    /// Its groups, or else those of what it lies in.
    pub(super) groups: RestrictedExpression,
    pub(super) group_names: BTreeSet<GroupName>,
    pub(super) group_places: BTreeSet<Place>,
    /// The purposes for which it may be used, if it or what it lies in has any limit.
    pub(super) purposes: Option<BTreeSet<Purpose>>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Hierarchy {
    members: Vec<Member>,
    roles: HashMap<RoleName, Place>,
    groups: HashMap<GroupName, Place>,
    separated: Vec<(Place, Place)>,
    principals: HashMap<PrincipalId, Standing>,
    datasets: HashMap<DatasetId, DatasetView>,
}

impl Hierarchy {
    pub(super) fn new(assignments: &Assignments, names: &Names) -> Self {
        let mut hierarchy = Self {
            members: Vec::with_capacity(
                assignments.roles.len().saturating_add(assignments.groups.len()),
            ),
            roles: HashMap::new(),
            groups: HashMap::new(),
            separated: Vec::new(),
            principals: HashMap::new(),
            datasets: HashMap::new(),
        };
        hierarchy.add_roles(assignments, names);
        hierarchy.add_groups(assignments, names);
        let place = |name| hierarchy.roles.get(name).copied();
        let pairs = assignments.separated.iter();
        hierarchy.separated = pairs.filter_map(|(a, b)| Some((place(a)?, place(b)?))).collect();
        let standing = |assigned: &Assigned| hierarchy.standing(assigned);
        let principals = assignments.principals.iter();
        hierarchy.principals = principals.map(|(id, a)| (id.clone(), standing(a))).collect();
        let view = |id| DatasetView::new(id, assignments, names, &hierarchy.groups);
        hierarchy.datasets = assignments.datasets.keys().map(|id| (id.clone(), view(id))).collect();
        hierarchy
    }

    fn add_roles(&mut self, assignments: &Assignments, names: &Names) {
        let places: HashMap<_, _> = assignments
            .roles
            .keys()
            .enumerate()
            .map(|(n, role)| (role.clone(), Place(n)))
            .collect();
        for role in assignments.roles.keys() {
            let included = |name: &RoleName| assignments.roles.get(name).map(|role| &role.includes);
            let with = closure(role, included);
            self.members.push(Member {
                uid: uid(&names.role, role.as_str()),
                role: Some(role.clone()),
                with: with.iter().filter_map(|role| places.get(role).copied()).collect(),
            });
        }
        self.roles = places;
    }

    fn add_groups(&mut self, assignments: &Assignments, names: &Names) {
        for (name, group) in &assignments.groups {
            let place = Place(self.members.len());
            let roles = group.roles.iter().filter_map(|role| self.roles.get(role));
            let mut with: BTreeSet<Place> = roles.flat_map(|place| self.with(*place)).collect();
            with.insert(place);
            self.members.push(Member { uid: uid(&names.group, name.as_str()), role: None, with });
            self.groups.insert(name.clone(), place);
        }
    }

    fn standing(&self, assigned: &Assigned) -> Standing {
        let roles = assigned.roles.iter().filter_map(|role| self.roles.get(role));
        let groups = assigned.groups.iter().filter_map(|group| self.groups.get(group));
        let places = roles.chain(groups).flat_map(|place| self.with(*place)).collect();
        Standing { kind: assigned.kind, places }
    }

    /// What comes with a role or group, itself among it.
    pub(super) fn with(&self, place: Place) -> impl Iterator<Item = Place> + '_ {
        self.members.get(place.0).into_iter().flat_map(|member| member.with.iter().copied())
    }

    pub(super) fn principal(&self, id: &PrincipalId) -> Option<&Standing> {
        self.principals.get(id)
    }

    pub(super) fn dataset(&self, id: &DatasetId) -> Option<&DatasetView> {
        self.datasets.get(id)
    }

    pub(super) fn role(&self, name: &RoleName) -> Option<Place> {
        self.roles.get(name).copied()
    }

    pub(super) fn group(&self, name: &GroupName) -> Option<Place> {
        self.groups.get(name).copied()
    }

    pub(super) fn role_at(&self, place: Place) -> Option<&RoleName> {
        self.members.get(place.0)?.role.as_ref()
    }

    pub(super) fn uid_at(&self, place: Place) -> Option<&EntityUid> {
        self.members.get(place.0).map(|member| &member.uid)
    }

    /// The entity of what a rule names, if it has anything to look into.
    pub(super) fn named(&self, uid: &EntityUid, names: &Names) -> Option<Entity> {
        let (kind, id) = (uid.type_name(), uid.id().unescaped());
        if let Some(place) = self.place(uid, names) {
            let above = self.with(place).filter(|other| *other != place);
            let above = above.filter_map(|place| self.uid_at(place).cloned()).collect();
            return Some(Entity::new_no_attrs(uid.clone(), above));
        }
        if *kind == names.dataset {
            let id = DatasetId::new(id).ok()?;
            return question::dataset(&id, self.dataset(&id), names).ok()?.1;
        }
        if *kind == names.user || *kind == names.service {
            return question::known(&PrincipalId::new(id).ok()?, self, names);
        }
        None
    }

    /// The role or group of that name in Cedar's terms.
    pub(super) fn place(&self, uid: &EntityUid, names: &Names) -> Option<Place> {
        let (kind, id) = (uid.type_name(), uid.id().unescaped());
        if *kind == names.role {
            self.role(&RoleName::new(id).ok()?)
        } else if *kind == names.group {
            self.group(&GroupName::new(id).ok()?)
        } else {
            None
        }
    }

    pub(super) fn principals(&self) -> impl Iterator<Item = (&PrincipalId, &Standing)> {
        self.principals.iter()
    }

    pub(super) fn datasets(&self) -> impl Iterator<Item = &DatasetId> {
        self.datasets.keys()
    }

    /// The two roles that nobody may have both of, if these have them.
    pub(super) fn conflict(&self, places: &BTreeSet<Place>) -> Option<(&RoleName, &RoleName)> {
        let both = |(a, b): &&(Place, Place)| places.contains(a) && places.contains(b);
        let (a, b) = self.separated.iter().find(both)?;
        Some((self.role_at(*a)?, self.role_at(*b)?))
    }
}

impl DatasetView {
    fn new(
        id: &DatasetId,
        assignments: &Assignments,
        names: &Names,
        places: &HashMap<GroupName, Place>,
    ) -> Self {
        let within = |id: &DatasetId| assignments.datasets.get(id).map(|dataset| &dataset.within);
        let all = closure(id, within);
        let limits = all.iter().filter_map(|id| assignments.datasets.get(id)).map(|d| &d.purposes);
        let limits = limits.filter(|purposes| !purposes.is_empty()).cloned();
        let groups = groups(id, assignments);
        let group = |name: &GroupName| {
            RestrictedExpression::new_entity_uid(uid(&names.group, name.as_str()))
        };
        Self {
            uid: uid(&names.dataset, id.as_str()),
            above: all
                .iter()
                .filter(|d| **d != id)
                .map(|d| uid(&names.dataset, d.as_str()))
                .collect(),
            groups: RestrictedExpression::new_set(groups.iter().map(group)),
            group_places: groups.iter().filter_map(|name| places.get(name).copied()).collect(),
            group_names: groups,
            purposes: limits.reduce(|a, b| a.intersection(&b).copied().collect()),
        }
    }
}

/// The groups of the data set or, if it has none, those of each that it lies in, by the same rule.
fn groups(id: &DatasetId, assignments: &Assignments) -> BTreeSet<GroupName> {
    let (mut found, mut seen, mut open) = (BTreeSet::new(), BTreeSet::from([id]), vec![id]);
    while let Some(dataset) = open.pop().and_then(|id| assignments.datasets.get(id)) {
        if dataset.groups.is_empty() {
            open.extend(dataset.within.iter().filter(|id| seen.insert(*id)));
        }
        found.extend(dataset.groups.iter().cloned());
    }
    found
}

/// `start` and all that is reached from it.
fn closure<'a, T: Ord>(
    start: &'a T,
    next: impl Fn(&T) -> Option<&'a BTreeSet<T>>,
) -> BTreeSet<&'a T> {
    let mut found = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        let new = next(node).into_iter().flatten().filter(|next| found.insert(next));
        open.extend(new.collect::<Vec<_>>());
    }
    found
}
