//! What a request to be explained is about.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use medsec_policy::{
    Action, Bundle, DatasetId, EmergencyId, PackageId, PrincipalId, Resource, ResourceClass,
    Settings,
};

use super::super::standing::somebody_else;
use super::Options;
use crate::failure::Failure;

/// How long ago: a number and one of `s`, `m`, `h`, `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Age(pub(super) Duration);

/// The value is none of the forms.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoAge;

impl fmt::Display for NoAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time such as 90s, 10m or 2h")
    }
}

impl std::error::Error for NoAge {}

impl FromStr for Age {
    type Err = NoAge;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units = [('s', 1_u64), ('m', 60), ('h', 3_600), ('d', 86_400)];
        let found = units.into_iter().find_map(|(c, unit)| Some((text.strip_suffix(c)?, unit)));
        let (digits, unit) = found.ok_or(NoAge)?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<u64> = plain.then(|| digits.parse().ok()).flatten();
        let seconds = number.and_then(|number| number.checked_mul(unit)).ok_or(NoAge)?;
        let age = Duration::from_secs(seconds);
        if age <= Settings::MAX_TIME { Ok(Self(age)) } else { Err(NoAge) }
    }
}

impl Options {
    /// What the action is usually done to, or what was named.
    pub(super) fn resource(&self, bundle: &Bundle) -> Result<Resource, Failure> {
        let other = somebody_else(bundle).unwrap_or_else(|| self.who.clone());
        match &self.resource {
            Some(class) => of_class(class, &self.who, other),
            None => usual(self.action, self.dataset.clone(), &self.who, other),
        }
    }
}

fn usual(
    action: Action,
    dataset: Option<DatasetId>,
    who: &PrincipalId,
    other: PrincipalId,
) -> Result<Resource, Failure> {
    match (action, dataset) {
        (Action::Seal, Some(id)) => Ok(Resource::Dataset(id)),
        (Action::Seal | Action::Open | Action::Rewrap, dataset) => Ok(package(dataset, None)),
        (Action::Export, None) | (Action::ReadAudit, _) => Ok(Resource::AuditTrail),
        (Action::Export, Some(id)) => Ok(Resource::Dataset(id)),
        (Action::ChangePolicy, _) => Ok(Resource::Policy),
        (Action::EmergencyAccess, dataset) => Ok(emergency(dataset, who.clone())),
        (Action::CloseReview, dataset) => Ok(emergency(dataset, other)),
        _ => Err(Failure::usage("it is not known what that action is done to")
            .next("name it with --resource")),
    }
}

fn of_class(
    class: &ResourceClass,
    who: &PrincipalId,
    other: PrincipalId,
) -> Result<Resource, Failure> {
    match class.clone() {
        ResourceClass::Dataset(id) => Ok(Resource::Dataset(id)),
        ResourceClass::Package { dataset, own } => Ok(package(dataset, own.then(|| who.clone()))),
        ResourceClass::AuditTrail => Ok(Resource::AuditTrail),
        ResourceClass::Policy => Ok(Resource::Policy),
        ResourceClass::Emergency { dataset, own } => {
            Ok(emergency(dataset, if own { who.clone() } else { other }))
        }
        _ => Err(Failure::usage("that kind of resource is not known here")
            .next("docs/policies.md lists them")),
    }
}

const fn package(dataset: Option<DatasetId>, sealed_by: Option<PrincipalId>) -> Resource {
    Resource::Package { id: PackageId::from_bytes([0; PackageId::LEN]), dataset, sealed_by }
}

const fn emergency(dataset: Option<DatasetId>, initiator: PrincipalId) -> Resource {
    Resource::Emergency { id: EmergencyId::from_bytes([0; EmergencyId::LEN]), initiator, dataset }
}

#[cfg(test)]
mod tests {
    use super::Age;

    #[test]
    fn what_is_no_age_is_refused() {
        for text in ["", "m", "10", "-1m", "1.5h", "10 m", "367d", "99999999999999999999d"] {
            assert!(text.parse::<Age>().is_err(), "{text}");
        }
        assert_eq!("10m".parse::<Age>().unwrap().0.as_secs(), 600);
    }
}
