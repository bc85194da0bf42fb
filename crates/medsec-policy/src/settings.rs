//! What a policy bundle sets besides its rules. Each setting has one reader, and each is needed: a bundle that
//! leaves one out, or has one that is not known, is refused.

mod issuers;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use self::issuers::{Authority, ClaimText, Issuer, IssuerKeys, IssuerName};
use crate::action::Action;
use crate::purpose::Purpose;
use crate::text::{InvalidValue, codes, identifier};

identifier!(
    /// A public key in the string form in which partners exchange it: 1 to 4096 of `A-Z a-z 0-9 . _ + / = : -`.
    /// This crate compares it and nothing else.
    RecipientKey, 4096, "recipient key",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'+' | b'/' | b'=' | b':' | b'-'
);
identifier!(
    /// Names a key of a key service. 1 to 256 of `A-Z a-z 0-9 . _ : / -`. With several services it is `service:key`.
    KeyName, 256, "key",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'/' | b'-'
);

codes!(
    /// Why emergency access is claimed.
    EmergencyReason, "reason" {
        /// A patient's life or health is in danger.
        PatientSafety => "patient-safety",
        /// Who usually has access cannot be reached.
        StaffUnavailable => "staff-unavailable",
        /// The identity provider, the key service or another system is down.
        SystemFailure => "system-failure",
        /// A disaster: the facility, or a part of it, is out of use.
        Disaster => "disaster",
        /// A drill.
        Drill => "drill",
    }
);

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Settings {
    /// When sessions end.
    pub sessions: SessionLimits,
    /// When a principal must prove again who they are.
    pub step_up: StepUp,
    /// Purposes of use that are accepted at all.
    pub purposes: BTreeSet<Purpose>,
    /// What is demanded of packages that are sealed.
    pub sealing: Sealing,
    /// What is demanded of packages that are opened.
    pub opening: Opening,
    /// Years for which the audit log must be kept: a log that keeps less is refused.
    pub audit_retention_years: u16,
    /// Emergency access.
    pub emergency: EmergencyLimits,
    /// The identity providers whose tokens are heeded.
    pub issuers: BTreeMap<IssuerName, Issuer>,
}

/// When sessions end (164.312(a)(2)(iii)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct SessionLimits {
    /// After so long without use.
    pub idle: Duration,
    /// After so long in any case; at least as long as `idle`.
    pub absolute: Duration,
}

/// When a principal must prove again who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct StepUp {
    /// The actions that ask for a fresh proof.
    pub fresh: BTreeSet<Action>,
    /// How old a fresh proof may be.
    pub max_age: Duration,
    /// The actions that ask persons for two factors.
    pub two_factors: BTreeSet<Action>,
}

/// What is demanded of packages that are sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Sealing {
    /// Whether they must be signed.
    pub signature: Signature,
    /// Recipients that each of them must have, such as the emergency key.
    pub required_recipients: BTreeSet<RecipientKey>,
    /// The keys that may be sealed under; any, if absent.
    pub allowed_keys: Option<BTreeSet<KeyName>>,
    /// Days after which a key version must not be sealed under any more; no limit, if absent.
    pub max_key_age_days: Option<u32>,
    /// Whether one data key may serve several packages.
    pub shared_data_keys: SharedDataKeys,
}

/// Whether one data key may serve several packages, in sealing and in opening. A bundle that says nothing of it forbids
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum SharedDataKeys {
    /// Each package has its own.
    #[default]
    Forbidden,
    /// It may.
    Permitted,
}

/// What is demanded of packages that are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Opening {
    /// Whether they must be signed.
    pub signature: Signature,
    /// Whether they may be bound to no policy that is known.
    pub unbound_packages: UnboundPackages,
}

/// Whether a package under this organisation's keys may be opened that is bound neither to this policy nor to one that it
/// supersedes, such as one from before there was a policy. A bundle that says nothing of it accepts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum UnboundPackages {
    /// It may, where whoever opens asks for it.
    #[default]
    Accepted,
    /// It may not, whoever asks.
    Refused,
}

/// Whether a signature is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Signature {
    /// It is.
    Required,
    /// It is not; one that is there must fit nevertheless.
    Optional,
}

/// Emergency access (164.312(a)(2)(ii)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct EmergencyLimits {
    /// The longest that one claim lasts.
    pub max_duration: Duration,
    /// The reasons that are accepted.
    pub reasons: BTreeSet<EmergencyReason>,
    /// How old the proof of who claims it may be.
    pub max_authentication_age: Duration,
    /// Days within which another person must have reviewed it.
    pub review_within_days: u16,
}

impl Settings {
    /// The longest that any setting of time may be, 366 days: what is longer is a slip of the pen.
    pub const MAX_TIME: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    /// The most recipients, and the most keys, that can be named.
    pub const MAX_NAMED: usize = 1024;
    /// The most identity providers.
    pub const MAX_ISSUERS: usize = 16;

    /// Checks that no value is out of its bounds and none contradicts another.
    ///
    /// # Errors
    /// [`InvalidValue`] with the name of the setting, such as `sessions.idle`.
    pub fn check(&self) -> Result<(), InvalidValue> {
        let Self { sessions, step_up, purposes: _, sealing, opening: _, .. } = self;
        let Self { audit_retention_years, emergency, issuers, .. } = self;
        let times = [
            ("sessions.idle", sessions.idle),
            ("sessions.absolute", sessions.absolute),
            ("step_up.max_age", step_up.max_age),
            ("emergency.max_duration", emergency.max_duration),
            ("emergency.max_authentication_age", emergency.max_authentication_age),
        ];
        // Whole seconds: that is how they are written.
        let fits = |time: Duration| {
            time.as_secs() >= 1 && time.subsec_nanos() == 0 && time <= Self::MAX_TIME
        };
        let key_age = sealing.max_key_age_days.is_none_or(|days| (1..=36_600).contains(&days));
        let keys = sealing.allowed_keys.as_ref().is_none_or(|keys| keys.len() <= Self::MAX_NAMED);
        let others = [
            ("sessions.absolute", sessions.absolute >= sessions.idle),
            ("audit_retention_years", (1..=100).contains(audit_retention_years)),
            ("emergency.review_within_days", (1..=366).contains(&emergency.review_within_days)),
            ("sealing.max_key_age_days", key_age),
            ("sealing.allowed_keys", keys),
            ("sealing.required_recipients", sealing.required_recipients.len() <= Self::MAX_NAMED),
            ("issuers", issuers.len() <= Self::MAX_ISSUERS && issuers::are_apart(issuers)),
        ];
        issuers.values().try_for_each(Issuer::check)?;
        let mut all = times.map(|(field, time)| (field, fits(time))).into_iter().chain(others);
        match all.find(|(_, fits)| !fits) {
            Some((field, _)) => Err(InvalidValue { field }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_named_services_can_be_allowed() {
        for good in ["mri", "bao:imaging", "aws:alias/mri", "hsm:mri-2026", "aws:mrk-0123"] {
            assert_eq!(KeyName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ":mri", "bao:im aging", "bao:*", "/alias"] {
            assert!(KeyName::new(bad).is_err(), "{bad}");
        }
    }
}
