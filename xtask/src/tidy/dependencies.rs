//! Who may depend on whom: architecture rules 1, 2 and 3, as a table.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Finding;
use crate::workspace::Workspace;

/// Members, and the members each may use in ordinary code. Tests may use these and [`FOR_TESTS`];
/// build scripts use none.
const ALLOWED: [(&str, &[&str]); 16] = [
    // L1: no crate of this workspace.
    ("medsec-crypto", &[]),
    ("medsec-audit", &[]),
    ("medsec-policy", &[]),
    ("medsec-dicom", &[]),
    // L2: the seam to key services, and the log's network edge.
    ("medsec-kms", &["medsec-crypto"]),
    ("medsec-ship", &["medsec-audit"]),
    // L3: the one place that sees every seam.
    ("medsec", &["medsec-crypto", "medsec-audit", "medsec-policy", "medsec-kms", "medsec-ship"]),
    // L4. The program composes crypto and keys itself for partners without a key service, and the
    // examples show the libraries one by one.
    (
        "medsec-cli",
        &["medsec", "medsec-audit", "medsec-crypto", "medsec-kms", "medsec-policy", "medsec-ship"],
    ),
    (
        "medsec-examples",
        &["medsec", "medsec-audit", "medsec-crypto", "medsec-kms", "medsec-policy"],
    ),
    ("medsec-object-store", &["medsec"]),
    // Tests against real servers: no code of its own.
    ("medsec-live", &["medsec-audit", "medsec-cli", "medsec-crypto", "medsec-kms", "medsec-ship"]),
    // Evidence and its report: they never link the code they report on.
    ("medsec-evidence", &["medsec-evidence-macros"]),
    ("medsec-evidence-macros", &[]),
    ("medsec-hipaa-report", &["medsec-evidence"]),
    ("xtask", &["medsec-hipaa-report"]),
    // Doubles may imitate any seam; nobody links them outside tests.
    (
        "medsec-testkit",
        &["medsec", "medsec-crypto", "medsec-audit", "medsec-policy", "medsec-kms", "medsec-ship"],
    ),
];

/// Members that every other member may use in its tests.
const FOR_TESTS: [&str; 2] = ["medsec-evidence", "medsec-testkit"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Dev,
    Build,
}

/// One dependency between members.
#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    kind: Kind,
}

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let metadata = ws.metadata()?;
    let members = members(&metadata)?;
    let unknown = members
        .keys()
        .filter(|name| allowed(name).is_none())
        .map(|name| Finding::whole(name, "no row in the table of xtask/src/tidy/dependencies.rs"));
    let wrong = edges(&members).into_iter().filter_map(|edge| judge(&edge));
    Ok(unknown.chain(wrong).collect())
}

fn allowed(member: &str) -> Option<&'static [&'static str]> {
    ALLOWED.iter().find(|(name, _)| *name == member).map(|(_, allowed)| *allowed)
}

/// What is wrong with an edge.
fn judge(edge: &Edge) -> Option<Finding> {
    let to = edge.to.as_str();
    let ordinary = allowed(&edge.from).unwrap_or_default().contains(&to);
    let fine = match edge.kind {
        Kind::Normal => ordinary,
        Kind::Dev => ordinary || FOR_TESTS.contains(&to),
        Kind::Build => false,
    };
    let how = match edge.kind {
        Kind::Normal => "ordinary code",
        Kind::Dev => "tests",
        Kind::Build => "a build script",
    };
    (!fine).then(|| Finding::whole(&edge.from, format!("must not use {to} in {how}")))
}

/// Members by name, as `cargo metadata` describes them.
pub(super) fn members(metadata: &Value) -> Result<BTreeMap<String, &Value>> {
    let packages = metadata.get("packages").and_then(Value::as_array).context("no packages")?;
    let named = |package| Some((Value::get(package, "name")?.as_str()?.to_owned(), package));
    Ok(packages.iter().filter_map(named).collect())
}

fn edges(members: &BTreeMap<String, &Value>) -> Vec<Edge> {
    let edge = |from: &str, dependency: &Value| {
        let to = dependency.get("name")?.as_str()?.to_owned();
        let kind = match dependency.get("kind").and_then(Value::as_str) {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        };
        members.contains_key(&to).then(|| Edge { from: from.to_owned(), to, kind })
    };
    let of = |package: &Value| package.get("dependencies")?.as_array().cloned();
    let all = members.iter().flat_map(|(name, package)| {
        of(package).unwrap_or_default().into_iter().filter_map(move |d| edge(name, &d))
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str, to: &str, kind: Kind) -> bool {
        judge(&Edge { from: from.to_owned(), to: to.to_owned(), kind }).is_some()
    }

    #[test]
    fn members_depend_only_as_the_table_allows() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn library_crates_use_no_other_member() {
        assert!(refused("medsec-crypto", "medsec-audit", Kind::Normal));
        assert!(refused("medsec-audit", "medsec-crypto", Kind::Normal));
        assert!(refused("medsec-policy", "medsec-testkit", Kind::Normal));
        assert!(!refused("medsec-kms", "medsec-crypto", Kind::Normal));
    }

    #[test]
    fn doubles_and_evidence_stay_in_tests() {
        assert!(refused("medsec", "medsec-testkit", Kind::Normal));
        assert!(refused("medsec-cli", "medsec-evidence", Kind::Normal));
        assert!(refused("medsec-cli", "medsec-testkit", Kind::Build));
        assert!(!refused("medsec", "medsec-testkit", Kind::Dev));
        assert!(!refused("medsec-hipaa-report", "medsec-evidence", Kind::Normal));
    }

    #[test]
    fn reporters_link_nothing_they_report_on() {
        for code in ["medsec-crypto", "medsec-kms", "medsec"] {
            assert!(refused("xtask", code, Kind::Normal));
            assert!(refused("medsec-hipaa-report", code, Kind::Normal));
        }
    }

    #[test]
    fn edges_are_read_from_cargo_metadata() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "a", "dependencies": [
                { "name": "b", "kind": null }, { "name": "b", "kind": "dev" },
                { "name": "serde", "kind": null } ] },
            { "name": "b", "dependencies": [] },
        ]});
        let edges = edges(&members(&metadata).unwrap());
        let kinds: Vec<_> = edges.iter().map(|edge| (edge.to.as_str(), edge.kind)).collect();
        assert_eq!(kinds, [("b", Kind::Normal), ("b", Kind::Dev)]);
    }
}
