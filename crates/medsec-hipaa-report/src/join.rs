//! Joins declaration, list, result and witness of every test: what counts, and why the rest does not.

mod reason;

use std::collections::{BTreeMap, BTreeSet};

use medsec_evidence::{CheckKind, Witness};

use crate::git::Commit;
use crate::key::TestId;
use crate::problem::Problem;
use crate::run::{Outcome, Run};
use crate::scan::{Declared, Scan};

pub use reason::Reason;

/// A declared test with everything known about it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Test {
    /// What the source says.
    pub declared: Declared,
    /// Configurations in which it ran, passed and left its witness.
    pub shown_in: Vec<String>,
    /// What it checked: kind and fact, each once.
    pub checks: Vec<(String, String)>,
    /// Why it does not count. Empty: it counts.
    pub reasons: Vec<Reason>,
}

impl Test {
    /// Whether it is evidence.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Whether it counts but for the tree: what a lock may be made of.
    #[must_use]
    pub fn counts_on_a_clean_tree(&self) -> bool {
        self.reasons.iter().all(|reason| matches!(reason, Reason::DirtyTree { .. }))
    }

    /// Whether it ran and is no evidence.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.reasons.iter().any(Reason::is_failure)
    }

    /// Whether it cites an item.
    #[must_use]
    pub fn cites(&self, citation: &str) -> bool {
        self.declared.citations.iter().any(|cited| cited == citation)
    }
}

/// Everything joined.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Joined {
    /// By name.
    pub tests: Vec<Test>,
    /// What is wrong beside single tests.
    pub problems: Vec<Problem>,
}

/// Joins a scan with the runs of the same commit.
#[must_use]
pub fn join(scan: Scan, runs: &[Run], commit: &Commit, excluded: &[String]) -> Joined {
    let mut joined = Joined { tests: Vec::new(), problems: scan.problems };
    if !commit.changed.is_empty() {
        joined.problems.push(Problem::DirtyTree { files: commit.changed.clone() });
    }
    for run in runs {
        joined.problems.extend(run.problems.iter().cloned());
        joined.problems.extend(failed(run));
        joined.problems.extend(other_commit(run, commit));
    }
    let named = named(&scan.declared);
    joined.problems.extend(undeclared(runs, &named, excluded));
    let twice = named.iter().filter(|(_, places)| places.len() > 1);
    let twice: BTreeSet<_> = twice.map(|(key, _)| (*key).clone()).collect();
    let judged = |declared: Declared| {
        let alone = !twice.contains(&declared.key);
        judge(declared, alone, runs, commit)
    };
    joined.tests = scan.declared.into_iter().map(judged).collect();
    joined
}

/// The tests that failed, evidence or not.
fn failed(run: &Run) -> Option<Problem> {
    let failed: Vec<_> = run.results.failed().map(ToString::to_string).collect();
    let configuration = run.facts.configuration.clone();
    (!failed.is_empty()).then_some(Problem::TestsFailed { configuration, failed })
}

/// A run of another commit, or of a tree that differed from it.
fn other_commit(run: &Run, commit: &Commit) -> Option<Problem> {
    let configuration = run.facts.configuration.clone();
    if run.facts.commit != commit.id {
        let (ran, reported) = (run.facts.commit.clone(), commit.id.clone());
        return Some(Problem::OtherCommit { configuration, ran, reported });
    }
    let changed = run.facts.changed.clone();
    (!changed.is_empty()).then_some(Problem::DirtyRun { configuration, files: changed })
}

/// Declarations by the name of the test.
type Named<'a> = BTreeMap<&'a TestId, Vec<&'a Declared>>;

fn named(declared: &[Declared]) -> Named<'_> {
    let mut named = Named::new();
    for one in declared {
        named.entry(&one.key).or_default().push(one);
    }
    named
}

/// Witnesses of tests that no source declares; where a name is declared twice, of a place where neither stands.
fn undeclared(runs: &[Run], named: &Named<'_>, excluded: &[String]) -> Vec<Problem> {
    let known = |key: &TestId, witnesses: &[Witness]| match named.get(key).map(Vec::as_slice) {
        None => false,
        Some([_]) => true,
        Some(several) => {
            witnesses.iter().all(|witness| several.iter().any(|one| is_there(one, witness)))
        }
    };
    let witnesses = runs.iter().flat_map(|run| &run.witnesses.tests);
    let foreign = witnesses.filter(|(key, of)| !known(key, of));
    let packages = foreign.filter_map(|(key, of)| Some((key, of.first()?)));
    let reported = packages.filter(|(_, witness)| !excluded.contains(&witness.package().name));
    let problem = |(key, witness): (&TestId, &Witness)| Problem::UndeclaredWitness {
        file: witness.source().file.clone(),
        line: witness.source().line.get(),
        test: key.clone(),
    };
    let all: BTreeSet<_> = reported.map(problem).collect();
    all.into_iter().collect()
}

/// Judges a test; `alone` if no other declaration has its name.
fn judge(declared: Declared, alone: bool, runs: &[Run], commit: &Commit) -> Test {
    let mut test = Test { declared, shown_in: Vec::new(), checks: Vec::new(), reasons: Vec::new() };
    let built = |run: &&Run| {
        let witnesses = run.witnesses.tests.get(&test.declared.key).map_or(&[][..], Vec::as_slice);
        let here = alone || witnesses.iter().any(|witness| is_there(&test.declared, witness));
        here && run.listed.tests.contains_key(&test.declared.key)
    };
    let listed: Vec<_> = runs.iter().filter(built).collect();
    let mut left_out = BTreeSet::new();
    for run in &listed {
        match in_run(&test.declared, run, commit) {
            Ok(Ran::LeftOut(reason)) => drop(left_out.insert(reason)),
            Ok(Ran::Shown(witness)) => {
                test.shown_in.push(run.facts.configuration.clone());
                let checks = witness.checks().listed().iter();
                test.checks.extend(checks.map(|check| (kind(check.kind), check.fact.clone())));
            }
            Err(reasons) => test.reasons.extend(reasons),
        }
    }
    if test.shown_in.is_empty() && test.reasons.is_empty() {
        if listed.is_empty() {
            let conditions = test.declared.conditions.clone();
            test.reasons.push(Reason::NotListed { conditions });
        }
        test.reasons.extend(left_out);
    }
    test.reasons.extend(test.declared.posing.clone().map(|place| Reason::Posing { place }));
    if !commit.changed.is_empty() {
        test.reasons.push(Reason::DirtyTree { files: commit.changed.len() });
    }
    test.checks.sort();
    test.checks.dedup();
    test
}

fn kind(kind: CheckKind) -> String {
    let name = match kind {
        CheckKind::Denies => "denies",
        CheckKind::Allows => "allows",
        CheckKind::Holds => "holds",
        CheckKind::Equal => "equal",
        _ => "other",
    };
    name.to_owned()
}

/// What a test did in one configuration, where nothing is wrong with it.
enum Ran<'a> {
    /// It was not to run there.
    LeftOut(Reason),
    /// It passed and left its witness.
    Shown(&'a Witness),
}

fn in_run<'a>(declared: &Declared, run: &'a Run, commit: &Commit) -> Result<Ran<'a>, Vec<Reason>> {
    let key = &declared.key;
    let configuration = run.facts.configuration.clone();
    let Some(listing) = run.listed.tests.get(key) else { return Err(Vec::new()) };
    if listing.ignored {
        return Err(vec![Reason::Ignored { configuration }]);
    }
    if let Some(why) = &listing.left_out {
        return Ok(Ran::LeftOut(Reason::LeftOut { configuration, why: why.clone() }));
    }
    let mut reasons = ended(run, key, &configuration);
    if run.facts.commit != commit.id {
        reasons.push(Reason::OtherCommit { configuration: configuration.clone() });
    }
    let witnesses = run.witnesses.tests.get(key).map_or(&[][..], Vec::as_slice);
    match witnesses {
        [] => reasons.push(Reason::NoWitness { configuration }),
        [witness] => {
            reasons.extend(witnessed(declared, witness, &configuration));
            if reasons.is_empty() {
                return Ok(Ran::Shown(witness));
            }
        }
        several => {
            reasons.push(Reason::SeveralWitnesses { configuration, count: several.len() });
        }
    }
    Err(reasons)
}

/// What the results say against a test.
fn ended(run: &Run, key: &TestId, configuration: &str) -> Vec<Reason> {
    let configuration = configuration.to_owned();
    let case = match run.results.cases.get(key).map(Vec::as_slice) {
        None | Some([]) => return vec![Reason::NoResult { configuration }],
        Some([case]) => *case,
        Some(several) => {
            return vec![Reason::SeveralResults { configuration, count: several.len() }];
        }
    };
    let mut reasons = Vec::new();
    let ended = match case.outcome {
        Outcome::Passed => None,
        Outcome::Failed => Some(Reason::Failed { configuration: configuration.clone() }),
        Outcome::Error => Some(Reason::Crashed { configuration: configuration.clone() }),
        Outcome::Skipped => Some(Reason::Skipped { configuration: configuration.clone() }),
    };
    reasons.extend(ended);
    if case.again {
        reasons.push(Reason::Flaky { configuration });
    }
    reasons
}

/// Whether a witness is of the place where a test is declared.
fn is_there(declared: &Declared, witness: &Witness) -> bool {
    let source = witness.source();
    source.file == file_of(declared, witness)
        && usize::try_from(source.line.get()) == Ok(declared.line)
}

/// The file of a test as its witness names it: the compiler's path leaves the workspace where `#[path]` goes up, and a
/// witness has only the name of such a file.
fn file_of<'a>(declared: &'a Declared, witness: &Witness) -> &'a str {
    let file = declared.file.as_str();
    if witness.source().file.contains('/') { file } else { file.rsplit('/').next().unwrap_or(file) }
}

/// Where a witness and the declaration differ.
fn witnessed(declared: &Declared, witness: &Witness, configuration: &str) -> Vec<Reason> {
    let cited: Vec<_> = witness.citations().iter().map(ToString::to_string).collect();
    let differs = [
        ("file", witness.source().file != file_of(declared, witness)),
        ("line", usize::try_from(witness.source().line.get()) != Ok(declared.line)),
        ("body", witness.body().to_string() != declared.body_sha256),
        ("claim", witness.claim() != declared.claim),
        ("polarity", witness.polarity() != declared.polarity),
        ("citations", cited != declared.citations),
        ("edition", witness.edition().id() != declared.edition),
        ("package", witness.package().name != declared.package),
    ];
    let configuration = || configuration.to_owned();
    let different = differs.into_iter().filter(|(_, differs)| *differs);
    let mut reasons: Vec<_> = different
        .map(|(what, _)| Reason::WitnessDiffers { configuration: configuration(), what })
        .collect();
    let attempt = witness.attempt().get();
    if attempt != 1 {
        reasons.push(Reason::LaterAttempt { configuration: configuration(), attempt });
    }
    reasons
}
