//! Events in the formats of others: a FHIR R4 AuditEvent after IHE BALP, a DICOM audit message (PS3.15 A.5), and
//! a checker of such AuditEvents, whoever made them.
//!
//! Both formats are written from one [message](message::Message), so that they say the same. They say less than
//! the line: who receives them cannot verify them. The tables are in `docs/formats/audit-exchange.md`.

pub mod balp;
mod code;
pub mod dicom;
pub mod fhir;
mod message;
mod source;

pub use self::source::{Namespace, SiteName, SourceInfo};
