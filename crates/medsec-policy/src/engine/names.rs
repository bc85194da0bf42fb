//! What entities are called in Cedar's terms.

use std::str::FromStr as _;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};

use crate::action::Action;
use crate::principal::PrincipalKind;

/// The entity types of the schema, parsed once: parsing a name costs more than a decision may.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) user: EntityTypeName,
    pub(super) service: EntityTypeName,
    pub(super) role: EntityTypeName,
    pub(super) group: EntityTypeName,
    pub(super) dataset: EntityTypeName,
    pub(super) package: EntityTypeName,
    pub(super) emergency: EntityTypeName,
    pub(super) purpose: EntityTypeName,
    action: EntityTypeName,
    audit_trail: EntityTypeName,
    policy: EntityTypeName,
}

impl Names {
    /// `None` is impossible with the names as they are; a test holds it.
    pub(super) fn new() -> Option<Self> {
        let name = |name: &str| EntityTypeName::from_str(&format!("Medsec::{name}")).ok();
        Some(Self {
            user: name("User")?,
            service: name("Service")?,
            role: name("Role")?,
            group: name("Group")?,
            dataset: name("Dataset")?,
            package: name("Package")?,
            emergency: name("Emergency")?,
            purpose: name("Purpose")?,
            action: name("Action")?,
            audit_trail: name("AuditTrail")?,
            policy: name("Policy")?,
        })
    }

    pub(super) fn principal(&self, kind: PrincipalKind, id: &str) -> EntityUid {
        match kind {
            PrincipalKind::Person => uid(&self.user, id),
            PrincipalKind::Service => uid(&self.service, id),
        }
    }

    pub(super) fn action(&self, action: Action) -> EntityUid {
        uid(&self.action, action.name())
    }

    /// The package or emergency that is asked about, where no rule names one: identifiers of both are hexadecimal, so
    /// this is none of them.
    pub(super) fn unnamed(kind: &EntityTypeName) -> EntityUid {
        uid(kind, "asked about")
    }

    pub(super) fn audit_trail(&self) -> EntityUid {
        uid(&self.audit_trail, "log")
    }

    pub(super) fn policy(&self) -> EntityUid {
        uid(&self.policy, "current")
    }
}

pub(super) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
