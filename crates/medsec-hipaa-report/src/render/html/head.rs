//! The first screens: what was tested, what is shown, what is owed.

use maud::{Markup, html};

use super::parts::{anchor, chip, status_mark};
use crate::report::{Ran, Report, Row, Status};

/// How many problems are shown before the rest is folded.
const AT_FIRST: usize = 12;

/// Name, sentence, commit and date.
pub(super) fn banner(report: &Report) -> Markup {
    let component = &report.component;
    html! {
        header.banner {
            p.kind { "Evidence report · " (report.edition) }
            h1 { (component.name) " " span.version { (component.version) } }
            p.lead { (component.description) }
        }
    }
}

/// Commit, date, validity, configurations.
pub(super) fn tested(report: &Report) -> Markup {
    html! {
        section #tested aria-labelledby="h-tested" {
            h2 #h-tested { "What was tested" }
            dl.facts {
                div { dt { "Commit" } dd {
                    a href=(report.component.commit_link) { code { (short(&report.commit)) } }
                } }
                div { dt { "Tree" } dd { (tree(report)) } }
                div { dt { "Report date" } dd { (report.date) } }
                div { dt { "Valid until" } dd {
                    @match report.valid_until {
                        Some(day) => { (day) span.small { "when the first attestation or waiver expires" } }
                        None => { "nothing in it expires" span.small { "it is of this commit only" } }
                    }
                } }
            }
            h3 { "Under which configuration" }
            @if report.configurations.is_empty() { p { "No tests ran." } }
            @else { (configurations(&report.configurations)) }
            @if !report.borrowed.is_empty() {
                p.small {
                    "Taken by path from other repositories: "
                    @for one in &report.borrowed { (one.package) " at " code { (short(&one.commit)) } " " }
                }
            }
            (assurance(report))
            @if let Some(bill) = &report.bill {
                h3 { "Of which parts" }
                p {
                    code { (bill.program.package) } " for " (bill.program.target)
                    @if !bill.program.features.is_empty() { ", with " (bill.program.features.join(", ")) }
                    ": " (bill.linked) " packages are linked into it, "
                    (bill.parts.saturating_sub(bill.linked)) " more help to build it. Each with version, licence and "
                    "digest: " a href=(bill.file) { (bill.file) } " (CycloneDX 1.6), beside this file."
                }
            }
            @if !report.excluded.is_empty() {
                p.small {
                    "Left out: "
                    @for one in &report.excluded { code { (one.package) } " (" (one.reason) ") " }
                }
            }
        }
    }
}

fn tree(report: &Report) -> Markup {
    html! {
        @if report.is_clean() { "clean" span.small { "the files tested are those of the commit" } }
        @else {
            strong.bad { "differs from the commit" }
            span.small { (report.changed.len()) " file(s): no test counts, and nothing is signed" }
        }
    }
}

fn configurations(all: &[Ran]) -> Markup {
    html! {
        div.configurations {
            @for ran in all {
                div.configuration {
                    h4 { (ran.name) }
                    p {
                        strong { (ran.passed) } " passed, "
                        @if ran.failed > 0 { strong.bad { (ran.failed) " failed" } } @else { "none failed" }
                        ", " (ran.witnessed) " left a witness"
                    }
                    dl {
                        dt { "Run" } dd { code { (ran.arguments.join(" ")) } }
                        dt { "Compiler" } dd { (ran.rustc) }
                        @for (name, value) in &ran.about { dt { (capital(name)) } dd { (value) } }
                    }
                }
            }
        }
    }
}

fn assurance(report: &Report) -> Markup {
    html! {
        h3 { "With which assurance" }
        ul { @for line in &report.assurance { li { (line) } } }
    }
}

/// With a capital letter at its beginning.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// Counts, what is wrong, and the rows of 164.312.
pub(super) fn shown(report: &Report) -> Markup {
    html! {
        section #shown aria-labelledby="h-shown" {
            h2 #h-shown { "What is shown, and what is not" }
            p {
                "A technical item is " strong { "evidenced" } " only if tests that ran at this commit show both what is "
                "allowed and what is denied, and each of them left a witness. There is no score."
            }
            ul.totals {
                @for key in Status::KEYS {
                    @if report.total(key) > 0 {
                        li class=(key) { span.count { (report.total(key)) } " " span { (status_mark(key)) " " (Status::title(key)) } }
                    }
                }
            }
            h3 { "The twelve items of 164.312" }
            (table("The items of 164.312", report.rows.iter().filter(|row| row.section == 312)))
            (problems(report))
            h3 { "All other items" }
            p.small { "Each links to its row. What a test cannot show, the organization attests." }
            (table("All other items", report.rows.iter().filter(|row| row.section != 312)))
        }
    }
}

fn problems(report: &Report) -> Markup {
    html! {
        @if report.problems.is_empty() {
            p.good { (status_mark("evidenced")) " Nothing was found wrong with the evidence itself." }
        } @else {
            div.alert {
                h3 { (report.problems.len()) " found wrong" }
                ul { @for problem in report.problems.iter().take(AT_FIRST) { li { (problem.to_string()) } } }
                @if report.problems.len() > AT_FIRST {
                    details.more {
                        summary { "and " (report.problems.len().saturating_sub(AT_FIRST)) " more" }
                        ul { @for problem in report.problems.iter().skip(AT_FIRST) { li { (problem.to_string()) } } }
                    }
                }
            }
        }
    }
}

/// How many of the mutants that build were noticed.
fn noticed(row: &Row) -> String {
    row.mutants
        .as_ref()
        .map_or_else(String::new, |one| format!("{} of {}", one.noticed(), one.viable))
}

fn table<'a>(label: &str, rows: impl Iterator<Item = &'a Row> + Clone) -> Markup {
    let mutated = rows.clone().any(|row| row.mutants.is_some());
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.items {
                thead { tr {
                    th scope="col" { "Item" } th scope="col" { "Title" } th.wide scope="col" { "Binding" }
                    th scope="col" { "Status" } th.number.wide scope="col" { "Claims" }
                    @if mutated { th.number.wide scope="col" { "Mutants noticed" } }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { a href=(format!("#{}", anchor(row))) { (row.citation) } }
                            td { (row.title) } td.wide { (row.binding()) } td { (chip(row)) }
                            td.number.wide { @if !row.claims.is_empty() { (row.claims.len()) } }
                            @if mutated { td.number.wide { (noticed(row)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What is left to whoever runs the component.
pub(super) fn owed(report: &Report) -> Markup {
    let owed = || report.rows.iter().filter(|row| row.is_owed());
    let configured = report.rows.iter().filter_map(|row| Some((row, row.control.as_ref()?)));
    html! {
        section #owed aria-labelledby="h-owed" {
            h2 #h-owed { "What you, the operator, still owe" }
            p {
                "The component can show only its own part. These " (owed().count()) " items wait for the organization: a "
                "signed statement or a decision. Where no status stands, nothing was stated yet. Templates lie "
                "under " code { "compliance/attestations/templates" } "."
            }
            ul.owed {
                @for row in owed() {
                    li {
                        a href=(format!("#{}", anchor(row))) { (row.citation) } " " (row.title)
                        @if row.status != Status::Operator { " " (chip(row)) }
                    }
                }
            }
            h3 { "What the operator configures" }
            dl.configured {
                @for (row, control) in configured {
                    @if !control.operator.is_empty() {
                        dt { a href=(format!("#{}", anchor(row))) { (row.citation) } " " (row.title) }
                        dd { (control.operator) }
                    }
                }
            }
        }
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
