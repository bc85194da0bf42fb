//! From everything that was read to the report.

use std::collections::BTreeMap;

use medsec_evidence::{Catalog, Designation, Item, Section};

use super::row::{Parts, Row, floor};
use super::{Checked, Component, LIMITS, Ran, Report, SCHEMA, Status, TestEntry};
use crate::date::Date;
use crate::digest::sha256;
use crate::git::Commit;
use crate::join::{Joined, Test};
use crate::lock::{self, Lock};
use crate::mutants::Mutants;
use crate::problem::Problem;
use crate::project::{Choice, Project, Settings, Standing};
use crate::run::Run;

/// What a report is made from.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "every part is required, and leaving one out must not compile"
)]
pub struct Input<'a> {
    /// Declared tests with their runs.
    pub joined: &'a Joined,
    /// What ran.
    pub runs: &'a [Run],
    /// The committed lock.
    pub lock: &'a Lock,
    /// The folder `compliance/`.
    pub project: &'a Project,
    /// The commit, and how the tree differs.
    pub commit: &'a Commit,
    /// The report date.
    pub date: Date,
}

/// Makes the report.
#[must_use]
pub fn build(input: &Input<'_>) -> Report {
    let Input { joined, project, commit, .. } = input;
    let problems = problems(input);
    let items = Catalog::hipaa2013().items();
    let row = |item| Parts { item, tests: &joined.tests, project, problems: &problems }.row();
    let rows: Vec<_> = items.map(row).collect();
    let mut totals = BTreeMap::new();
    for row in &rows {
        let count: &mut usize = totals.entry(row.status.key()).or_default();
        *count = count.saturating_add(1);
    }
    let settings = &project.settings;
    Report {
        schema: SCHEMA,
        component: component(settings, commit),
        edition: Catalog::hipaa2013().edition().title(),
        commit: commit.id.clone(),
        changed: commit.changed.clone(),
        borrowed: commit.borrowed.clone(),
        date: input.date,
        valid_until: valid_until(project),
        configurations: input.runs.iter().map(ran).collect(),
        assurance: assurance(&rows, &problems),
        bill: None,
        sbom: None,
        excluded: settings.excluded.clone(),
        totals,
        rows,
        tests: joined.tests.iter().map(|test| entry(test, settings, commit)).collect(),
        attestations: project.attestations.clone(),
        registers: project.registers.clone(),
        problems,
        limits: LIMITS,
    }
}

/// The tiers that were reached, in words.
fn assurance(rows: &[Row], problems: &[Problem]) -> Vec<String> {
    let witnessed = "Each test that counts is declared in the source, ran once, passed, and left one witness of its \
                     run: what it checked, and that its body is the one in the source.";
    let unlocked = problems.iter().filter(|one| matches!(one, Problem::Orphaned { .. })).count();
    let locked = match unlocked {
        0 => "All of them stand in a reviewed lock: one that is gone, renamed or weakened is a finding.".to_owned(),
        some => format!("{some} times one of them stands in no reviewed lock: if it were gone, nobody would be told."),
    };
    let lines = [witnessed.to_owned(), locked];
    let tried: Vec<_> = rows.iter().filter_map(|row| row.mutants.as_ref()).collect();
    let viable: usize = tried.iter().map(|one| one.viable).sum();
    let noticed: usize = tried.iter().map(|one| one.noticed()).sum();
    let mutants = match tried.first() {
        Some(Mutants { tool, .. }) if viable > 0 => format!(
            "The code behind {} items was broken on purpose with {tool}, at a sample of places of each: tests noticed \
             {noticed} of {viable}. Each row says which were not noticed, and how many were not tried.",
            tried.len()
        ),
        _ => "Mutants of the code were not tried: that the tests fail when the code is broken is shown by nothing else."
            .to_owned(),
    };
    lines.into_iter().chain([mutants]).collect()
}

fn component(settings: &Settings, commit: &Commit) -> Component {
    Component {
        name: settings.name.clone(),
        description: settings.description.clone(),
        version: settings.version.clone(),
        source: settings.source.trim_end_matches('/').to_owned(),
        commit_link: settings.commit_link(commit),
    }
}

/// Everything wrong, each once, sorted by kind and place.
fn problems(input: &Input<'_>) -> Vec<Problem> {
    let Input { joined, lock, project, .. } = input;
    let mut problems = joined.problems.clone();
    problems.extend(project.problems.iter().cloned());
    problems.extend(lock.compare(joined));
    problems.extend(joined.tests.iter().filter(|test| test.fails()).map(does_not_count));
    for item in Catalog::hipaa2013().items() {
        let technical = item.citation.section() == Section::Technical;
        let citation = item.citation.to_string();
        if is_not_ours(&citation, project) {
            continue;
        }
        let waived = project.waiver(&citation).is_some();
        if technical && !waived && !stands_otherwise(item, project) {
            problems.extend(floor(item, &joined.tests));
        }
        problems.extend(undecided(item, project));
    }
    problems.sort();
    problems.dedup();
    problems
}

fn does_not_count(test: &Test) -> Problem {
    let why: Vec<_> = test.reasons.iter().map(ToString::to_string).collect();
    Problem::DoesNotCount {
        file: test.declared.file.clone(),
        line: test.declared.line,
        test: test.declared.key.clone(),
        why: why.join("; "),
    }
}

fn is_not_ours(citation: &str, project: &Project) -> bool {
    project.control(citation).is_some_and(|control| control.not_ours.is_some())
}

fn stands_otherwise(item: &Item, project: &Project) -> bool {
    let decision = project.decision(&item.citation.to_string());
    decision.is_some_and(|decision| decision.choice == Choice::Alternative)
}

/// An addressable item that the component or an attestation answers for, without a decision.
fn undecided(item: &Item, project: &Project) -> Option<Problem> {
    let citation = item.citation.to_string();
    let addressable = item.designation == Some(Designation::Addressable);
    let attested = project.attestations(&citation).any(|one| one.standing == Standing::Valid);
    let ours = item.citation.section() == Section::Technical || attested;
    let missing = addressable && ours && project.decision(&citation).is_none();
    missing.then(|| Problem::NoDecision { citation, title: item.title.to_owned() })
}

/// The earliest expiry among what holds.
fn valid_until(project: &Project) -> Option<Date> {
    let valid = project.attestations.iter().filter(|one| one.standing == Standing::Valid);
    let attested = valid.map(|one| one.expires);
    attested.chain(project.waivers.iter().map(|waiver| waiver.expires)).min()
}

fn ran(run: &Run) -> Ran {
    let counts = run.results.counts();
    Ran {
        name: run.facts.configuration.clone(),
        arguments: run.facts.arguments.clone(),
        rustc: run.facts.rustc.clone(),
        about: run.facts.about.clone(),
        passed: counts.passed,
        failed: counts.failed,
        failures: run.results.failed().cloned().collect(),
        witnessed: run.witnesses.tests.len(),
    }
}

fn entry(test: &Test, settings: &Settings, commit: &Commit) -> TestEntry {
    let declared = &test.declared;
    let (file, line, end) = (&declared.file, declared.line, declared.end);
    let checks =
        test.checks.iter().map(|(kind, fact)| Checked { kind: kind.clone(), fact: fact.clone() });
    TestEntry {
        id: format!(
            "t-{}",
            sha256(declared.key.to_string().as_bytes()).get(..12).unwrap_or_default()
        ),
        test: declared.key.clone(),
        counts: test.counts(),
        reasons: test.reasons.iter().map(ToString::to_string).collect(),
        claim: declared.claim.clone(),
        polarity: lock::polarity(declared.polarity),
        citations: declared.citations.clone(),
        file: file.clone(),
        line,
        end,
        link: settings.link(commit, file, line, end),
        body_sha256: declared.body_sha256.clone(),
        shown_in: test.shown_in.clone(),
        checks: checks.collect(),
        excerpt: declared.excerpt.clone(),
    }
}

impl Report {
    /// By [`Status::key`]; zero where none has it.
    #[must_use]
    pub fn total(&self, key: &str) -> usize {
        debug_assert!(Status::KEYS.contains(&key));
        self.totals.get(key).copied().unwrap_or(0)
    }
}
