//! A small hospital: who is there, what is set, and how to ask.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use medsec_policy::{
    Action, Assigned, Assignments, Circumstances, Dataset, DatasetId, Decider as _, Decision,
    Effect, EmergencyId, EmergencyLimits, Engine, Factors, Group, GroupName, LoadError, Method,
    Opening, PackageId, PolicyHash, Principal, PrincipalId, PrincipalKind, Purpose, Refusal,
    Request, Resource, Role, RoleName, Sealing, SessionLimits, Settings, SharedDataKeys, Signature,
    StepUp, UnboundPackages,
};

pub(crate) const HASH: PolicyHash = PolicyHash::from_bytes([7; 32]);

pub(crate) fn id(text: &str) -> PrincipalId {
    PrincipalId::new(text).unwrap()
}

pub(crate) fn role(text: &str) -> RoleName {
    RoleName::new(text).unwrap()
}

pub(crate) fn group(text: &str) -> GroupName {
    GroupName::new(text).unwrap()
}

pub(crate) fn dataset(text: &str) -> DatasetId {
    DatasetId::new(text).unwrap()
}

/// Settings that ask for nothing and accept all purposes.
pub(crate) fn settings() -> Settings {
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

/// `nurse` includes `reader`; `ward` gives `nurse`; `ct` lies in `imaging`, which `ward` works with.
pub(crate) fn assignments() -> Assignments {
    let mut all = Assignments::default();
    for (name, includes) in [("reader", ""), ("nurse", "reader"), ("clerk", ""), ("judge", "")] {
        let includes = (!includes.is_empty()).then(|| role(includes)).into_iter().collect();
        all.roles.insert(role(name), Role { includes });
    }
    for (name, roles) in [("ward", "nurse"), ("desk", "clerk"), ("bench", "judge")] {
        all.groups.insert(group(name), Group { roles: BTreeSet::from([role(roles)]) });
    }
    for (name, kind, groups) in [
        ("ann", PrincipalKind::Person, "ward"),
        ("bob", PrincipalKind::Person, "desk"),
        ("eve", PrincipalKind::Person, ""),
        ("robot", PrincipalKind::Service, "ward"),
    ] {
        let groups = (!groups.is_empty()).then(|| group(groups)).into_iter().collect();
        all.principals.insert(id(name), Assigned { kind, roles: BTreeSet::new(), groups });
    }
    let imaging = Dataset { groups: BTreeSet::from([group("ward")]), ..Dataset::default() };
    all.datasets.insert(dataset("imaging"), imaging);
    let within = BTreeSet::from([dataset("imaging")]);
    all.datasets.insert(dataset("ct"), Dataset { within, ..Dataset::default() });
    all.separated.insert((role("clerk"), role("judge")));
    all
}

/// One rule: whatever stands after its annotations.
pub(crate) fn rule(name: &str, text: &str) -> String {
    format!("@id(\"{name}\") @why(\"a test\")\n{text}\n")
}

pub(crate) fn try_engine(text: &str) -> Result<Engine, LoadError> {
    Engine::new(&[("rules", text)], &assignments(), &settings(), HASH)
}

pub(crate) fn engine_with(text: &str, assignments: &Assignments, settings: &Settings) -> Engine {
    match Engine::new(&[("rules", text)], assignments, settings, HASH) {
        Ok(engine) => engine,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn engine(text: &str) -> Engine {
    engine_with(text, &assignments(), &settings())
}

pub(crate) fn principal(name: &str) -> Principal {
    let known = assignments().principals.get(&id(name)).map(|assigned| assigned.kind);
    Principal {
        id: id(name),
        kind: known.unwrap_or(PrincipalKind::Person),
        method: Method::PrivateKey,
        factors: Factors::One,
        authenticated_at: SystemTime::UNIX_EPOCH,
        groups: BTreeSet::new(),
    }
}

pub(crate) fn package(name: &str) -> Resource {
    let id = PackageId::from_bytes([1; 16]);
    Resource::Package { id, dataset: Some(dataset(name)), sealed_by: None }
}

/// A question with everything that can be varied.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) principal: Principal,
    pub(crate) action: Action,
    pub(crate) resource: Resource,
    pub(crate) circumstances: Circumstances,
}

impl Ask {
    /// A package of `ct`, to treat, freshly proven with one factor.
    pub(crate) fn new(name: &str, action: Action) -> Self {
        let circumstances = Circumstances {
            purpose: Some(Purpose::Treatment),
            authentication_age: Duration::ZERO,
            emergency: None,
        };
        Self { principal: principal(name), action, resource: package("ct"), circumstances }
    }

    pub(crate) fn of(mut self, resource: Resource) -> Self {
        self.resource = resource;
        self
    }

    pub(crate) fn purpose(mut self, purpose: Option<Purpose>) -> Self {
        self.circumstances.purpose = purpose;
        self
    }

    pub(crate) fn age(mut self, seconds: u64) -> Self {
        self.circumstances.authentication_age = Duration::from_secs(seconds);
        self
    }

    pub(crate) fn emergency(mut self) -> Self {
        self.circumstances.emergency = Some(EmergencyId::from_bytes([2; 16]));
        self
    }

    pub(crate) fn two_factors(mut self) -> Self {
        self.principal.factors = Factors::Two;
        self
    }

    pub(crate) fn in_group(mut self, name: &str) -> Self {
        self.principal.groups.insert(group(name));
        self
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            principal: &self.principal,
            action: self.action,
            resource: &self.resource,
            circumstances: &self.circumstances,
        }
    }

    pub(crate) fn decide(&self, engine: &Engine) -> Decision {
        engine.decide(&self.request()).unwrap()
    }

    /// The decision as those hear it who are refused.
    pub(crate) fn try_on(&self, engine: &Engine) -> Result<Decision, Refusal> {
        let decision = self.decide(engine);
        match decision.effect {
            Effect::Permit => Ok(decision),
            Effect::Deny(refusal) => Err(refusal),
        }
    }
}
