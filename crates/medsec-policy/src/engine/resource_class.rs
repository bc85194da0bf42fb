//! Resources by kind, where which package it is does not matter: what tables and comparisons speak of.

use std::fmt;
use std::str::FromStr;

use crate::ids::{DatasetId, EmergencyId, PackageId, PrincipalId};
use crate::request::Resource;
use crate::text::InvalidValue;

/// A kind of resource. Written as `dataset:NAME`, `package`, `package:NAME`, `audit-trail`, `policy`, `emergency` or
/// `emergency:NAME`, where `NAME` is a data set; a package or an emergency with `:own` behind it was sealed or
/// claimed by who asks (`package::own` in no data set).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ResourceClass {
    /// A data set.
    Dataset(DatasetId),
    /// Any package of a data set, or of none.
    Package {
        /// The data set.
        dataset: Option<DatasetId>,
        /// Whether who asks has sealed it.
        own: bool,
    },
    /// The audit trail.
    AuditTrail,
    /// The policy in force.
    Policy,
    /// Any claim of emergency access.
    Emergency {
        /// The data set it is limited to.
        dataset: Option<DatasetId>,
        /// Whether who asks has claimed it.
        own: bool,
    },
}

impl ResourceClass {
    /// One resource of this kind. `other` is somebody else than who asks.
    pub(super) fn example(&self, who: &PrincipalId, other: &PrincipalId) -> Resource {
        match self {
            Self::Dataset(id) => Resource::Dataset(id.clone()),
            Self::Package { dataset, own } => Resource::Package {
                id: PackageId::from_bytes([0; PackageId::LEN]),
                dataset: dataset.clone(),
                sealed_by: own.then(|| who.clone()),
            },
            Self::AuditTrail => Resource::AuditTrail,
            Self::Policy => Resource::Policy,
            Self::Emergency { dataset, own } => Resource::Emergency {
                id: EmergencyId::from_bytes([0; EmergencyId::LEN]),
                initiator: if *own { who.clone() } else { other.clone() },
                dataset: dataset.clone(),
            },
        }
    }

    /// All kinds there are with these data sets.
    pub(super) fn all<'a>(datasets: impl Iterator<Item = &'a DatasetId>) -> Vec<Self> {
        let mut all = vec![Self::AuditTrail, Self::Policy];
        let some = datasets.map(|id| Some(id.clone()));
        for dataset in std::iter::once(None).chain(some) {
            all.extend(dataset.clone().map(Self::Dataset));
            for own in [false, true] {
                all.push(Self::Package { dataset: dataset.clone(), own });
                all.push(Self::Emergency { dataset: dataset.clone(), own });
            }
        }
        all.sort();
        all
    }
}

impl fmt::Display for ResourceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, dataset, own) = match self {
            Self::Dataset(id) => ("dataset", Some(id), false),
            Self::Package { dataset, own } => ("package", dataset.as_ref(), *own),
            Self::AuditTrail => ("audit-trail", None, false),
            Self::Policy => ("policy", None, false),
            Self::Emergency { dataset, own } => ("emergency", dataset.as_ref(), *own),
        };
        f.write_str(kind)?;
        dataset.map_or(Ok(()), |id| write!(f, ":{id}"))?;
        if own { f.write_str(if dataset.is_some() { ":own" } else { "::own" }) } else { Ok(()) }
    }
}

impl FromStr for ResourceClass {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = InvalidValue { field: "resource" };
        let mut parts = text.split(':');
        let kind = parts.next();
        let dataset = match parts.next() {
            None | Some("") => None,
            Some(id) => Some(DatasetId::new(id)?),
        };
        let own =
            parts.next().map(|own| (own == "own").then_some(true).ok_or(invalid)).transpose()?;
        let own = own.unwrap_or(false);
        let class = match (kind, dataset) {
            (Some("dataset"), Some(id)) if !own => Self::Dataset(id),
            (Some("package"), dataset) => Self::Package { dataset, own },
            (Some("emergency"), dataset) => Self::Emergency { dataset, own },
            (Some("audit-trail"), None) if !own => Self::AuditTrail,
            (Some("policy"), None) if !own => Self::Policy,
            _ => return Err(invalid),
        };
        // One way to write each.
        if class.to_string() == text { Ok(class) } else { Err(invalid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_kind_of_resource_is_refused() {
        let bad = [
            "",
            "dataset",
            "dataset:",
            "package:",
            "package:a:",
            "package:a:mine",
            "package:own:own:own",
            "audit-trail:a",
            "policy::own",
            "dataset:a:own",
            "emergency::",
            "file:a",
            "Package",
        ];
        for text in bad {
            assert!(ResourceClass::from_str(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_kind_is_read_as_written() {
        let ids = [DatasetId::new("ct-2026").unwrap(), DatasetId::new("own").unwrap()];
        let all = ResourceClass::all(ids.iter());
        assert_eq!(all.len(), 2 + 4 + 2 * 5);
        for class in all {
            assert_eq!(ResourceClass::from_str(&class.to_string()), Ok(class));
        }
    }
}
