//! Locked versions that security depends on, and where locked crates come from.

use anyhow::{Context as _, Result};

use super::Finding;
use crate::tools::version;
use crate::workspace::Workspace;

/// The only source, in Cargo's spelling.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A crate whose version matters; one that is not locked is fine.
#[derive(Debug)]
struct Wanted {
    name: &'static str,
    from: [u64; 3],
    below: [u64; 3],
    why: &'static str,
}

const WANTED: [Wanted; 2] = [
    Wanted {
        name: "ctutils",
        from: [0, 4, 8],
        below: [u64::MAX, 0, 0],
        why: "0.4.8 is the first whose comparisons we trust to stay constant-time",
    },
    Wanted {
        name: "aws-lc-rs",
        from: [1, 17, 0],
        below: [1, 18, 0],
        why: "only 1.17 builds the validated module with its feature `fips`",
    },
];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (path, text) in ws.texts(&["Cargo.lock"])? {
        let wrong = judge(&text).with_context(|| path.clone())?;
        findings.extend(wrong.into_iter().map(|what| Finding::whole(&path, what)));
    }
    Ok(findings)
}

fn judge(lock: &str) -> Result<Vec<String>> {
    let lock: toml::Table = lock.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let mut wrong = Vec::new();
    for package in packages {
        let field = |name| package.get(name).and_then(toml::Value::as_str);
        let (name, locked) = field("name").zip(field("version")).context("no name or version")?;
        if let Some(source) = field("source").filter(|source| *source != SOURCE) {
            wrong.push(format!("{name} {locked} comes from {source}"));
        }
        for wanted in WANTED.iter().filter(|wanted| wanted.name == name) {
            let good = |found| found >= wanted.from && found < wanted.below;
            if !version(locked).is_some_and(good) {
                wrong.push(format!("{name} {locked}: {}", wanted.why));
            }
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(name: &str, version: &str, source: &str) -> String {
        format!("[[package]]\nname = '{name}'\nversion = '{version}'\nsource = '{source}'")
    }

    #[test]
    fn locked_versions_are_the_wanted_ones() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn versions_outside_the_range_are_refused() {
        let wrong = |name, version| judge(&lock(name, version, SOURCE)).unwrap().len();
        assert_eq!(["0.4.7", "0.4.8", "0.5.0"].map(|v| wrong("ctutils", v)), [1, 0, 0]);
        assert_eq!(["1.16.9", "1.17.3", "1.18.0"].map(|v| wrong("aws-lc-rs", v)), [1, 0, 1]);
    }

    #[test]
    fn other_sources_are_refused() {
        assert_eq!(judge(&lock("a", "1.0.0", "git+https://example.org/a")).unwrap().len(), 1);
        assert!(judge("[[package]]\nname = 'member'\nversion = '0.1.0'").unwrap().is_empty());
    }
}
