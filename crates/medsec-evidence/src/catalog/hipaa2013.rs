//! The tables of the 2013 edition, one file per section.

mod administrative;
mod documentation;
mod organizational;
mod physical;
mod technical;

use super::{Designation, Item, Kind};
use crate::citation::{Citation, Section};

pub(super) static SECTIONS: [(Section, &[Item]); 5] = [
    (Section::Administrative, &administrative::ITEMS),
    (Section::Physical, &physical::ITEMS),
    (Section::Technical, &technical::ITEMS),
    (Section::Organizational, &organizational::ITEMS),
    (Section::Documentation, &documentation::ITEMS),
];

/// What the rows of a table share; every row replaces the empty fields it has an answer for.
const STANDARD: Item = Item {
    citation: known("164.302"),
    oscal_id: "",
    title: "",
    kind: Kind::Standard,
    designation: None,
    text: "",
    sp800_53r5: &[],
    csf_1_1: &[],
    csf_2_0_ours: &[],
    note: None,
};

const CONTINUED: Item = Item { kind: Kind::StandardContinued, ..STANDARD };

const REQUIRED: Item = Item {
    kind: Kind::ImplementationSpecification,
    designation: Some(Designation::Required),
    ..STANDARD
};

const ADDRESSABLE: Item = Item { designation: Some(Designation::Addressable), ..REQUIRED };

/// A mistyped citation in a table does not compile.
#[expect(clippy::panic, reason = "evaluated at compile time only")]
const fn known(citation: &str) -> Citation {
    match Citation::parse(citation) {
        Ok(citation) => citation,
        Err(_) => panic!("not a citation"),
    }
}
