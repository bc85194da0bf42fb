//! Tables of the report, before they have a shape.

use medsec_audit::LogTime;
use serde_json::Value;

use super::super::when::shown;

/// Most rows of a section. What is beyond is counted.
pub(super) const MAX_ROWS: usize = 1000;

/// One table.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Its stable name.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What stands in it, and what does not.
    pub(crate) about: String,
    pub(crate) columns: &'static [Column],
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Rows that were left out.
    pub(crate) omitted: u64,
    /// Sums over all rows, also over those that were left out.
    pub(crate) totals: Vec<(&'static str, Cell)>,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its stable name.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
}

pub(super) const fn column(name: &'static str, title: &'static str) -> Column {
    Column { name, title }
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    Number(u64),
    /// A number that was not counted to its end.
    AtLeast(u64),
    Bytes(u64),
    Time(LogTime),
    /// There is none.
    Nothing,
}

impl Section {
    /// Sums over all rows, also over those that were left out.
    pub(super) fn total(&self, name: &str) -> Option<&Cell> {
        self.totals.iter().find(|(own, _)| *own == name).map(|(_, total)| total)
    }

    /// Adds the sum of a column as it is now: before rows are left out. Where some could not be kept at all, it is
    /// at least that.
    pub(super) fn summed(mut self, name: &'static str) -> Self {
        let at = self.columns.iter().position(|column| column.name == name);
        let cells = self.rows.iter().filter_map(|row| row.get(at?));
        let (mut sum, mut bytes, mut exact) = (0_u64, false, self.omitted == 0);
        for cell in cells {
            sum = sum.saturating_add(match cell {
                Cell::Number(number) | Cell::Bytes(number) | Cell::AtLeast(number) => *number,
                Cell::Text(_) | Cell::Time(_) | Cell::Nothing => 0,
            });
            bytes |= matches!(cell, Cell::Bytes(_));
            exact &= !matches!(cell, Cell::AtLeast(_));
        }
        self.totals.push((
            name,
            match (bytes, exact) {
                (true, _) => Cell::Bytes(sum),
                (false, true) => Cell::Number(sum),
                (false, false) => Cell::AtLeast(sum),
            },
        ));
        self
    }

    /// Keeps the first rows and counts the others.
    pub(super) fn limited(mut self) -> Self {
        let more = self.rows.len().saturating_sub(MAX_ROWS);
        self.rows.truncate(MAX_ROWS);
        self.omitted = self.omitted.saturating_add(u64::try_from(more).unwrap_or(u64::MAX));
        self
    }
}

impl Cell {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "some callers have values, others references"
    )]
    pub(crate) fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    pub(super) fn time(value: Option<LogTime>) -> Self {
        value.map_or(Self::Nothing, Self::Time)
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::AtLeast(number) => format!(">={number}"),
            Self::Bytes(bytes) => crate::units::size(*bytes),
            Self::Time(time) => shown(*time),
            Self::Nothing => String::new(),
        }
    }

    /// For programs.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Bytes(bytes) => bytes.to_string(),
            Self::Time(time) => time.to_string(),
            other => other.shown(),
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Number(number) | Self::Bytes(number) => Value::from(*number),
            Self::AtLeast(number) => serde_json::json!({ "at_least": number }),
            Self::Nothing => Value::Null,
            other => Value::from(other.plain()),
        }
    }

    pub(crate) const fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::AtLeast(_) | Self::Bytes(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_count_rows_that_are_left_out() {
        const COLUMNS: [Column; 1] = [column("times", "times")];
        let section = |omitted| Section {
            id: "x",
            title: "x",
            about: String::new(),
            columns: &COLUMNS,
            rows: vec![vec![Cell::Number(2)]; MAX_ROWS + 5],
            omitted,
            totals: Vec::new(),
        };
        let whole = section(0).summed("times").limited();
        assert_eq!((whole.rows.len(), whole.omitted), (MAX_ROWS, 5));
        assert_eq!(whole.total("times"), Some(&Cell::Number(2010)));
        let more = section(1).summed("times").limited();
        assert_eq!(more.total("times"), Some(&Cell::AtLeast(2010)));
    }
}
