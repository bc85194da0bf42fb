//! One item of the rule with everything that is known about it.

use core::fmt::{Result, Write as _};

use super::text;
use crate::mutants::Mutants;
use crate::project::{Attestation, Control, Decision};
use crate::report::{Claim, Report, Row};

pub(super) fn one(page: &mut String, report: &Report, row: &Row) -> Result {
    let Row { citation, title, status, .. } = row;
    writeln!(page, "### {citation} {title}\n\n{}. **{status}**\n", row.binding())?;
    writeln!(page, "> {}\n", text(row.text))?;
    if let Some(note) = row.note {
        writeln!(page, "Note: {}.\n", text(note))?;
    }
    row.why.iter().try_for_each(|why| writeln!(page, "- {}", text(why)))?;
    row.claims.iter().try_for_each(|one| claim(page, report, one))?;
    for test in row.not_counting.iter().filter_map(|key| report.test(key)) {
        writeln!(
            page,
            "- not counted: `{}`: {}",
            text(&test.test.test),
            text(&test.reasons.join("; "))
        )?;
    }
    let about = |one: &&Attestation| row.attestations.contains(&one.file);
    report.attestations.iter().filter(about).try_for_each(|one| attestation(page, one))?;
    if let Some(one) = &row.decision {
        decision(page, one)?;
    }
    if let Some(waiver) = &row.waiver {
        let parts = [&waiver.gap, &waiver.plan, &waiver.owner_role, &waiver.file];
        let [gap, plan, owner, file] = parts.map(|part| text(part));
        writeln!(
            page,
            "- open gap until {}: {gap} Plan: {plan} ({owner}, `{file}`)",
            waiver.expires
        )?;
    }
    if let Some(one) = &row.control {
        control(page, one)?;
    }
    if let Some(one) = &row.mutants {
        mutants(page, one)?;
    }
    writeln!(page)
}

fn claim(page: &mut String, report: &Report, claim: &Claim) -> Result {
    writeln!(page, "- {}: {}", claim.polarity, text(&claim.claim))?;
    for test in claim.tests.iter().filter_map(|key| report.test(key)) {
        let checks = test.checks.iter().map(|one| format!("{} `{}`", one.kind, text(&one.fact)));
        let checks: Vec<_> = checks.collect();
        let (name, place) = (text(&test.test.test), format!("{}:{}", test.file, test.line));
        writeln!(page, "  - [`{name}`]({}), {place}: {}", test.link, checks.join(", "))?;
    }
    Ok(())
}

fn attestation(page: &mut String, one: &Attestation) -> Result {
    let standing = one.standing.words();
    let (owner, said) = (text(&one.owner_role), text(&one.statement));
    write!(
        page,
        "- stated by the {owner} ({} to {}, {standing}): {said} ",
        one.effective, one.expires
    )?;
    if one.part {
        write!(page, "Covers a part of the item. ")?;
    }
    match &one.evidence {
        Some(evidence) => write!(page, "Supported by `{}`. ", evidence.file)?,
        None => write!(page, "**No supporting file.** ")?,
    }
    match &one.signed_by {
        Some(role) => writeln!(page, "`{}`, signed with the key of {}", one.file, text(role)),
        None => writeln!(page, "`{}`", one.file),
    }
}

fn decision(page: &mut String, one: &Decision) -> Result {
    let (owner, reason) = (text(&one.owner_role), text(&one.reason));
    write!(page, "- decision of {} ({owner}): {reason}", one.date)?;
    match &one.alternative {
        Some(alternative) => writeln!(page, " Instead: {}", text(alternative)),
        None => writeln!(page),
    }
}

fn control(page: &mut String, one: &Control) -> Result {
    if let Some(others) = &one.not_ours {
        writeln!(page, "- not this component's: {}", text(others))?;
    }
    let parts = [
        ("the component", &one.shows),
        ("the operator configures", &one.operator),
        ("the organization does", &one.organization),
        ("not shown", &one.not_shown),
    ];
    for (who, what) in parts.into_iter().filter(|(_, what)| !what.is_empty()) {
        writeln!(page, "- {who}: {}", text(what))?;
    }
    Ok(())
}

fn mutants(page: &mut String, one: &Mutants) -> Result {
    writeln!(page, "- mutants: {}", one.sentence())?;
    for survivor in &one.survivors {
        let why = survivor.why.as_deref().unwrap_or("open");
        writeln!(page, "  - not noticed: {}: {}", text(&survivor.mutant), text(why))?;
    }
    Ok(())
}
