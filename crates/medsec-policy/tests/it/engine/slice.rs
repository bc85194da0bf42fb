//! What the engine leaves out changes nothing: its decision over few rules and entities is Cedar's over all.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr as _;
use std::time::{Duration, SystemTime};

use cedar_policy::{
    Authorizer, Context, Decision as CedarDecision, Entities, Entity, EntityUid, PolicyId,
    PolicySet, RestrictedExpression,
};
use medsec_policy::{
    Action, Assigned, Assignments, Circumstances, Dataset, DatasetId, Decider as _, EmergencyId,
    Factors, Group, Method, PackageId, Principal, PrincipalKind, Purpose, Request, Resource, Role,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::support::{dataset, engine_with, group, id, role, settings};

const ROLES: usize = 6;
const GROUPS: usize = 4;
const PRINCIPALS: usize = 6;
const DATASETS: usize = 5;

/// Everything by its number.
#[derive(Clone, Debug)]
struct World {
    includes: Vec<BTreeSet<usize>>,
    group_roles: Vec<BTreeSet<usize>>,
    principals: Vec<(BTreeSet<usize>, BTreeSet<usize>)>,
    datasets: Vec<(BTreeSet<usize>, BTreeSet<usize>)>,
}

#[derive(Clone, Debug)]
struct Asked {
    who: usize,
    token_groups: BTreeSet<usize>,
    action: Action,
    kind: usize,
    dataset: Option<usize>,
    /// Which package or emergency: the first is the one that rules name.
    number: u8,
    /// One more than there are is somebody unknown.
    other: Option<usize>,
    purpose: Purpose,
    emergency: bool,
    two_factors: bool,
    age: u64,
}

fn world() -> impl Strategy<Value = World> {
    let set = |n: usize| btree_set(0..n, 0..3);
    let pair = |a: usize, b: usize| (set(a), set(b));
    (
        vec(set(ROLES), ROLES),
        vec(set(ROLES), GROUPS),
        vec(pair(ROLES, GROUPS), PRINCIPALS),
        vec(pair(DATASETS, GROUPS), DATASETS),
    )
        .prop_map(|(includes, group_roles, principals, datasets)| World {
            includes,
            group_roles,
            principals,
            datasets,
        })
}

fn asked() -> impl Strategy<Value = Asked> {
    let actions = prop::sample::select(Action::ALL);
    let purposes = prop::sample::select(&[Purpose::Treatment, Purpose::BreakTheGlass][..]);
    let what =
        (actions, 0_usize..5, prop::option::of(0..DATASETS), prop::option::of(0..=PRINCIPALS));
    let who = (0..PRINCIPALS, btree_set(0..GROUPS, 0..2), 1_u8..4);
    let how = (purposes, any::<bool>(), any::<bool>(), 0_u64..20);
    (who, what, how).prop_map(
        |((who, token_groups, number), (action, kind, dataset, other), how)| {
            let (purpose, emergency, two_factors, age) = how;
            Asked {
                who,
                token_groups,
                action,
                kind,
                dataset,
                number,
                other,
                purpose,
                emergency,
                two_factors,
                age,
            }
        },
    )
}

/// Heads and conditions; `#` is a number that is filled in.
const WHO: [&str; 7] = [
    "principal",
    "principal in Medsec::Role::\"r#\"",
    "principal in Medsec::Role::\"r#\"",
    "principal in Medsec::Group::\"g#\"",
    "principal is Medsec::User in Medsec::Role::\"r#\"",
    "principal == Medsec::User::\"p0\"",
    "principal is Medsec::User",
];
const ACTIONS: [&str; 6] = [
    "action",
    "action == Medsec::Action::\"open\"",
    "action == Medsec::Action::\"open\"",
    "action in [Medsec::Action::\"seal\", Medsec::Action::\"export\", Medsec::Action::\"open\"]",
    "action in [Medsec::Action::\"rewrap\", Medsec::Action::\"open\"]",
    "action in [Medsec::Action::\"close-review\", Medsec::Action::\"emergency-access\"]",
];
const RESOURCES: [&str; 6] = [
    "resource",
    "resource",
    "resource",
    "resource in Medsec::Dataset::\"d#\"",
    "resource in Medsec::Dataset::\"d#\"",
    "resource == Medsec::Package::\"01010101010101010101010101010101\"",
];
const CONDITIONS: [&str; 16] = [
    "true",
    "context.emergency",
    "context.authenticationAge < 1#",
    "context has purpose && context.purpose == Medsec::Purpose::\"TREAT\"",
    "resource has groups && principal in resource.groups",
    "resource has groups && resource.groups.contains(Medsec::Group::\"g#\")",
    "resource has sealedBy && resource.sealedBy in Medsec::Role::\"r#\"",
    "resource has sealedBy && principal is Medsec::User && resource[\"sealed\\u{42}y\"] == principal",
    "resource has sealedByService && resource.sealedByService in Medsec::Group::\"g#\"",
    "resource has initiator && resource.initiator in Medsec::Role::\"r#\"",
    "Medsec::User::\"p0\" in Medsec::Role::\"r#\"",
    "Medsec::Role::\"r1\" in Medsec::Role::\"r#\"",
    "(if context.emergency then Medsec::Group::\"g1\" else Medsec::Group::\"g2\") in Medsec::Role::\"r#\"",
    "Medsec::Dataset::\"d#\".groups.contains(Medsec::Group::\"g1\")",
    "Medsec::Dataset::\"d4\" in Medsec::Dataset::\"d#\"",
    "principal in [Medsec::Role::\"r#\", Medsec::Role::\"r0\"]",
];

fn rule() -> impl Strategy<Value = String> {
    let part = |all: &'static [&'static str]| prop::sample::select(all);
    let resources = part(&RESOURCES);
    let number = 0_usize..4;
    (any::<[bool; 3]>(), part(&WHO), part(&ACTIONS), resources, part(&CONDITIONS), number).prop_map(
        |([a, b, negated], who, action, resource, condition, number)| {
            let effect = if a && b { "forbid" } else { "permit" };
            let when = if negated && condition != "true" { "unless" } else { "when" };
            format!("{effect} ({who}, {action}, {resource})\n{when} {{ {condition} }};")
                .replace('#', &number.to_string())
        },
    )
}

impl World {
    fn kind(n: usize) -> PrincipalKind {
        if n % 3 == 2 { PrincipalKind::Service } else { PrincipalKind::Person }
    }

    /// Nothing lies in what has a higher number, so that there is no circle.
    fn lower(of: &BTreeSet<usize>, n: usize) -> impl Iterator<Item = usize> {
        of.iter().copied().filter(move |other| *other < n)
    }

    fn groups(&self, n: usize) -> BTreeSet<usize> {
        let (within, groups) = &self.datasets[n];
        if !groups.is_empty() {
            return groups.clone();
        }
        Self::lower(within, n).flat_map(|other| self.groups(other)).collect()
    }

    fn assignments(&self) -> Assignments {
        let roles = |of: &BTreeSet<usize>| of.iter().map(|n| role(&format!("r{n}"))).collect();
        let groups = |of: &BTreeSet<usize>| of.iter().map(|n| group(&format!("g{n}"))).collect();
        let mut all = Assignments::default();
        for (n, includes) in self.includes.iter().enumerate() {
            let includes = Self::lower(includes, n).map(|n| role(&format!("r{n}"))).collect();
            all.roles.insert(role(&format!("r{n}")), Role { includes });
        }
        for (n, of) in self.group_roles.iter().enumerate() {
            all.groups.insert(group(&format!("g{n}")), Group { roles: roles(of) });
        }
        for (n, (r, g)) in self.principals.iter().enumerate() {
            let assigned = Assigned { kind: Self::kind(n), roles: roles(r), groups: groups(g) };
            all.principals.insert(id(&format!("p{n}")), assigned);
        }
        for (n, (within, g)) in self.datasets.iter().enumerate() {
            let within = Self::lower(within, n).map(|n| dataset(&format!("d{n}"))).collect();
            let dataset_of = Dataset { within, purposes: BTreeSet::new(), groups: groups(g) };
            all.datasets.insert(dataset(&format!("d{n}")), dataset_of);
        }
        all
    }

    /// All entities, each with only what it stands in directly.
    fn entities(&self, asked: &Asked) -> Vec<Entity> {
        let roles =
            |of: &BTreeSet<usize>| -> Vec<_> { of.iter().map(|n| uid("Role", "r", *n)).collect() };
        let mut all = Vec::new();
        for (n, includes) in self.includes.iter().enumerate() {
            let above = Self::lower(includes, n).map(|n| uid("Role", "r", n)).collect();
            all.push(Entity::new_no_attrs(uid("Role", "r", n), above));
        }
        for (n, of) in self.group_roles.iter().enumerate() {
            all.push(Entity::new_no_attrs(uid("Group", "g", n), roles(of).into_iter().collect()));
        }
        for (n, (r, g)) in self.principals.iter().enumerate() {
            let token = asked.token_groups.iter().filter(|_| n == asked.who);
            let groups = g.iter().chain(token).map(|n| uid("Group", "g", *n));
            all.push(Entity::new_no_attrs(
                principal(n),
                roles(r).into_iter().chain(groups).collect(),
            ));
        }
        for (n, (within, _)) in self.datasets.iter().enumerate() {
            let above = Self::lower(within, n).map(|n| uid("Dataset", "d", n)).collect();
            all.push(Entity::new(uid("Dataset", "d", n), self.attributes(Some(n)), above).unwrap());
        }
        all
    }

    fn attributes(&self, dataset: Option<usize>) -> HashMap<String, RestrictedExpression> {
        let groups = dataset.map(|n| self.groups(n)).unwrap_or_default();
        let groups =
            groups.into_iter().map(|n| RestrictedExpression::new_entity_uid(uid("Group", "g", n)));
        HashMap::from([("groups".to_owned(), RestrictedExpression::new_set(groups))])
    }

    /// What Cedar says of all rules over all entities: whether it permits, and the rules that say so.
    fn whole(&self, rules: &[String], asked: &Asked) -> (bool, BTreeSet<usize>) {
        let policies = rules.iter().enumerate().map(|(n, rule)| {
            cedar_policy::Policy::parse(Some(PolicyId::new(n.to_string())), rule).unwrap()
        });
        let mut entities = self.entities(asked);
        let resource = self.resource(asked, &mut entities);
        let context = Context::from_pairs([
            (
                "purpose".to_owned(),
                RestrictedExpression::new_entity_uid(
                    EntityUid::from_str(&format!("Medsec::Purpose::\"{}\"", asked.purpose))
                        .unwrap(),
                ),
            ),
            ("emergency".to_owned(), RestrictedExpression::new_bool(asked.emergency)),
            ("twoFactors".to_owned(), RestrictedExpression::new_bool(asked.two_factors)),
            (
                "authenticationAge".to_owned(),
                RestrictedExpression::new_long(i64::try_from(asked.age).unwrap()),
            ),
        ]);
        let action = EntityUid::from_str(&format!("Medsec::Action::\"{}\"", asked.action)).unwrap();
        let request = cedar_policy::Request::new(
            principal(asked.who),
            action,
            resource,
            context.unwrap(),
            None,
        );
        let entities = Entities::from_entities(entities, None).unwrap();
        let policies = PolicySet::from_policies(policies).unwrap();
        let response = Authorizer::new().is_authorized(&request.unwrap(), &policies, &entities);
        assert_eq!(response.diagnostics().errors().count(), 0);
        let reason = response.diagnostics().reason().map(|id| id.to_string().parse().unwrap());
        (response.decision() == CedarDecision::Allow, reason.collect())
    }

    fn resource(&self, asked: &Asked, entities: &mut Vec<Entity>) -> EntityUid {
        let above: HashSet<_> = asked.dataset.map(|n| uid("Dataset", "d", n)).into_iter().collect();
        let mut attributes = self.attributes(asked.dataset);
        let resource = match asked.resource() {
            Resource::AuditTrail => {
                return EntityUid::from_str("Medsec::AuditTrail::\"log\"").unwrap();
            }
            Resource::Policy => return EntityUid::from_str("Medsec::Policy::\"current\"").unwrap(),
            Resource::Dataset(id) => {
                return EntityUid::from_str(&format!("Medsec::Dataset::\"{id}\"")).unwrap();
            }
            Resource::Package { id, .. } => {
                let other = asked.other.filter(|n| *n < PRINCIPALS).map(|n| {
                    let person = Self::kind(n) == PrincipalKind::Person;
                    (if person { "sealedBy" } else { "sealedByService" }, principal(n))
                });
                attributes.extend(other.map(|(name, uid)| {
                    (name.to_owned(), RestrictedExpression::new_entity_uid(uid))
                }));
                EntityUid::from_str(&format!("Medsec::Package::\"{id}\"")).unwrap()
            }
            Resource::Emergency { id, .. } => {
                let initiator = uid("User", "p", asked.other.unwrap_or(0));
                let initiator = RestrictedExpression::new_entity_uid(initiator);
                attributes.insert("initiator".to_owned(), initiator);
                EntityUid::from_str(&format!("Medsec::Emergency::\"{id}\"")).unwrap()
            }
        };
        entities.push(Entity::new(resource.clone(), attributes, above).unwrap());
        resource
    }
}

fn uid(kind: &str, letter: &str, n: usize) -> EntityUid {
    EntityUid::from_str(&format!("Medsec::{kind}::\"{letter}{n}\"")).unwrap()
}

fn principal(n: usize) -> EntityUid {
    match World::kind(n) {
        PrincipalKind::Person => uid("User", "p", n),
        PrincipalKind::Service => uid("Service", "p", n),
    }
}

impl Asked {
    fn resource(&self) -> Resource {
        let dataset_of: Option<DatasetId> = self.dataset.map(|n| dataset(&format!("d{n}")));
        let other = self.other.map(|n| id(&format!("p{n}")));
        match (self.kind, dataset_of) {
            (0, Some(dataset)) => Resource::Dataset(dataset),
            (1, _) => Resource::AuditTrail,
            (2, _) => Resource::Policy,
            (3, dataset) => {
                let initiator = other.unwrap_or_else(|| id("p0"));
                Resource::Emergency {
                    id: EmergencyId::from_bytes([self.number; 16]),
                    initiator,
                    dataset,
                }
            }
            (_, dataset) => Resource::Package {
                id: PackageId::from_bytes([self.number; 16]),
                dataset,
                sealed_by: other,
            },
        }
    }

    fn principal(&self) -> Principal {
        Principal {
            id: id(&format!("p{}", self.who)),
            kind: World::kind(self.who),
            method: Method::Token,
            factors: if self.two_factors { Factors::Two } else { Factors::One },
            authenticated_at: SystemTime::UNIX_EPOCH,
            groups: self.token_groups.iter().map(|n| group(&format!("g{n}"))).collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn decision_over_slice_and_index_is_that_over_everything(
        world in world(),
        rules in vec(rule(), 1..14),
        asked in vec(asked(), 24),
    ) {
        // Some combinations match no request: the engine refuses such rules, so they are left out one by one.
        let named = |(n, rule): (usize, &String)| format!("@id(\"{n}\") @why(\"x\") {rule}\n");
        let assignments = world.assignments();
        let loads = |rule: &String| {
            let text = named((0, rule));
            let policy = super::support::HASH;
            medsec_policy::Engine::new(&[("r", text)], &assignments, &settings(), policy).is_ok()
        };
        let rules: Vec<String> = rules.into_iter().filter(loads).collect();
        let text: String = rules.iter().enumerate().map(named).collect();
        let engine = engine_with(&text, &assignments, &settings());
        // Everything again, so that what the engine keeps of one question meets all others; of another package, too.
        let again = asked.iter().rev().map(|asked| Asked { number: asked.number ^ 1, ..asked.clone() });
        let asked: Vec<_> = asked.iter().cloned().chain(again).chain(asked.clone()).collect();
        for asked in &asked {
            let (principal, resource) = (asked.principal(), asked.resource());
            if !asked.action.applies_to(principal.kind, &resource) {
                continue;
            }
            let circumstances = Circumstances {
                purpose: Some(asked.purpose),
                authentication_age: Duration::from_secs(asked.age),
                emergency: asked.emergency.then(|| EmergencyId::from_bytes([9; 16])),
            };
            let request = Request {
                principal: &principal,
                action: asked.action,
                resource: &resource,
                circumstances: &circumstances,
            };
            let decision = engine.decide(&request).unwrap();
            let found: BTreeSet<usize> =
                decision.rules.iter().map(|rule| rule.as_str().parse().unwrap()).collect();
            prop_assert_eq!((decision.is_permit(), found), world.whole(&rules, asked), "{:?}", asked);
        }
    }
}
