//! Finds citations in a line of text, and the title beside each.

use super::catalog::Title;

/// Words in parentheses after a citation that are no title.
const NO_TITLES: [&str; 6] = ["required", "addressable", "standard", "see", "r", "a"];

/// A citation in a line.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// As `164.312(a)(2)(i)`.
    pub(super) citation: String,
    /// The line after it.
    rest: &'a str,
}

/// Every citation `164.3…` of the line, longest form.
pub(super) fn citations(line: &str) -> Vec<Found<'_>> {
    let starts = line.match_indices("164.3").filter_map(|(at, _)| {
        let (before, from) = line.split_at_checked(at)?;
        (!before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.')).then_some(from)
    });
    starts.filter_map(citation).collect()
}

fn citation(from: &str) -> Option<Found<'_>> {
    let digits = from.strip_prefix("164.")?;
    let (section, mut rest) = digits.split_at_checked(3)?;
    let all_digits = section.chars().all(|c| c.is_ascii_digit());
    if !all_digits || rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    while let Some(after) = group(rest) {
        rest = after;
    }
    let citation = from.strip_suffix(rest)?.to_owned();
    Some(Found { citation, rest })
}

/// What follows a group such as `(a)`, `(2)` or `(iii)`.
fn group(text: &str) -> Option<&str> {
    let (inside, after) = text.strip_prefix('(')?.split_once(')')?;
    let letters = (1..=5).contains(&inside.len()) && inside.chars().all(char::is_alphanumeric);
    letters.then_some(after)
}

impl Found<'_> {
    /// The title beside this citation in `line`: in parentheses, or in the next cell of a table.
    pub(super) fn title(&self, line: &str, column: &TitleColumn) -> Option<Title> {
        let rest = self.rest.trim_start_matches(['`', '*', '"', '_']).trim_start();
        if let Some(cell) = rest.strip_prefix('|').filter(|_| line.trim_start().starts_with('|')) {
            let text = cell.split('|').next()?.trim().trim_matches(['`', '*']).to_owned();
            return Some(Title { surely: column.present && !text.is_empty(), text });
        }
        let text = rest.strip_prefix('(')?.split(')').next()?.trim().to_owned();
        let first = text.split(|c: char| !c.is_alphabetic()).next()?.to_lowercase();
        let plain = text.chars().all(|c| c.is_alphabetic() || " -,/".contains(c));
        let capital = text.starts_with(char::is_uppercase) && text.contains(' ') && plain;
        Some(Title { surely: capital && !NO_TITLES.contains(&first.as_str()), text })
    }
}

/// Whether the table we are in has a column of titles.
#[derive(Debug, Default)]
pub(super) struct TitleColumn {
    present: bool,
    in_table: bool,
}

impl TitleColumn {
    /// Takes the next line of the text.
    pub(super) fn enter(&mut self, line: &str) {
        let row = line.trim_start().starts_with('|');
        if row && !self.in_table {
            let mut cells = line.split('|').map(|cell| cell.trim().to_lowercase());
            self.present = cells.any(|cell| cell == "title");
        }
        self.in_table = row;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<String> {
        citations(line).into_iter().map(|found| found.citation).collect()
    }

    #[test]
    fn citations_are_read_in_full() {
        let line = "`164.308(a)(1)(ii)(A)`, 45 CFR 164.312(b)(see below) and hipaa-164.316.b.1";
        assert_eq!(
            found(line),
            ["164.308(a)(1)(ii)(A)", "164.312(b)(see below)", "164.316"]
                .map(|c| c.replace("(see below)", ""))
        );
    }

    #[test]
    fn other_numbers_are_no_citations() {
        assert!(found("1164.312, 2.164.312, 164.3125, 164.3xx(a), 164.402").is_empty());
    }

    #[test]
    fn words_in_parentheses_may_be_titles() {
        let title = |line: &str| {
            let surely = |found: &Found<'_>| found.title(line, &TitleColumn::default());
            citations(line).first().and_then(surely).map(|title| title.surely)
        };
        assert_eq!(title("164.312(b) (Audit controls)"), Some(true));
        assert_eq!(title("164.312(b) (audit controls)"), Some(false));
        assert_eq!(title("164.312(b) (See page 2)"), Some(false));
        assert_eq!(title("164.312(b), see there (or not)"), None);
    }
}
