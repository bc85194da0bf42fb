//! Checks AuditEvents, whoever made them: against FHIR R4, and against the profiles of IHE's Basic Audit Log
//! Patterns (BALP), which validators of FHIR do not know.
//!
//! ```
//! use medsec_audit::balp;
//!
//! # fn main() -> Result<(), balp::ParseError> {
//! let event = balp::parse(br#"{"resourceType":"AuditEvent","outcome":"1"}"#)?;
//! let report = balp::check(&event, balp::Mode::Base);
//! assert!(report.findings().iter().any(|finding| finding.rule() == balp::Rule::RequiredBinding));
//! # Ok(())
//! # }
//! ```
//!
//! What it does not do: it knows no terminology beyond the required bindings of AuditEvent, follows no reference,
//! looks into contained resources only as far as their kind, and does not check XHTML. The rules are listed, each
//! with its source, in `docs/formats/audit-exchange.md`.

mod base;
mod form;
mod parse;
mod profile;
mod profiles;
mod reference;
mod report;
mod rule;
mod schema;
mod slice;
mod time;
mod types;

use serde_json::Value;

pub use self::parse::{MAX_EVENT_LEN, ParseError, parse};
pub use self::profile::Profile;
pub use self::report::{ElementPath, Finding, MAX_FINDINGS, Report};
pub use self::rule::{Rule, Severity};

/// Deepest nesting that is looked at; the resource itself is depth 1.
const MAX_DEPTH: usize = 32;

/// What an event is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// FHIR R4 alone.
    Base,
    /// FHIR R4 and every profile of BALP that the event names in `meta.profile`; it must name one.
    Balp,
    /// FHIR R4 and this profile, whatever the event names.
    BalpAs(Profile),
}

/// Checks one event. It never fails: what is wrong with the event is in the report.
#[must_use]
pub fn check(event: &Value, mode: Mode) -> Report {
    let mut report = Report::default();
    base::check(event, &mut report);
    match mode {
        Mode::Base => {}
        Mode::Balp => profile::check_named(event, &mut report),
        Mode::BalpAs(profile) => profile::check_as(event, profile, &mut report),
    }
    report
}
