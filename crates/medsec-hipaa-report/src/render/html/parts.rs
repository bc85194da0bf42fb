//! Small parts of the page.

use maud::{Markup, html};

use crate::report::{Report, Row, Status};

/// Where a row is.
pub(super) fn anchor(row: &Row) -> String {
    row.oscal_id.replace('.', "-")
}

/// A sign beside the words of a status, so that it is told by more than its colour.
pub(super) fn status_mark(key: &str) -> Markup {
    let mark = match key {
        "evidenced" => "●",
        "attested" | "alternative" | "does-not-apply" => "◆",
        "partial" => "◐",
        "operator" => "○",
        "waived" => "▲",
        "attestation-expired" | "no-evidence" => "✕",
        _ => "■",
    };
    html! { span.mark aria-hidden="true" { (mark) } }
}

/// The status of a row.
pub(super) fn chip(row: &Row) -> Markup {
    let Row { status, .. } = row;
    html! { span class={ "chip " (status.key()) } { (status_mark(status.key())) " " (status.to_string()) } }
}

/// Risks and incidents.
pub(super) fn registers(report: &Report) -> Markup {
    if report.registers.is_empty() {
        return html! {};
    }
    html! {
        section #registers aria-labelledby="h-registers" {
            h2 #h-registers { "Registers" }
            @for register in &report.registers {
                h3 { (register.name) }
                div.scroll tabindex="0" role="region" aria-label={ "Register of " (register.name) } {
                    table {
                        thead { tr {
                            th scope="col" { "Id" } th scope="col" { "What" } th scope="col" { "Treatment" }
                            th scope="col" { "Outcome" } th scope="col" { "Owner" }
                            th scope="col" { "Next review" }
                        } }
                        tbody {
                            @for entry in &register.entries {
                                tr {
                                    th scope="row" { (entry.id) }
                                    td { (entry.title) } td { (entry.treatment) }
                                    td { (entry.outcome.as_deref().unwrap_or_default()) } td { (entry.owner_role) }
                                    td { @if entry.closed { "closed" } @else { (entry.next_review) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the report is not, and what its words mean.
pub(super) fn limits(report: &Report) -> Markup {
    html! {
        section #limits aria-labelledby="h-limits" {
            h2 #h-limits { "What this report is not" }
            ul { @for limit in report.limits { li { (limit) } } }
            h3 { "What the words mean" }
            dl.words {
                @for (key, meaning) in MEANINGS {
                    dt class=(key) { span class={ "chip " (key) } { (status_mark(key)) " " (Status::title(key)) } }
                    dd { (meaning) }
                }
            }
        }
    }
}

const MEANINGS: [(&str, &str); 10] = [
    (
        "evidenced",
        "Tests that ran at this commit show what is allowed and what is denied; all are in the lock.",
    ),
    ("attested", "Somebody with a known key signed a statement that holds at the report date."),
    (
        "alternative",
        "An addressable item in whose place an equivalent measure is documented (164.306(d)(3)); unless somebody signed \
         for that, it is not taken as satisfied.",
    ),
    (
        "does-not-apply",
        "The rule asks it only of some, such as group health plans, and somebody signed that we are none of them. No gap \
         can be closed this way.",
    ),
    ("partial", "A part is shown; what is missing stands in the row."),
    (
        "operator",
        "For the organization that runs the component, or for another part of its systems; nothing was stated yet.",
    ),
    ("waived", "An open gap with an owner and a last day. It is never the same as not applicable."),
    ("attestation-expired", "A statement whose last day is over."),
    ("no-evidence", "Nothing that counts shows it."),
    ("failing", "A test or a statement that should show it went wrong."),
];
