//! The L1 crates pull neither an async runtime nor anything that opens sockets.

use anyhow::Result;

use super::{Finding, dependencies};
use crate::process;
use crate::workspace::Workspace;

const SILENT: [&str; 4] = ["medsec-crypto", "medsec-audit", "medsec-policy", "medsec-dicom"];

const RUNTIMES: [&str; 24] = [
    "async-executor",
    "async-global-executor",
    "async-io",
    "async-net",
    "async-std",
    "attohttpc",
    "curl",
    "futures-executor",
    "h2",
    "hyper",
    "hyper-util",
    "isahc",
    "mio",
    "monoio",
    "polling",
    "quinn",
    "reqwest",
    "smol",
    "socket2",
    "surf",
    "tokio",
    "tokio-util",
    "tonic",
    "ureq",
];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let metadata = ws.metadata()?;
    let members = dependencies::members(&metadata)?;
    let mut findings = Vec::new();
    for member in SILENT.iter().filter(|name| members.contains_key(**name)) {
        let mut cargo = process::cargo(&ws.root);
        cargo.args(["tree", "-p", member, "--all-features", "--edges", "normal"]);
        let tree = process::read(cargo.args(["--prefix", "none", "--format", "{p}"]))?;
        findings.extend(
            found(&tree).into_iter().map(|name| Finding::whole(member, format!("pulls {name}"))),
        );
    }
    Ok(findings)
}

/// Runtime and network crates in the output of `cargo tree --prefix none`.
pub(crate) fn found(tree: &str) -> Vec<String> {
    let mut names: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter(|name| RUNTIMES.contains(name)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_crates_pull_no_runtime() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn runtimes_are_found_in_a_tree() {
        let tree =
            "medsec-crypto v0.1.0\nsubtle v2.6.1\ntokio v1.50.0\nmio v1.1.0\ntokio v1.50.0 (*)";
        assert_eq!(found(tree), ["mio", "tokio"]);
        assert!(found("tokio-like v1.0.0").is_empty());
    }
}
