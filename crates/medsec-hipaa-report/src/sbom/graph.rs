//! Which package needs which, from `cargo tree`: only there each package has the features that this program asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::ReportError;
use crate::program;
use crate::project::Program;

/// A package in one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) version: String,
}

impl Part {
    /// Its package URL, which is its reference too. Build metadata of a version has a sign that URLs do not take.
    pub(super) fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version.replace('+', "%2B"))
    }
}

/// All packages with what they need.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) root: Part,
    pub(super) edges: BTreeMap<Part, BTreeSet<Part>>,
    /// The same without build dependencies and without what procedural macros need.
    normal: BTreeMap<Part, BTreeSet<Part>>,
}

/// A line of the tree.
struct Line {
    depth: usize,
    part: Part,
    is_macro: bool,
}

impl Graph {
    pub(super) fn of(root: &Path, wanted: &Program) -> Result<Self, ReportError> {
        let tree = |edges: &str| {
            let mut cargo = program::command("cargo", root);
            cargo.args(["tree", "--locked", "--prefix", "depth", "--charset", "ascii"]);
            cargo.args([
                "--edges",
                edges,
                "--package",
                &wanted.package,
                "--target",
                &wanted.target,
            ]);
            if !wanted.features.is_empty() {
                cargo.arg("--features").arg(wanted.features.join(","));
            }
            program::read(&mut cargo)
        };
        let all = parse(&tree("normal,build")?)?;
        let normal = parse(&tree("normal")?)?;
        let root = all.first().map(|line| line.part.clone());
        let root = root.ok_or_else(|| ReportError::content("cargo tree", "it is empty"))?;
        Ok(Self { root, edges: edges(&all, true), normal: edges(&normal, false) })
    }

    /// The program and what is linked into it.
    pub(super) fn linked(&self) -> BTreeSet<Part> {
        let mut linked = BTreeSet::new();
        let mut waiting = vec![&self.root];
        while let Some(part) = waiting.pop() {
            if linked.insert(part.clone()) {
                waiting.extend(self.normal.get(part).into_iter().flatten());
            }
        }
        linked
    }
}

fn parse(tree: &str) -> Result<Vec<Line>, ReportError> {
    let line = |text: &str| {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (depth, rest) = text.split_at_checked(digits)?;
        let mut words = rest.split_whitespace();
        let name = words.next()?.to_owned();
        let version = words.next()?.strip_prefix('v')?.to_owned();
        let is_macro = words.any(|word| word == "(proc-macro)");
        Some(Line { depth: depth.parse().ok()?, part: Part { name, version }, is_macro })
    };
    let lines = tree.lines().filter(|text| !text.is_empty());
    let read = |text: &str| line(text).ok_or_else(|| ReportError::content("cargo tree", text));
    lines.map(read).collect()
}

/// Edges between a line and the nearest line above it that is one level less deep.
fn edges(lines: &[Line], with_macros: bool) -> BTreeMap<Part, BTreeSet<Part>> {
    let mut edges: BTreeMap<Part, BTreeSet<Part>> = BTreeMap::new();
    let mut above: Vec<&Line> = Vec::new();
    for line in lines {
        above.truncate(line.depth);
        let below_macro = line.is_macro || above.iter().any(|line| line.is_macro);
        if with_macros || !below_macro {
            edges.entry(line.part.clone()).or_default();
            if let Some(parent) = above.last() {
                edges.entry(parent.part.clone()).or_default().insert(line.part.clone());
            }
        }
        above.push(line);
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0ward v0.1.0 (/a b/ward)\n1log v0.4.0\n1thiserror v2.0.0\n2thiserror-impl v2.0.0 (proc-macro)\n\
                        3syn v2.0.0\n2log v0.4.0 (*)\n";

    fn part(name: &str, version: &str) -> Part {
        Part { name: name.to_owned(), version: version.to_owned() }
    }

    #[test]
    fn every_line_belongs_to_the_one_above_it() {
        let lines = parse(TREE).unwrap();
        let edges = edges(&lines, true);
        assert_eq!(edges.len(), 5);
        let thiserror = &edges[&part("thiserror", "2.0.0")];
        assert_eq!(thiserror.len(), 2);
        assert!(edges[&part("thiserror-impl", "2.0.0")].contains(&part("syn", "2.0.0")));
    }

    #[test]
    fn macros_and_what_they_need_are_not_linked() {
        let lines = parse(TREE).unwrap();
        let graph = Graph {
            root: part("ward", "0.1.0"),
            edges: edges(&lines, true),
            normal: edges(&lines, false),
        };
        let linked: Vec<_> = graph.linked().into_iter().map(|part| part.name).collect();
        assert_eq!(linked, ["log", "thiserror", "ward"]);
    }

    #[test]
    fn other_lines_are_no_tree() {
        assert!(parse("ward v0.1.0").is_err());
        assert!(parse("0ward").is_err());
    }

    #[test]
    fn package_url_has_no_plus_sign() {
        assert_eq!(part("toml", "1.2.1+spec-1.1.0").purl(), "pkg:cargo/toml@1.2.1%2Bspec-1.1.0");
    }
}
