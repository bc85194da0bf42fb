//! Settings in a document. Times are in seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::issuers::WireIssuer;
use super::{set, sorted};
use crate::settings::{self, Settings, SharedDataKeys, Signature, UnboundPackages};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wire {
    purposes: Vec<String>,
    audit_retention_years: u16,
    sessions: Sessions,
    step_up: StepUp,
    sealing: Sealing,
    opening: Opening,
    emergency: Emergency,
    issuers: BTreeMap<String, WireIssuer>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sessions {
    idle: u64,
    absolute: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepUp {
    fresh: Vec<String>,
    max_age: u64,
    two_factors: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealing {
    signature: Signed,
    required_recipients: Vec<String>,
    allowed_keys: Option<Vec<String>>,
    max_key_age_days: Option<u32>,
    /// Absent if they are forbidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shared_data_keys: Option<Shared>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shared {
    Permitted,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    signature: Signed,
    /// Absent if they are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unbound_packages: Option<Unbound>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unbound {
    Refused,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Emergency {
    max_duration: u64,
    reasons: Vec<String>,
    max_authentication_age: u64,
    review_within_days: u16,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Signed {
    Required,
    Optional,
}

impl Signed {
    const fn of(signature: Signature) -> Self {
        match signature {
            Signature::Required => Self::Required,
            Signature::Optional => Self::Optional,
        }
    }

    const fn signature(self) -> Signature {
        match self {
            Self::Required => Signature::Required,
            Self::Optional => Signature::Optional,
        }
    }
}

impl Wire {
    pub(super) fn of(settings: &Settings) -> Self {
        let Settings { sessions, step_up, purposes, sealing, opening, .. } = settings;
        let Settings { audit_retention_years, emergency, issuers, .. } = settings;
        Self {
            purposes: sorted(purposes),
            audit_retention_years: *audit_retention_years,
            sessions: Sessions {
                idle: sessions.idle.as_secs(),
                absolute: sessions.absolute.as_secs(),
            },
            step_up: StepUp {
                fresh: sorted(&step_up.fresh),
                max_age: step_up.max_age.as_secs(),
                two_factors: sorted(&step_up.two_factors),
            },
            sealing: Sealing {
                signature: Signed::of(sealing.signature),
                required_recipients: sorted(&sealing.required_recipients),
                allowed_keys: sealing.allowed_keys.as_ref().map(sorted),
                max_key_age_days: sealing.max_key_age_days,
                shared_data_keys: match sealing.shared_data_keys {
                    SharedDataKeys::Forbidden => None,
                    SharedDataKeys::Permitted => Some(Shared::Permitted),
                },
            },
            opening: Opening {
                signature: Signed::of(opening.signature),
                unbound_packages: match opening.unbound_packages {
                    UnboundPackages::Accepted => None,
                    UnboundPackages::Refused => Some(Unbound::Refused),
                },
            },
            emergency: Emergency {
                max_duration: emergency.max_duration.as_secs(),
                reasons: sorted(&emergency.reasons),
                max_authentication_age: emergency.max_authentication_age.as_secs(),
                review_within_days: emergency.review_within_days,
            },
            issuers: WireIssuer::all(issuers),
        }
    }

    pub(super) fn settings(&self) -> Option<Settings> {
        let Self { sessions, step_up, sealing, opening, emergency, .. } = self;
        let allowed_keys = match &sealing.allowed_keys {
            Some(keys) => Some(set(keys)?),
            None => None,
        };
        Some(Settings {
            sessions: settings::SessionLimits {
                idle: Duration::from_secs(sessions.idle),
                absolute: Duration::from_secs(sessions.absolute),
            },
            step_up: settings::StepUp {
                fresh: set(&step_up.fresh)?,
                max_age: Duration::from_secs(step_up.max_age),
                two_factors: set(&step_up.two_factors)?,
            },
            purposes: set(&self.purposes)?,
            sealing: settings::Sealing {
                signature: sealing.signature.signature(),
                required_recipients: set(&sealing.required_recipients)?,
                allowed_keys,
                max_key_age_days: sealing.max_key_age_days,
                shared_data_keys: match sealing.shared_data_keys {
                    None => SharedDataKeys::Forbidden,
                    Some(Shared::Permitted) => SharedDataKeys::Permitted,
                },
            },
            opening: settings::Opening {
                signature: opening.signature.signature(),
                unbound_packages: match opening.unbound_packages {
                    None => UnboundPackages::Accepted,
                    Some(Unbound::Refused) => UnboundPackages::Refused,
                },
            },
            audit_retention_years: self.audit_retention_years,
            emergency: settings::EmergencyLimits {
                max_duration: Duration::from_secs(emergency.max_duration),
                reasons: set(&emergency.reasons)?,
                max_authentication_age: Duration::from_secs(emergency.max_authentication_age),
                review_within_days: emergency.review_within_days,
            },
            issuers: WireIssuer::issuers(&self.issuers)?,
        })
    }
}
