//! How an item stands. There is no score, and no word that claims more than was shown.

use core::fmt;

use serde::{Serialize, Serializer};

use crate::date::Date;

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Tests that ran show what is allowed and what is denied.
    Evidenced,
    /// Some of it is shown.
    Partial,
    /// Something that should show it went wrong.
    Failing,
    /// Nothing shows it.
    NoEvidence,
    /// Somebody signed for it.
    Attested {
        /// The last day.
        until: Date,
    },
    /// Nobody signs for it any more.
    AttestationExpired,
    /// An equivalent measure stands instead of an addressable item.
    Alternative {
        /// Whether a signed statement that holds says so.
        signed: bool,
    },
    /// Somebody signed that the rule itself makes an exception for them.
    DoesNotApply {
        /// The last day.
        until: Date,
    },
    /// A gap that is open until a day.
    Waived {
        /// The last day.
        until: Date,
    },
    /// For the organization that runs the component.
    Operator,
}

impl Status {
    /// All keys, from what is shown to what is not.
    pub const KEYS: [&str; 10] = [
        "evidenced",
        "attested",
        "alternative",
        "does-not-apply",
        "partial",
        "operator",
        "waived",
        "attestation-expired",
        "no-evidence",
        "failing",
    ];

    /// A name for programs.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Evidenced => "evidenced",
            Self::Partial => "partial",
            Self::Failing => "failing",
            Self::NoEvidence => "no-evidence",
            Self::Attested { .. } => "attested",
            Self::AttestationExpired => "attestation-expired",
            Self::Alternative { .. } => "alternative",
            Self::DoesNotApply { .. } => "does-not-apply",
            Self::Waived { .. } => "waived",
            Self::Operator => "operator",
        }
    }

    /// What a key is called in a table.
    #[must_use]
    pub fn title(key: &str) -> &'static str {
        match key {
            "evidenced" => "Evidenced",
            "partial" => "Partial",
            "failing" => "Failing",
            "attested" => "Attested",
            "attestation-expired" => "Attestation expired",
            "alternative" => "Alternative documented",
            "does-not-apply" => "Does not apply",
            "waived" => "Waived (open gap)",
            "operator" => "Operator",
            _ => "No evidence",
        }
    }

    /// Whether OSCAL may call the objective satisfied.
    #[must_use]
    pub const fn is_satisfied(&self) -> bool {
        matches!(
            self,
            Self::Evidenced
                | Self::Attested { .. }
                | Self::DoesNotApply { .. }
                | Self::Alternative { signed: true }
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attested { until } => write!(f, "Attested until {until}"),
            Self::Alternative { signed: false } => {
                f.write_str("Alternative documented, not signed")
            }
            Self::DoesNotApply { until } => write!(f, "Does not apply, stated until {until}"),
            Self::Waived { until } => write!(f, "Waived until {until} (open gap)"),
            other => f.write_str(Self::title(other.key())),
        }
    }
}

/// As its text.
impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
