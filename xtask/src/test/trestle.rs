//! The OSCAL documents of the report in compliance-trestle, the tool that most readers of OSCAL have.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;
use crate::{process, python};

const REQUIREMENTS: &str = "xtask/requirements/trestle.txt";

/// Imports every document into an empty workspace of trestle's and lets it validate all of them.
///
/// # Errors
/// trestle cannot be had, or a document is not valid to it.
pub(super) fn check(ws: &Workspace, documents: &Path) -> Result<()> {
    let bin = python::environment(ws, "trestle", &ws.root.join(REQUIREMENTS))?.bin;
    let home = ws.target.join("trestle");
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    std::fs::create_dir_all(&home)?;
    let trestle = |words: &[&str]| {
        let mut trestle = process::command(bin.join("trestle"), &home);
        process::read(trestle.args(words))
    };
    trestle(&["init", "--local"])?;
    let mut count: usize = 0;
    for entry in std::fs::read_dir(documents).context("no OSCAL documents")? {
        let file = entry?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().replace('.', "-");
        trestle(&["import", "--file", &file.to_string_lossy(), "--output", &name])
            .with_context(|| format!("trestle does not take {}", file.display()))?;
        count = count.saturating_add(1);
    }
    let said = trestle(&["validate", "--all"])?;
    let valid = said.lines().filter(|line| line.starts_with("VALID:")).count();
    if valid != count {
        bail!("trestle calls {valid} of {count} documents valid:\n{said}");
    }
    println!("    {count} documents are valid to trestle");
    Ok(())
}
