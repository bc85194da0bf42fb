//! What a policy decides about.

use crate::principal::PrincipalKind;
use crate::request::Resource;
use crate::text::codes;

codes!(
    /// What somebody wants to do.
    Action, "action" {
        /// Seal content into a package.
        Seal => "seal",
        /// Open a package, or read parts of it.
        Open => "open",
        /// Change the recipients of a package.
        Rewrap => "rewrap",
        /// Hand content or records to another system.
        Export => "export",
        /// Read the audit trail.
        ReadAudit => "read-audit",
        /// Put another policy in force.
        ChangePolicy => "change-policy",
        /// Claim emergency access.
        EmergencyAccess => "emergency-access",
        /// Close the review of an emergency.
        CloseReview => "close-review",
    }
);

impl Action {
    /// Whether the purpose of use must be stated: wherever health information or a way to it is handed out or taken in.
    #[must_use]
    pub const fn needs_purpose(self) -> bool {
        matches!(self, Self::Seal | Self::Open | Self::Export | Self::EmergencyAccess)
    }

    /// Whether this can be done by such a principal to such a resource at all, as the schema of policies says.
    #[must_use]
    pub const fn applies_to(self, kind: PrincipalKind, resource: &Resource) -> bool {
        let fits = match self {
            Self::Seal => matches!(resource, Resource::Dataset(_) | Resource::Package { .. }),
            Self::Open | Self::Rewrap => matches!(resource, Resource::Package { .. }),
            Self::Export => {
                matches!(
                    resource,
                    Resource::Dataset(_) | Resource::Package { .. } | Resource::AuditTrail
                )
            }
            Self::ReadAudit => matches!(resource, Resource::AuditTrail),
            Self::ChangePolicy => matches!(resource, Resource::Policy),
            Self::EmergencyAccess | Self::CloseReview => {
                matches!(resource, Resource::Emergency { .. })
            }
        };
        fits && (matches!(kind, PrincipalKind::Person) || !self.is_for_persons())
    }

    /// Whether programs can never do it: what asks for a person's judgement.
    const fn is_for_persons(self) -> bool {
        matches!(self, Self::ChangePolicy | Self::EmergencyAccess | Self::CloseReview)
    }
}
