//! Constructs that have no place in our code.

use anyhow::Result;

use super::{Finding, in_word, is_wrong_on_purpose, line_at, rust_text, words};
use crate::workspace::Workspace;

/// Code as it stands without any blanks, and why it is refused.
const IN_CODE: [(&str, &str); 7] = [
    ("#[ignore", "a test runs or is deleted"),
    ("#[should_panic", "name the expected error instead"),
    ("should_panic)]", "name the expected error instead"),
    ("assert!(true)", "asserts nothing"),
    ("assert!(true,", "asserts nothing"),
    ("todo!", "unfinished"),
    ("unimplemented!", "unfinished"),
];

/// Words that mark something unfinished, in code and comments alike.
const MARKERS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// Files that must name what is forbidden, with the reason.
const EXCEPTIONS: [(&str, &str); 2] = [
    ("xtask/src/tidy/forbidden.rs", "this list"),
    ("xtask/src/tidy.rs", "a test of the word search"),
];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let files = ws.texts(&[".rs"])?;
    let skipped =
        |path: &str| is_wrong_on_purpose(path) || EXCEPTIONS.iter().any(|(file, _)| *file == path);
    let checked = files.iter().filter(|(path, _)| !skipped(path));
    Ok(checked.flat_map(|(path, text)| judge(path, text)).collect())
}

fn judge(path: &str, text: &str) -> Vec<Finding> {
    let code = rust_text::code_only(text);
    let mut findings = constructs(path, &code);
    findings.extend(globs(path, &code));
    let marked = MARKERS.iter().flat_map(|marker| words(text, marker).map(move |at| (at, marker)));
    findings.extend(
        marked.map(|(at, marker)| Finding::new(path, line_at(text, at), format!("`{marker}`"))),
    );
    findings
}

fn constructs(path: &str, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        let dense: String = line.split_whitespace().collect();
        let hits = IN_CODE.iter().filter(|(construct, _)| {
            let starts_word = construct.starts_with(in_word);
            dense.match_indices(construct).any(|(at, _)| {
                !starts_word || !dense.get(..at).unwrap_or_default().ends_with(in_word)
            })
        });
        findings.extend(
            hits.map(|(construct, why)| {
                Finding::new(path, number, format!("`{construct}`: {why}"))
            }),
        );
    }
    findings
}

/// Public re-exports of everything in a module.
fn globs(path: &str, code: &str) -> Vec<Finding> {
    let statements = words(code, "use").filter_map(|at| {
        let (before, rest) = code.split_at_checked(at)?;
        let visible = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')');
        let statement = rest.split(';').next()?;
        (visible && statement.contains('*')).then_some(at)
    });
    let why = "a public glob: list every name";
    statements.map(|at| Finding::new(path, line_at(code, at), why)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_constructs_are_in_no_file() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn each_construct_is_found_in_code() {
        for bad in [
            "#[ignore = \"slow\"]",
            "# [ ignore ]",
            "#[should_panic(expected = \"x\")]",
            "assert!(true)",
            "assert!( true, \"x\")",
            "todo!()",
            "unimplemented!()",
            "#[cfg_attr(x, should_panic)]",
            "let x = 1; // FIXME later",
        ] {
            assert_eq!(judge("a.rs", bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn harmless_look_alikes_are_left_alone() {
        for good in [
            "// `#[ignore]` is refused",
            "let s = \"#[should_panic]\";",
            "my_todo!()",
            "assert!(trueish || x)",
            "fn fastest_path() {}",
            "fn contest_x() {}",
            "let HACKED = 1;",
        ] {
            assert!(judge("a.rs", good).is_empty(), "{good}");
        }
    }

    #[test]
    fn public_globs_are_refused_everywhere() {
        assert_eq!(judge("a.rs", "pub use crate::open::*;").len(), 1);
        assert_eq!(judge("a.rs", "pub(crate) use a::{b, c::*};").len(), 1);
        assert!(judge("a.rs", "mod tests { use super::*; }").is_empty());
        assert!(judge("a.rs", "pub use crate::open::{Open, Opened};").is_empty());
    }
}
