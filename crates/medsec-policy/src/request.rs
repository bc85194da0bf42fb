//! What is to be decided.

use std::time::Duration;

use crate::action::Action;
use crate::ids::{DatasetId, EmergencyId, PackageId, PrincipalId};
use crate::principal::Principal;
use crate::purpose::Purpose;

/// One question to the policy.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What for.
    pub action: Action,
    /// Of what.
    pub resource: &'a Resource,
    /// Under which circumstances.
    pub circumstances: &'a Circumstances,
}

/// What something is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the schema of policies has these and no others")]
pub enum Resource {
    /// A package.
    Package {
        /// Which.
        id: PackageId,
        /// The data set it names in clear.
        dataset: Option<DatasetId>,
        /// Who signed it, where that is a known principal.
        sealed_by: Option<PrincipalId>,
    },
    /// A data set: to seal into, to export.
    Dataset(DatasetId),
    /// The audit trail.
    AuditTrail,
    /// The policy in force.
    Policy,
    /// An emergency.
    Emergency {
        /// Which.
        id: EmergencyId,
        /// Who claimed it.
        initiator: PrincipalId,
        /// The data set it is limited to, if it is limited by one.
        dataset: Option<DatasetId>,
    },
}

/// What else a rule may ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Circumstances {
    /// Why it is done, as the principal states it.
    pub purpose: Option<Purpose>,
    /// How long ago the principal proved who they are, on a clock that counts suspend.
    pub authentication_age: Duration,
    /// The emergency under which it is done: open, claimed by this principal, and covering this resource.
    pub emergency: Option<EmergencyId>,
}
