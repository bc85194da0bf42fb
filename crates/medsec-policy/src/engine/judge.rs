//! How a question is decided: what the settings ask first, then the rules, then whether the proof is good enough.

use cedar_policy::{Decision as CedarDecision, PolicyId, PolicySet};

use super::Engine;
use super::index::OfAction;
use super::memo::{Kept, Key};
use super::question::{Question, Slice};
use super::rule::Rule;
use crate::decision::{DecideError, Effect, Refusal};
use crate::ids::RoleName;
use crate::principal::PrincipalKind;
use crate::purpose::Purpose;

/// A decision before it has a name.
#[derive(Clone, Debug)]
pub(super) struct Verdict<'a> {
    pub(super) effect: Effect,
    pub(super) rules: Vec<&'a Rule>,
    pub(super) role: Option<&'a RoleName>,
}

/// What the rules alone say.
#[derive(Clone, Debug, Default)]
pub(super) struct Ruling<'a> {
    pub(super) permits: bool,
    /// The rules that say so, in their order.
    pub(super) rules: Vec<&'a Rule>,
}

impl Engine {
    /// Decides. No question is one about a principal that the policy does not know.
    pub(super) fn verdict(
        &self,
        question: Option<&Question<'_>>,
    ) -> Result<Verdict<'_>, DecideError> {
        let Some(question) = question else {
            return Ok(Verdict::bare(Refusal::UnknownPrincipal));
        };
        if let Some(refusal) = self.refused_before_rules(question) {
            return Ok(Verdict::bare(refusal));
        }
        let ruling = self.ruling(question)?;
        let effect = match (ruling.permits, ruling.rules.is_empty()) {
            (true, _) if self.needs_step_up(question) => Effect::Deny(Refusal::StepUp),
            (true, _) => Effect::Permit,
            (false, true) => Effect::Deny(Refusal::NotPermitted),
            (false, false) => Effect::Deny(Refusal::Forbidden),
        };
        let named = ruling.rules.iter().flat_map(|rule| &rule.roles);
        let role = named.copied().find(|role| question.subject.places.contains(role));
        let role = role.and_then(|role| self.hierarchy.role_at(role));
        Ok(Verdict { effect, rules: ruling.rules, role })
    }

    fn refused_before_rules(&self, question: &Question<'_>) -> Option<Refusal> {
        if !question.action.applies_to(question.subject.kind, question.resource) {
            return Some(Refusal::NotPermitted);
        }
        // Groups that an identity provider names can give somebody roles that the assignments keep apart.
        if self.hierarchy.conflict(&question.subject.places).is_some() {
            return Some(Refusal::Forbidden);
        }
        let fits = match question.purpose {
            Some(purpose) => self.accepts(purpose, question),
            None => !question.action.needs_purpose(),
        };
        (!fits).then_some(Refusal::Purpose)
    }

    /// Whether the settings and the data set accept the purpose.
    ///
    /// An open emergency lifts the limits of a data set for the purposes of emergencies, so that not every data
    /// set must list them; rules must permit it all the same.
    fn accepts(&self, purpose: Purpose, question: &Question<'_>) -> bool {
        let rescue = matches!(purpose, Purpose::EmergencyTreatment | Purpose::BreakTheGlass);
        let lifted = question.emergency && rescue;
        let limits = || self.hierarchy.dataset(question.dataset()?)?.purposes.as_ref();
        let dataset = || lifted || limits().is_none_or(|limits| limits.contains(&purpose));
        self.settings.purposes.contains(&purpose) && dataset()
    }

    /// Asked only about what the rules permit: nobody is asked for more proof for what stays denied.
    fn needs_step_up(&self, question: &Question<'_>) -> bool {
        let step_up = &self.settings.step_up;
        let stale = step_up.fresh.contains(&question.action) && question.age > step_up.max_age;
        let person = question.subject.kind == PrincipalKind::Person;
        let weak =
            person && !question.two_factors && step_up.two_factors.contains(&question.action);
        stale || weak
    }

    /// What the rules of the action say over the slice of the question.
    pub(super) fn ruling(&self, question: &Question<'_>) -> Result<Ruling<'_>, DecideError> {
        let of = self.by_action.get(&question.action).ok_or(DecideError::Evaluation)?;
        let Some(key) = Key::new(question, of) else {
            return self.ruling_of(of, question);
        };
        if let Some(kept) = self.memo.find(&key) {
            return self.evaluate_kept(of, question, &kept);
        }
        if !of.can_match(&question.subject.places) {
            return Ok(Ruling::default());
        }
        let slice = question.slice(&self.hierarchy, &self.names, of)?;
        let rules = of.merged(&question.subject.places);
        self.evaluate_kept(of, question, &self.memo.keep(key, slice, rules))
    }

    fn evaluate_kept(
        &self,
        of: &OfAction,
        question: &Question<'_>,
        kept: &Kept,
    ) -> Result<Ruling<'_>, DecideError> {
        match &kept.rules {
            Some(rules) => self.evaluate([rules], &kept.slice),
            None => self.evaluate(of.sets(question.subject.places.iter()), &kept.slice),
        }
    }

    /// The same of rules that are looked at apart, over a slice that is made for them.
    pub(super) fn ruling_of(
        &self,
        of: &OfAction,
        question: &Question<'_>,
    ) -> Result<Ruling<'_>, DecideError> {
        if !of.can_match(&question.subject.places) {
            return Ok(Ruling::default());
        }
        let slice = question.slice(&self.hierarchy, &self.names, of)?;
        self.evaluate(of.sets(question.subject.places.iter()), &slice)
    }

    fn evaluate<'s>(
        &self,
        sets: impl IntoIterator<Item = &'s PolicySet>,
        slice: &Slice,
    ) -> Result<Ruling<'_>, DecideError> {
        let (mut permitting, mut forbidding) = (Vec::new(), Vec::new());
        for rules in sets {
            let response = self.authorizer.is_authorized(&slice.request, rules, &slice.entities);
            let diagnostics = response.diagnostics();
            // Cedar leaves out a rule that fails. It could be one that forbids.
            if diagnostics.errors().next().is_some() {
                return Err(DecideError::Evaluation);
            }
            let decided = match response.decision() {
                CedarDecision::Allow => &mut permitting,
                CedarDecision::Deny => &mut forbidding,
            };
            let place = |id: &PolicyId| self.places.get::<str>(id.as_ref()).copied();
            decided.extend(diagnostics.reason().filter_map(place));
        }
        // One that forbids outweighs all that permit, wherever it stands.
        let permits = forbidding.is_empty() && !permitting.is_empty();
        let mut places: Vec<usize> = if permits { permitting } else { forbidding };
        places.sort_unstable();
        let rules = places.iter().filter_map(|place| self.rules.get(*place)).collect();
        Ok(Ruling { permits, rules })
    }
}

impl Verdict<'_> {
    const fn bare(refusal: Refusal) -> Self {
        Self { effect: Effect::Deny(refusal), rules: Vec::new(), role: None }
    }
}
