//! Slices kept from one decision to the next: making one takes longer than Cedar takes to evaluate a few rules over it.
//!
//! An engine never changes, so a slice is a function of what stands in its [`Key`], and all of that is compared. Every
//! decision is evaluated; only what it is evaluated over is kept.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::mem::{Discriminant, discriminant};
use std::sync::{Arc, RwLock};

use cedar_policy::PolicySet;

use super::hierarchy::Place;
use super::index::OfAction;
use super::question::{Question, Slice};
use crate::action::Action;
use crate::ids::{DatasetId, PrincipalId};
use crate::principal::PrincipalKind;
use crate::purpose::Purpose;
use crate::request::Resource;

/// How many slices an engine keeps: a few MB.
pub(super) const SLICES: usize = 1_024;

/// All that rules of the action can tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    action: Action,
    principal: Cow<'a, PrincipalId>,
    kind: PrincipalKind,
    /// With those that come with groups of an identity provider: the same principal can be asked about without.
    places: Cow<'a, BTreeSet<Place>>,
    resource: Discriminant<Resource>,
    dataset: Option<Cow<'a, DatasetId>>,
    /// Who sealed or claimed it, if a rule asks.
    other: Option<Cow<'a, PrincipalId>>,
    purpose: Option<Purpose>,
    emergency: bool,
    two_factors: bool,
}

impl<'a> Key<'a> {
    /// `None` where rules tell apart what hardly comes twice: one package or emergency, or the age of a proof.
    pub(super) fn new(question: &'a Question<'_>, of: &OfAction) -> Option<Self> {
        let other = || question.other_id().map(Cow::Borrowed);
        (!of.names_one && !of.asks_age).then(|| Self {
            action: question.action,
            principal: Cow::Borrowed(question.subject.id),
            kind: question.subject.kind,
            places: Cow::Borrowed(&*question.subject.places),
            resource: discriminant(question.resource),
            dataset: question.dataset().map(Cow::Borrowed),
            other: of.asks_other.then(other).flatten(),
            purpose: question.purpose,
            emergency: question.emergency,
            two_factors: question.two_factors,
        })
    }

    fn into_owned(self) -> Key<'static> {
        Key {
            action: self.action,
            principal: Cow::Owned(self.principal.into_owned()),
            kind: self.kind,
            places: Cow::Owned(self.places.into_owned()),
            resource: self.resource,
            dataset: self.dataset.map(|id| Cow::Owned(id.into_owned())),
            other: self.other.map(|id| Cow::Owned(id.into_owned())),
            purpose: self.purpose,
            emergency: self.emergency,
            two_factors: self.two_factors,
        }
    }
}

/// A slice under the key it was made for.
#[derive(Debug)]
pub(super) struct Kept {
    key: Key<'static>,
    pub(super) slice: Slice,
    /// The rules that can match, in one set unless they are many.
    pub(super) rules: Option<PolicySet>,
}

/// As many places as it was made with. Each key has one, by a hash that nobody outside can foresee, and takes it from
/// whatever was kept there before.
pub(super) struct Memo {
    hasher: RandomState,
    slots: Box<[RwLock<Option<Arc<Kept>>>]>,
}

impl Memo {
    pub(super) fn new(slots: usize) -> Self {
        let slots = (0..slots).map(|_| RwLock::new(None)).collect();
        Self { hasher: RandomState::new(), slots }
    }

    /// What is kept under the key. A lock that a panic has poisoned is a place not in use.
    pub(super) fn find(&self, key: &Key<'_>) -> Option<Arc<Kept>> {
        let kept = self.slot(key)?.read().ok()?.clone();
        kept.filter(|kept| kept.key == *key)
    }

    /// Keeps it in place of what was there, which is dropped when the lock is no longer held.
    pub(super) fn keep(&self, key: Key<'_>, slice: Slice, rules: Option<PolicySet>) -> Arc<Kept> {
        let slot = self.slot(&key);
        let kept = Arc::new(Kept { key: key.into_owned(), slice, rules });
        let slot = slot.and_then(|slot| slot.write().ok());
        let _before = slot.and_then(|mut slot| slot.replace(Arc::clone(&kept)));
        kept
    }

    /// By what differs most from one decision to the next. Keys that differ in the rest take turns.
    fn slot(&self, key: &Key<'_>) -> Option<&RwLock<Option<Arc<Kept>>>> {
        let differs = (&key.principal, &key.dataset, key.action, key.purpose);
        let hash = usize::try_from(self.hasher.hash_one(differs) >> 32).ok()?;
        self.slots.get(hash.checked_rem(self.slots.len())?)
    }
}

#[cfg(test)]
mod tests;
