//! The report as Markdown: for terminals, pull requests and archives.

mod row;

use core::fmt::Write as _;

use crate::report::{Report, Status};

/// The whole document.
pub(super) fn render(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut page, report);
    let _ = left_out(&mut page, report);
    let _ = summary(&mut page, report);
    let _ = problems(&mut page, report);
    let _ = technical_table(&mut page, report);
    let _ = owed(&mut page, report);
    for section in [312, 308, 310, 314, 316] {
        let _ = rows(&mut page, report, section);
    }
    let _ = registers(&mut page, report);
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
    in_section().try_for_each(|row| row::one(page, report, row))
}

fn left_out(page: &mut String, report: &Report) -> core::fmt::Result {
    for one in &report.borrowed {
        writeln!(
            page,
            "- taken by path from another repository: `{}` at `{}`",
            one.package, one.commit
        )?;
    }
    for one in &report.excluded {
        writeln!(page, "- left out: `{}`: {}", one.package, text(&one.reason))?;
    }
    writeln!(page)
}

fn registers(page: &mut String, report: &Report) -> core::fmt::Result {
    for register in &report.registers {
        writeln!(page, "## Register of {}\n", register.name)?;
        writeln!(
            page,
            "| id | what | treatment | outcome | owner | next review |\n|---|---|---|---|---|---|"
        )?;
        for entry in &register.entries {
            let next =
                if entry.closed { "closed".to_owned() } else { entry.next_review.to_string() };
            let outcome = entry.outcome.as_deref().unwrap_or_default();
            let cells = [&entry.id, &entry.title, &entry.treatment, outcome, &entry.owner_role];
            writeln!(page, "| {} | {next} |", cells.map(text).join(" | "))?;
        }
        writeln!(page)?;
    }
    Ok(())
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
