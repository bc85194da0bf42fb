//! A policy as large as the acceptance asks for, as the engine holds it and as Cedar takes it bare.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::str::FromStr as _;
use std::time::{Duration, SystemTime};

use cedar_policy::{Context, Entities, Entity, EntityUid, PolicySet, RestrictedExpression};
use medsec_policy::{
    Action, Assigned, Assignments, Dataset, DatasetId, EmergencyLimits, Engine, Factors, Group,
    GroupName, Method, Opening, PackageId, PolicyHash, Principal, PrincipalId, PrincipalKind,
    Purpose, Resource, Role, RoleName, Sealing, SessionLimits, Settings, SharedDataKeys, Signature,
    StepUp, UnboundPackages,
};

pub(crate) const ACTIONS: [Action; 4] =
    [Action::Seal, Action::Open, Action::Export, Action::Rewrap];
const PERSONS: usize = 10_000;
const ROLES: usize = 500;
const GROUPS: usize = 100;
const DATASETS: usize = 100;
const RULES: usize = 200;

pub(crate) struct Large {
    pub(crate) rules: HashMap<Action, PolicySet>,
    texts: Vec<String>,
    text: String,
    assignments: Assignments,
}

/// A question as a caller has it.
pub(crate) struct Asked {
    pub(crate) principal: Principal,
    pub(crate) resource: Resource,
    pub(crate) purpose: Purpose,
}

/// The same as Cedar takes it.
pub(crate) struct Bare {
    pub(crate) request: cedar_policy::Request,
    /// Who asks, what it is about, and who sealed that.
    pub(crate) entities: Entities,
    pub(crate) slice: Slice,
}

/// What the engine itself gives to Cedar: the rules whose head the principal's roles satisfy, and the entities that
/// these rules can look into, which is not who sealed a package.
pub(crate) struct Slice {
    pub(crate) rules: PolicySet,
    pub(crate) entities: Entities,
    pub(crate) parts: Parts,
}

/// What a slice is made of: names, and what its rules can ask whether somebody or something stands in it.
pub(crate) struct Parts {
    principal: EntityUid,
    above: HashSet<EntityUid>,
    action: EntityUid,
    resource: EntityUid,
    attributes: HashMap<String, RestrictedExpression>,
    within: HashSet<EntityUid>,
    purpose: EntityUid,
}

impl Parts {
    /// Request and entities by Cedar's own means, as whoever calls Cedar makes them.
    pub(crate) fn make(&self) -> (cedar_policy::Request, Entities) {
        let context = context(self.purpose.clone());
        let (principal, resource) = (self.principal.clone(), self.resource.clone());
        let entities = [
            Entity::new_no_attrs(principal.clone(), self.above.clone()),
            Entity::new(resource.clone(), self.attributes.clone(), self.within.clone()).unwrap(),
        ];
        let action = self.action.clone();
        let request = cedar_policy::Request::new(principal, action, resource, context, None);
        (request.unwrap(), Entities::from_entities(entities, None).unwrap())
    }
}

fn context(purpose: EntityUid) -> Context {
    let pairs = [
        ("purpose".to_owned(), RestrictedExpression::new_entity_uid(purpose)),
        ("emergency".to_owned(), RestrictedExpression::new_bool(false)),
        ("twoFactors".to_owned(), RestrictedExpression::new_bool(true)),
        ("authenticationAge".to_owned(), RestrictedExpression::new_long(60)),
    ];
    Context::from_pairs(pairs).unwrap()
}

fn role(n: usize) -> RoleName {
    RoleName::new(&format!("role-{}", n % ROLES)).unwrap()
}

fn group(n: usize) -> GroupName {
    GroupName::new(&format!("group-{}", n % GROUPS)).unwrap()
}

fn dataset(n: usize) -> DatasetId {
    DatasetId::new(&format!("dataset-{}", n % DATASETS)).unwrap()
}

fn person(n: usize) -> PrincipalId {
    PrincipalId::new(&format!("person-{}", n % PERSONS)).unwrap()
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_str(&format!("Medsec::{kind}::{id:?}")).unwrap()
}

/// Every tenth rule forbids; all look at the role, the data set, the purpose and the groups.
fn rule(n: usize) -> String {
    let effect = if n % 10 == 9 { "forbid" } else { "permit" };
    let (role, dataset, action) = (role(n * 7), dataset(n / 20), ACTIONS[n % ACTIONS.len()]);
    let purpose = ["TREAT", "COC", "HOPERAT"][n % 3];
    format!(
        "@id(\"rule-{n}\") @why(\"measured\")\n{effect} (principal in Medsec::Role::\"{role}\", \
         action == Medsec::Action::\"{action}\", resource in Medsec::Dataset::\"{dataset}\")\nwhen {{ \
         context has purpose && context.purpose == Medsec::Purpose::\"{purpose}\" && \
         principal in resource.groups }};\n"
    )
}

/// The roles and data sets that rules of the action name.
fn literals(action: Action) -> HashSet<EntityUid> {
    let place = ACTIONS.iter().position(|a| *a == action).unwrap();
    let of = (place..RULES).step_by(ACTIONS.len());
    of.flat_map(|n| {
        let dataset = uid("Dataset", dataset(n / 20).as_str());
        [uid("Role", role(n * 7).as_str()), dataset]
    })
    .collect()
}

fn assignments() -> Assignments {
    let mut all = Assignments::default();
    for n in 0..ROLES {
        let includes = if n < 50 { BTreeSet::new() } else { BTreeSet::from([role(n / 10)]) };
        all.roles.insert(role(n), Role { includes });
    }
    for n in 0..GROUPS {
        all.groups.insert(group(n), Group { roles: BTreeSet::from([role(n * 7)]) });
    }
    for n in 0..PERSONS {
        let assigned = Assigned {
            kind: PrincipalKind::Person,
            roles: BTreeSet::from([role(n), role(n / 7), role(n / 11)]),
            groups: BTreeSet::from([group(n), group(n / 3)]),
        };
        all.principals.insert(person(n), assigned);
    }
    for n in 0..DATASETS {
        let within = if n < 10 { BTreeSet::new() } else { BTreeSet::from([dataset(n / 10)]) };
        let groups = BTreeSet::from([group(n), group(n + 1)]);
        all.datasets.insert(dataset(n), Dataset { within, purposes: BTreeSet::new(), groups });
    }
    all
}

fn settings() -> Settings {
    let hour = Duration::from_secs(3_600);
    Settings {
        sessions: SessionLimits { idle: hour, absolute: hour },
        step_up: StepUp { fresh: BTreeSet::new(), max_age: hour, two_factors: BTreeSet::new() },
        purposes: Purpose::ALL.iter().copied().collect(),
        sealing: Sealing {
            signature: Signature::Optional,
            required_recipients: BTreeSet::new(),
            allowed_keys: None,
            max_key_age_days: None,
            shared_data_keys: SharedDataKeys::Forbidden,
        },
        opening: Opening {
            signature: Signature::Optional,
            unbound_packages: UnboundPackages::Accepted,
        },
        audit_retention_years: 6,
        emergency: EmergencyLimits {
            max_duration: hour,
            reasons: BTreeSet::new(),
            max_authentication_age: hour,
            review_within_days: 7,
        },
        issuers: std::collections::BTreeMap::new(),
    }
}

impl Large {
    pub(crate) fn new() -> Self {
        let assignments = assignments();
        let texts: Vec<String> = (0..RULES).map(rule).collect();
        let mut text = String::new();
        texts.iter().for_each(|rule| write!(text, "{rule}").unwrap());
        let of = |action: usize| {
            let texts = texts.iter().skip(action).step_by(ACTIONS.len());
            PolicySet::from_str(&texts.cloned().collect::<String>()).unwrap()
        };
        let rules = ACTIONS.iter().enumerate().map(|(n, action)| (*action, of(n))).collect();
        Self { rules, texts, text, assignments }
    }

    /// An engine that has decided nothing yet.
    pub(crate) fn engine(&self) -> Engine {
        let hash = PolicyHash::from_bytes([7; 32]);
        Engine::new(&[("rules", &self.text)], &self.assignments, &settings(), hash).unwrap()
    }

    /// Persons who stand in the role of a rule of that action, and others in turn; nobody twice.
    pub(crate) fn question(&self, action: Action, n: usize) -> Asked {
        let place = ACTIONS.iter().position(|a| *a == action).unwrap();
        let ruled = place + ACTIONS.len() * (n % 50);
        let who = if n.is_multiple_of(2) { ruled * 7 + ROLES * (n / 50) } else { 6_000 + n * 8 };
        let principal = Principal {
            id: person(who),
            kind: PrincipalKind::Person,
            method: Method::PrivateKey,
            factors: Factors::Two,
            authenticated_at: SystemTime::UNIX_EPOCH,
            groups: BTreeSet::new(),
        };
        let id = PackageId::from_bytes([u8::try_from(n % 251).unwrap(); 16]);
        // The group of the same number works with the data set.
        let dataset = dataset(if n.is_multiple_of(2) { who } else { ruled / 20 });
        let resource = match action {
            Action::Seal => Resource::Dataset(dataset),
            _ => Resource::Package { id, dataset: Some(dataset), sealed_by: Some(person(n)) },
        };
        let purpose =
            [Purpose::Treatment, Purpose::CareCoordination, Purpose::Operations][ruled % 3];
        Asked { principal, resource, purpose }
    }

    /// The same of another package, or else the very same.
    pub(crate) fn again(asked: &Asked) -> Asked {
        let (principal, purpose) = (asked.principal.clone(), asked.purpose);
        let resource = match asked.resource.clone() {
            Resource::Package { dataset, sealed_by, .. } => {
                let id = PackageId::from_bytes([255; 16]);
                Resource::Package { id, dataset, sealed_by }
            }
            other => other,
        };
        Asked { principal, resource, purpose }
    }

    pub(crate) fn bare(&self, action: Action, asked: &Asked) -> Bare {
        let principal = uid("User", asked.principal.id.as_str());
        let (resource, dataset, sealed_by) = match &asked.resource {
            Resource::Package { id, dataset, sealed_by } => {
                let uid = uid("Package", &id.to_string());
                (uid, dataset.clone().unwrap(), sealed_by.clone())
            }
            Resource::Dataset(id) => (uid("Dataset", id.as_str()), id.clone(), None),
            _ => panic!("only these are asked about"),
        };
        let mut above = self.datasets(&dataset);
        above.remove(&resource);
        let groups = self.assignments.datasets[&dataset].groups.iter();
        let groups = groups.map(|g| RestrictedExpression::new_entity_uid(uid("Group", g.as_str())));
        let mut attributes =
            HashMap::from([("groups".to_owned(), RestrictedExpression::new_set(groups))]);
        let sealer = sealed_by.as_ref().map(|id| uid("User", id.as_str()));
        attributes.extend(
            sealer
                .clone()
                .map(|uid| ("sealedBy".to_owned(), RestrictedExpression::new_entity_uid(uid))),
        );
        let purpose = uid("Purpose", asked.purpose.name());
        let mut entities = vec![
            self.principal(&asked.principal.id),
            Entity::new(resource.clone(), attributes.clone(), above.clone()).unwrap(),
        ];
        let (ruled, works_with) = (literals(action), &self.assignments.datasets[&dataset].groups);
        let works_with: HashSet<_> =
            works_with.iter().map(|group| uid("Group", group.as_str())).collect();
        let mut own = self.above(&asked.principal.id);
        own.retain(|uid| ruled.contains(uid) || works_with.contains(uid));
        above.retain(|uid| ruled.contains(uid));
        let slice = Slice {
            rules: self.rules_for(action, &asked.principal.id),
            entities: Entities::from_entities(entities.clone(), None).unwrap(),
            parts: Parts {
                principal: principal.clone(),
                above: own,
                action: uid("Action", action.name()),
                resource: resource.clone(),
                attributes,
                within: above,
                purpose: purpose.clone(),
            },
        };
        entities
            .extend(sealed_by.filter(|id| *id != asked.principal.id).map(|id| self.principal(&id)));
        let action = uid("Action", action.name());
        let request =
            cedar_policy::Request::new(principal, action, resource, context(purpose), None);
        let entities = Entities::from_entities(entities, None).unwrap();
        Bare { request: request.unwrap(), entities, slice }
    }

    /// The rules of the action for a role that the principal has.
    fn rules_for(&self, action: Action, id: &PrincipalId) -> PolicySet {
        let place = ACTIONS.iter().position(|a| *a == action).unwrap();
        let above = self.above(id);
        let of = (place..RULES).step_by(ACTIONS.len());
        let fit = of.filter(|n| above.contains(&uid("Role", role(n * 7).as_str())));
        let text: String = fit.map(|n| self.texts[n].as_str()).collect();
        PolicySet::from_str(&text).unwrap()
    }

    fn principal(&self, id: &PrincipalId) -> Entity {
        Entity::new_no_attrs(uid("User", id.as_str()), self.above(id))
    }

    /// All groups and roles that the principal is in.
    fn above(&self, id: &PrincipalId) -> HashSet<EntityUid> {
        let assigned = &self.assignments.principals[id];
        let groups = assigned.groups.iter();
        let roles = groups.clone().flat_map(|group| &self.assignments.groups[group].roles);
        let mut open: Vec<&RoleName> = assigned.roles.iter().chain(roles).collect();
        let mut above: HashSet<_> = groups.map(|group| uid("Group", group.as_str())).collect();
        while let Some(role) = open.pop() {
            if above.insert(uid("Role", role.as_str())) {
                open.extend(&self.assignments.roles[role].includes);
            }
        }
        above
    }

    fn datasets(&self, id: &DatasetId) -> HashSet<EntityUid> {
        let mut found = HashSet::from([uid("Dataset", id.as_str())]);
        for within in &self.assignments.datasets[id].within {
            found.extend(self.datasets(within));
        }
        found
    }
}
