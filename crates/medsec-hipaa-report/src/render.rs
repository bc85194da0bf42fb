//! All outputs, from one [`Report`].

mod html;
mod markdown;

use std::collections::BTreeMap;

use crate::error::ReportError;
use crate::oscal;
use crate::report::Report;
use crate::sbom::SBOM_FILE;

/// Files by their name below the output folder, with `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Renders every output but the statement, which is made of their digests.
///
/// # Errors
/// The model cannot be written as JSON, or a reference between the OSCAL documents leads nowhere.
pub fn render(report: &Report) -> Result<Files, ReportError> {
    let mut files = Files::new();
    files.insert("report.json".to_owned(), json("report.json", report)?);
    files.insert("report.md".to_owned(), markdown::render(report).into_bytes());
    files.insert("report.html".to_owned(), html::render(report).into_bytes());
    if let Some(sbom) = &report.sbom {
        files.insert(SBOM_FILE.to_owned(), json(SBOM_FILE, sbom)?);
    }
    for (name, document) in oscal::documents(report)? {
        let name = format!("oscal/{name}");
        let bytes = json(&name, &document)?;
        files.insert(name, bytes);
    }
    Ok(files)
}

/// Indented, with a line end.
pub(crate) fn json(name: &str, value: &impl serde::Serialize) -> Result<Vec<u8>, ReportError> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|error| ReportError::content(name, error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
