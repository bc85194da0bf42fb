//! `#[allow(…)]` and `#[expect(…)]` say why.

use anyhow::Result;

use super::{Finding, is_wrong_on_purpose, line_at, rust_text, words};
use crate::workspace::Workspace;

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let files = ws.texts(&[".rs"])?;
    let checked = files.iter().filter(|(path, _)| !is_wrong_on_purpose(path));
    Ok(checked.flat_map(|(path, text)| judge(path, text)).collect())
}

fn judge(path: &str, text: &str) -> Vec<Finding> {
    let code = rust_text::code_only(text);
    let mut findings = Vec::new();
    for (at, attribute) in attributes(&code) {
        for level in ["allow", "expect"] {
            if sets(attribute, level) && !gives_reason(attribute) {
                let what = format!("`{level}` without a reason");
                findings.push(Finding::new(path, line_at(&code, at), what));
            }
        }
    }
    findings
}

/// Whether it holds `allow(…)` or `expect(…)`.
fn sets(attribute: &str, level: &str) -> bool {
    followed_by(attribute, level, '(')
}

fn gives_reason(attribute: &str) -> bool {
    followed_by(attribute, "reason", '=')
}

fn followed_by(attribute: &str, word: &str, sign: char) -> bool {
    words(attribute, word).any(|at| {
        let after = attribute.get(at..).and_then(|rest| rest.strip_prefix(word));
        after.is_some_and(|rest| rest.trim_start().starts_with(sign))
    })
}

/// Attributes with their offsets, from `#[` or `#![` to the bracket that closes it.
fn attributes(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices('#').filter_map(|(at, _)| {
        let rest = code.get(at..)?.strip_prefix('#')?;
        let inside = rest.strip_prefix('!').unwrap_or(rest).trim_start().strip_prefix('[')?;
        Some((at, until_closed(inside)))
    })
}

fn until_closed(inside: &str) -> &str {
    let mut open: usize = 1;
    for (at, c) in inside.char_indices() {
        match c {
            '[' => open = open.saturating_add(1),
            ']' => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return inside.get(..at).unwrap_or(inside);
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lint_exceptions_always_give_reasons() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn exceptions_without_reason_are_found() {
        for bad in [
            "#[allow(dead_code)]",
            "#![expect(unused)]",
            "#[cfg_attr(test, allow(unused))]",
            "#[allow(\n    unused,\n    // reason = \"x\"\n)]",
            "#[expect(reasonable)]",
        ] {
            assert_eq!(judge("a.rs", bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn exceptions_with_reason_are_fine() {
        for good in [
            "#[expect(clippy::panic, reason = \"[it] is a test\")]",
            "// #[allow(unused)]",
            "value.expect(\"there\")",
            "#[derive(Debug)]",
            "#[evidence(polarity = allow)]",
            "#![warn(unused)]",
            "#[expect(\n    unused,\n    reason = \"x\"\n)]",
        ] {
            assert!(judge("a.rs", good).is_empty(), "{good}");
        }
    }
}
