//! Every crate root forbids unsafe code.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Finding, dependencies, rust_text};
use crate::workspace::Workspace;

/// Crate roots (libraries, programs, tests, benches, examples) that need unsafe code, with the
/// reason.
const EXCEPTIONS: [(&str, &str); 0] = [];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let metadata = ws.metadata()?;
    let mut findings = Vec::new();
    let mut roots = Vec::new();
    for package in dependencies::members(&metadata)?.values() {
        let targets = package.get("targets").and_then(Value::as_array).context("no targets")?;
        let paths = targets.iter().filter_map(|target| target.get("src_path")?.as_str());
        roots.extend(paths.map(|path| ws.relative(path)));
    }
    for root in &roots {
        let source = std::fs::read_to_string(ws.root.join(root))?;
        let excepted = EXCEPTIONS.iter().any(|(path, _)| path == root);
        findings.extend(judge(root, &source, excepted));
    }
    let gone = EXCEPTIONS.iter().filter(|(path, _)| !roots.iter().any(|root| root == path));
    findings.extend(gone.map(|(path, _)| Finding::whole(path, "an exception for no crate root")));
    Ok(findings)
}

fn judge(root: &str, source: &str, excepted: bool) -> Option<Finding> {
    let code: String = rust_text::code_only(source).split_whitespace().collect();
    match (code.contains("#![forbid(unsafe_code)]"), excepted) {
        (true, true) => Some(Finding::whole(root, "forbids unsafe code: needs no exception")),
        (false, false) => Some(Finding::whole(root, "lacks `#![forbid(unsafe_code)]`")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_root_forbids_unsafe_code() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn forbid_in_a_comment_does_not_count() {
        assert!(judge("a", "//! x\n#![forbid(unsafe_code)]", false).is_none());
        assert!(judge("a", "// #![forbid(unsafe_code)]", false).is_some());
        assert!(judge("a", "#![deny(unsafe_code)]", false).is_some());
    }

    #[test]
    fn needless_exceptions_are_reported() {
        assert!(judge("a", "unsafe {}", true).is_none());
        assert!(judge("a", "#![forbid(unsafe_code)]", true).is_some());
    }
}
