//! Shows a package's encrypted metadata, for who asks for it: it identifies patients.

use medsec_crypto::Metadata;
use serde_json::{Map, Value};

use crate::report::Report;
use crate::text;
use crate::units;

/// Adds the metadata to the report of an opened package.
pub(super) fn add(report: Report, metadata: Option<&Metadata>) -> Report {
    let Some(metadata) = metadata else {
        return report.line("  metadata      none").field("metadata", Value::Null);
    };
    let mut fields = Map::new();
    let mut report = report;
    for (name, field, value) in texts(metadata) {
        let Some(value) = value else { continue };
        report = report.line(format!("  {name:<14}{}", text::shown(value)));
        fields.insert(field.to_owned(), value.as_str().into());
    }
    if let Some(size) = metadata.size {
        report = report.line(format!("  {:<14}{}", "size", units::size(size)));
        fields.insert("size".to_owned(), size.into());
    }
    if let Some(hash) = metadata.content_sha256 {
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        report = report.line(format!("  {:<14}{hash}", "SHA-256"));
        fields.insert("content_sha256".to_owned(), hash.into());
    }
    report.field("metadata", fields)
}

fn texts(metadata: &Metadata) -> [(&'static str, &'static str, Option<&String>); 6] {
    [
        ("file name", "file_name", metadata.file_name.as_ref()),
        ("media type", "media_type", metadata.media_type.as_ref()),
        ("study", "study_uid", metadata.study_uid.as_ref()),
        ("series", "series_uid", metadata.series_uid.as_ref()),
        ("instance", "instance_uid", metadata.instance_uid.as_ref()),
        ("notes", "notes", metadata.notes.as_ref()),
    ]
}
