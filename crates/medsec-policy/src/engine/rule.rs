//! A rule as the engine keeps it.

use std::collections::BTreeSet;

use cedar_policy::{EntityUid, Policy};

use super::hierarchy::Place;
use crate::action::Action;
use crate::ids::RuleName;

/// What a rule does where it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "Cedar has no third")]
pub enum RuleEffect {
    /// Permits, unless another forbids.
    Permit,
    /// Forbids, whatever others permit.
    Forbid,
}

/// One rule of a policy.
#[derive(Debug)]
pub struct Rule {
    pub(super) name: RuleName,
    pub(super) why: String,
    pub(super) effect: RuleEffect,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) actions: BTreeSet<Action>,
    /// The roles that it names, in order.
    pub(super) roles: Vec<Place>,
    /// The entities that it may look into: those that it names outside of its head.
    pub(super) looks_into: Vec<EntityUid>,
    /// Whether it may look into who sealed a package or claimed an emergency.
    pub(super) asks_other: bool,
    /// Whether it may look at how long ago the principal proved who they are.
    pub(super) asks_age: bool,
    /// All entities that it names.
    pub(super) literals: Vec<EntityUid>,
    pub(super) policy: Policy,
}

impl Rule {
    /// What its annotation `@id` says.
    #[must_use]
    pub const fn name(&self) -> &RuleName {
        &self.name
    }

    /// What its annotation `@why` says: why there is such a rule.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What it does where it matches.
    #[must_use]
    pub const fn effect(&self) -> RuleEffect {
        self.effect
    }

    /// The actions it can match.
    #[must_use]
    pub const fn actions(&self) -> &BTreeSet<Action> {
        &self.actions
    }

    /// The file it stands in.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line of that file on which it begins.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }
}
