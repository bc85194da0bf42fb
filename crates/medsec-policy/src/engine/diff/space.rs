//! All that two policies are asked when they are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::hierarchy::Standing;
use super::super::question::{Question, Subject, somebody_else};
use super::super::resource_class::ResourceClass;
use super::super::{Engine, Place};
use super::{Proof, Under};
use crate::action::Action;
use crate::ids::PrincipalId;
use crate::principal::PrincipalKind;
use crate::purpose::Purpose;
use crate::request::Resource;

/// Principals who are decided alike by both policies. Never empty.
pub(super) struct Class<'a> {
    example: &'a PrincipalId,
    members: Vec<&'a PrincipalId>,
    kinds: BTreeSet<bool>,
}

/// One combination of purpose and circumstances.
pub(super) struct Point {
    pub(super) purpose: Option<Purpose>,
    pub(super) under: Under,
    age: Duration,
    two_factors: bool,
}

pub(super) struct Space<'a> {
    classes: Vec<Class<'a>>,
    resources: Vec<ResourceClass>,
    points: Vec<Point>,
    other: PrincipalId,
}

/// What a policy says of a principal: person or not, and the roles and groups.
type Says<'a> = Option<(bool, &'a BTreeSet<Place>)>;

fn says(standing: Option<&Standing>) -> Says<'_> {
    standing.map(|standing| (standing.kind == PrincipalKind::Person, &standing.places))
}

impl<'a> Space<'a> {
    pub(super) fn new(old: &'a Engine, new: &'a Engine) -> Option<Self> {
        let both = [old, new];
        let ids = both.iter().flat_map(|engine| engine.hierarchy.principals().map(|(id, _)| id));
        let ids: BTreeSet<_> = ids.collect();
        let datasets: BTreeSet<_> =
            both.iter().flat_map(|engine| engine.hierarchy.datasets()).collect();
        Some(Self {
            other: somebody_else(ids.iter().copied())?,
            classes: classes(&ids, old, new),
            resources: ResourceClass::all(datasets.into_iter()),
            points: points(old, new),
        })
    }

    /// How many decisions it takes to ask both policies everything.
    pub(super) fn decisions(&self) -> u64 {
        let doings = |class: &Class<'a>| self.doings(class).count();
        let doings: usize = self.classes.iter().map(doings).fold(0, usize::saturating_add);
        let asked = doings.saturating_mul(self.points.len()).saturating_mul(2);
        u64::try_from(asked).unwrap_or(u64::MAX)
    }

    pub(super) fn classes(&self) -> &[Class<'a>] {
        &self.classes
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    /// Somebody whom neither policy knows.
    pub(super) const fn other(&self) -> &PrincipalId {
        &self.other
    }

    /// The actions and resources that are possible for these principals at all.
    pub(super) fn doings<'s>(
        &'s self,
        class: &'s Class<'a>,
    ) -> impl Iterator<Item = (Action, &'s ResourceClass)> {
        let kinds =
            |person: &bool| if *person { PrincipalKind::Person } else { PrincipalKind::Service };
        self.resources.iter().flat_map(move |resource| {
            let example = resource.example(class.example, &self.other);
            let possible = move |action: &&Action| {
                class.kinds.iter().map(kinds).any(|kind| action.applies_to(kind, &example))
            };
            Action::ALL.iter().filter(possible).map(move |action| (*action, resource))
        })
    }
}

impl Class<'_> {
    /// One of them.
    pub(super) const fn example(&self) -> &PrincipalId {
        self.example
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &PrincipalId> {
        self.members.iter().copied()
    }
}

impl Point {
    /// The question to one of the policies; `None` if it does not know the principal.
    pub(super) fn question<'a>(
        &self,
        engine: &'a Engine,
        id: &'a PrincipalId,
        action: Action,
        resource: &'a Resource,
    ) -> Option<Question<'a>> {
        Some(Question {
            subject: Subject::assigned(engine, id)?,
            action,
            resource,
            purpose: self.purpose,
            emergency: self.under.emergency,
            two_factors: self.two_factors,
            age: self.age,
        })
    }
}

fn classes<'a>(
    ids: &BTreeSet<&'a PrincipalId>,
    old: &'a Engine,
    new: &'a Engine,
) -> Vec<Class<'a>> {
    let mut found: BTreeMap<(Says<'a>, Says<'a>, Option<&'a PrincipalId>), Vec<&'a PrincipalId>> =
        BTreeMap::new();
    for id in ids {
        let [before, after] = [old, new].map(|engine| says(engine.hierarchy.principal(id)));
        let is_named = old.names_principal(id) || new.names_principal(id);
        found.entry((before, after, is_named.then_some(*id))).or_default().push(id);
    }
    let class = |((before, after, _), members): ((Says<'a>, Says<'a>, _), Vec<&'a PrincipalId>)| {
        let kinds = before.iter().chain(&after).map(|(person, _)| *person).collect();
        members.first().map(|example| Class { example, kinds, members: members.clone() })
    };
    found.into_iter().filter_map(class).collect()
}

/// Every purpose that one of the policies accepts, and none, under all circumstances that settings tell apart.
fn points(old: &Engine, new: &Engine) -> Vec<Point> {
    let both = [old, new];
    let purposes: BTreeSet<_> =
        both.iter().flat_map(|e| e.settings.purposes.iter().copied()).collect();
    let ages = both.map(|engine| engine.settings.step_up.max_age);
    let old_age = ages.into_iter().min().unwrap_or_default().saturating_add(Duration::from_secs(1));
    let proofs = [
        (Proof::Best, Duration::ZERO, true),
        (Proof::OneFactor, Duration::ZERO, false),
        (Proof::Old, old_age, true),
    ];
    let mut points = Vec::new();
    for purpose in std::iter::once(None).chain(purposes.into_iter().map(Some)) {
        for emergency in [false, true] {
            points.extend(proofs.map(|(proof, age, two_factors)| Point {
                purpose,
                under: Under { emergency, proof },
                age,
                two_factors,
            }));
        }
    }
    points
}
