//! `cargo xtask tidy`: the rules of the repository that no compiler checks.
//!
//! One file per rule. Each rule is also an ordinary test of xtask, so that `cargo nextest run` alone
//! already enforces it. A rule that must be broken somewhere lists the place with its reason in its
//! own source.

mod attributes;
mod binaries;
mod citations;
mod crate_roots;
mod dependencies;
mod direct_opening;
mod doubles;
mod duplicates;
mod forbidden;
mod layout;
mod links;
mod lockfile;
mod machine_paths;
mod manifests;
mod registries;
mod runtime;
mod rust_text;
mod test_runner;
mod wording;

pub(crate) use self::runtime::found as runtimes_in;

use std::fmt;

use anyhow::Result;

use crate::steps::Reported;
use crate::workspace::Workspace;

/// A place where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    file: String,
    /// Counted from 1; 0 for the whole file.
    line: usize,
    what: String,
}

impl Finding {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }

    /// A finding about a file as a whole.
    fn whole(file: &str, what: impl Into<String>) -> Self {
        Self::new(file, 0, what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what } = self;
        if *line == 0 { write!(f, "{file}: {what}") } else { write!(f, "{file}:{line}: {what}") }
    }
}

type Check = fn(&Workspace) -> Result<Vec<Finding>>;

const CHECKS: [(&str, Check); 18] = [
    ("workspace dependencies follow the table", dependencies::check),
    ("program and examples go through the Custodian", direct_opening::check),
    ("library crates pull no runtime", runtime::check),
    ("members inherit lints and state rust-version", manifests::check),
    ("crate roots forbid unsafe code", crate_roots::check),
    ("files have their place and length", layout::check),
    ("forbidden constructs are absent", forbidden::check),
    ("doubles stay out of releases", doubles::check),
    ("nothing fetched or built is committed", binaries::check),
    ("lint exceptions carry a reason", attributes::check),
    ("words we do not use are absent", wording::check),
    ("no path of a machine is in a file", machine_paths::check),
    ("citations of the rule are right", citations::check),
    ("cryptographic crates are there once", duplicates::check),
    ("locked versions are the wanted ones", lockfile::check),
    ("links lead somewhere", links::check),
    ("no registry or mirror is named", registries::check),
    ("tests run once and under equal rules", test_runner::check),
];

/// Runs every check and prints what is broken.
///
/// # Errors
/// A rule is broken (already printed), or a check could not run.
pub(crate) fn run(ws: &Workspace) -> Result<()> {
    let mut broken = false;
    for (name, check) in CHECKS {
        match check(ws) {
            Ok(findings) if findings.is_empty() => println!("    ok      {name}"),
            Ok(findings) => {
                broken = true;
                println!("    BROKEN  {name}");
                findings.iter().for_each(|finding| println!("            {finding}"));
            }
            Err(why) => {
                broken = true;
                println!("    FAILED  {name}: {why:#}");
            }
        }
    }
    if broken { Err(Reported.into()) } else { Ok(()) }
}

/// The number, from 1, of the line that starts at or before `offset`.
fn line_at(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}

/// Input of a test that shows what does not compile: it holds mistakes on purpose.
fn is_wrong_on_purpose(path: &str) -> bool {
    path.contains("/tests/ui/")
}

/// Whether `c` can be part of a word or an identifier.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Offsets at which `word` stands in `text` with no letter, digit or `_` around it.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).filter_map(move |(at, _)| {
        let (before, rest) = text.split_at_checked(at)?;
        let after = rest.strip_prefix(word)?;
        let alone = !before.ends_with(in_word) && !after.starts_with(in_word);
        alone.then_some(at)
    })
}

#[cfg(test)]
fn assert_clean(check: Check) {
    let findings = check(&Workspace::find().unwrap()).unwrap();
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_only_alone() {
        assert_eq!(words("hack HACK HACKED aHACK HACK", "HACK").collect::<Vec<_>>(), [5, 23]);
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!([0, 1, 2, 3].map(|at| line_at("a\nb\n", at)), [1, 1, 2, 2]);
    }
}
