//! Assignments in a document.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{set, sorted};
use crate::assignments::{Assigned, Assignments, Dataset, Group, Role};
use crate::principal::PrincipalKind;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wire {
    separated: Vec<[String; 2]>,
    roles: BTreeMap<String, WireRole>,
    groups: BTreeMap<String, WireGroup>,
    people: BTreeMap<String, WirePrincipal>,
    services: BTreeMap<String, WirePrincipal>,
    datasets: BTreeMap<String, WireDataset>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRole {
    includes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireGroup {
    roles: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePrincipal {
    roles: Vec<String>,
    groups: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireDataset {
    within: Vec<String>,
    /// Absent if any will do.
    purposes: Option<Vec<String>>,
    groups: Vec<String>,
}

impl Wire {
    pub(super) fn of(all: &Assignments) -> Self {
        let Assignments { roles, groups, principals, datasets, separated } = all;
        let of_kind = |kind| {
            let these = principals.iter().filter(move |(_, assigned)| assigned.kind == kind);
            these.map(|(id, assigned)| (id.to_string(), WirePrincipal::of(assigned))).collect()
        };
        Self {
            separated: separated.iter().map(|(a, b)| [a.to_string(), b.to_string()]).collect(),
            roles: named(roles, |role| WireRole { includes: sorted(&role.includes) }),
            groups: named(groups, |group| WireGroup { roles: sorted(&group.roles) }),
            people: of_kind(PrincipalKind::Person),
            services: of_kind(PrincipalKind::Service),
            datasets: named(datasets, WireDataset::of),
        }
    }

    pub(super) fn assignments(&self) -> Option<Assignments> {
        let people = principals(&self.people, PrincipalKind::Person);
        let services = principals(&self.services, PrincipalKind::Service);
        let separated = self.separated.iter();
        Some(Assignments {
            roles: parsed(&self.roles, |role| Some(Role { includes: set(&role.includes)? }))?,
            groups: parsed(&self.groups, |group| Some(Group { roles: set(&group.roles)? }))?,
            // Who stands under both is lost here, and what is rendered again is then shorter.
            principals: people?.into_iter().chain(services?).collect(),
            datasets: parsed(&self.datasets, WireDataset::dataset)?,
            separated: separated
                .map(|[a, b]| Some((a.parse().ok()?, b.parse().ok()?)))
                .collect::<Option<_>>()?,
        })
    }
}

impl WirePrincipal {
    fn of(assigned: &Assigned) -> Self {
        Self { roles: sorted(&assigned.roles), groups: sorted(&assigned.groups) }
    }
}

impl WireDataset {
    fn of(dataset: &Dataset) -> Self {
        let some = Some(&dataset.purposes).filter(|purposes| !purposes.is_empty());
        Self {
            within: sorted(&dataset.within),
            purposes: some.map(sorted),
            groups: sorted(&dataset.groups),
        }
    }

    fn dataset(&self) -> Option<Dataset> {
        let purposes = set(self.purposes.as_deref().unwrap_or_default())?;
        Some(Dataset { within: set(&self.within)?, purposes, groups: set(&self.groups)? })
    }
}

fn principals<K: FromStr + Ord>(
    wire: &BTreeMap<String, WirePrincipal>,
    kind: PrincipalKind,
) -> Option<BTreeMap<K, Assigned>> {
    parsed(wire, |principal| {
        let (roles, groups) = (set(&principal.roles)?, set(&principal.groups)?);
        Some(Assigned { kind, roles, groups })
    })
}

fn named<K: ToString, V, W>(map: &BTreeMap<K, V>, wire: impl Fn(&V) -> W) -> BTreeMap<String, W> {
    map.iter().map(|(name, value)| (name.to_string(), wire(value))).collect()
}

fn parsed<K: FromStr + Ord, V, W>(
    map: &BTreeMap<String, W>,
    value: impl Fn(&W) -> Option<V>,
) -> Option<BTreeMap<K, V>> {
    map.iter().map(|(name, wire)| Some((name.parse().ok()?, value(wire)?))).collect()
}
