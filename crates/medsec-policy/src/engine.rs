//! The policy engine: rules in Cedar's language, looked at by action, over the few entities a request touches.
//!
//! What is not permitted by a rule is denied. A rule that cannot be evaluated permits nothing, and neither does
//! any other while it cannot.

mod diff;
mod error;
mod explain;
mod hierarchy;
mod index;
mod judge;
mod load;
mod memo;
mod names;
mod question;
mod resource_class;
mod rule;
mod statements;
mod table;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use cedar_policy::{Authorizer, EntityUid};

use self::hierarchy::{Hierarchy, Place};
use self::index::OfAction;
use self::load::Ground;
use self::memo::Memo;
use self::names::Names;
use self::question::{Question, Subject};
use crate::action::Action;
use crate::assignments::Assignments;
use crate::decision::{DecideError, Decider, Decision};
use crate::ids::{DecisionId, PolicyHash, PrincipalId, RuleName};
use crate::principal::{Factors, Principal};
use crate::request::Request;
use crate::settings::Settings;

pub use self::diff::{Change, DiffError, Direction, MAX_DIFF_DECISIONS, Proof, Under, diff};
pub use self::error::{At, Finding, LoadError, Problem};
pub use self::explain::{Difference, Explanation, Near};
pub use self::resource_class::ResourceClass;
pub use self::rule::{Rule, RuleEffect};
pub use self::table::{Expected, Outcome, Table, TableError, TableProblem};

/// The schema of all policies, in Cedar's schema language.
pub const SCHEMA: &str = include_str!("engine/policy.cedarschema");

/// Decides by the rules, assignments and settings of one policy.
pub struct Engine {
    policy: PolicyHash,
    settings: Settings,
    names: Names,
    hierarchy: Hierarchy,
    rules: Vec<Rule>,
    /// The place of each rule in `rules`.
    places: HashMap<String, usize>,
    by_action: HashMap<Action, OfAction>,
    authorizer: Authorizer,
    memo: Memo,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules.len();
        f.debug_struct("Engine")
            .field("policy", &self.policy)
            .field("rules", &rules)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Reads the rules: each file by its name and its text.
    ///
    /// Each rule needs `@id("name")` and `@why("one sentence")`, and has no other annotation.
    ///
    /// # Errors
    /// [`LoadError`] with everything that is wrong with the rules. Then there is no engine.
    pub fn new(
        rules: &[(impl AsRef<str>, impl AsRef<str>)],
        assignments: &Assignments,
        settings: &Settings,
        policy: PolicyHash,
    ) -> Result<Self, LoadError> {
        let files: Vec<_> =
            rules.iter().map(|(name, text)| (name.as_ref(), text.as_ref())).collect();
        let names = Names::new().ok_or_else(|| load::alone(Problem::BrokenSchema))?;
        let hierarchy = Hierarchy::new(assignments, &names);
        let ground = Ground { assignments, hierarchy: &hierarchy, names: &names };
        let rules = load::rules(&files, &ground)?;
        load::assignments(&ground, settings)?;
        let place = |(place, rule): (usize, &Rule)| (rule.name.as_str().to_owned(), place);
        let by_action = Action::ALL.iter().map(|action| {
            let of = OfAction::new(*action, &rules, &hierarchy, &names);
            of.map(|of| (*action, of)).ok_or_else(|| load::alone(Problem::Duplicate))
        });
        Ok(Self {
            policy,
            settings: settings.clone(),
            by_action: by_action.collect::<Result<_, _>>()?,
            places: rules.iter().enumerate().map(place).collect(),
            names,
            hierarchy,
            rules,
            authorizer: Authorizer::new(),
            memo: Memo::new(memo::SLICES),
        })
    }

    /// The rules, in their order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of that name.
    #[must_use]
    pub fn rule(&self, name: &RuleName) -> Option<&Rule> {
        self.places.get(name.as_str()).and_then(|place| self.rules.get(*place))
    }

    /// A name that nobody has.
    fn somebody_else(&self) -> Option<PrincipalId> {
        question::somebody_else(self.hierarchy.principals().map(|(id, _)| id))
    }

    /// Whether a rule names the principal, so that it is decided otherwise than its roles and groups say.
    fn names_principal(&self, id: &PrincipalId) -> bool {
        let kinds = [&self.names.user, &self.names.service];
        let is = |uid: &EntityUid| {
            kinds.contains(&uid.type_name()) && uid.id().unescaped() == id.as_str()
        };
        self.rules.iter().flat_map(|rule| &rule.literals).any(is)
    }

    /// The principal as the policy knows it; `None` if it does not, or knows another kind.
    fn subject<'a>(&'a self, principal: &'a Principal) -> Option<Subject<'a>> {
        let standing = self.hierarchy.principal(&principal.id)?;
        let known = principal.groups.iter().filter_map(|group| self.hierarchy.group(group));
        let more: BTreeSet<_> = known.flat_map(|group| self.hierarchy.with(group)).collect();
        let places = if more.is_subset(&standing.places) {
            Cow::Borrowed(&standing.places)
        } else {
            Cow::Owned(standing.places.union(&more).copied().collect())
        };
        let same_kind = standing.kind == principal.kind;
        same_kind.then_some(Subject { id: &principal.id, kind: principal.kind, places })
    }

    fn question<'a>(&'a self, request: &Request<'a>) -> Option<Question<'a>> {
        Some(Question {
            subject: self.subject(request.principal)?,
            action: request.action,
            resource: request.resource,
            purpose: request.circumstances.purpose,
            emergency: request.circumstances.emergency.is_some(),
            two_factors: request.principal.factors == Factors::Two,
            age: request.circumstances.authentication_age,
        })
    }
}

impl Decider for Engine {
    fn decide(&self, request: &Request<'_>) -> Result<Decision, DecideError> {
        let verdict = self.verdict(self.question(request).as_ref())?;
        Ok(Decision {
            id: DecisionId::generate()?,
            policy: self.policy,
            effect: verdict.effect,
            rules: verdict.rules.iter().map(|rule| rule.name.clone()).collect(),
            role: verdict.role.cloned(),
        })
    }

    fn policy(&self) -> PolicyHash {
        self.policy
    }
}
