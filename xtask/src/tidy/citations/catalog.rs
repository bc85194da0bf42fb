//! The items of the rule, from the data file of medsec-evidence.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Where medsec-evidence keeps its tables of the edition in force.
const TABLES: &str = "crates/medsec-evidence/src/catalog/hipaa2013/";
/// Items of 164.308, 310, 312, 314 and 316 in the edition in force.
const ITEMS: usize = 71;
/// The sections of subpart C.
const SECTIONS: [&str; 9] = ["302", "304", "306", "308", "310", "312", "314", "316", "318"];

/// Citations and their titles.
#[derive(Debug)]
pub(super) struct Catalog {
    titles: BTreeMap<String, String>,
}

impl Catalog {
    /// Reads the tables as text: xtask links nothing of this workspace.
    pub(super) fn load(ws: &Workspace) -> Result<Self> {
        let sources = ws.texts(&[".rs"])?;
        let tables = sources.iter().filter(|(path, _)| path.starts_with(TABLES));
        let titles: BTreeMap<_, _> = tables.flat_map(|(_, text)| items(text)).collect();
        if titles.len() != ITEMS {
            bail!("{} items of the rule below {TABLES}, where {ITEMS} are expected", titles.len());
        }
        Ok(Self { titles })
    }

    /// Whether this is an item, or a whole section of subpart C.
    pub(super) fn knows(&self, citation: &str) -> bool {
        let section = citation.strip_prefix("164.");
        self.titles.contains_key(citation)
            || section.is_some_and(|section| SECTIONS.contains(&section))
    }

    /// What is wrong with `title` beside this citation.
    pub(super) fn objection(&self, citation: &str, title: &Title) -> Option<String> {
        let own = self.titles.get(citation)?;
        let said = title.text.to_lowercase();
        if said.starts_with(&own.to_lowercase()) {
            return None;
        }
        let anothers = self.titles.values().any(|other| other.to_lowercase() == said);
        let claims = title.surely || anothers;
        claims.then(|| format!("{citation} is titled \"{own}\", not \"{}\"", title.text))
    }

    #[cfg(test)]
    pub(super) fn sample() -> Self {
        let items = [
            ("164.312(a)(1)", "Access control"),
            ("164.312(a)(2)(i)", "Unique user identification"),
            ("164.312(a)(2)(iii)", "Automatic logoff"),
        ];
        Self { titles: items.map(|(c, t)| (c.to_owned(), t.to_owned())).into() }
    }
}

/// What stands where a title would.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Title {
    /// The words.
    pub(super) text: String,
    /// It can be nothing but a title; else it is one only if another item has it.
    pub(super) surely: bool,
}

/// `(citation, title)` of every `Item { citation: known("…"), … title: "…", … }`.
fn items(source: &str) -> impl Iterator<Item = (String, String)> + '_ {
    source.split("citation: known(").skip(1).filter_map(|item| {
        let citation = literal(item)?;
        let title = literal(item.split_once(" title:")?.1)?;
        Some((citation, title))
    })
}

/// The next string literal; a line that goes on behind a backslash is joined.
fn literal(text: &str) -> Option<String> {
    let inside = text.split_once('"')?.1.split('"').next()?;
    let mut lines = inside.split("\\\n");
    let first = lines.next()?.to_owned();
    Some(lines.fold(first, |joined, line| joined + line.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_from_their_tables() {
        let source = "use x::known;\nItem {\n    citation: known(\"164.312(b)\"),\n    oscal_id: \"x\",\n    \
                      title: \"Audit \\\n        controls\",\n},\nItem { citation: known(\"164.312(d)\") }";
        let expected = ("164.312(b)".to_owned(), "Audit controls".to_owned());
        assert_eq!(items(source).collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn whole_sections_of_subpart_c_count() {
        let catalog = Catalog::sample();
        assert!(catalog.knows("164.312") && catalog.knows("164.306"));
        assert!(!catalog.knows("164.313") && !catalog.knows("164.312(b)"));
    }
}
