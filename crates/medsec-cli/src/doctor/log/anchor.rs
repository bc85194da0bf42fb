//! Whether something outside remembers how far the log was.

use std::fs;
use std::path::Path;

use medsec_audit::{AuditLog, Known, StreamName};

use super::is_within;
use crate::doctor::Finding;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Settings;

const CHECK: &str = "anchor";
const ELSEWHERE: &str = "set audit.anchor to a folder on another disk, best another machine's";

pub(super) fn judge(settings: &Settings, log: &AuditLog) -> Vec<Finding> {
    let Some(folder) = settings.audit_anchor.value.as_deref() else {
        return vec![Finding::warning(
            CHECK,
            "there is none: records cut off at the end of the log show only by its age",
            ELSEWHERE,
        )];
    };
    let mut findings = vec![place(folder, settings)];
    findings.extend(log.root().streams().filter_map(|stream| memory(folder, log, stream)));
    findings
}

fn place(folder: &Path, settings: &Settings) -> Finding {
    let log = &settings.audit.value;
    if is_within(folder, log) {
        let what = "it lies within the log's folder and is put back together with it";
        return Finding::problem(CHECK, what, ELSEWHERE);
    }
    if is_within(folder, &settings.home.value) {
        let what = "it lies in the home: a copy of the whole home put back takes it along";
        return Finding::warning(CHECK, what, ELSEWHERE);
    }
    if same_file_system(folder, log) {
        let what =
            "it is on the same file system as the log: who can change the one may change both";
        return Finding::warning(CHECK, what, ELSEWHERE);
    }
    Finding::good(CHECK, "on another file system than the log")
}

/// What the anchor remembers of a stream, where that is not as it should be.
fn memory(folder: &Path, log: &AuditLog, stream: &StreamName) -> Option<Finding> {
    const CHECK: &str = "anchored";
    let newest =
        crate::anchor::at(folder).and_then(|anchor| Ok(anchor.newest(&log.origin(stream))?));
    let bytes = match newest {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Some(Finding::warning(
                CHECK,
                format!("the anchor knows no checkpoint of `{stream}`"),
                "run `medsec audit checkpoint`; if there was one, find out who removed it",
            ));
        }
        Err(failure) => {
            let mut mend = failure.next.unwrap_or_default();
            if failure.exit == Exit::Io {
                mend.push_str("; one that is new, and has never kept anything, is made ready with `medsec audit anchor init`");
            }
            return Some(Finding::warning(CHECK, failure.message, mend));
        }
    };
    let known =
        log.open_checkpoint(stream, &bytes).map(|published| Known::from(&published.checkpoint));
    let here = log.known(stream).ok().flatten();
    match (known, here) {
        (Err(error), _) => {
            let message = format!("of `{stream}`: {}", Failure::from(error).message);
            Some(Finding::problem(CHECK, message, "keep the log and the anchor as they are"))
        }
        // A checkpoint is made here before the anchor gets it.
        (Ok(known), here) if here.as_ref().is_none_or(|here| here.size() < known.size()) => {
            let size = known.size();
            let message = format!(
                "the anchor knows {size} records of `{stream}`, more than the log's own checkpoint"
            );
            Some(Finding::problem(
                CHECK,
                message,
                "run `medsec audit verify`; keep the files as they are",
            ))
        }
        (Ok(known), Some(here)) if here.size() == known.size() && here != known => {
            let message = format!("the anchor knows another history of `{stream}`");
            Some(Finding::problem(CHECK, message, "keep the log and the anchor as they are"))
        }
        _ => None,
    }
}

#[cfg(unix)]
fn same_file_system(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| fs::metadata(path).ok().map(|about| about.dev());
    device(one).is_some() && device(one) == device(other)
}

#[cfg(not(unix))]
fn same_file_system(_: &Path, _: &Path) -> bool {
    false
}
