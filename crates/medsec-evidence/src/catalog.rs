//! The rule as data, with its edition.
//!
//! What it is: the 71 items (standards and implementation specifications) of 164.308, 310, 312, 314
//! and 316 in the text of the 2013 Omnibus rule, with the published crosswalk to NIST SP 800-53r5 and
//! CSF 1.1. What it is not: legal advice, the general rules of 164.306, or the proposed rule of January
//! 2025 (90 FR 898), which renumbers 164.312(a)(2).
//!
//! Sources: the Code of Federal Regulations for citation, title, designation and text; NIST SP 800-66r2
//! and its crosswalk in NIST's reference tool for SP 800-53r5 and CSF 1.1.

mod edition;
mod hipaa2013;

use serde::Serialize;

use crate::citation::{Citation, ParseCitationError, Section};

pub use edition::{Edition, UnknownEdition};

/// One edition of the rule, item by item.
///
/// ```
/// use medsec_evidence::{Catalog, Designation};
///
/// let catalog = Catalog::hipaa2013();
/// let logoff = catalog.find("164.312(a)(2)(iii)")?;
/// assert_eq!(logoff.title, "Automatic logoff");
/// assert_eq!(logoff.designation, Some(Designation::Addressable));
/// assert_eq!(catalog.items().count(), 71);
/// # Ok::<(), medsec_evidence::FindItemError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Catalog {
    edition: Edition,
    // INVARIANT: each slice lies in one section and ascends by citation; so do the slices.
    sections: &'static [(Section, &'static [Item])],
}

impl Catalog {
    /// The edition in force: the 2013 Omnibus text.
    pub const fn hipaa2013() -> Self {
        Self { edition: Edition::Hipaa2013, sections: &hipaa2013::SECTIONS }
    }

    /// The catalog of an edition.
    pub const fn of(edition: Edition) -> Self {
        match edition {
            Edition::Hipaa2013 => Self::hipaa2013(),
        }
    }

    /// Which edition this is.
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// All items, in the order of the rule.
    pub fn items(&self) -> impl Iterator<Item = &'static Item> + use<> {
        self.sections.iter().flat_map(|(_, items)| *items)
    }

    /// The items of one section; none for a section that states no standards.
    pub fn section(&self, section: Section) -> &'static [Item] {
        let found = self.sections.iter().find(|(covered, _)| *covered == section);
        found.map_or(&[], |(_, items)| items)
    }

    /// The item at a place in the rule, if one stands there.
    pub fn item(&self, citation: Citation) -> Option<&'static Item> {
        let items = self.section(citation.section());
        let index = items.binary_search_by_key(&citation, |item| item.citation).ok()?;
        items.get(index)
    }

    /// The item with a citation such as `164.312(a)(2)(iii)`.
    ///
    /// # Errors
    /// [`FindItemError::Citation`] if the text is no citation, [`FindItemError::Unknown`] if this
    /// edition has no item there.
    pub fn find(&self, citation: &str) -> Result<&'static Item, FindItemError> {
        let citation = Citation::parse(citation)?;
        let unknown = FindItemError::Unknown { citation, edition: self.edition };
        self.item(citation).ok_or(unknown)
    }
}

/// A standard or an implementation specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// Its place in the rule.
    pub citation: Citation,
    /// The same without parentheses, for OSCAL.
    pub oscal_id: &'static str,
    /// The title the rule gives it; where it gives none, [`note`](Self::note) says so.
    pub title: &'static str,
    /// Standard or implementation specification.
    pub kind: Kind,
    /// Required or addressable; `None` for standards, which always apply.
    pub designation: Option<Designation>,
    /// The words of the rule. A list item carries the words that introduce its list.
    pub text: &'static str,
    /// NIST SP 800-53r5 controls, as NIST's crosswalk for SP 800-66r2 maps them.
    pub sp800_53r5: &'static [&'static str],
    /// NIST CSF 1.1 subcategories, as SP 800-66r2 maps them.
    pub csf_1_1: &'static [&'static str],
    /// NIST CSF 2.0 subcategories, **chosen by this project** and published by nobody else; for 164.312
    /// only.
    pub csf_2_0_ours: &'static [&'static str],
    /// What a reader of this item needs to know besides.
    pub note: Option<&'static str>,
}

/// What an [`Item`] is in the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A standard.
    Standard,
    /// A further paragraph of the standard before it: 164.308(b)(2).
    StandardContinued,
    /// An implementation specification of the standard before it.
    ImplementationSpecification,
}

/// How an implementation specification binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Designation {
    /// It must be implemented.
    Required,
    /// Not optional: implement it, or document why that is not reasonable and appropriate and which
    /// equivalent measure stands instead (164.306(d)(3)).
    Addressable,
}

/// Why [`Catalog::find`] has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindItemError {
    /// The text is no citation.
    #[error(transparent)]
    Citation(#[from] ParseCitationError),
    /// A well-formed citation without an item.
    #[error("`{citation}` is not an item of {edition}")]
    Unknown {
        /// What was looked for.
        citation: Citation,
        /// Where.
        edition: Edition,
    },
}

#[cfg(test)]
mod tests;
