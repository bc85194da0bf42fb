//! The manifest that a run goes on with, and the one that it leaves.

use std::path::Path;

use super::super::manifest::{self, FILE_NAME, Ledger, Written};
use super::super::seen;
use super::super::tally::{Place, Tally};
use super::Plan;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Report;
use crate::units;

/// The list to go on with, if the run signs.
pub(super) fn open_ledger(plan: &Plan<'_>, folder: &Path) -> Result<Option<Ledger>, Failure> {
    let Some(key) = &plan.keys.signer else {
        if manifest::is_there(folder) {
            return Err(Failure::usage("the output folder has a manifest, which packages that are not signed cannot join; nothing was done")
                .next("sign, or give another folder"));
        }
        return Ok(None);
    };
    let ledger = Ledger::open(folder, key, plan.signers)?;
    if let Some(seen) = plan.seen.map(seen::read).transpose()?.flatten() {
        seen::check(ledger.previous(), &seen).map_err(|failure| {
            let message = format!("{}; nothing was done", failure.message);
            Failure { message, ..failure }
        })?;
    }
    Ok(Some(ledger))
}

/// Writes the manifest, after an interruption too, and tells what is wrong with it.
pub(super) fn write_manifest(
    plan: &Plan<'_>,
    ledger: Ledger,
    tally: &Tally<'_>,
) -> Option<Written> {
    let trouble = |failure| tally.found(Place::Manifest, Path::new(FILE_NAME), "manifest", failure);
    let written = ledger.write(plan.target).map_err(trouble).ok()?;
    if written.missing > 0 {
        let number = units::counted(
            written.missing,
            ["package that the manifest lists is", "packages that the manifest lists are"],
        );
        trouble(
            Failure::new(Exit::Manifest, format!("{number} missing, or missed when the run began"))
                .next("restore what is missing from a backup; `medsec verify` tells which packages they are"),
        );
    }
    if let Some(path) = plan.seen
        && let Err(failure) = seen::write(path, &written.manifest)
    {
        trouble(failure);
    }
    Some(written)
}

/// What is said of it.
pub(super) fn describe_manifest(report: Report, written: &Written) -> Report {
    let Written { manifest, missing, adopted } = written;
    let listed = manifest.entries().len() as u64;
    let lists = units::counted(listed, ["package", "packages"]);
    let mut line = format!("  the manifest lists {lists}");
    if *adopted > 0 {
        line.push_str(&format!(", {adopted} of them of earlier runs and for the first time"));
    }
    let shown = serde_json::json!({ "packages": listed, "missing": missing, "adopted": adopted });
    report.line(line).field("manifest", shown)
}
