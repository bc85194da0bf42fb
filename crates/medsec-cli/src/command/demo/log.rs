//! The audit log of the demo: a record is written, the log verifies, a cut log does not.

use std::fs;
use std::path::Path;

use medsec_audit::{
    Action, Algorithm, AuditLog, Ed25519NoteSigner, KeyName, Known, NewLog, Outcome, Retention,
    StreamName, Subject, SystemClock, Verdict, VerifyOptions, WriterOptions,
};

use super::scene::failed;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recording::{by_itself, place};

/// Whether all of it is as it must be.
pub(super) fn holds(folder: &Path) -> Result<bool, Failure> {
    let stream = StreamName::new("main").map_err(|error| unfit(&error))?;
    let name = KeyName::new("medsec.demo/log").map_err(|error| unfit(&error))?;
    let signer =
        Ed25519NoteSigner::generate(name, Algorithm::Ed25519).map_err(|error| unfit(&error))?;
    let new = NewLog { streams: vec![stream.clone()], retention: Retention::SIX_YEARS };
    let log = AuditLog::create(&folder.join("audit"), &new, &signer, &SystemClock::default())?;
    let writer = log.writer(&stream, &WriterOptions::new(place()?), &[])?;
    let _ = writer.append(&by_itself(Action::Test, Outcome::Success, Subject::default())?)?;
    writer.close()?;
    let published = log.publish(&stream, &signer)?;
    let known = [Known::from(&published.checkpoint)];
    let verdict = || {
        let mut how = VerifyOptions::default();
        how.known = &known;
        Ok::<_, Failure>(log.verifier(&stream)?.verify(&how).map_err(failed)?.verdict())
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
