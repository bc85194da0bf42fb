//! Charts as SVG in the page: bars with a title each, which is also what a screen reader says of them.

use std::fmt::Write as _;

use super::escaped;
use crate::audit::report::section::{Cell, Section};

const WIDTH: u64 = 960;
const HEIGHT: u64 = 240;
/// Room for the numbers on the left, and for the names below, which are wider than bars.
const LEFT: u64 = 56;
const RIGHT: u64 = 20;
const BELOW: u64 = 28;
const ABOVE: u64 = 12;
/// Names of the three parts of a bar, and the columns they are in.
const PARTS: [(&str, &str); 3] = [("done", "success"), ("denied", "denied"), ("failed", "failed")];
/// Most bars of a chart by principal.
const MOST: usize = 15;
/// Most bars that fit beside each other. Beyond it, several days share one.
const MOST_BARS: usize = 120;

/// One bar.
struct Bar {
    name: String,
    parts: [u64; 3],
}

impl Bar {
    fn total(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }
}

fn number(row: &[Cell], at: Option<usize>) -> u64 {
    match at.and_then(|at| row.get(at)) {
        Some(Cell::Number(number) | Cell::AtLeast(number)) => *number,
        _ => 0,
    }
}

/// The rows of a section as bars; of many, neighbours together.
fn bars_of(section: &Section) -> Vec<Bar> {
    let at = |name: &str| section.columns.iter().position(|column| column.name == name);
    let columns = PARTS.map(|(_, name)| at(name));
    let each = section.rows.len().div_ceil(MOST_BARS).max(1);
    let group = |rows: &[Vec<Cell>]| {
        let name = |row: Option<&Vec<Cell>>| {
            row.and_then(|row| row.first()).map_or_else(String::new, Cell::shown)
        };
        let (first, last) = (name(rows.first()), name(rows.last()));
        let sum = |at| rows.iter().fold(0_u64, |sum, row| sum.saturating_add(number(row, at)));
        let name = if first == last { first } else { format!("{first} to {last}") };
        Bar { name, parts: columns.map(sum) }
    };
    section.rows.chunks(each).map(group).collect()
}

/// Bars beside each other, each stacked of what was done, denied and failed.
pub(super) fn stacked(html: &mut String, title: &str, section: &Section, unit: &str) {
    let bars = bars_of(section);
    let most = bars.iter().map(Bar::total).max().unwrap_or(0);
    let _ = writeln!(html, "<figure>\n<figcaption>{}</figcaption>", escaped(title));
    if most == 0 {
        html.push_str("<p class=\"none\">No accesses.</p>\n</figure>\n");
        return;
    }
    legend(html);
    let top = round_up(most);
    let label =
        format!("{title}: bars of accesses done, denied and failed, at most {most} in one {unit}");
    let _ = writeln!(
        html,
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">",
        HEIGHT.saturating_add(BELOW).saturating_add(ABOVE),
        escaped(&label)
    );
    grid(html, top);
    let count = u64::try_from(bars.len()).unwrap_or(1).max(1);
    for (index, bar) in (0_u64..).zip(&bars) {
        // In tenths of a unit, so that narrow bars are all alike.
        let step = WIDTH
            .saturating_sub(LEFT)
            .saturating_sub(RIGHT)
            .saturating_mul(10)
            .checked_div(count)
            .unwrap_or(1);
        let left = LEFT.saturating_mul(10).saturating_add(step.saturating_mul(index));
        let wide = step.saturating_sub(step.checked_div(5).unwrap_or(0)).clamp(10, 480);
        let left = left.saturating_add(step.saturating_sub(wide).checked_div(2).unwrap_or(0));
        column(html, bar, top, [left, wide]);
        let every = count.div_ceil(12).max(1);
        if index.checked_rem(every) == Some(0) {
            let middle = left.saturating_add(wide.checked_div(2).unwrap_or(0));
            let name = bar.name.split(' ').next().unwrap_or_default();
            let name = name.get(5..).filter(|rest| rest.len() == 5).unwrap_or(name);
            let y = HEIGHT.saturating_add(ABOVE).saturating_add(18);
            let _ = writeln!(
                html,
                "<text class=\"t\" x=\"{}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
                tenths(middle),
                escaped(name)
            );
        }
    }
    html.push_str("</svg>\n</figure>\n");
}

fn legend(html: &mut String) {
    html.push_str("<p class=\"legend\" aria-hidden=\"true\">");
    for (word, class) in PARTS {
        let _ = write!(html, "<span><i class=\"key k-{class}\"></i>{word}</span> ");
    }
    html.push_str("</p>\n");
}

fn grid(html: &mut String, top: u64) {
    for quarter in 0..=4_u64 {
        let value = top.saturating_mul(quarter).checked_div(4).unwrap_or(0);
        let y = ABOVE.saturating_add(HEIGHT).saturating_sub(scaled(value, top));
        let _ = writeln!(
            html,
            "<line class=\"g\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/><text class=\"t\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{value}</text>",
            WIDTH.saturating_sub(RIGHT),
            LEFT.saturating_sub(6),
            y.saturating_add(4)
        );
    }
}

fn column(html: &mut String, bar: &Bar, top: u64, [left, wide]: [u64; 2]) {
    let words = PARTS.iter().zip(bar.parts).map(|((word, _), part)| format!("{part} {word}"));
    let words: Vec<_> = words.collect();
    let _ = write!(html, "<g><title>{}: {}</title>", escaped(&bar.name), words.join(", "));
    let mut sum = 0_u64;
    for ((_, class), part) in PARTS.iter().zip(bar.parts) {
        let before = scaled(sum, top);
        sum = sum.saturating_add(part);
        // What was there at all is at least a line.
        let tall = scaled(sum, top).saturating_sub(before).max(u64::from(part > 0));
        let y = ABOVE.saturating_add(HEIGHT).saturating_sub(before).saturating_sub(tall);
        if part > 0 {
            let (x, wide) = (tenths(left), tenths(wide));
            let _ = write!(
                html,
                "<rect class=\"k-{class}\" x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{tall}\"/>"
            );
        }
    }
    html.push_str("</g>\n");
}

/// Bars below each other: who opened most.
pub(super) fn bars(html: &mut String, title: &str, section: &Section) {
    let at = section.columns.iter().position(|column| column.name == "opens");
    let rows = section.rows.iter().filter(|row| number(row, at) > 0).take(MOST);
    let rows: Vec<(String, u64)> = rows
        .map(|row| (row.first().map_or_else(String::new, Cell::shown), number(row, at)))
        .collect();
    let _ = writeln!(html, "<figure>\n<figcaption>{}</figcaption>", escaped(title));
    let Some(most) = rows.iter().map(|(_, opens)| *opens).max() else {
        html.push_str("<p class=\"none\">No opens.</p>\n</figure>\n");
        return;
    };
    const ROW: u64 = 26;
    const NAMES: u64 = 220;
    const NUMBERS: u64 = 90;
    let tall = u64::try_from(rows.len()).unwrap_or(0).saturating_mul(ROW).saturating_add(8);
    let _ = writeln!(
        html,
        "<svg viewBox=\"0 0 {WIDTH} {tall}\" role=\"img\" aria-label=\"{}: the most, {most}\" xmlns=\"http://www.w3.org/2000/svg\">",
        escaped(title)
    );
    for (index, (name, opens)) in (0_u64..).zip(&rows) {
        let y = index.saturating_mul(ROW).saturating_add(4);
        let room = WIDTH.saturating_sub(NAMES).saturating_sub(NUMBERS);
        let wide = share(*opens, most, room).max(1);
        let text = y.saturating_add(15);
        let short: String = name.chars().take(28).collect();
        let cut = if short.len() < name.len() { "…" } else { "" };
        let _ = writeln!(
            html,
            "<g><title>{full}: {opens} opens</title><text class=\"t\" x=\"{x}\" y=\"{text}\" text-anchor=\"end\">{short}{cut}</text>\
             <rect class=\"k-success\" x=\"{NAMES}\" y=\"{y}\" width=\"{wide}\" height=\"20\"/>\
             <text class=\"t\" x=\"{end}\" y=\"{text}\">{opens}</text></g>",
            full = escaped(name),
            short = escaped(&short),
            x = NAMES.saturating_sub(8),
            end = NAMES.saturating_add(wide).saturating_add(8),
        );
    }
    html.push_str("</svg>\n</figure>\n");
}

fn scaled(value: u64, top: u64) -> u64 {
    share(value, top, HEIGHT)
}

/// `value` of `top`, of a length.
fn share(value: u64, top: u64, length: u64) -> u64 {
    let exact = u128::from(value).saturating_mul(u128::from(length)).checked_div(u128::from(top));
    u64::try_from(exact.unwrap_or(0)).unwrap_or(length)
}

fn tenths(value: u64) -> String {
    let [whole, rest] =
        [value.checked_div(10), value.checked_rem(10)].map(Option::unwrap_or_default);
    format!("{whole}.{rest}")
}

/// The next number of which four equal steps are round.
fn round_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for factor in [4, 8, 12, 20, 40] {
            let top = unit.saturating_mul(factor);
            if top >= most {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}
