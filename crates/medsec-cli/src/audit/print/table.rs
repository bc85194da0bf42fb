//! Columns for people.

use std::io::{self, Write};

use medsec_audit::{Actor, Event, Outcome, StreamName};

use super::super::entry::{Body, Entry};
use super::super::when::shown;
use super::fields::reason;

/// Widest line.
const WIDTH: usize = 100;
/// Records that are looked at for the widths of the columns.
const SAMPLE: usize = 400;
const COLUMNS: usize = 6;
const HEADINGS: [&str; COLUMNS] = ["time (UTC)", "record", "who", "action", "outcome", "which"];
/// Narrowest and widest each column but the last may be. The widest, with blanks between, leave 14 for the last.
const LIMITS: [(usize, usize); COLUMNS] =
    [(19, 19), (6, 12), (3, 14), (6, 16), (7, 20), (5, WIDTH)];

type Row = [String; COLUMNS];

/// Lines up records once it has seen enough of them.
pub(super) struct Table {
    widths: Option<[usize; COLUMNS]>,
    waiting: Vec<(Row, Tone)>,
    several: bool,
    colours: bool,
}

/// How a record ended, for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Plain,
    Faint,
    Bad,
    Worse,
}

impl Table {
    pub(super) const fn new(streams: &[StreamName], colours: bool) -> Self {
        Self { widths: None, waiting: Vec::new(), several: streams.len() > 1, colours }
    }

    pub(super) fn show(
        &mut self,
        out: &mut impl Write,
        stream: &str,
        entry: &Entry,
    ) -> io::Result<()> {
        let (row, tone) = (self.row(stream, entry), tone(entry));
        if let Some(widths) = self.widths {
            return self.write(out, &widths, &row, tone);
        }
        self.waiting.push((row, tone));
        if self.waiting.len() >= SAMPLE { self.settle(out) } else { Ok(()) }
    }

    /// Decides how wide the columns are, and writes what waited for that.
    pub(super) fn settle(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.widths.is_some() || self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let widths = widths(waiting.iter().map(|(row, _)| row));
        self.widths = Some(widths);
        self.write(out, &widths, &HEADINGS.map(str::to_owned), Tone::Faint)?;
        waiting.iter().try_for_each(|(row, tone)| self.write(out, &widths, row, *tone))
    }

    fn write(
        &self,
        out: &mut impl Write,
        widths: &[usize; COLUMNS],
        row: &Row,
        tone: Tone,
    ) -> io::Result<()> {
        let cells = row.iter().zip(widths).map(|(cell, width)| fitted(cell, *width));
        let line = cells.collect::<Vec<_>>().join(" ");
        let (before, behind) = if self.colours { tone.codes() } else { ("", "") };
        writeln!(out, "{before}{}{behind}", line.trim_end())
    }

    fn row(&self, stream: &str, entry: &Entry) -> Row {
        let record = match self.several {
            true => format!("{stream}:{}", entry.seq),
            false => entry.seq.to_string(),
        };
        let [who, action, outcome, which] = match &entry.body {
            Body::Event { event, unknown } => words(event, *unknown),
            Body::Epoch(reason) => ["system", "epoch", reason, ""].map(str::to_owned),
            Body::Unread => ["?", "?", "not understood", ""].map(str::to_owned),
        };
        [shown(entry.ts), record, who, action, outcome, which]
    }
}

fn words(event: &Event, unknown: bool) -> [String; 4] {
    let who = event
        .actor
        .principal()
        .map_or_else(|| event.actor.name().to_owned(), |who| who.id.to_string());
    let outcome = match event.phase.outcome() {
        None => "announced".to_owned(),
        Some(Outcome::Success) => "ok".to_owned(),
        Some(outcome) => {
            let word = if matches!(outcome, Outcome::Denied(_)) { "denied" } else { "failed" };
            format!("{word} {}", reason(outcome).unwrap_or_default())
        }
    };
    let more = if unknown { " +unknown" } else { "" };
    [who, event.action.to_string(), outcome, format!("{}{more}", which(event))]
}

/// What it was about, the most telling part first.
fn which(event: &Event) -> String {
    let subject = &event.subject;
    let package = subject.package.map(|package| package.to_string());
    let emergency = subject.emergency.map(|emergency| emergency.to_string());
    let version = |n: medsec_audit::Count| format!(" v{n}");
    let parts = [
        subject.dataset.as_ref().map(ToString::to_string),
        package.as_deref().and_then(|package| package.get(..8)).map(str::to_owned),
        subject.principal.as_ref().map(ToString::to_string),
        emergency.as_deref().and_then(|id| id.get(..8)).map(|id| format!("emergency {id}")),
        subject
            .key
            .as_ref()
            .map(|key| format!("{}{}", key.name, key.version.map_or_else(String::new, version))),
        subject.peer.as_ref().map(ToString::to_string),
        subject
            .period
            .map(|period| format!("{} to {}", shown(period.from()), shown(period.until()))),
        subject.span.map(|span| format!("records {} to {}", span.first(), span.last())),
        subject
            .clock
            .map(|clock| format!("{} instead of {}", shown(clock.found), shown(clock.expected))),
        event.purpose.map(|purpose| purpose.to_string()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn tone(entry: &Entry) -> Tone {
    match entry.event().map(|event| (&event.actor, event.phase.outcome())) {
        Some((_, Some(Outcome::Denied(_)))) => Tone::Worse,
        Some((_, Some(Outcome::Failure(_)))) | None => Tone::Bad,
        Some((Actor::System, _)) | Some((_, None)) => Tone::Faint,
        Some(_) => Tone::Plain,
    }
}

impl Tone {
    const fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::Plain => ("", ""),
            Self::Faint => ("\u{1b}[2m", "\u{1b}[0m"),
            Self::Bad => ("\u{1b}[33m", "\u{1b}[0m"),
            Self::Worse => ("\u{1b}[31m", "\u{1b}[0m"),
        }
    }
}

fn widths<'r>(rows: impl Iterator<Item = &'r Row>) -> [usize; COLUMNS] {
    let mut widths = LIMITS.map(|(least, _)| least);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    for (width, (_, most)) in widths.iter_mut().zip(LIMITS) {
        *width = (*width).min(most);
    }
    let [.., last] = &mut widths;
    *last = 0;
    let used =
        widths.iter().fold(COLUMNS.saturating_sub(1), |sum, width| sum.saturating_add(*width));
    let [.., last] = &mut widths;
    *last = WIDTH.saturating_sub(used);
    widths
}

/// Filled up with blanks, or cut with a mark that it is.
fn fitted(cell: &str, width: usize) -> String {
    match cell.len() > width {
        true => format!("{}…", cell.get(..width.saturating_sub(1)).unwrap_or_default()),
        false => format!("{cell:width$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_never_wider_than_they_may_be() {
        let wide = || std::array::from_fn(|_| "x".repeat(300));
        let narrow: Row = std::array::from_fn(|_| String::new());
        for rows in [vec![wide()], vec![narrow], vec![wide(), std::array::from_fn(|_| "y".into())]]
        {
            let widths = widths(rows.iter());
            let line: Vec<_> =
                wide().iter().zip(widths).map(|(cell, width)| fitted(cell, width)).collect();
            assert_eq!(line.join(" ").chars().count(), WIDTH);
        }
    }
}
