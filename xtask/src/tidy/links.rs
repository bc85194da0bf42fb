//! Relative links in Markdown lead to files that exist.

use std::path::Path;

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (path, text) in ws.texts(&[".md"])? {
        let here = ws.root.join(&path);
        let folder = here.parent().unwrap_or(&ws.root);
        for (line, target) in links(&text) {
            if !leads_somewhere(folder, target) {
                findings.push(Finding::new(&path, line, format!("no file at `{target}`")));
            }
        }
    }
    Ok(findings)
}

/// Targets of inline links and of reference definitions, outside code blocks.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut in_block = false;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(inline(line).map(|target| (number, target)));
            found.extend(definition(line).map(|target| (number, target)));
        }
    }
    found
}

/// `[text](target)` and `[text](target "title")`, but not within backticks.
fn inline(line: &str) -> impl Iterator<Item = &str> {
    let plain = line.split('`').step_by(2);
    let pieces = plain.flat_map(|piece| piece.split("](").skip(1));
    let whole = line.split("](").skip(1).filter(|_| line.contains("`]("));
    pieces.chain(whole).filter_map(|rest| {
        let target = rest.split(')').next()?;
        target.split_whitespace().next()
    })
}

/// `[name]: target`.
fn definition(line: &str) -> Option<&str> {
    let (_, target) = line.strip_prefix('[')?.split_once("]: ")?;
    target.split_whitespace().next()
}

fn leads_somewhere(folder: &Path, target: &str) -> bool {
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    let path = target.split('#').next().unwrap_or_default();
    elsewhere || path.is_empty() || folder.join(path).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_lead_to_files() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn links_are_found_outside_code() {
        let text = "a [b](c.md) `[d](e)` [`f`](g.md \"h\")\n```\n[i](j)\n```\n[k]: l.md";
        let found: Vec<_> = links(text).into_iter().collect();
        assert!(found.contains(&(1, "c.md")) && found.contains(&(1, "g.md")));
        assert!(found.contains(&(5, "l.md")));
        assert!(!found.iter().any(|(_, target)| *target == "j"));
    }

    #[test]
    fn missing_files_are_told_from_addresses() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.md"), "").unwrap();
        let leads = |target| leads_somewhere(dir.path(), target);
        assert!(leads("a.md") && leads("a.md#part") && leads("#part"));
        assert!(leads("https://example.org/x") && leads("mailto:a@example.org"));
        assert!(!leads("b.md") && !leads("b.md#part"));
    }
}
