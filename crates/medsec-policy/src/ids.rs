//! Names of what a policy speaks of. The character sets are those of the audit log, so that what is decided can
//! be recorded as it is.

use crate::text::{RandomError, hex_id, identifier, random};

identifier!(
    /// Names a principal: a person of the workforce, a partner or a service. 1 to 128 of `A-Z a-z 0-9 . _ @ : -`.
    PrincipalId, 128, "principal",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'@' | b':' | b'-'
);
identifier!(
    /// Names a role. 1 to 64 of `a-z 0-9 . _ -`.
    RoleName, 64, "role",
    b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);
identifier!(
    /// Names a group of principals, as the policy or an identity provider calls it. 1 to 128 of
    /// `A-Z a-z 0-9 . _ : / -`.
    GroupName, 128, "group",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'/' | b'-'
);
identifier!(
    /// Names a data set, as packages do. 1 to 128 of `A-Z a-z 0-9 . _ -`.
    DatasetId, 128, "dataset",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);
identifier!(
    /// Names a rule of a policy: what its annotation `@id` says. 1 to 64 of `a-z 0-9 . _ -`.
    RuleName, 64, "rule",
    b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);

hex_id!(
    /// Names a sealed package: the random identifier in its header.
    PackageId, 16, "package"
);
hex_id!(
    /// Names one decision.
    DecisionId, 16, "decision"
);
hex_id!(
    /// Names one claim of emergency access.
    EmergencyId, 16, "emergency"
);
hex_id!(
    /// SHA-256 of a policy bundle: which rules were in force.
    PolicyHash, 32, "policy hash"
);

impl DecisionId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random().map(Self)
    }
}

impl EmergencyId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random().map(Self)
    }
}
