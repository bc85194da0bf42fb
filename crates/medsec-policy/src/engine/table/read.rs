//! Tables from text.

use std::time::Duration;

use super::{Expected, Row, Table};
use crate::purpose::Purpose;
use crate::text::InvalidValue;

/// A text is no table of expected decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
#[expect(clippy::exhaustive_structs, reason = "a line and what is wrong there")]
pub struct TableError {
    /// From 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: TableProblem,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableProblem {
    /// The text is longer than is read.
    #[error("the table is longer than {} bytes", Table::MAX_LEN)]
    TooLong,
    /// The first line does not name the columns.
    #[error("the first line must be `{}`", Table::HEAD)]
    Head,
    /// It has more or fewer columns.
    #[error("there must be 8 columns")]
    Columns,
    /// A column holds something else than it may.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// A purpose stands there twice.
    #[error("a purpose stands there twice")]
    Twice,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// [`TableError`] with the first line that is not as it must be.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        if text.len() > Self::MAX_LEN {
            return Err(TableError { line: 1, problem: TableProblem::TooLong });
        }
        let numbers = 1_usize..;
        let lines = numbers.zip(text.lines());
        let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let (line, head) = lines.next().unwrap_or((1, ""));
        if head != Self::HEAD {
            return Err(TableError { line, problem: TableProblem::Head });
        }
        let row = |(line, text)| row(line, text).map_err(|problem| TableError { line, problem });
        lines.map(row).collect::<Result<_, _>>().map(|rows| Self { rows })
    }
}

fn row(line: usize, text: &str) -> Result<Row, TableProblem> {
    let mut columns = text.split(',');
    let mut next = || columns.next();
    let all = [next(), next(), next(), next(), next(), next(), next(), next()];
    let [
        Some(who),
        Some(action),
        Some(resource),
        Some(purposes),
        Some(emergency),
        Some(two),
        Some(age),
        Some(expected),
    ] = all
    else {
        return Err(TableProblem::Columns);
    };
    if next().is_some() {
        return Err(TableProblem::Columns);
    }
    Ok(Row {
        line,
        principal: who.parse()?,
        action: action.parse()?,
        resource: resource.parse()?,
        purposes: purposes_of(purposes)?,
        emergency: yes_or_no(emergency, "emergency")?,
        two_factors: yes_or_no(two, "two-factors")?,
        age: seconds(age)?,
        expected: expected_of(expected)?,
    })
}

fn purposes_of(text: &str) -> Result<Vec<Option<Purpose>>, TableProblem> {
    if text == "*" {
        return Ok(super::every_purpose().collect());
    }
    let mut found = Vec::new();
    for code in text.split('|') {
        let purpose = if code == "-" { None } else { Some(code.parse()?) };
        // Nothing grows beyond the codes there are.
        if found.contains(&purpose) {
            return Err(TableProblem::Twice);
        }
        found.push(purpose);
    }
    Ok(found)
}

fn yes_or_no(text: &str, field: &'static str) -> Result<&'static [bool], InvalidValue> {
    match text {
        "yes" => Ok(&[true]),
        "no" => Ok(&[false]),
        "*" => Ok(&[false, true]),
        _ => Err(InvalidValue { field }),
    }
}

fn seconds(text: &str) -> Result<Duration, InvalidValue> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| text.parse().ok()).flatten();
    number.map(Duration::from_secs).ok_or(InvalidValue { field: "age" })
}

fn expected_of(text: &str) -> Result<Expected, InvalidValue> {
    match text {
        "permit" => Ok(Expected::Permit),
        "deny" => Ok(Expected::Deny),
        reason => reason.parse().map(Expected::Refused),
    }
    .map_err(|_| InvalidValue { field: "expect" })
}
