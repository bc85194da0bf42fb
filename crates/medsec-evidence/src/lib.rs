//! Tests as evidence for 45 CFR 164 subpart C: the catalog of the rule and the evidence attribute.
//!
//! A control is *evidenced* only by a test that really ran and really checked something. This crate
//! gives any Rust project the three parts of that:
//!
//! - the [`Catalog`]: the 71 items of the rule as data, with their edition;
//! - the [`macro@evidence`] attribute: it ties a test to a citation, which is checked when the test
//!   compiles, and makes the test prove its claim through an [`Ev`];
//! - the test witness: one small file per test that ran to its end, read with [`Witness::from_json`].
//!   A test that exits early, panics, or checks nothing leaves none.
//!
//! Take it as a dev-dependency. It shows what tests did; whether an organization complies with the rule
//! is not something software can show.
//!
//! # A test as evidence
//!
//! ```
//! use medsec_evidence::{Ev, Proven, evidence};
//!
//! #[derive(Debug)]
//! enum SessionError {
//!     Expired,
//! }
//!
//! fn open(idle_minutes: u32) -> Result<(), SessionError> {
//!     if idle_minutes < 15 { Ok(()) } else { Err(SessionError::Expired) }
//! }
//!
//! #[evidence(
//!     hipaa2013::"164.312(a)(2)(iii)",
//!     claim = "an idle session cannot open a package",
//!     polarity = deny,
//! )]
//! fn idle_session_cannot_open(ev: Ev) -> Proven {
//!     ev.denies(open(15), |e| matches!(e, SessionError::Expired));
//!     ev.proven()
//! }
//! # let _ = open(14);
//! # let _ = SessionError::Expired;
//! ```
//!
//! One test can serve several items: `hipaa2013::["164.312(c)(1)", "164.312(c)(2)"]`.
//!
//! # Asynchronous tests, properties and tables of cases
//!
//! One function is one test and leaves one witness, however often it checks: equal checks are described once and
//! counted, in [`Check::times`].
//!
//! An `async` test carries the `test` attribute of its runtime below `#[evidence]`:
//!
//! ```
//! # use medsec_evidence::{Ev, Proven, evidence};
//! # async fn open() -> Result<(), u8> { Err(7) }
//! #[evidence(hipaa2013::"164.312(a)(1)", claim = "a stranger opens nothing", polarity = deny)]
//! #[tokio::test]
//! async fn stranger_opens_nothing(ev: Ev) -> Proven {
//!     ev.denies(open().await, |e| *e == 7);
//!     ev.proven()
//! }
//! # let _ = open();
//! ```
//!
//! A property runs in the body, with proptest's closure or its `TestRunner`. A check that fails makes proptest look for
//! the smallest case, and the test stays failed; a property that tried no case proves nothing:
//!
//! ```
//! # use medsec_evidence::{Ev, Proven, evidence};
//! # use proptest::prelude::*;
//! # fn open(_: &[u8]) -> Result<(), u8> { Err(7) }
//! #[evidence(hipaa2013::"164.312(c)(1)", claim = "no random bytes open", polarity = deny)]
//! fn random_bytes_do_not_open(ev: Ev) -> Proven {
//!     proptest!(|(bytes in any::<Vec<u8>>())| ev.denies(open(&bytes), |e| *e == 7));
//!     ev.proven()
//! }
//! # let _ = open(&[]);
//! ```
//!
//! Cases stand in a table that the body goes through: `for (name, input) in CASES { … }`. What makes several tests of
//! one function under names of its own (`rstest`, `test_case`, the `proptest!` around functions) does not compile with
//! `#[evidence]`: the source would no longer say which tests there are.
//!
//! # Where the witness goes
//!
//! | variable | meaning |
//! |---|---|
//! | `MEDSEC_EVIDENCE_DIR` | an existing folder; not set: no witness is written |
//! | `MEDSEC_EVIDENCE_RUN` | the run id, needed with the folder |
//! | `NEXTEST_BINARY_ID`, `NEXTEST_ATTEMPT` | set by cargo-nextest; otherwise derived, and 1 |
//!
//! If the folder is set and the witness cannot be written, the test fails. The file format is described
//! in `docs/formats/test-witness.md`. Witness files hold no values of the data under test.
//!
//! # Reading the catalog
//!
//! ```
//! use medsec_evidence::{Catalog, Kind, Section};
//!
//! let technical = Catalog::hipaa2013().section(Section::Technical);
//! assert_eq!(technical.len(), 12);
//! let standards = technical.iter().filter(|item| item.kind == Kind::Standard);
//! assert_eq!(standards.count(), 5);
//! ```

#![forbid(unsafe_code)]

mod catalog;
mod checks;
mod citation;
mod ev;
mod run;
mod witness;

pub use catalog::{Catalog, Designation, Edition, FindItemError, Item, Kind, UnknownEdition};
pub use checks::{Check, CheckCounts, CheckKind, Checks, Polarity};
pub use citation::{Citation, ParseCitationError, Section};
pub use ev::{Ev, Proven};
pub use medsec_evidence_macros::evidence;
pub use witness::{
    BinaryId, BodyHash, FieldProblem, InvalidField, Package, ReadWitnessError, RunId, Source,
    TestName, Witness,
};

/// What the attribute expands to calls; not for use by hand, and free to change in any version.
#[doc(hidden)]
pub mod __private {
    pub use crate::run::{Declaration, Running, run};
    pub use medsec_evidence_macros::hipaa2013_citations;
}
