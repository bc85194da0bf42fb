//! What was decided.

use crate::ids::{DecisionId, PolicyHash, RoleName, RuleName};
use crate::request::Request;
use crate::text::{RandomError, codes};

/// Decides. The policy engine of this crate is one; whoever has another puts it here.
///
/// Contract, held by the conformance suite: what is not permitted by a rule is denied; the same question under
/// the same policy has the same effect; an error permits nothing.
pub trait Decider: Send + Sync + std::fmt::Debug {
    /// Decides one request.
    ///
    /// # Errors
    /// [`DecideError`] if no decision could be made. Then nothing is permitted.
    fn decide(&self, request: &Request<'_>) -> Result<Decision, DecideError>;

    /// The policy in force.
    fn policy(&self) -> PolicyHash;
}

/// No decision could be made; nothing is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// A rule could not be evaluated.
    #[error("a rule of the policy cannot be evaluated for this request")]
    Evaluation,
    /// No identifier for the decision could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Permitted or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Effect {
    /// A rule permits it and none forbids it.
    Permit,
    /// No rule permits it, or one forbids it.
    Deny(Refusal),
}

codes!(
    /// Why something is not permitted.
    Refusal, "refusal" {
        /// No rule permits it.
        NotPermitted => "not-permitted",
        /// A rule forbids it.
        Forbidden => "forbidden",
        /// The purpose of use is missing, or not one that the policy or the data set accepts.
        Purpose => "purpose",
        /// The principal must prove again who they are: too long ago, or with too few factors.
        StepUp => "step-up",
        /// The policy knows no such principal.
        UnknownPrincipal => "unknown-principal",
    }
);

/// One decision. Plain data: it opens nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "other deciders make them too")]
pub struct Decision {
    /// Names it, here and in the audit trail.
    pub id: DecisionId,
    /// The policy that was asked.
    pub policy: PolicyHash,
    /// Whether it is permitted.
    pub effect: Effect,
    /// The rules that decided, in their order; none where no rule matched.
    pub rules: Vec<RuleName>,
    /// A role of the principal that those rules name, where they name one: what the audit trail shows as role.
    pub role: Option<RoleName>,
}

impl Decision {
    /// Whether it is permitted.
    #[must_use]
    pub const fn is_permit(&self) -> bool {
        matches!(self.effect, Effect::Permit)
    }
}
