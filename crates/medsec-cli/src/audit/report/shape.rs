//! The report as text, CSV or JSON.

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::super::print::csv_field;
use super::super::when::shown;
use super::section::{Cell, Column, Section};
use super::{Report, page};

/// Widest line of a table.
const WIDTH: usize = 100;

/// How the report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Tables for people, at most 100 characters wide.
    Table,
    /// For spreadsheets: one table after the other, an empty line between them.
    Csv,
    /// One JSON document.
    Json,
    /// One page without anything from elsewhere, with charts.
    Html,
}

/// The report in a shape.
pub(crate) fn write(report: &Report, shape: Shape) -> String {
    match shape {
        Shape::Table => table(report),
        Shape::Csv => csv(report),
        Shape::Json => format!("{}\n", Value::Object(document(report))),
        Shape::Html => page::page(report),
    }
}

/// All sections, verification first.
pub(super) fn sections(report: &Report) -> impl Iterator<Item = Section> {
    std::iter::once(report.checked.section()).chain(report.sections.clone())
}

/// What the report is about: names and values for its head.
pub(super) fn facts(report: &Report) -> Vec<(&'static str, &'static str, String)> {
    let (frame, checked) = (&report.frame, &report.checked);
    let off = frame.off_hours.map_or_else(|| "not given".to_owned(), |off| off.to_string());
    let mut facts = vec![
        ("log", "Log", checked.log.clone()),
        ("from", "From", frame.from.to_string()),
        ("until", "Until", frame.until.to_string()),
        ("time_zone", "Days and hours of", frame.offset.to_string()),
        ("off_hours", "Off hours", off),
        ("baseline", "Read since", frame.baseline.to_string()),
        ("generated", "Made", frame.generated.to_string()),
        ("verdict", "Verification", checked.name().to_owned()),
        ("verification", "In words", checked.words()),
        ("pin_sha256", "SHA-256 of the pin", checked.pin.clone()),
        ("records", "Records of the period", report.records.to_string()),
    ];
    if report.unread > 0 {
        facts.push(("unread", "Records not understood", report.unread.to_string()));
    }
    facts
}

/// What a reader must not take from the report.
pub(super) const LIMITS: [&str; 7] = [
    "`medsec seal`, `open`, `rewrap` and `verify --identity` are recorded, and what the policy refuses them. Who fails before that, for want of the right passphrase, of the key store or of a policy that can be trusted, is recorded as nobody known. Changes of the key store are not recorded.",
    "It shows what writers recorded. What was done past them, with a copied key for instance, is not in it.",
    "Times are those of the writers' clocks; steps of a clock are listed under the log itself.",
    "Records missing at the very end of a stream show only if an anchor or checkpoint from elsewhere knows them.",
    "Patients are pseudonyms or not named; what persons wrote as reasons and notes is kept apart and not shown.",
    "A data set counts where the record names one; an open without it appears under no data set.",
    "That a review was recorded does not say how thorough it was.",
];

/// The report as one object.
pub(crate) fn document(report: &Report) -> Map<String, Value> {
    let mut document = Map::new();
    for (id, _, value) in facts(report) {
        document.insert(id.to_owned(), value.into());
    }
    document.insert("records".to_owned(), report.records.into());
    let mut tables = Map::new();
    for section in sections(report) {
        let row = |row: &Vec<Cell>| {
            let cells = section.columns.iter().zip(row);
            Value::Object(
                cells.map(|(column, cell)| (column.name.to_owned(), cell.value())).collect(),
            )
        };
        let rows: Vec<_> = section.rows.iter().map(row).collect();
        let totals: Map<_, _> = section
            .totals
            .iter()
            .map(|(name, total)| ((*name).to_owned(), total.value()))
            .collect();
        tables.insert(
            section.id.to_owned(),
            json!({ "rows": rows, "omitted": section.omitted, "totals": totals }),
        );
    }
    document.insert("sections".to_owned(), Value::Object(tables));
    document.insert("limits".to_owned(), LIMITS.as_slice().into());
    document
}

fn csv(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |fields: &mut dyn Iterator<Item = String>| {
        let fields: Vec<_> = fields.map(|field| csv_field(&field)).collect();
        text.push_str(&fields.join(","));
        text.push_str("\r\n");
    };
    line(&mut ["section", "name", "value"].into_iter().map(str::to_owned));
    for (id, _, value) in facts(report) {
        line(&mut ["report", id, &value].into_iter().map(str::to_owned));
    }
    for section in sections(report) {
        text.push_str("\r\n");
        let mut line = |first: &str, rest: &mut dyn Iterator<Item = String>| {
            let fields = std::iter::once(first.to_owned()).chain(rest);
            let fields: Vec<_> = fields.map(|field| csv_field(&field)).collect();
            text.push_str(&fields.join(","));
            text.push_str("\r\n");
        };
        line("section", &mut section.columns.iter().map(|column| column.name.to_owned()));
        for row in &section.rows {
            line(section.id, &mut row.iter().map(Cell::plain));
        }
        if section.omitted > 0 {
            line(section.id, &mut [format!("{} more not listed", section.omitted)].into_iter());
        }
    }
    text
}

fn table(report: &Report) -> String {
    let mut lines = vec![format!(
        "Audit log {}: {} to {} (UTC)",
        report.checked.log,
        shown(report.frame.from),
        shown(report.frame.until)
    )];
    for (id, title, value) in facts(report) {
        if !matches!(id, "log" | "from" | "until") {
            lines.extend(wrapped(&format!("{title}: {value}")));
        }
    }
    for section in sections(report) {
        lines.push(String::new());
        lines.push(section.title.to_uppercase());
        lines.extend(wrapped(&section.about));
        match section.rows.as_slice() {
            [] => lines.push("  none".to_owned()),
            rows => lines.extend(columns(section.columns, rows)),
        }
        if section.omitted > 0 {
            lines.push(format!("  and {} more", section.omitted));
        }
    }
    lines.push(String::new());
    lines.push("WHAT THIS DOES NOT SHOW".to_owned());
    lines.extend(LIMITS.iter().flat_map(|limit| wrapped(limit)));
    lines.push(String::new());
    lines.join("\n")
}

/// Lines of at most [`WIDTH`] characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && line.len().saturating_add(word.len()).saturating_add(1) > WIDTH {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}

fn columns(columns: &[Column], rows: &[Vec<Cell>]) -> Vec<String> {
    let right: Vec<bool> = (0..columns.len())
        .map(|at| rows.iter().filter_map(|row| row.get(at)).any(Cell::is_number))
        .collect();
    let cells = |short| -> Vec<Vec<String>> {
        let text = |cell: &Cell| match cell {
            Cell::Time(time) if short => shown(*time).chars().take(16).collect(),
            cell => cell.shown(),
        };
        rows.iter().map(|row| row.iter().map(text).collect()).collect()
    };
    let widths = |texts: &[Vec<String>]| -> Vec<usize> {
        let widest = |(at, column): (usize, &Column)| {
            let cells = texts.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
            cells.chain([column.title.len()]).max().unwrap_or(0)
        };
        columns.iter().enumerate().map(widest).collect()
    };
    let mut texts = cells(false);
    let mut fit = Fit { widths: widths(&texts), right, gap: 2 };
    if fit.total() > WIDTH {
        // The seconds go first, then blanks, then the ends of words; of a number nothing ever goes.
        texts = cells(true);
        fit.widths = widths(&texts);
        fit.narrow();
    }
    let heading = fit.line(&mut columns.iter().map(|column| column.title));
    let rows = texts.iter().map(|row| fit.line(&mut row.iter().map(String::as_str)));
    std::iter::once(heading).chain(rows).collect()
}

/// How wide columns are, and which are numbers.
struct Fit {
    widths: Vec<usize>,
    right: Vec<bool>,
    gap: usize,
}

impl Fit {
    fn total(&self) -> usize {
        self.widths
            .iter()
            .fold(0_usize, |sum, width| sum.saturating_add(*width).saturating_add(self.gap))
    }

    /// Takes from the widest column of words until all fit.
    fn narrow(&mut self) {
        if self.total() > WIDTH {
            self.gap = 1;
        }
        while self.total() > WIDTH {
            let words = self.widths.iter_mut().zip(&self.right).filter(|(_, right)| !**right);
            match words.map(|(width, _)| width).max() {
                Some(widest) if *widest > 4 => *widest = widest.saturating_sub(1),
                _ => return,
            }
        }
    }

    fn line(&self, cells: &mut dyn Iterator<Item = &str>) -> String {
        let columns = self.widths.iter().zip(&self.right);
        let cells = cells.zip(columns).map(|(text, (width, right))| {
            let width = *width;
            let text = match text.chars().count() > width {
                true => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
                false => text.to_owned(),
            };
            if *right { format!("{text:>width$}") } else { format!("{text:width$}") }
        });
        let gap = " ".repeat(self.gap);
        format!("{gap}{}", cells.collect::<Vec<_>>().join(&gap)).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_never_wider_than_they_may_be() {
        let all: Vec<Column> =
            (0..11).map(|_| super::super::section::column("x", "title")).collect();
        let words = vec![vec![Cell::text("y".repeat(128)); 11]];
        let time = super::super::super::when::at(0);
        let mixed = vec![
            Cell::text("y".repeat(128)),
            Cell::Bytes(u64::MAX),
            Cell::Time(time),
            Cell::Number(7),
        ];
        for line in columns(&all, &words).into_iter().chain(columns(&all, &[mixed])) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let long = "word ".repeat(100);
        assert!(wrapped(&long).iter().all(|line| line.len() <= WIDTH));
    }
}
