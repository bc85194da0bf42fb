//! Citations of 45 CFR 164 subpart C exist, and carry their own title.
//!
//! The catalog is read from the source of medsec-evidence, so there is one list. Published
//! mappings get these numbers wrong; ours are checked wherever they stand.

mod catalog;
mod scan;

use anyhow::Result;

use self::catalog::Catalog;
use super::Finding;
use crate::workspace::Workspace;

/// Paragraphs that are no items of the catalog and that we may cite, with the reason.
const ALSO_CITED: [(&str, &str); 3] = [
    ("164.306(d)(3)", "what addressable means"),
    ("164.312(a)(2)", "the paragraph that a proposed rule renumbers"),
    ("164.306(a)", "quoted by the text of other items"),
];

/// A line with this mark, or the line after it, holds a wrong citation on purpose.
const WRONG_ON_PURPOSE: &str = "tidy: wrong citation";

/// Files and folders that are not checked, with the reason.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("xtask/src/tidy/citations", "tests of this linter"),
    ("crates/medsec-evidence/src/catalog/", "the rule's own text, and what the catalog lacks"),
    ("crates/medsec-evidence/src/citation/tests.rs", "what parses and what does not"),
    ("crates/medsec-evidence/src/witness/tests.rs", "witnesses that are refused"),
    ("crates/medsec-evidence-macros/src/citations.rs", "what is proposed for wrong citations"),
    ("crates/medsec-evidence/tests/ui/", "what does not compile"),
];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let catalog = Catalog::load(ws)?;
    let files = ws.texts(&[".md", ".rs", ".toml"])?;
    let checked = files
        .iter()
        .filter(|(path, _)| !EXCEPTIONS.iter().any(|(place, _)| path.starts_with(place)));
    Ok(checked.flat_map(|(path, text)| judge(&catalog, path, text)).collect())
}

fn judge(catalog: &Catalog, path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut titles = scan::TitleColumn::default();
    let mut on_purpose = false;
    for (number, line) in (1..).zip(text.lines()) {
        let marked = line.contains(WRONG_ON_PURPOSE);
        titles.enter(line);
        if !std::mem::replace(&mut on_purpose, marked) && !marked {
            let wrong = judge_line(catalog, line, &titles);
            findings.extend(wrong.into_iter().map(|what| Finding::new(path, number, what)));
        }
    }
    findings
}

fn judge_line(catalog: &Catalog, line: &str, titles: &scan::TitleColumn) -> Vec<String> {
    let mut wrong = Vec::new();
    for found in scan::citations(line) {
        let citation = &found.citation;
        if !catalog.knows(citation) && !ALSO_CITED.iter().any(|(known, _)| known == citation) {
            wrong.push(format!("{citation} is no citation of the catalog"));
        } else if let Some(title) = found.title(line, titles) {
            wrong.extend(catalog.objection(citation, &title));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> usize {
        judge(&Catalog::sample(), "a.md", text).len()
    }

    #[test]
    fn citations_of_the_rule_are_right() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn unknown_citations_are_refused() {
        assert_eq!(wrong("see 164.312(a)(2)(i) and 164.312(a)(2)(iii)."), 0);
        assert_eq!(wrong("see 164.312(a)(2)(v) and 164.312(z)"), 2);
        assert_eq!(wrong("see 164.313"), 1);
        assert_eq!(wrong("45 CFR 164.312 as a whole, 164.306(d)(3)"), 0);
    }

    #[test]
    fn title_in_parentheses_must_match() {
        assert_eq!(wrong("164.312(a)(2)(iii) (Automatic logoff)"), 0);
        assert_eq!(wrong("`164.312(a)(2)(iii)` (automatic logoff, addressable)"), 0);
        assert_eq!(wrong("164.312(a)(2)(i) (Automatic Logoff)"), 1);
        assert_eq!(wrong("164.312(a)(2)(i) (Auto logoff of users)"), 1);
        assert_eq!(wrong("164.312(a)(2)(i) (required) (see below)"), 0);
    }

    #[test]
    fn title_in_a_table_must_match() {
        let table = |title: &str| {
            wrong(&format!("| citation | title |\n|---|---|\n| `164.312(a)(2)(i)` | {title} |"))
        };
        assert_eq!(table("Unique user identification"), 0);
        assert_eq!(table("Automatic logoff"), 1);
        assert_eq!(table("Something else"), 1);
        assert_eq!(wrong("| row | tests |\n|---|---|\n| 164.312(a)(2)(i) | Two tests |"), 0);
    }

    #[test]
    fn wrong_citation_on_purpose_is_marked() {
        assert_eq!(wrong("164.312(z) // tidy: wrong citation"), 0);
        assert_eq!(wrong("// tidy: wrong citation\n164.312(z)\n164.312(y)"), 1);
    }
}
