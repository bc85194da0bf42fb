//! The report as one page: no script, nothing from elsewhere, well-formed as XML.
//!
//! Everything that is not written in this file goes through [`escaped`].

mod chart;
mod style;

use std::fmt::Write as _;

use super::Report;
use super::section::{Cell, Section};
use super::shape::{LIMITS, facts, sections};
use crate::audit::when::shown;

/// Text that is nothing but text.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No control characters: XML has no way to write them.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Facts that the head of the page shows in its own way.
const ABOVE: [&str; 5] = ["log", "from", "until", "verdict", "verification"];
/// Tables that stand behind a chart.
const CHARTED: [&str; 2] = ["days", "hours"];

pub(super) fn page(report: &Report) -> String {
    let sections: Vec<Section> = sections(report).collect();
    let mut html = String::with_capacity(1 << 16);
    head(&mut html, report);
    contents(&mut html, &sections);
    html.push_str("<main id=\"main\">\n");
    summary(&mut html, &sections);
    charts(&mut html, report, &sections);
    sections.iter().for_each(|section| write_section(&mut html, section));
    limits(&mut html);
    html.push_str("</main>\n");
    let made = escaped(&report.frame.generated.to_string());
    // A String takes whatever is written to it.
    let _ =
        writeln!(html, "<footer>Made by medsec {} on {made}.</footer>", env!("CARGO_PKG_VERSION"));
    html.push_str("</body>\n</html>\n");
    html
}

fn head(html: &mut String, report: &Report) {
    let (from, until) = (shown(report.frame.from), shown(report.frame.until));
    let log = escaped(&report.checked.log);
    let checked = &report.checked;
    let class = match checked.exit() {
        None if checked.is_anchored() => "good",
        None => "part",
        Some(_) => "bad",
    };
    let word = escaped(&checked.words());
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>Audit report {from} to {until}</title>\n<style>{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n\
         <header>\n<p class=\"kicker\">Audit log <b>{log}</b></p>\n<h1>Information system activity</h1>\n\
         <p class=\"period\">{from} to {until} <abbr title=\"Coordinated Universal Time\">UTC</abbr></p>\n\
         <p class=\"verdict {class}\" role=\"status\"><b>Verification:</b> {word}</p>\n<dl class=\"facts\">\n",
        style::STYLE
    );
    // What stands above already is left out.
    for (_, title, value) in facts(report).into_iter().filter(|(id, ..)| !ABOVE.contains(id)) {
        let _ = writeln!(html, "<div><dt>{title}</dt><dd>{}</dd></div>", escaped(&value));
    }
    html.push_str("</dl>\n</header>\n");
}

fn contents(html: &mut String, sections: &[Section]) {
    html.push_str("<nav aria-label=\"Contents\">\n<h2>Contents</h2>\n<ol>\n<li><a href=\"#summary\">Summary</a></li>\n<li><a href=\"#charts\">Charts</a></li>\n");
    for section in sections.iter().filter(|section| !CHARTED.contains(&section.id)) {
        let rows = shown_rows(section);
        let _ = writeln!(
            html,
            "<li><a href=\"#{}\">{}</a> <span class=\"count\">{rows}</span></li>",
            section.id, section.title
        );
    }
    html.push_str("<li><a href=\"#limits\">What this does not show</a></li>\n</ol>\n</nav>\n");
}

fn shown_rows(section: &Section) -> u64 {
    u64::try_from(section.rows.len()).unwrap_or(u64::MAX).saturating_add(section.omitted)
}

/// The numbers that a reviewer looks at first.
fn summary(html: &mut String, sections: &[Section]) {
    let find = |id: &str| sections.iter().find(|section| section.id == id);
    let rows = |id: &str| find(id).map_or(0, shown_rows);
    let total = |id: &str, name: &str| {
        find(id).and_then(|section| section.total(name)).map_or_else(|| "0".to_owned(), Cell::shown)
    };
    let tiles = [
        ("opens", total("people", "opens"), "people", false),
        ("content opened", total("people", "bytes"), "people", false),
        ("people and services", rows("people").to_string(), "people", false),
        ("denials", total("denials", "times"), "denials", true),
        ("failures", total("failures", "times"), "failures", true),
        ("login failures", total("login-failures", "times"), "login-failures", true),
        ("emergencies", rows("emergencies").to_string(), "emergencies", true),
        ("emergencies not reviewed", total("emergencies", "not_reviewed"), "emergencies", true),
        ("off-hours accesses", total("off-hours", "accesses"), "off-hours", true),
        ("first accesses", rows("first-access").to_string(), "first-access", false),
        ("days without a record", rows("silent-days").to_string(), "silent-days", true),
        ("spans not reviewed", rows("unreviewed").to_string(), "unreviewed", true),
    ];
    html.push_str("<section id=\"summary\" aria-labelledby=\"summary-title\">\n<h2 id=\"summary-title\">Summary</h2>\n<ul class=\"tiles\">\n");
    for (label, value, target, watched) in tiles {
        let class = if watched && value != "0" { " class=\"look\"" } else { "" };
        let _ = writeln!(
            html,
            "<li{class}><a href=\"#{target}\"><b>{}</b> <span>{label}</span></a></li>",
            escaped(&value)
        );
    }
    html.push_str("</ul>\n</section>\n");
}

fn charts(html: &mut String, report: &Report, sections: &[Section]) {
    html.push_str("<section id=\"charts\" aria-labelledby=\"charts-title\">\n<h2 id=\"charts-title\">Charts</h2>\n");
    let zone = report.frame.offset.to_string();
    let find = |id: &str| sections.iter().find(|section| section.id == id);
    if let Some(days) = find("days") {
        chart::stacked(html, &format!("Accesses by day ({zone})"), days, "day");
        details(html, days);
    }
    if let Some(hours) = find("hours") {
        chart::stacked(html, &format!("Accesses by hour of the day ({zone})"), hours, "hour");
        details(html, hours);
    }
    if let Some(people) = find("people") {
        chart::bars(html, "Opens by principal", people);
    }
    html.push_str("</section>\n");
}

/// The numbers of a chart, for those who cannot see it.
fn details(html: &mut String, section: &Section) {
    let _ =
        writeln!(html, "<details id=\"{}\"><summary>Numbers of this chart</summary>", section.id);
    write_table(html, section);
    html.push_str("</details>\n");
}

fn write_section(html: &mut String, section: &Section) {
    let Section { id, title, about, rows, omitted, .. } = section;
    if CHARTED.contains(id) {
        return;
    }
    let about = escaped(about);
    let _ = writeln!(
        html,
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n<p class=\"about\">{about}</p>"
    );
    if rows.is_empty() {
        html.push_str("<p class=\"none\">None.</p>\n");
    } else {
        write_table(html, section);
    }
    if *omitted > 0 {
        let _ = writeln!(html, "<p class=\"more\">And {omitted} more, which are not listed.</p>");
    }
    html.push_str("</section>\n");
}

fn write_table(html: &mut String, section: &Section) {
    let numeric =
        |at: usize| section.rows.iter().filter_map(|row| row.get(at)).any(Cell::is_number);
    let class = |at| if numeric(at) { " class=\"n\"" } else { "" };
    let _ = writeln!(
        html,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n<table>\n<caption>{0}</caption>\n<thead><tr>",
        section.title
    );
    for (at, column) in section.columns.iter().enumerate() {
        let _ = write!(html, "<th scope=\"col\"{}>{}</th>", class(at), column.title);
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &section.rows {
        html.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let (text, class) = (cell_html(cell), class(at));
            let _ = match at {
                0 => write!(html, "<th scope=\"row\"{class}>{text}</th>"),
                _ => write!(html, "<td{class}>{text}</td>"),
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
}

fn cell_html(cell: &Cell) -> String {
    match cell {
        Cell::Time(time) => format!("<time datetime=\"{time}\">{}</time>", shown(*time)),
        Cell::Nothing => "<span class=\"nil\" aria-label=\"none\">–</span>".to_owned(),
        Cell::Bytes(bytes) => {
            format!("<span title=\"{bytes} bytes\">{}</span>", escaped(&cell.shown()))
        }
        Cell::Text(text) if marks(text) => format!("<span class=\"flag\">{}</span>", escaped(text)),
        Cell::AtLeast(number) => format!("≥ {number}"),
        other => escaped(&other.shown()),
    }
}

/// Words that ask for somebody's attention.
fn marks(text: &str) -> bool {
    let bad = ["stale", "torn", "rekeyed", "truncated", "fork", "tampered"];
    let words = ["not reviewed", "not ended", "not understood", "epoch: recover", "epoch: rekey"];
    bad.contains(&text)
        || words.contains(&text)
        || text.starts_with("denied")
        || text.starts_with("failure:")
}

fn limits(html: &mut String) {
    html.push_str("<section id=\"limits\" aria-labelledby=\"limits-title\">\n<h2 id=\"limits-title\">What this does not show</h2>\n<ul>\n");
    for limit in LIMITS {
        let _ = writeln!(html, "<li>{}</li>", escaped(limit));
    }
    html.push_str("</ul>\n</section>\n");
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn text_never_becomes_markup() {
        assert_eq!(
            escaped("<b a='1' c=\"2\">&\u{1b}"),
            "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;\u{fffd}"
        );
    }
}
