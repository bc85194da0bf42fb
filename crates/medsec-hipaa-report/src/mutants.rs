//! The tier above witnessed tests: are mutants of the code that implements an item noticed?
//!
//! cargo-mutants makes the mutants, in a work tree of its own at the commit, and only in the paths that
//! `compliance/controls.toml` names. Each is tried first with the tests that are evidence for the item in the mutated
//! package, and where none of them fails, with all tests of that package. A row has at most [`Tier::limit`] of them,
//! chosen by a fixed seed, so that nobody picks the easy ones. What was tried stands in `compliance/mutants.json`
//! with the digest of the mutated file: as long as that file stays as it is, it need not be tried again, and when it
//! changes, what was seen of it counts no more.

mod record;
mod sample;
mod tool;
mod tree;

use core::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use record::{MUTANTS_FILE, Mutants, Record, SURVIVORS_FILE, Survivor};

use crate::assemble::scanned;
use crate::error::ReportError;
use crate::project::{Control, Project};
use crate::report_date;
use crate::scan::Declared;

use record::Outcome;
use sample::Mutant;
use tool::Tool;
use tree::Tree;

/// How many mutants of a package are tried by one start of the tool: what an interruption loses at most.
const BATCH: usize = 4;

/// What to try, and how long.
#[derive(Debug, Clone, clap::Args)]
#[non_exhaustive]
pub struct Tier {
    /// Stop starting mutants after so many minutes; what was tried is kept, and the next run goes on.
    #[arg(long, default_value_t = Self::MINUTES)]
    pub minutes: u64,
    /// Only these items; else every item whose paths `compliance/controls.toml` names.
    #[arg(long = "row", value_name = "CITATION")]
    pub rows: Vec<String>,
    /// At most so many mutants of an item.
    #[arg(long, default_value_t = Self::LIMIT)]
    pub limit: usize,
    /// The program cargo-mutants.
    #[arg(long, default_value = "cargo-mutants", hide = true)]
    pub program: PathBuf,
    /// Where its work tree and its build go.
    #[arg(long, default_value = "target/mutants", hide = true)]
    pub place: PathBuf,
}

impl Tier {
    /// How many minutes where nothing else is said.
    pub const MINUTES: u64 = 60;
    /// How many mutants of an item where nothing else is said.
    pub const LIMIT: usize = 40;
}

impl Default for Tier {
    fn default() -> Self {
        Self {
            minutes: Self::MINUTES,
            rows: Vec::new(),
            limit: Self::LIMIT,
            program: "cargo-mutants".into(),
            place: "target/mutants".into(),
        }
    }
}

/// One row's mutants of one package that are still to be tried.
#[derive(Debug)]
struct Queue {
    citation: String,
    package: String,
    waiting: Vec<Mutant>,
}

/// Tries mutants until all are tried or the time is over, and says what became of them.
///
/// # Errors
/// git or cargo-mutants is missing, a row has no paths, or the tests of a package fail without any mutant.
pub fn mutants(root: &std::path::Path, wanted: &Tier) -> Result<String, ReportError> {
    let deadline =
        Instant::now().checked_add(Duration::from_secs(wanted.minutes.saturating_mul(60)));
    let place = root.join(&wanted.place);
    let tree = Tree::at(root, &place)?;
    let tool = Tool::new(&wanted.program, &tree, &place)?;
    let project = Project::load(&tree.root, report_date()?)?;
    let declared = scanned(&tree.root, &project.settings.excluded_packages())?.declared;
    let mut record = Record::load(root)?;
    record.tool = tool.version.clone();
    let mut queues = Vec::new();
    for control in chosen(&project, wanted)? {
        let listed = tool.list(&control.paths)?;
        let sampled = sample::sample(listed.clone(), wanted.limit);
        let waiting = record.begin(&control.citation, &tree, &listed, &sampled)?;
        queues.extend(by_package(&control.citation, waiting));
    }
    record.save(root)?;
    // One batch of every queue in turn: a short time is shared by all rows.
    while !queues.is_empty() && deadline.is_none_or(|end| Instant::now() < end) {
        for queue in &mut queues {
            if deadline.is_some_and(|end| Instant::now() >= end) {
                break;
            }
            let rest = queue.waiting.split_off(queue.waiting.len().min(BATCH));
            let batch = std::mem::replace(&mut queue.waiting, rest);
            let tried = try_batch(&tool, queue, &batch, &declared)?;
            announce(queue, &tried);
            record.add(&queue.citation, &tree, tried)?;
            record.save(root)?;
        }
        queues.retain(|queue| !queue.waiting.is_empty());
    }
    Ok(summary(&record))
}

fn chosen<'a>(project: &'a Project, wanted: &Tier) -> Result<Vec<&'a Control>, ReportError> {
    if wanted.rows.is_empty() {
        let all: Vec<_> = project.controls.iter().filter(|one| !one.paths.is_empty()).collect();
        return Ok(all);
    }
    let named = |citation: &String| {
        let control = project.control(citation).filter(|control| !control.paths.is_empty());
        control.ok_or_else(|| {
            ReportError::content("compliance/controls.toml", format!("no paths for {citation}"))
        })
    };
    wanted.rows.iter().map(named).collect()
}

fn by_package(citation: &str, waiting: Vec<Mutant>) -> Vec<Queue> {
    let mut queues: Vec<Queue> = Vec::new();
    for mutant in waiting {
        match queues.iter_mut().find(|queue| queue.package == mutant.package) {
            Some(queue) => queue.waiting.push(mutant),
            None => queues.push(Queue {
                citation: citation.to_owned(),
                package: mutant.package.clone(),
                waiting: vec![mutant],
            }),
        }
    }
    queues
}

/// First against the evidence of the row, then what that did not notice against everything the package has.
fn try_batch(
    tool: &Tool<'_>,
    queue: &Queue,
    batch: &[Mutant],
    declared: &[Declared],
) -> Result<Vec<(Mutant, Outcome)>, ReportError> {
    let ours =
        |one: &&Declared| one.package == queue.package && one.citations.contains(&queue.citation);
    let evidence: Vec<_> = declared.iter().filter(ours).collect();
    let mut tried = Vec::new();
    let mut unnoticed = batch.to_vec();
    if !evidence.is_empty() {
        let seen = tool.try_against(&queue.package, Some(&evidence), batch)?;
        let missed = |mutant: &Mutant| {
            seen.iter().any(|(name, outcome)| *name == mutant.name && *outcome == Outcome::Survived)
        };
        unnoticed.retain(missed);
        tried.extend(seen.into_iter().filter(|(_, outcome)| *outcome != Outcome::Survived));
    }
    if !unnoticed.is_empty() {
        let seen = tool.try_against(&queue.package, None, &unnoticed)?;
        tried.extend(seen.into_iter().map(|(name, outcome)| match outcome {
            Outcome::Evidence => (name, Outcome::Other),
            other => (name, other),
        }));
    }
    // Two mutants can have one name, and then a pattern chooses both.
    let of = |name: &str| batch.iter().find(|mutant| mutant.name == name).cloned();
    Ok(tried.into_iter().filter_map(|(name, outcome)| Some((of(&name)?, outcome))).collect())
}

#[expect(clippy::print_stderr, reason = "progress of a run of many minutes")]
fn announce(queue: &Queue, tried: &[(Mutant, Outcome)]) {
    let Queue { citation, package, waiting } = queue;
    eprintln!("{citation} {package}: {} tried, {} to go", tried.len(), waiting.len());
    for (mutant, outcome) in tried {
        eprintln!("    {}: {}", outcome.words(), mutant.name);
    }
}

/// A line a row, and every survivor.
fn summary(record: &Record) -> String {
    let mut text = String::new();
    for citation in record.citations() {
        let Some(seen) = record.all(citation) else { continue };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{citation:20} {}", seen.sentence());
        for survivor in &seen.survivors {
            let _ = writeln!(text, "    {}", survivor.mutant);
        }
    }
    let _ = writeln!(text, "\nin {MUTANTS_FILE}: review and commit it; the next report shows it");
    text
}
