//! The rules of one action, put where a decision finds those that can match.
//!
//! Cedar looks at every rule it is given. A rule whose head asks for a role or group cannot match a principal who
//! is not in it: its head is false before anything else is looked at. Such rules are kept by what they ask for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cedar_policy::{Entity, EntityUid, Policy, PolicySet, PrincipalConstraint};

use super::hierarchy::{Hierarchy, Place, Places};
use super::names::Names;
use super::rule::Rule;
use crate::action::Action;
use crate::ids::DatasetId;

/// The most rules that are put together in one set for a slice that is kept.
const MERGED: usize = 16;

#[derive(Debug, Default)]
pub(super) struct OfAction {
    /// Rules for anybody.
    general: PolicySet,
    /// Rules for those in a role or group.
    by_place: HashMap<Place, PolicySet>,
    /// Those roles and groups: few of the many that a principal may stand in.
    ruled: Places,
    /// The entities that those rules name and look into.
    pub(super) named: Vec<Entity>,
    /// Whether a rule looks at who sealed a package or claimed an emergency: they may have roles.
    pub(super) asks_other: bool,
    /// Whether a rule looks at the age of a proof.
    pub(super) asks_age: bool,
    /// Whether a rule names one package or emergency.
    pub(super) names_one: bool,
    pub(super) asked: Asked,
}

/// What the rules of an action can ask whether somebody or something stands in it. What a principal or a resource
/// stands in besides makes no difference to any of them.
///
/// Behind `in` the schema lets stand what a rule names, and the groups that a resource or a named data set has.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// The roles and groups that are named, and the groups of data sets that are named.
    pub(super) places: Places,
    /// The data sets that are named.
    pub(super) datasets: HashSet<EntityUid>,
}

impl Asked {
    fn add(&mut self, uid: &EntityUid, hierarchy: &Hierarchy, names: &Names) {
        if let Some(place) = hierarchy.place(uid, names) {
            self.places.insert(place);
        }
        if *uid.type_name() == names.dataset {
            let id = DatasetId::new(uid.id().unescaped()).ok();
            let view = id.and_then(|id| hierarchy.dataset(&id));
            let groups = view.into_iter().flat_map(|view| &view.group_places);
            groups.for_each(|place| self.places.insert(*place));
            self.datasets.insert(uid.clone());
        }
    }
}

impl OfAction {
    /// `None` if two rules have one name, which is refused when rules are read.
    pub(super) fn new(
        action: Action,
        rules: &[Rule],
        hierarchy: &Hierarchy,
        names: &Names,
    ) -> Option<Self> {
        let of = || rules.iter().filter(|rule| rule.actions.contains(&action));
        let mut general = Vec::new();
        let mut by_place: BTreeMap<Place, Vec<Policy>> = BTreeMap::new();
        for rule in of() {
            match place(&rule.policy, hierarchy, names) {
                Some(place) => by_place.entry(place).or_default().push(rule.policy.clone()),
                None => general.push(rule.policy.clone()),
            }
        }
        let mut named: Vec<Entity> = Vec::new();
        for uid in of().flat_map(|rule| &rule.looks_into) {
            if named.iter().all(|entity| entity.uid() != *uid) {
                named.extend(hierarchy.named(uid, names));
            }
        }
        let mut ruled = Places::default();
        by_place.keys().for_each(|place| ruled.insert(*place));
        let mut asked = Asked::default();
        of().flat_map(|rule| &rule.literals).for_each(|uid| asked.add(uid, hierarchy, names));
        let set = |(place, policies)| Some((place, PolicySet::from_policies(policies).ok()?));
        Some(Self {
            general: PolicySet::from_policies(general).ok()?,
            ruled,
            by_place: by_place.into_iter().map(set).collect::<Option<_>>()?,
            named,
            asks_other: of().any(|rule| rule.asks_other),
            asks_age: of().any(|rule| rule.asks_age),
            names_one: of()
                .flat_map(|rule| &rule.literals)
                .any(|uid| [&names.package, &names.emergency].contains(&uid.type_name())),
            asked,
        })
    }

    /// The same for rules that are looked at apart from their action's others.
    pub(super) fn apart(&self, policies: Vec<Policy>) -> Option<Self> {
        Some(Self {
            general: PolicySet::from_policies(policies).ok()?,
            by_place: HashMap::new(),
            ruled: Places::default(),
            named: self.named.clone(),
            asks_other: self.asks_other,
            asks_age: self.asks_age,
            names_one: self.names_one,
            asked: self.asked.clone(),
        })
    }

    /// Whether any rule can match somebody in these roles and groups.
    pub(super) fn can_match(&self, places: &BTreeSet<Place>) -> bool {
        self.sets(places.iter()).next().is_some()
    }

    /// The same in one set, if they are few: Cedar is slower over several. They are kept with each slice.
    pub(super) fn merged(&self, places: &BTreeSet<Place>) -> Option<PolicySet> {
        let rules = self.sets(places.iter()).flat_map(PolicySet::policies);
        let rules: Vec<_> = rules.take(MERGED.saturating_add(1)).cloned().collect();
        (rules.len() <= MERGED).then(|| PolicySet::from_policies(rules).ok()).flatten()
    }

    /// All rules that can match somebody in these roles and groups.
    pub(super) fn sets<'s>(
        &'s self,
        places: impl Iterator<Item = &'s Place>,
    ) -> impl Iterator<Item = &'s PolicySet> {
        let general = (!self.general.is_empty()).then_some(&self.general);
        let ruled = places.filter(|place| self.ruled.contains(**place));
        general.into_iter().chain(ruled.filter_map(|place| self.by_place.get(place)))
    }
}

/// The role or group that the head asks the principal to be in.
fn place(policy: &Policy, hierarchy: &Hierarchy, names: &Names) -> Option<Place> {
    match policy.principal_constraint() {
        PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid) => {
            hierarchy.place(&uid, names)
        }
        PrincipalConstraint::Any | PrincipalConstraint::Eq(_) | PrincipalConstraint::Is(_) => None,
    }
}
