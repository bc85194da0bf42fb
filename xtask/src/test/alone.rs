//! medsec-crypto as somebody else gets it: packaged, unpacked outside the workspace, built alone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process;
use crate::tidy::runtimes_in;
use crate::workspace::Workspace;

const CRATE: &str = "medsec-crypto";

/// Packages, unpacks and builds, and looks for runtimes in the tree of dependencies.
///
/// # Errors
/// It does not package or build, or a runtime is in its tree.
pub(super) fn check(ws: &Workspace) -> Result<()> {
    let metadata = ws.metadata()?;
    let parts = closure(&metadata, CRATE);
    package(ws, &parts)?;
    let place = Scratch::new()?;
    let mut folders = Vec::new();
    for part in &parts {
        folders.push((part.name.clone(), unpack(ws, part, &place.0)?));
    }
    let (_, home) = folders.iter().find(|(name, _)| name == CRATE).context("not packaged")?;
    let patches: Vec<_> = folders.iter().filter(|(name, _)| name != CRATE).map(patch).collect();
    let cargo = |args: &[&str]| {
        let mut cargo = process::cargo(home);
        cargo.env("CARGO_TARGET_DIR", ws.target.join("alone"));
        for patch in &patches {
            cargo.args(["--config", patch]);
        }
        cargo.args(args);
        cargo
    };
    process::run(&mut cargo(&["build"]))?;
    let tree = process::read(&mut cargo(&["tree", "--edges", "normal", "--prefix", "none"]))?;
    let runtimes = runtimes_in(&tree);
    if !runtimes.is_empty() {
        bail!("{CRATE} pulls {}", runtimes.join(", "));
    }
    println!("    {CRATE} builds alone; {} crates below it, no runtime", crates_below(&tree));
    Ok(())
}

/// A member with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    name: String,
    version: String,
}

/// The member and every member that its published manifest still names.
///
/// A dependency by path without a version is left out of what is published.
fn closure(metadata: &Value, name: &str) -> Vec<Part> {
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages: Vec<_> = packages.into_iter().flatten().collect();
    let field = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
    let mut found: Vec<Part> = Vec::new();
    let mut wanted = vec![name.to_owned()];
    while let Some(name) = wanted.pop() {
        let package =
            packages.iter().find(|package| field(package, "name").as_ref() == Some(&name));
        let Some(package) = package.filter(|_| found.iter().all(|part| part.name != name)) else {
            continue;
        };
        let dependencies = package.get("dependencies").and_then(Value::as_array);
        let published = dependencies.into_iter().flatten().filter(|dependency| {
            dependency.get("path").is_some() && field(dependency, "req").is_some_and(|r| r != "*")
        });
        wanted.extend(published.filter_map(|dependency| field(dependency, "name")));
        let version = field(package, "version").unwrap_or_default();
        found.push(Part { name, version });
    }
    found
}

fn package(ws: &Workspace, parts: &[Part]) -> Result<()> {
    let mut cargo = process::cargo(&ws.root);
    cargo.args(["package", "--no-verify", "--allow-dirty", "--quiet"]);
    for part in parts {
        cargo.args(["-p", &part.name]);
    }
    process::run(&mut cargo)
}

fn unpack(ws: &Workspace, part: &Part, place: &Path) -> Result<PathBuf> {
    let name = format!("{}-{}", part.name, part.version);
    let archive = ws.target.join("package").join(format!("{name}.crate"));
    let mut tar = process::command("tar", place);
    process::read(tar.arg("-xzf").arg(&archive))?;
    Ok(place.join(name))
}

fn patch((name, folder): &(String, PathBuf)) -> String {
    format!("patch.crates-io.{name}.path='{}'", folder.display())
}

/// Distinct crates in the output of `cargo tree`, without the first.
fn crates_below(tree: &str) -> usize {
    let mut lines: Vec<_> =
        tree.lines().skip(1).map(|line| line.trim_end_matches(" (*)")).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.len()
}

/// A folder outside the workspace that goes when we are done.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("medsec-alone-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(why) = std::fs::remove_dir_all(&self.0) {
            println!("    {} stays behind: {why}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closure_follows_what_is_published() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "a", "version": "1.0.0", "dependencies": [
                { "name": "b", "path": "b", "req": "^1" },
                { "name": "testkit", "path": "t", "req": "*" },
                { "name": "serde", "req": "^1" } ] },
            { "name": "b", "version": "1.1.0", "dependencies": [
                { "name": "a", "path": "a", "req": "^1" } ] },
            { "name": "testkit", "version": "0.1.0", "dependencies": [] },
        ]});
        let names: Vec<_> = closure(&metadata, "a").into_iter().map(|part| part.name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn crates_below_are_counted_once() {
        assert_eq!(crates_below("a v1\nb v1\nc v1\nb v1 (*)"), 2);
        assert_eq!(crates_below("a v1\n"), 0);
    }
}
