//! Reading TOML files of `compliance/`.

use std::path::Path;

use medsec_evidence::Catalog;
use serde::de::DeserializeOwned;

use crate::error::{At as _, ReportError, read_limited};
use crate::problem::Problem;

const LONGEST: u64 = 4 << 20;

/// The text of a file, if it is there.
pub(super) fn text(root: &Path, file: &str) -> Result<Option<String>, ReportError> {
    let path = root.join(file);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = read_limited(&path, LONGEST)?;
    String::from_utf8(bytes).map(Some).map_err(|error| ReportError::content(file, error))
}

/// A file as data; where it is none, a problem.
pub(super) fn parse<T: DeserializeOwned>(
    file: &str,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match toml::from_str(text) {
        Ok(data) => Some(data),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or_default();
            let line = before.matches('\n').count().saturating_add(1);
            let what = format!("line {line}: {}", error.message());
            problems.push(Problem::Malformed { file: file.to_owned(), what });
            None
        }
    }
}

/// The TOML files of a folder, sorted, from the root of the repository.
pub(super) fn listed(root: &Path, folder: &str) -> Result<Vec<String>, ReportError> {
    let path = root.join(folder);
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(&path).at(&path)?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()).at(&path));
    let names: Result<Vec<_>, _> = names.collect();
    let toml = names?.into_iter().filter_map(|name| name.into_string().ok());
    let mut files: Vec<_> = toml
        .filter(|name| name.ends_with(".toml"))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    files.sort();
    Ok(files)
}

/// Whether a citation is an item; where not, a problem.
pub(super) fn is_item(file: &str, citation: &str, problems: &mut Vec<Problem>) -> bool {
    let known = Catalog::hipaa2013().find(citation).is_ok();
    if !known {
        let (file, citation) = (file.to_owned(), citation.to_owned());
        problems.push(Problem::CitationInFile { file, citation });
    }
    known
}

/// Whether a plain relative path exists below the root.
pub(crate) fn is_inside(root: &Path, path: &str) -> bool {
    let plain = !path.is_empty() && path.split('/').all(|part| !["", ".", ".."].contains(&part));
    plain && !path.contains('\\') && root.join(path).exists()
}

/// Everything that lies below a folder, from the root of the repository, sorted.
pub(super) fn below(root: &Path, folder: &str) -> Result<Vec<String>, ReportError> {
    let path = root.join(folder);
    let mut files = Vec::new();
    if !path.is_dir() {
        return Ok(files);
    }
    for entry in std::fs::read_dir(&path).at(&path)? {
        let entry = entry.at(&path)?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.extend(below(root, &name)?);
        } else {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}
