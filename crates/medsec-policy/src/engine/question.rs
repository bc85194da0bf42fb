//! One request with the principal looked up, and the few entities that its rules can see.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use cedar_policy::{
    Context, Entities, Entity, EntityUid, Request as CedarRequest, RestrictedExpression,
};

use super::Engine;
use super::hierarchy::{DatasetView, Hierarchy, Place};
use super::index::{Asked, OfAction};
use super::names::{Names, uid};
use crate::action::Action;
use crate::decision::DecideError;
use crate::ids::{DatasetId, PrincipalId};
use crate::principal::PrincipalKind;
use crate::purpose::Purpose;
use crate::request::Resource;

/// Who asks, by what the policy knows.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub(super) id: &'a PrincipalId,
    pub(super) kind: PrincipalKind,
    pub(super) places: Cow<'a, BTreeSet<Place>>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Question<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) action: Action,
    pub(super) resource: &'a Resource,
    pub(super) purpose: Option<Purpose>,
    pub(super) emergency: bool,
    pub(super) two_factors: bool,
    pub(super) age: Duration,
}

/// A question in Cedar's terms: the request, and all entities that a rule of its action can look into.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) request: CedarRequest,
    pub(super) entities: Entities,
}

/// Anything that cannot be put into Cedar's terms is not decided, and so not permitted.
fn refuse<T>(_: T) -> DecideError {
    DecideError::Evaluation
}

impl<'a> Subject<'a> {
    /// The principal as assigned, if it is.
    pub(super) fn assigned(engine: &'a Engine, id: &'a PrincipalId) -> Option<Self> {
        let standing = engine.hierarchy.principal(id)?;
        Some(Self { id, kind: standing.kind, places: Cow::Borrowed(&standing.places) })
    }
}

impl Question<'_> {
    /// The data set that it is about.
    pub(super) const fn dataset(&self) -> Option<&DatasetId> {
        match self.resource {
            Resource::Dataset(id) => Some(id),
            Resource::Package { dataset, .. } | Resource::Emergency { dataset, .. } => {
                dataset.as_ref()
            }
            Resource::AuditTrail | Resource::Policy => None,
        }
    }

    /// Who sealed the package or claimed the emergency.
    pub(super) const fn other_id(&self) -> Option<&PrincipalId> {
        match self.resource {
            Resource::Package { sealed_by, .. } => sealed_by.as_ref(),
            Resource::Emergency { initiator, .. } => Some(initiator),
            Resource::Dataset(_) | Resource::AuditTrail | Resource::Policy => None,
        }
    }

    /// What rules of this action can look into.
    ///
    /// Roles, groups and data sets are not in it unless named: each entity lists what it stands in, of that which these
    /// rules can ask for. The same goes for the name of a package or emergency, who sealed or claimed it and the age of
    /// the proof. A part that goes in here for some rules is one that the key of [`super::memo`] must tell apart.
    pub(super) fn slice(
        &self,
        hierarchy: &Hierarchy,
        names: &Names,
        of: &OfAction,
    ) -> Result<Slice, DecideError> {
        let principal = self.principal(hierarchy, names, &of.asked)?;
        let (uid, resource) = self.resource(hierarchy, names, of)?;
        let request = self.request(principal.uid(), uid, names, of)?;
        let mut entities: Vec<Entity> = Vec::with_capacity(of.named.len().saturating_add(3));
        entities.push(principal);
        entities.extend(resource);
        let other = of.asks_other.then(|| self.other(hierarchy, names)).flatten();
        for other in other.into_iter().chain(of.named.iter().cloned()) {
            if entities.iter().all(|entity| entity.uid() != other.uid()) {
                entities.push(other);
            }
        }
        let entities = Entities::from_entities(entities, None).map_err(refuse)?;
        Ok(Slice { request, entities })
    }

    /// Who asks, in the roles and groups that can make a difference: those of the rules, and those of the resource.
    fn principal(
        &self,
        hierarchy: &Hierarchy,
        names: &Names,
        asked: &Asked,
    ) -> Result<Entity, DecideError> {
        let Subject { id, kind, places } = &self.subject;
        let view = self.dataset().and_then(|id| hierarchy.dataset(id));
        let works_with = |place| view.is_some_and(|view| view.group_places.contains(place));
        let places =
            places.iter().filter(|place| asked.places.contains(**place) || works_with(place));
        entity(names.principal(*kind, id.as_str()), places, hierarchy)
    }

    fn request(
        &self,
        principal: EntityUid,
        resource: EntityUid,
        names: &Names,
        of: &OfAction,
    ) -> Result<CedarRequest, DecideError> {
        let mut pairs = vec![
            ("emergency".to_owned(), RestrictedExpression::new_bool(self.emergency)),
            ("twoFactors".to_owned(), RestrictedExpression::new_bool(self.two_factors)),
        ];
        if of.asks_age {
            let seconds = i64::try_from(self.age.as_secs()).unwrap_or(i64::MAX);
            let seconds = RestrictedExpression::new_long(seconds);
            pairs.push(("authenticationAge".to_owned(), seconds));
        }
        if let Some(purpose) = self.purpose {
            let purpose = RestrictedExpression::new_entity_uid(uid(&names.purpose, purpose.name()));
            pairs.push(("purpose".to_owned(), purpose));
        }
        let context = Context::from_pairs(pairs).map_err(refuse)?;
        CedarRequest::new(principal, names.action(self.action), resource, context, None)
            .map_err(refuse)
    }

    /// The resource's name and, unless nothing is known of it, its entity.
    fn resource(
        &self,
        hierarchy: &Hierarchy,
        names: &Names,
        of: &OfAction,
    ) -> Result<(EntityUid, Option<Entity>), DecideError> {
        let view = self.dataset().and_then(|id| hierarchy.dataset(id));
        let name = |kind, id: &dyn Fn() -> String| {
            if of.names_one { uid(kind, &id()) } else { Names::unnamed(kind) }
        };
        let (uid, more) = match self.resource {
            Resource::AuditTrail => return Ok((names.audit_trail(), None)),
            Resource::Policy => return Ok((names.policy(), None)),
            Resource::Dataset(id) => return dataset(id, view, names),
            Resource::Package { id, sealed_by, .. } => {
                let sealer = || sealer(sealed_by.as_ref(), hierarchy, names);
                (name(&names.package, &|| id.to_string()), of.asks_other.then(sealer).flatten())
            }
            Resource::Emergency { id, initiator, .. } => {
                let initiator = || ("initiator", uid(&names.user, initiator.as_str()));
                (name(&names.emergency, &|| id.to_string()), of.asks_other.then(initiator))
            }
        };
        let more =
            more.map(|(name, uid)| (name.to_owned(), RestrictedExpression::new_entity_uid(uid)));
        let attributes = [("groups".to_owned(), groups(view))].into_iter().chain(more);
        let above = self.dataset().map(|id| above(id, view, names)).unwrap_or_default();
        let above = above.into_iter().filter(|uid| of.asked.datasets.contains(uid));
        let entity = Entity::new_with_tags(uid.clone(), attributes, above, []).map_err(refuse)?;
        Ok((uid, Some(entity)))
    }

    /// Who sealed the package or claimed the emergency: a rule may ask for their roles.
    fn other(&self, hierarchy: &Hierarchy, names: &Names) -> Option<Entity> {
        known(self.other_id()?, hierarchy, names)
    }
}

/// The entity of an assigned principal as the policy knows it, without what an identity provider adds.
pub(super) fn known(id: &PrincipalId, hierarchy: &Hierarchy, names: &Names) -> Option<Entity> {
    let standing = hierarchy.principal(id)?;
    let uid = names.principal(standing.kind, id.as_str());
    entity(uid, standing.places.iter(), hierarchy).ok()
}

fn entity<'p>(
    uid: EntityUid,
    places: impl Iterator<Item = &'p Place>,
    hierarchy: &Hierarchy,
) -> Result<Entity, DecideError> {
    let above = places.filter_map(|place| hierarchy.uid_at(*place).cloned());
    Entity::new_with_tags(uid, [], above, []).map_err(refuse)
}

/// Which attribute says who sealed it; none if the policy does not know them.
fn sealer(
    id: Option<&PrincipalId>,
    hierarchy: &Hierarchy,
    names: &Names,
) -> Option<(&'static str, EntityUid)> {
    let id = id?;
    let kind = hierarchy.principal(id)?.kind;
    let attribute = match kind {
        PrincipalKind::Person => "sealedBy",
        PrincipalKind::Service => "sealedByService",
    };
    Some((attribute, names.principal(kind, id.as_str())))
}

pub(super) fn dataset(
    id: &DatasetId,
    view: Option<&DatasetView>,
    names: &Names,
) -> Result<(EntityUid, Option<Entity>), DecideError> {
    let uid = uid(&names.dataset, id.as_str());
    let above: HashSet<_> = view.into_iter().flat_map(|view| view.above.iter().cloned()).collect();
    let attributes = HashMap::from([("groups".to_owned(), groups(view))]);
    let entity = Entity::new(uid.clone(), attributes, above).map_err(refuse)?;
    Ok((uid, Some(entity)))
}

/// Nobody's, if the data set is not one of the policy.
fn groups(view: Option<&DatasetView>) -> RestrictedExpression {
    view.map_or_else(|| RestrictedExpression::new_set([]), |view| view.groups.clone())
}

/// The data set and all that it lies in.
fn above(id: &DatasetId, view: Option<&DatasetView>, names: &Names) -> Vec<EntityUid> {
    match view {
        Some(view) => view.above.iter().chain([&view.uid]).cloned().collect(),
        None => vec![uid(&names.dataset, id.as_str())],
    }
}

/// A name that none of them has: of one more than there are, one is free.
pub(super) fn somebody_else<'a>(ids: impl Iterator<Item = &'a PrincipalId>) -> Option<PrincipalId> {
    let taken: BTreeSet<_> = ids.collect();
    let mut names = (0..=taken.len()).filter_map(|n| PrincipalId::new(&format!("else-{n}")).ok());
    names.find(|name| !taken.contains(name))
}
