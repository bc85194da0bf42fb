//! The report as one HTML file: complete without scripts, no request to anywhere, light and dark, to be printed.

mod head;
mod parts;
mod rows;
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::tests::Source;
use crate::report::Report;

/// The style sheet.
const STYLE: &str = include_str!("html/style.css");

/// The sections of the rule, in the order of the page: what tests show first.
const SECTIONS: [u16; 5] = [312, 308, 310, 314, 316];

/// Longer pages leave out the source of tests: a page of more than a megabyte is mailed and opened badly.
const LONGEST: usize = 960_000;

/// The whole page.
pub(super) fn render(report: &Report) -> String {
    let whole = page(report, Source::Shown);
    if whole.len() > LONGEST { page(report, Source::LeftOut) } else { whole }
}

fn page(report: &Report, source: Source) -> String {
    let title = format!("Evidence report: {} {}", report.component.name, report.component.version);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#shown" { "Skip to what is shown" }
                (head::banner(report))
                div.frame {
                    (contents(report))
                    main {
                        (head::tested(report))
                        (head::shown(report))
                        (head::owed(report))
                        (rows::sections(report))
                        (parts::registers(report))
                        (tests::all(report, source))
                        (parts::limits(report))
                    }
                }
                footer {
                    p {
                        "Made from commit " code { (report.commit) } " for " (report.date) ". "
                        "The same commit, the same date and the same results give the same bytes."
                    }
                }
            }
        }
    };
    page.into_string()
}

fn contents(report: &Report) -> Markup {
    html! {
        nav aria-label="Contents" {
            ol {
                li { a href="#tested" { "What was tested" } }
                li { a href="#shown" { "What is shown, what is not" } }
                li { a href="#owed" { "What you still owe" } }
                @for section in SECTIONS {
                    li { a href=(format!("#s{section}")) { "164." (section) " " (title_of(report, section)) } }
                }
                @if !report.registers.is_empty() {
                    li { a href="#registers" { "Registers" } }
                }
                li { a href="#tests" { "The tests" } }
                li { a href="#limits" { "What this is not" } }
            }
        }
    }
}

/// The title of a section of the rule.
fn title_of(report: &Report, section: u16) -> &'static str {
    report.rows.iter().find(|row| row.section == section).map_or("", |row| row.section_title)
}
