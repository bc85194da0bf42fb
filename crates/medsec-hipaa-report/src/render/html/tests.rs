//! Every declared test once: what it checked, where it ran, its source.

use maud::{Markup, PreEscaped, html};

use crate::report::{Report, TestEntry};

/// Whether the source of tests is part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Shown,
    LeftOut,
}

/// The section of all tests.
pub(super) fn all(report: &Report, source: Source) -> Markup {
    let counting = report.tests.iter().filter(|test| test.counts).count();
    html! {
        section #tests aria-labelledby="h-tests" {
            h2 #h-tests { "The tests" }
            p {
                (counting) " of " (report.tests.len()) " declared tests count. The hash is of the body's tokens. "
                @match source {
                    Source::Shown => "In print the source is left out: it stands at the line that is named.",
                    Source::LeftOut => "There are too many for their source to stand here: report.json has it.",
                }
            }
            @for test in &report.tests { (one(report, test, source)) }
        }
    }
}

fn one(report: &Report, test: &TestEntry, source: Source) -> Markup {
    html! {
        details.test id=(test.id) {
            summary {
                @if test.counts { span class={ "polarity " (test.polarity) } { (test.polarity) } }
                @else { span.polarity.none { "not counted" } }
                " " code { (test.test.function()) } " " span.small { (test.test.binary) }
            }
            p { (test.claim) }
            @if !test.reasons.is_empty() { p.bad { "Does not count: " (test.reasons.join("; ")) } }
            p.small {
                "For "
                @for citation in &test.citations {
                    @if let Some(row) = report.row(citation) {
                        a href={ "#" (super::parts::anchor(row)) } { (citation) } " "
                    }
                }
                @if !test.shown_in.is_empty() { "· ran in " (test.shown_in.join(", ")) " " }
                "· " a href=(test.link) { (test.file) ":" (test.line) }
            }
            @if !test.checks.is_empty() {
                p.small {
                    "Checks: "
                    @for check in &test.checks { span.check { (check.kind) " " code { (check.fact) } } " " }
                }
            }
            @if source == Source::Shown { pre { code { (PreEscaped(escaped(&test.excerpt))) } } }
            p.small.hash { "body " code { (test.body_sha256.get(..16).unwrap_or_default()) } }
        }
    }
}

/// As the content of an element: quotes are not markup there, and source has many.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
