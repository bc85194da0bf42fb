//! The report as Markdown: for terminals, pull requests and archives.

use core::fmt::Write as _;

use crate::report::{Report, Row, Status};

/// The whole document.
pub(super) fn render(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut page, report);
    let _ = summary(&mut page, report);
    let _ = problems(&mut page, report);
    let _ = technical_table(&mut page, report);
    let _ = owed(&mut page, report);
    for section in [312, 308, 310, 314, 316] {
        let _ = rows(&mut page, report, section);
    }
    let _ = limits(&mut page, report);
    page
}

fn head(page: &mut String, report: &Report) -> core::fmt::Result {
    let component = &report.component;
    writeln!(page, "# Evidence report: {} {}\n", text(&component.name), text(&component.version))?;
    writeln!(page, "{}\n", text(&component.description))?;
    writeln!(page, "Against: {}.\n", report.edition)?;
    writeln!(page, "| | |\n|---|---|")?;
    let tree =
        if report.is_clean() { "clean" } else { "**differs from the commit; nothing counts**" };
    writeln!(
        page,
        "| commit | `{}` |\n| tree | {tree} |\n| report date | {} |",
        report.commit, report.date
    )?;
    match report.valid_until {
        Some(day) => {
            writeln!(page, "| valid until | {day}, when the first attestation or waiver expires |")?
        }
        None => {
            writeln!(page, "| valid until | nothing in it expires; it is of this commit only |")?
        }
    }
    for ran in &report.configurations {
        writeln!(
            page,
            "| configuration `{}` | {} passed, {} failed, {} left a witness; `{}`; {} |",
            ran.name,
            ran.passed,
            ran.failed,
            ran.witnessed,
            text(&ran.arguments.join(" ")),
            text(&ran.rustc)
        )?;
    }
    for ran in &report.configurations {
        let about = ran.about.iter().map(|(name, value)| format!("{name}: {}", text(value)));
        let about: Vec<_> = about.collect();
        writeln!(page, "| with | `{}`: {} |", ran.name, about.join("; "))?;
    }
    if let Some(bill) = &report.bill {
        let (package, target) = (&bill.program.package, &bill.program.target);
        writeln!(
            page,
            "| parts | `{package}` for {target}: {} linked, [{}]({}) |",
            bill.linked, bill.file, bill.file
        )?;
    }
    writeln!(page, "\n## Assurance\n")?;
    report.assurance.iter().try_for_each(|line| writeln!(page, "- {}", text(line)))?;
    writeln!(page)
}

fn summary(page: &mut String, report: &Report) -> core::fmt::Result {
    writeln!(page, "## What is shown and what is not\n\n| status | items |\n|---|---:|")?;
    for key in Status::KEYS {
        let count = report.total(key);
        if count > 0 {
            writeln!(page, "| {} | {count} |", Status::title(key))?;
        }
    }
    writeln!(page)
}

fn problems(page: &mut String, report: &Report) -> core::fmt::Result {
    if report.problems.is_empty() {
        return writeln!(page, "Nothing was found wrong with the evidence itself.\n");
    }
    writeln!(page, "### Found wrong\n")?;
    report
        .problems
        .iter()
        .try_for_each(|problem| writeln!(page, "- {}", text(&problem.to_string())))?;
    writeln!(page)
}

fn technical_table(page: &mut String, report: &Report) -> core::fmt::Result {
    writeln!(
        page,
        "## 164.312 at a glance\n\n| citation | title | | status | claims |\n|---|---|---|---|---:|"
    )?;
    for row in report.rows.iter().filter(|row| row.section == 312) {
        let kind = row.binding();
        writeln!(
            page,
            "| {} | {} | {kind} | {} | {} |",
            row.citation,
            row.title,
            row.status,
            row.claims.len()
        )?;
    }
    writeln!(page)
}

fn owed(page: &mut String, report: &Report) -> core::fmt::Result {
    writeln!(page, "## What the operator still owes\n")?;
    for row in report.rows.iter().filter(|row| row.is_owed()) {
        writeln!(page, "- {} ({}): {}", row.citation, row.title, row.status)?;
    }
    writeln!(page)
}

fn rows(page: &mut String, report: &Report, section: u16) -> core::fmt::Result {
    let in_section = || report.rows.iter().filter(move |row| row.section == section);
    let title = in_section().next().map_or("", |row| row.section_title);
    writeln!(page, "## 164.{section} {title}\n")?;
    in_section().try_for_each(|row| one(page, report, row))
}

fn one(page: &mut String, report: &Report, row: &Row) -> core::fmt::Result {
    writeln!(
        page,
        "### {} {}\n\n{}. **{}**\n",
        row.citation,
        row.title,
        row.binding(),
        row.status
    )?;
    writeln!(page, "> {}\n", text(row.text))?;
    row.why.iter().try_for_each(|why| writeln!(page, "- {}", text(why)))?;
    for claim in &row.claims {
        writeln!(page, "- {}: {}", claim.polarity, text(&claim.claim))?;
        for key in &claim.tests {
            if let Some(test) = report.test(key) {
                writeln!(
                    page,
                    "  - [`{}`]({}), {}:{}",
                    text(&key.test),
                    test.link,
                    test.file,
                    test.line
                )?;
            }
        }
    }
    for file in &row.attestations {
        writeln!(page, "- attestation: `{}`", text(file))?;
    }
    if let Some(decision) = &row.decision {
        writeln!(
            page,
            "- decision of {} ({}): {}",
            decision.date,
            text(&decision.owner_role),
            text(&decision.reason)
        )?;
    }
    if let Some(control) = &row.control {
        writeln!(page, "- the component: {}", text(&control.shows))?;
        writeln!(page, "- the operator configures: {}", text(&control.operator))?;
        writeln!(page, "- the organization does: {}", text(&control.organization))?;
        writeln!(page, "- not shown: {}", text(&control.not_shown))?;
    }
    if let Some(mutants) = &row.mutants {
        writeln!(page, "- mutants: {}", mutants.sentence())?;
        for survivor in &mutants.survivors {
            let why = survivor.why.as_deref().unwrap_or("open");
            writeln!(page, "  - not noticed: {}: {}", text(&survivor.mutant), text(why))?;
        }
    }
    writeln!(page)
}

fn limits(page: &mut String, report: &Report) -> core::fmt::Result {
    writeln!(page, "## What this report is not\n")?;
    report.limits.iter().try_for_each(|limit| writeln!(page, "- {limit}"))
}

/// One line in which nothing is markup.
fn text(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '\n' | '\r' => safe.push(' '),
            '|' | '<' | '[' | ']' | '*' | '\\' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}
