//! Row by row: the words of the rule, claims and tests, and what is not shown.

use maud::{Markup, html};

use super::parts::{anchor, chip};
use super::{SECTIONS, title_of};
use crate::mutants::Mutants;
use crate::project::{Attestation, Control, Decision};
use crate::report::{Claim, Report, Row};

/// How many claims of a kind a row shows before the rest is folded.
const AT_FIRST: usize = 6;

/// All sections of the rule.
pub(super) fn sections(report: &Report) -> Markup {
    html! {
        @for section in SECTIONS {
            section #{ "s" (section) } aria-labelledby={ "h-s" (section) } {
                h2 #{ "h-s" (section) } { "164." (section) " " (title_of(report, section)) }
                @for row in report.rows.iter().filter(|row| row.section == section) {
                    (one(report, row))
                }
            }
        }
    }
}

fn one(report: &Report, row: &Row) -> Markup {
    let id = anchor(row);
    html! {
        article.row id=(id) aria-labelledby={ "h-" (id) } {
            h3 id={ "h-" (id) } { span.citation { (row.citation) } " " (row.title) }
            p.state { (chip(row)) " " span.binding { (row.binding()) } }
            blockquote { p { (row.text) } }
            @if let Some(note) = row.note { p.small { "Note: " (note) "." } }
            @if !row.why.is_empty() { ul.why { @for why in &row.why { li { (why) } } } }
            (claims(report, row))
            @for one in report.attestations.iter().filter(|one| row.attestations.contains(&one.file)) {
                (attestation(one))
            }
            @if let Some(one) = &row.decision { (decision(one)) }
            @if let Some(waiver) = &row.waiver {
                p { strong { "Open gap until " (waiver.expires) ": " } (waiver.gap) " Plan: " (waiver.plan) " (" (waiver.owner_role) ")" }
            }
            @if let Some(control) = &row.control { (shares(control)) }
            @if let Some(one) = &row.mutants { (mutants(one)) }
            (crosswalk(row))
        }
    }
}

/// The first claims of each kind; the rest is folded, and printed all the same.
fn claims(report: &Report, row: &Row) -> Markup {
    html! {
        @if !row.claims.is_empty() {
            h4 { "Shown by tests" }
            @for polarity in ["allow", "deny"] {
                @let of_kind: Vec<_> = row.claims.iter().filter(|claim| claim.polarity == polarity).collect();
                @let (first, rest) = of_kind.split_at(of_kind.len().min(AT_FIRST));
                @if !first.is_empty() { ul.claims { @for one in first { (claim(report, one)) } } }
                @if !rest.is_empty() {
                    details.more {
                        summary { (rest.len()) " more that show what is " @if polarity == "allow" { "allowed" } @else { "denied" } }
                        ul.claims { @for one in rest { (claim(report, one)) } }
                    }
                }
            }
        }
        @if !row.not_counting.is_empty() {
            h4 { "Declared, and not counted" }
            ul.claims.bare {
                @for key in &row.not_counting {
                    @if let Some(test) = report.test(key) {
                        li { a href={ "#" (test.id) } { code { (key.function()) } } ": " (test.reasons.join("; ")) }
                    }
                }
            }
        }
    }
}

fn claim(report: &Report, claim: &Claim) -> Markup {
    html! {
        li {
            span class={ "polarity " (claim.polarity) } { (claim.polarity) }
            div {
                (claim.claim)
                @for key in &claim.tests {
                    @if let Some(test) = report.test(key) {
                        p.where { a href={ "#" (test.id) } { (key.function()) } " " (test.file) ":" (test.line) }
                    }
                }
            }
        }
    }
}

fn attestation(one: &Attestation) -> Markup {
    let standing = one.standing.words();
    html! {
        p {
            strong { "Stated by the " (one.owner_role) } " (" (one.effective) " to " (one.expires) ", " (standing) "): "
            (one.statement) " "
            @if one.part { "Covers a part of the item. " }
            @match &one.evidence {
                Some(evidence) => { "Supported by " code { (evidence.file) } ". " }
                None => strong { "No supporting file. " }
            }
            span.small { (one.file) @if let Some(role) = &one.signed_by { ", signed with the key of " (role) } }
        }
    }
}

fn decision(one: &Decision) -> Markup {
    html! {
        p {
            strong { "Decided " (one.date) " by " (one.owner_role) ": " } (one.reason)
            @if let Some(alternative) = &one.alternative { " Instead: " (alternative) }
        }
    }
}

fn shares(control: &Control) -> Markup {
    let parts = [
        ("The component", &control.shows),
        ("The operator configures", &control.operator),
        ("The organization does", &control.organization),
        ("Not shown", &control.not_shown),
    ];
    html! {
        dl.shares {
            @if let Some(others) = &control.not_ours { dt { "Not this component's" } dd { (others) } }
            @for (who, what) in parts.into_iter().filter(|(_, what)| !what.is_empty()) {
                dt { (who) } dd { (what) }
            }
            @if !control.paths.is_empty() {
                dt { "Implemented in" }
                dd { @for path in &control.paths { code { (path) } " " } }
            }
        }
    }
}

fn mutants(one: &Mutants) -> Markup {
    html! {
        h4 { "Mutants of the code" }
        p {
            (one.sentence())
            span.small { " " (one.tool) ", at " code { (one.commit.get(..12).unwrap_or(&one.commit)) }
                ". What was seen of a file that changed since does not count." }
        }
        @if !one.survivors.is_empty() {
            ul.survivors {
                @for survivor in &one.survivors {
                    li { code { (survivor.mutant) } " "
                        @match &survivor.why {
                            Some(why) => span.small { (why) },
                            None => strong { "open" },
                        }
                    }
                }
            }
        }
    }
}

fn crosswalk(row: &Row) -> Markup {
    let lists = [
        ("SP 800-53r5", row.sp800_53r5),
        ("CSF 1.1", row.csf_1_1),
        ("CSF 2.0 (our mapping)", row.csf_2_0_ours),
    ];
    html! {
        p.crosswalk {
            @for (name, ids) in lists.into_iter().filter(|(_, ids)| !ids.is_empty()) {
                span { strong { (name) } " " (ids.join(", ")) } " "
            }
        }
    }
}
