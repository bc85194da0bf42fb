//! What an emergency is limited to.

use std::fmt;

use crate::ids::DatasetId;
use crate::request::Resource;
use crate::text::InvalidValue;

/// What an emergency is limited to. Nothing but what is named: no part of the data set and no whole that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an emergency is limited to one of these two")]
pub enum Scope {
    /// One data set, all patients.
    Dataset(DatasetId),
    /// One patient within one data set.
    Patient {
        /// Whom.
        pseudonym: PatientPseudonym,
        /// Where.
        dataset: DatasetId,
    },
}

impl Scope {
    /// The data set.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        match self {
            Self::Dataset(dataset) | Self::Patient { dataset, .. } => dataset,
        }
    }

    /// The patient, if it is limited to one.
    #[must_use]
    pub const fn patient(&self) -> Option<&PatientPseudonym> {
        match self {
            Self::Dataset(_) => None,
            Self::Patient { pseudonym, .. } => Some(pseudonym),
        }
    }

    /// Whether it covers this resource, which is of this patient as far as is known. A package that names no data
    /// set is covered by none; a whole data set is not covered by one patient of it.
    #[must_use]
    pub fn covers(&self, resource: &Resource, patient: Option<&PatientPseudonym>) -> bool {
        match (self, resource) {
            (Self::Dataset(own), Resource::Dataset(other))
            | (Self::Dataset(own), Resource::Package { dataset: Some(other), .. }) => own == other,
            (
                Self::Patient { pseudonym, dataset: own },
                Resource::Package { dataset: Some(other), .. },
            ) => own == other && patient == Some(pseudonym),
            _ => false,
        }
    }
}

/// What stands for a patient: 1 to 128 of `A-Z a-z 0-9 . _ : + / = -`. This crate compares it and nothing else. It
/// remains protected health information and is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientPseudonym(String);

impl PatientPseudonym {
    /// Longest in bytes.
    pub const MAX_LEN: usize = 128;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `text` is empty, too long or has another byte.
    pub fn new(text: &str) -> Result<Self, InvalidValue> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned())).ok_or(InvalidValue { field: "patient pseudonym" })
    }

    /// The pseudonym.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'+' | b'/' | b'=' | b'-')
}

impl fmt::Debug for PatientPseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientPseudonym(redacted)")
    }
}
