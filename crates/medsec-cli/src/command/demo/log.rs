//! The audit log of the demo, in which all of it was recorded: it verifies, a cut log does not.

use std::fs;
use std::path::Path;

use medsec_audit::{AuditLog, KeyName, Known, StreamName, Verdict, VerifyOptions};
use medsec_kms::IdentityFile;

use super::scene::failed;
use crate::audit::read_pin;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::log_key::signer;
use crate::settings::{AUDIT_FOLDER, AUDIT_KEY, AUDIT_PIN, STREAM};

/// Whether the log of the home is as it must be.
pub(super) fn holds(home: &Path) -> Result<bool, Failure> {
    let stream = StreamName::new(STREAM).map_err(|error| unfit(&error))?;
    let pin = read_pin(&home.join(AUDIT_PIN))?;
    let log = AuditLog::open(&home.join(AUDIT_FOLDER), &pin)?;
    let name = KeyName::new(pin.key().name().as_str()).map_err(|error| unfit(&error))?;
    let key = IdentityFile::load(&home.join(AUDIT_KEY))?.unlock(None)?;
    let published = log.publish(&stream, &signer(name, &key)?)?;
    let known = [Known::from(&published.checkpoint)];
    let verdict = || {
        let mut how = VerifyOptions::default();
        how.known = &known;
        Ok::<_, Failure>(log.verifier(&stream)?.verify(&how)?.verdict())
    };
    let whole = verdict()?;
    cut(&log.stream_folder(&stream))?;
    Ok(whole == Verdict::Whole && verdict()? == Verdict::Truncated)
}

/// Takes away the last batch, in the lines and in the mark: what somebody does who hides it.
fn cut(stream: &Path) -> Result<(), Failure> {
    let path = stream.join("log/00000000000000000000.jsonl");
    let text = fs::read_to_string(&path).map_err(failed)?;
    let commits: Vec<_> = text.match_indices("\n{\"commit\"").map(|(at, _)| at).collect();
    let before = commits.iter().rev().nth(1).copied().unwrap_or(0).saturating_add(1);
    let rest = text.get(before..).unwrap_or_default();
    let commit = rest.lines().next().unwrap_or_default();
    let kept = before.saturating_add(commit.len()).saturating_add(1);
    fs::write(&path, text.get(..kept).unwrap_or_default()).map_err(failed)?;
    let mark = format!("{:<512}", format!("{commit}\n"));
    fs::write(stream.join("hwm"), mark).map_err(failed)
}

fn unfit(error: &dyn std::error::Error) -> Failure {
    Failure::new(Exit::Failure, error.to_string()).next("run the demo again")
}
