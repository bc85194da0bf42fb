//! No tracked file knows the folders of the machine it was written on.

use anyhow::Result;

use super::{Finding, in_word};
use crate::workspace::Workspace;

/// Folders directly below the root of a file system.
const FOLDERS: [&str; 5] = ["work", "root", "home", "farm", "Users"];

/// Files that must name such a path, with the reason.
const EXCEPTIONS: [(&str, &str); 1] =
    [("crates/medsec-evidence/src/run/tests.rs", "an invented path that no witness may repeat")];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let files = ws.texts(&[])?;
    let skipped = |path: &str| {
        path.starts_with("fuzz/corpus/") || EXCEPTIONS.iter().any(|(file, _)| *file == path)
    };
    let checked = files.iter().filter(|(path, _)| !skipped(path));
    Ok(checked.flat_map(|(path, text)| judge(path, text)).collect())
}

fn judge(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for folder in FOLDERS.iter().filter(|folder| names(line, folder)) {
            let what = format!("a path of one machine, below /{folder}");
            findings.push(Finding::new(path, number, what));
        }
    }
    findings
}

/// Whether the line holds `/folder/…` that no other path or address goes on into.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let (before, rest) = line.split_at_checked(at).unwrap_or_default();
        let Some(before) = before.strip_suffix('/') else {
            return false;
        };
        let part_of_path = |c: char| in_word(c) || "./-~}*:)".contains(c);
        let after = rest.strip_prefix(folder).unwrap_or_default();
        !before.ends_with(part_of_path) && after.starts_with('/')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_no_folder_of_machines() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn absolute_paths_are_found_in_lines() {
        let line = |folder: &str| format!("x\nlet p = \"/{folder}/main/a\";");
        let found = |text: &str| judge("a.rs", text).iter().map(|f| f.line).collect::<Vec<_>>();
        assert_eq!(found(&line("work")), [2]);
        assert_eq!(found(&line("home")), [2]);
        assert!(found(&line("works")).is_empty());
    }

    #[test]
    fn relative_paths_and_words_pass() {
        for good in ["../work/a", "leaf/root/x", "the /root hash", "https://a.b/home/c", "~/work/x"]
        {
            assert!(judge("a.md", good).is_empty(), "{good}");
        }
    }
}
