//! `cargo audit` against RustSec's advisories.
//!
//! Where a plain copy of the data lies beside the workspace it is used and its date printed; else
//! cargo-audit fetches as usual.

use std::path::Path;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, tools};

const COPY: &str = "../shared/data/advisory-db";

/// Checks the lock file.
///
/// # Errors
/// An advisory applies, or cargo-audit cannot be had or run.
pub(super) fn check(ws: &Workspace) -> Result<()> {
    let mut audit = process::command(tools::AUDIT.program(ws)?, &ws.root);
    audit.arg("audit");
    let copy = ws.root.join(COPY);
    if copy.is_dir() {
        let date = newest(&copy.join("crates"))?;
        println!("    advisories from {COPY}, newest of {date}");
        audit.args(["--no-fetch", "--stale", "--db"]).arg(copy.canonicalize()?);
    } else {
        println!("    no copy of the advisories at {COPY}: cargo-audit fetches them");
    }
    process::run(&mut audit)
}

/// The latest date of any advisory below the folder.
fn newest(folder: &Path) -> Result<String> {
    let mut latest = String::from("unknown date");
    for name in std::fs::read_dir(folder)? {
        let name = name?.path();
        if !name.is_dir() {
            continue;
        }
        for advisory in std::fs::read_dir(name)? {
            let text = std::fs::read_to_string(advisory?.path())?;
            if let Some(date) = date(&text).filter(|date| later(date, &latest)) {
                latest = date.to_owned();
            }
        }
    }
    Ok(latest)
}

/// The value of the line `date = "2026-01-31"`.
fn date(advisory: &str) -> Option<&str> {
    let line = advisory.lines().find_map(|line| line.trim().strip_prefix("date = \""))?;
    line.split('"').next()
}

fn later(date: &str, than: &str) -> bool {
    !than.starts_with(|c: char| c.is_ascii_digit()) || date > than
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_advisory_dates_the_data() {
        let dir = tempfile::tempdir().unwrap();
        for (name, date) in [("a", "2026-08-21"), ("b", "2025-12-31")] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            let text = format!("```toml\n[advisory]\ndate = \"{date}\"\n```\n");
            std::fs::write(dir.path().join(name).join("RUSTSEC-0.md"), text).unwrap();
        }
        assert_eq!(newest(dir.path()).unwrap(), "2026-08-21");
    }

    #[test]
    fn folder_without_advisories_has_no_date() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(newest(dir.path()).unwrap(), "unknown date");
        assert_eq!(date("no date here"), None);
    }
}
