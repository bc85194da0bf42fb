//! Cargo's subcommands that a fresh machine lacks: found, or built once into a cache.
//!
//! The cache is `$MEDSEC_TOOLS`, else `medsec-tools` in the user's cache folder: outside `target/`,
//! because these tools take minutes to build and outlive many a `cargo clean`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

/// A program of crates.io called `cargo-<subcommand>`.
#[derive(Debug)]
pub(crate) struct Tool {
    subcommand: &'static str,
    version: &'static str,
}

/// Runs the tests. From this version on it lists skipped tests in its JUnit.
pub(crate) const NEXTEST: Tool = Tool { subcommand: "nextest", version: "0.9.143" };
/// Builds packages with each of their features alone.
pub(crate) const EACH_FEATURE: Tool = Tool { subcommand: "hack", version: "0.6.46" };
/// Checks licences, banned crates and sources.
pub(crate) const DENY: Tool = Tool { subcommand: "deny", version: "0.20.2" };
/// Checks the lock file against RustSec's advisories.
pub(crate) const AUDIT: Tool = Tool { subcommand: "audit", version: "0.22.2" };
/// Builds and runs the fuzz targets.
pub(crate) const FUZZ: Tool = Tool { subcommand: "fuzz", version: "0.13.2" };

/// Makes mutants of the code, for the tier above witnessed tests.
pub(crate) const MUTANTS: Tool = Tool { subcommand: "mutants", version: "27.1.0" };

impl Tool {
    /// The program to start (its first argument is the subcommand), built first where missing.
    ///
    /// # Errors
    /// It is neither in the cache nor on the path in a version at least ours, and does not build.
    pub(crate) fn program(&self, ws: &Workspace) -> Result<PathBuf> {
        let name = format!("cargo-{}", self.subcommand);
        let home = cache()?.join(format!("{name}-{}", self.version));
        let cached = home.join("bin").join(&name);
        if cached.is_file() {
            return Ok(cached);
        }
        if self.is_on_path(&ws.root) {
            return Ok(PathBuf::from(name));
        }
        println!("    {name} {} is missing: building it (takes minutes)", self.version);
        let mut cargo = process::cargo(&ws.root);
        cargo.args(["install", "--locked", "--version", self.version, "--root"]).arg(&home);
        cargo.env("CARGO_TARGET_DIR", cache()?.join("build"));
        process::run(cargo.arg(&name))?;
        Ok(cached)
    }

    fn is_on_path(&self, dir: &Path) -> bool {
        let mut probe = process::command(format!("cargo-{}", self.subcommand), dir);
        let printed = process::read(probe.args([self.subcommand, "--version"]));
        printed.is_ok_and(|text| newer_or_same(&text, self.version))
    }
}

/// Folder of the tools, outside the repository.
fn cache() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("MEDSEC_TOOLS")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("medsec-tools")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache").join("medsec-tools")))
        .context("no folder for tools: set MEDSEC_TOOLS")?;
    Ok(std::path::absolute(folder)?)
}

/// Whether the first version in `printed` is at least `wanted`.
fn newer_or_same(printed: &str, wanted: &str) -> bool {
    let found = printed.split_whitespace().find_map(version);
    found.zip(version(wanted)).is_some_and(|(found, wanted)| found >= wanted)
}

/// `1.2.3` (or `1.2.3-suffix`) as three numbers.
pub(crate) fn version(text: &str) -> Option<[u64; 3]> {
    let plain = text.split(['-', '+']).next()?;
    let mut numbers = plain.split('.').map(str::parse);
    let three = [numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?];
    numbers.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(newer_or_same("cargo-nextest 0.9.143 (60fa45f63 2026-08-04)\nmore", "0.9.143"));
        assert!(newer_or_same("cargo-audit-audit 0.22.2", "0.22.2"));
        assert!(newer_or_same("tool 1.0.0", "0.9.143"));
        assert!(!newer_or_same("tool 0.9.99", "0.9.143"));
        assert!(!newer_or_same("tool without number", "0.9.143"));
    }

    #[test]
    fn only_three_numbers_are_a_version() {
        assert_eq!(version("1.17.1+fips"), Some([1, 17, 1]));
        assert_eq!(version("1.17"), None);
        assert_eq!(version("1.2.3.4"), None);
    }
}
