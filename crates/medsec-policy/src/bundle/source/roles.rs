//! `roles.toml`: roles, groups, people, services, data sets and which roles are separate.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{SourceError, SourceFile, SourceProblem};
use super::node::{Node, Text, insert};
use crate::assignments::{Assigned, AssignmentError, Assignments, Dataset, Group, Place, Role};
use crate::ids::{DatasetId, GroupName, PrincipalId, RoleName};
use crate::principal::PrincipalKind;
use crate::purpose::Purpose;
use crate::text::InvalidValue;

/// Where each name stands.
type Places<'d> = BTreeMap<Place, Node<'d>>;

pub(super) fn parse(text: &str) -> Result<Assignments, SourceError> {
    let text = Text { file: SourceFile::Roles, text };
    let table = text.parse()?;
    let mut places = Places::new();
    let assignments = all(&text.root(table.get_ref()), &mut places)?;
    let place = |AssignmentError { place, problem }| match places.get(&place) {
        Some(node) => node.error(problem),
        None => SourceProblem::from(problem).in_file(SourceFile::Roles),
    };
    assignments.check().map_err(place)?;
    Ok(assignments)
}

fn all<'d>(root: &Node<'d>, places: &mut Places<'d>) -> Result<Assignments, SourceError> {
    let [roles, groups, people, services, datasets, separated] =
        root.fields(["roles", "groups", "people", "services", "datasets", "separated"])?;
    let mut principals = principals_of(&people, PrincipalKind::Person, places)?;
    for (id, service) in principals_of(&services, PrincipalKind::Service, places)? {
        let node = places.get(&Place::Principal(id.clone())).unwrap_or(root);
        insert(&mut principals, id, service, node)?;
    }
    Ok(Assignments {
        roles: roles_of(&roles, places)?,
        groups: groups_of(&groups, places)?,
        principals,
        datasets: datasets_of(&datasets, places)?,
        separated: separated_of(&separated, places)?,
    })
}

fn roles_of<'d>(
    node: &Node<'d>,
    places: &mut Places<'d>,
) -> Result<BTreeMap<RoleName, Role>, SourceError> {
    let mut all = BTreeMap::new();
    for (name, node) in node.named::<RoleName>()? {
        let [includes] = node.fields(["includes"])?;
        places.insert(Place::Role(name.clone()), node);
        all.insert(name, Role { includes: includes.set()? });
    }
    Ok(all)
}

fn groups_of<'d>(
    node: &Node<'d>,
    places: &mut Places<'d>,
) -> Result<BTreeMap<GroupName, Group>, SourceError> {
    let mut all = BTreeMap::new();
    for (name, node) in node.named::<GroupName>()? {
        let [roles] = node.fields(["roles"])?;
        places.insert(Place::Group(name.clone()), node);
        all.insert(name, Group { roles: roles.set()? });
    }
    Ok(all)
}

fn principals_of<'d>(
    node: &Node<'d>,
    kind: PrincipalKind,
    places: &mut Places<'d>,
) -> Result<BTreeMap<PrincipalId, Assigned>, SourceError> {
    let mut all = BTreeMap::new();
    for (id, node) in node.named::<PrincipalId>()? {
        let [roles, groups] = node.fields(["roles", "groups"])?;
        places.insert(Place::Principal(id.clone()), node);
        all.insert(id, Assigned { kind, roles: roles.set()?, groups: groups.set()? });
    }
    Ok(all)
}

fn datasets_of<'d>(
    node: &Node<'d>,
    places: &mut Places<'d>,
) -> Result<BTreeMap<DatasetId, Dataset>, SourceError> {
    let mut all = BTreeMap::new();
    for (id, node) in node.named::<DatasetId>()? {
        let [within, purposes, groups] = node.fields(["within", "purposes", "groups"])?;
        places.insert(Place::Dataset(id.clone()), node);
        let purposes = purposes_of(&purposes)?;
        all.insert(id, Dataset { within: within.set()?, purposes, groups: groups.set()? });
    }
    Ok(all)
}

/// An empty list is refused: who strikes the last purpose off a list does not mean that any will do.
fn purposes_of(node: &Node<'_>) -> Result<BTreeSet<Purpose>, SourceError> {
    match node.set_or("any")? {
        None => Ok(BTreeSet::new()),
        Some(some) if some.is_empty() => Err(node.error(InvalidValue { field: "purposes" })),
        Some(some) => Ok(some),
    }
}

fn separated_of<'d>(
    node: &Node<'d>,
    places: &mut Places<'d>,
) -> Result<BTreeSet<(RoleName, RoleName)>, SourceError> {
    let mut all = BTreeSet::new();
    for pair in node.list()? {
        let roles: Vec<RoleName> =
            pair.list()?.map(|role| role.parsed()).collect::<Result<_, _>>()?;
        let [mut a, mut b] = <[RoleName; 2]>::try_from(roles)
            .map_err(|_| pair.error(SourceProblem::Type { expected: "two roles" }))?;
        if a > b {
            std::mem::swap(&mut a, &mut b);
        }
        places.insert(Place::Separated(a.clone(), b.clone()), pair);
        if !all.insert((a, b)) {
            return Err(pair.error(SourceProblem::Twice));
        }
    }
    Ok(all)
}
