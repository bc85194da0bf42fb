//! The policy in force: who decides, what is demanded, and which older policies packages may be bound to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use medsec_crypto::VerifyingKey;
use medsec_policy::{Decider, PolicyHash, PrincipalId, Settings};

/// All that the Custodian asks of a policy.
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct PolicyInForce {
    /// Decides.
    pub decider: Arc<dyn Decider>,
    /// What is demanded besides.
    pub settings: Arc<Settings>,
    /// Policies that this one supersedes: what was sealed under them opens by the rules of this one.
    pub superseded: Vec<PolicyHash>,
    /// Whose signatures are those of principals that rules can name.
    pub signers: BTreeMap<[u8; 32], PrincipalId>,
}

impl PolicyInForce {
    /// Whether a package may be bound to that policy.
    pub(crate) fn knows(&self, policy: &medsec_crypto::PolicyHash) -> bool {
        let policy = PolicyHash::from_bytes(*policy.as_bytes());
        policy == self.decider.policy() || self.superseded.contains(&policy)
    }

    /// What new packages are bound to.
    pub(crate) fn hash(&self) -> medsec_crypto::PolicyHash {
        medsec_crypto::PolicyHash::from_bytes(*self.decider.policy().as_bytes())
    }

    /// Whose signature that is.
    pub(crate) fn signer(&self, key: &VerifyingKey) -> Option<PrincipalId> {
        self.signers.get(key.as_bytes()).cloned()
    }
}

impl fmt::Debug for PolicyInForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyInForce")
            .field("hash", &self.decider.policy())
            .finish_non_exhaustive()
    }
}
