//! Identifiers of an event. All are opaque or name people and machines of the organisation; none is for
//! patients, whose identifiers come in only as [pseudonyms](crate::PatientPseudonym) or
//! [commitments](crate::Commitment).
//!
//! A character set cannot tell a name from another word. Whoever gives a data set, a key or a user an identifier
//! must not take a patient's name for it.

use crate::text::{RandomError, hex_id, identifier, random};

identifier!(
    /// Names a principal: a person of the workforce, a partner or a service, as the identity provider or the key
    /// store calls them. 1 to 128 of `A-Z a-z 0-9 . _ @ : -`.
    PrincipalId, 128, "principal",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'@' | b':' | b'-'
);
identifier!(
    /// Names the role a principal acted in, as the policy calls it. 1 to 64 of `a-z 0-9 . _ -`.
    RoleName, 64, "role",
    b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);
identifier!(
    /// Names a data set, as packages do. 1 to 128 of `A-Z a-z 0-9 . _ -`.
    DatasetId, 128, "dataset",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);
identifier!(
    /// Names a key of a key service. 1 to 256 of `A-Z a-z 0-9 . _ : / -`, which takes the names of the local
    /// store and the usual ones of cloud services.
    KekName, 256, "key",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'/' | b'-'
);
identifier!(
    /// Names a machine. 1 to 128 of `a-z 0-9 . -`.
    HostId, 128, "host",
    b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'
);
identifier!(
    /// Names a program. 1 to 32 of `a-z 0-9 -`.
    ProcessName, 32, "process",
    b'a'..=b'z' | b'0'..=b'9' | b'-'
);
identifier!(
    /// Names a follower or an anchor of the log, as the settings call it. 1 to 64 of `a-z 0-9 . -`.
    PeerName, 64, "peer",
    b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'
);

identifier!(
    /// Why a credential was refused, as a code of the policy that refused it. 1 to 64 of `a-z 0-9 -`.
    RefusalCode, 64, "refusal",
    b'a'..=b'z' | b'0'..=b'9' | b'-'
);

hex_id!(
    /// Names a sealed package: the random identifier in its header.
    PackageId, 16, "package"
);
hex_id!(
    /// Names a session.
    SessionId, 16, "session"
);
hex_id!(
    /// Names a request: what the intent, the outcome and the policy's decision of one operation share.
    RequestId, 16, "request"
);
hex_id!(
    /// Names an emergency: what its claim, its uses, its end and its review share.
    EmergencyId, 16, "emergency"
);
hex_id!(
    /// Names one decision of the policy.
    DecisionId, 16, "decision"
);
hex_id!(
    /// SHA-256 of a policy.
    PolicyHash, 32, "policy hash"
);
hex_id!(
    /// SHA-256 of a package's recipient slot: which list of recipients it was.
    SlotDigest, 32, "slot digest"
);

macro_rules! drawn {
    ($($name:ident),+) => {$(
        impl $name {
            /// Draws a fresh identifier.
            ///
            /// # Errors
            /// [`RandomError`] if the operating system gives no randomness.
            pub fn generate() -> Result<Self, RandomError> {
                random().map(Self)
            }
        }
    )+};
}

drawn!(SessionId, RequestId, DecisionId);
