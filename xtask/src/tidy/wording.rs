//! Words we do not use about ourselves, unless to deny them.

use anyhow::Result;

use super::{Finding, in_word, line_at};
use crate::workspace::Workspace;

/// In lower case.
const UNWANTED: [&str; 7] = [
    "hipaa compliant",
    "hipaa-compliant",
    "military-grade",
    "military grade",
    "unbreakable",
    "enterprise-grade",
    "enterprise grade",
];

/// One of these earlier in the sentence turns the claim around.
const NEGATIONS: [&str; 12] = [
    "no", "not", "never", "nor", "neither", "none", "nothing", "without", "avoid", "cannot",
    "refuse", "refuses",
];

/// Files that must name the words, with the reason.
const EXCEPTIONS: [(&str, &str); 1] = [("xtask/src/tidy/wording.rs", "this list")];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let files = ws.texts(&[".md", ".rs"])?;
    let checked = files.iter().filter(|(path, _)| !EXCEPTIONS.iter().any(|(file, _)| file == path));
    Ok(checked.flat_map(|(path, text)| judge(path, text)).collect())
}

fn judge(path: &str, text: &str) -> Vec<Finding> {
    // A phrase may be wrapped: a line break counts as a blank.
    let lower = text.to_ascii_lowercase();
    let flat = lower.replace('\n', " ");
    let hits = UNWANTED.iter().flat_map(|phrase| flat.match_indices(phrase));
    let mut findings: Vec<_> = hits
        .filter(|(at, _)| !is_denied(&lower, *at))
        .map(|(at, phrase)| {
            Finding::new(path, line_at(text, at), format!("\"{phrase}\": we do not claim that"))
        })
        .collect();
    findings.sort_by_key(|finding| finding.line);
    findings
}

/// Whether the sentence says no before it comes to `at`.
fn is_denied(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let paragraph = before.rsplit("\n\n").next().unwrap_or_default();
    let sentence = paragraph.rsplit(". ").next().unwrap_or_default();
    let sentence = sentence.rsplit(".\n").next().unwrap_or_default();
    sentence.split(|c| !in_word(c)).any(|word| NEGATIONS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwanted_words_are_in_no_text() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn claims_are_found_in_any_case() {
        let text = "Fine.\n\nmedsec is HIPAA Compliant and\nuses Military-Grade keys.";
        let lines: Vec<_> = judge("a.md", text).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [3, 4]);
        assert_eq!(judge("a.md", "is HIPAA\ncompliant").len(), 1);
    }

    #[test]
    fn denied_claims_are_left_alone() {
        assert!(judge("a.md", "The report never says \"HIPAA compliant\".").is_empty());
        assert!(judge("a.md", "No key is\nunbreakable.").is_empty());
        assert_eq!(judge("a.md", "Do not panic. It is unbreakable.").len(), 1);
        assert_eq!(judge("a.md", "Nothing here.\n\nUnbreakable.").len(), 1);
    }
}
