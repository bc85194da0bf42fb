//! The tier above witnessed tests: are mutants of the code that implements an item noticed?
//!
//! cargo-mutants makes the mutants, in a work tree of its own at the commit, and only in the paths that
//! `compliance/controls.toml` names. Each is tried first with the tests that are evidence for the item in the mutated
//! package, and where none of them fails, with all tests of that package. A row has at most [`Tier::limit`] of them,
//! chosen by a fixed seed, so that nobody picks the easy ones. What was tried stands in `compliance/mutants.json`
//! with the digest of the mutated file: as long as that file stays as it is, it need not be tried again, and when it
//! changes, what was seen of it counts no more. A survivor stands until it was tried again, and comes before all others.

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
    let (mut survivors, mut new) = (Vec::new(), Vec::new());
    for control in chosen(&project, wanted)? {
        let listed = tool.list(&control.paths)?;
        let sampled = sample::sample(listed.clone(), wanted.limit);
        let left = record.begin(&control.citation, &tree, &listed, &sampled)?;
        survivors.extend(by_package(&control.citation, left.survivors));
        new.extend(by_package(&control.citation, left.new));
    }
    record.save(root)?;
    // Survivors first: whoever wrote a test for one wants to see that it does not survive any more.
    for queues in [survivors, new] {
        in_turn(queues, deadline, |queue, batch| {
            let tried = try_batch(&tool, queue, batch, &declared)?;
            announce(queue, &tried);
            record.add(&queue.citation, &tree, tried)?;
            record.save(root)
        })?;
    }
    Ok(summary(&record))
}

/// One batch of every queue in turn, until all are tried or the time is over: a short time is shared by all rows.
fn in_turn(
    mut queues: Vec<Queue>,
    deadline: Option<Instant>,
    mut attempt: impl FnMut(&Queue, &[Mutant]) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    while !queues.is_empty() {
        for queue in &mut queues {
            if deadline.is_some_and(|end| Instant::now() >= end) {
                return Ok(());
            }
            let rest = queue.waiting.split_off(queue.waiting.len().min(BATCH));
            let batch = std::mem::replace(&mut queue.waiting, rest);
            attempt(queue, &batch)?;
        }
        queues.retain(|queue| !queue.waiting.is_empty());
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(package: &str, count: usize) -> Queue {
        let mutant = |n| Mutant {
            name: format!("src/a.rs:{n}:1: replace f with ()"),
            file: "src/a.rs".to_owned(),
            package: package.to_owned(),
        };
        let waiting = (1..=count).map(mutant).collect();
        Queue { citation: "164.312(b)".to_owned(), package: package.to_owned(), waiting }
    }

    fn turns(queues: Vec<Queue>, deadline: Option<Instant>) -> Vec<(String, usize)> {
        let mut turns = Vec::new();
        let done = in_turn(queues, deadline, |queue, batch| {
            turns.push((queue.package.clone(), batch.len()));
            Ok(())
        });
        done.unwrap();
        turns
    }

    #[test]
    fn nothing_is_started_when_the_time_is_over() {
        assert_eq!(turns(vec![queue("a", 2)], Some(Instant::now())), []);
    }

    #[test]
    fn queues_take_turns_by_batches() {
        let seen = turns(vec![queue("a", BATCH + 1), queue("b", 1)], None);
        let seen: Vec<_> = seen.iter().map(|(package, count)| (package.as_str(), *count)).collect();
        assert_eq!(seen, [("a", BATCH), ("b", 1), ("a", 1)]);
    }
}
