//! Why a request was decided as it was, and what would have to differ: found by trying.
//!
//! For who makes policies. It is no answer to who was refused: that would be told what to claim.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use cedar_policy::{Effect as CedarEffect, Policy};

use super::hierarchy::Place;
use super::index::OfAction;
use super::question::Question;
use super::{Engine, Rule, RuleEffect};
use crate::decision::{DecideError, Effect};
use crate::ids::{GroupName, RoleName, RuleName};
use crate::purpose::Purpose;
use crate::request::Request;

/// Why a request was decided as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The decision.
    pub effect: Effect,
    /// The rules that made it, in their order.
    pub rules: Vec<RuleName>,
    /// All rules that forbid it as it is asked.
    pub forbidding: Vec<RuleName>,
    /// The rules of this action that do not match, but nearly do.
    pub near: Vec<Near>,
    /// Each of these alone would have it permitted.
    pub would_permit: Vec<Difference>,
}

/// A rule that permits this action to others, or under other circumstances.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Near {
    /// Which.
    pub rule: RuleName,
    /// Whether its head (principal, action, resource) matches, so that only a condition does not hold.
    pub head_matches: bool,
    /// Each of these alone would make it match. That something else forbids it is not looked at here.
    pub would_match: Vec<Difference>,
}

/// One thing that could be otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Difference {
    /// Another purpose of use.
    Purpose(Purpose),
    /// The principal has proved just now who they are.
    FreshProof,
    /// The principal has proved it with two factors.
    TwoFactors,
    /// Both; neither alone is enough.
    FreshProofWithTwoFactors,
    /// The principal has a role.
    Role(RoleName),
    /// The principal is in a group that works with the data set.
    Group(GroupName),
    /// It is done under an open emergency, for this purpose.
    Emergency(Purpose),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Purpose(purpose) => write!(f, "the purpose {purpose}"),
            Self::FreshProof => f.write_str("a fresh proof of identity"),
            Self::TwoFactors => f.write_str("two factors"),
            Self::FreshProofWithTwoFactors => {
                f.write_str("a fresh proof of identity with two factors")
            }
            Self::Role(role) => write!(f, "the role {role}"),
            Self::Group(group) => write!(f, "the group {group}"),
            Self::Emergency(purpose) => write!(f, "an open emergency with the purpose {purpose}"),
        }
    }
}

/// The rules of an action, those that permit apart from those that forbid: Cedar names no rule that permits
/// where another forbids.
struct Apart {
    permits: OfAction,
    forbids: OfAction,
    heads: OfAction,
}

impl Engine {
    /// Explains a decision.
    ///
    /// # Errors
    /// [`DecideError`] if the request cannot be decided.
    pub fn explain(&self, request: &Request<'_>) -> Result<Explanation, DecideError> {
        let question = self.question(request);
        let verdict = self.verdict(question.as_ref())?;
        let rules = verdict.rules.iter().map(|rule| rule.name.clone()).collect();
        let effect = verdict.effect;
        let (mut forbidding, mut near, mut would_permit) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(question) = question {
            let apart = self.apart(&question)?;
            forbidding = self.matching(&apart.forbids, &question)?;
            let tried = self.tried(&question);
            near = self.near(&apart, &question, &tried)?;
            if effect != Effect::Permit {
                would_permit = self.would_permit(&tried)?;
            }
        }
        Ok(Explanation { effect, rules, forbidding, near, would_permit })
    }

    fn apart(&self, question: &Question<'_>) -> Result<Apart, DecideError> {
        let action = self.by_action.get(&question.action).ok_or(DecideError::Evaluation)?;
        let of = |policies| action.apart(policies).ok_or(DecideError::Evaluation);
        let rules = || self.rules.iter().filter(|rule| rule.actions.contains(&question.action));
        let only = |effect| move |rule: &&Rule| rule.policy.effect() == effect;
        let policies =
            |effect| rules().filter(only(effect)).map(|rule| rule.policy.clone()).collect();
        let heads = rules().filter(only(CedarEffect::Permit)).map(|rule| head(&rule.policy));
        Ok(Apart {
            permits: of(policies(CedarEffect::Permit))?,
            forbids: of(policies(CedarEffect::Forbid))?,
            heads: of(heads.collect::<Result<_, _>>()?)?,
        })
    }

    /// All questions that differ in one thing.
    fn tried<'a>(&self, question: &Question<'a>) -> Vec<(Difference, Question<'a>)> {
        let mut tried = self.proofs(question);
        let accepted = || self.settings.purposes.iter().copied();
        for purpose in accepted().filter(|purpose| Some(*purpose) != question.purpose) {
            let other = Question { purpose: Some(purpose), ..question.clone() };
            tried.push((Difference::Purpose(purpose), other));
        }
        let rescue = [Purpose::EmergencyTreatment, Purpose::BreakTheGlass];
        for purpose in accepted().filter(|p| Some(*p) == question.purpose || rescue.contains(p)) {
            let other = Question { purpose: Some(purpose), emergency: true, ..question.clone() };
            if !question.emergency {
                tried.push((Difference::Emergency(purpose), other));
            }
        }
        tried.extend(self.memberships(question));
        tried
    }

    fn proofs<'a>(&self, question: &Question<'a>) -> Vec<(Difference, Question<'a>)> {
        let (age, two_factors) = (Duration::ZERO, true);
        let mut tried = Vec::new();
        if question.age > age {
            tried.push((Difference::FreshProof, Question { age, ..question.clone() }));
        }
        if !question.two_factors {
            tried.push((Difference::TwoFactors, Question { two_factors, ..question.clone() }));
        }
        if tried.len() == 2 {
            let both = Question { age, two_factors, ..question.clone() };
            tried.push((Difference::FreshProofWithTwoFactors, both));
        }
        tried
    }

    /// The roles that rules of the action name and the groups that work with the data set.
    fn memberships<'a>(&self, question: &Question<'a>) -> Vec<(Difference, Question<'a>)> {
        let rules = self.rules.iter().filter(|rule| rule.actions.contains(&question.action));
        let roles: BTreeSet<Place> = rules.flat_map(|rule| rule.roles.iter().copied()).collect();
        let role = |place| Some((place, Difference::Role(self.hierarchy.role_at(place)?.clone())));
        let view = question.dataset().and_then(|id| self.hierarchy.dataset(id));
        let groups = view.into_iter().flat_map(|view| &view.group_names);
        let group =
            |name: &GroupName| Some((self.hierarchy.group(name)?, Difference::Group(name.clone())));
        let all = roles.into_iter().filter_map(role).chain(groups.filter_map(group));
        let missing = all.filter(|(place, _)| !question.subject.places.contains(place));
        let with = |(place, difference)| {
            let mut other = question.clone();
            let places = other.subject.places.iter().copied().chain(self.hierarchy.with(place));
            other.subject.places = Cow::Owned(places.collect());
            (difference, other)
        };
        missing.map(with).collect()
    }

    fn near(
        &self,
        apart: &Apart,
        question: &Question<'_>,
        tried: &[(Difference, Question<'_>)],
    ) -> Result<Vec<Near>, DecideError> {
        let matching = self.matching(&apart.permits, question)?;
        let heads = names(&self.ruling_of(&apart.heads, question)?.rules);
        let mut with = Vec::with_capacity(tried.len());
        for (difference, other) in tried {
            with.push((difference, self.matching(&apart.permits, other)?));
        }
        let of_action = |rule: &&Rule| rule.actions.contains(&question.action);
        let rules =
            self.rules.iter().filter(of_action).filter(|rule| rule.effect == RuleEffect::Permit);
        let near = rules.filter(|rule| !matching.contains(&rule.name)).map(|rule| {
            let would = with.iter().filter(|(_, rules)| rules.contains(&rule.name));
            Near {
                rule: rule.name.clone(),
                head_matches: heads.contains(&rule.name),
                would_match: fewest(would.map(|(difference, _)| (*difference).clone()).collect()),
            }
        });
        Ok(near.filter(|near| near.head_matches || !near.would_match.is_empty()).collect())
    }

    /// The rules that match. None where the purpose is missing that rules may count on: it was refused before any rule
    /// was looked at.
    fn matching(
        &self,
        of: &OfAction,
        question: &Question<'_>,
    ) -> Result<Vec<RuleName>, DecideError> {
        if question.purpose.is_none() && question.action.needs_purpose() {
            return Ok(Vec::new());
        }
        Ok(names(&self.ruling_of(of, question)?.rules))
    }

    fn would_permit(
        &self,
        tried: &[(Difference, Question<'_>)],
    ) -> Result<Vec<Difference>, DecideError> {
        let mut found = Vec::new();
        for (difference, other) in tried {
            if self.verdict(Some(other))?.effect == Effect::Permit {
                found.push(difference.clone());
            }
        }
        Ok(fewest(found))
    }
}

/// Without the double proof where one of its halves is enough.
fn fewest(mut found: Vec<Difference>) -> Vec<Difference> {
    let half = |d: &Difference| matches!(d, Difference::FreshProof | Difference::TwoFactors);
    if found.iter().any(half) {
        found.retain(|difference| *difference != Difference::FreshProofWithTwoFactors);
    }
    found
}

fn names(rules: &[&Rule]) -> Vec<RuleName> {
    rules.iter().map(|rule| rule.name.clone()).collect()
}

/// The rule without its conditions.
fn head(policy: &Policy) -> Result<Policy, DecideError> {
    let mut json = policy.to_json().map_err(|_| DecideError::Evaluation)?;
    if let Some(rule) = json.as_object_mut() {
        rule.insert("conditions".to_owned(), serde_json::Value::Array(Vec::new()));
    }
    Policy::from_json(Some(policy.id().clone()), json).map_err(|_| DecideError::Evaluation)
}
