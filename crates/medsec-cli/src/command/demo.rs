//! `medsec demo`: the main job on one screen, in a temporary folder that is removed at the end.
//!
//! The user's own files are sealed into that folder, and what is opened of them is compared on the way:
//! their plaintext is never written anywhere.

mod claim;
mod log;
mod scene;
mod series;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use medsec::Refused;
use medsec_crypto::{Execution, ExpectationError, OpenError};
use serde_json::Value;

use self::claim::Claim;
use self::scene::{Cast, Piece, failed, open, payload_digest};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::open_file;
use crate::progress::Watch;
use crate::report::Report;
use crate::session::Session;
use crate::units;

/// Length of the content that shows that a rewrap's time does not depend on it.
const LARGE: u64 = 64 * 1024 * 1024;

#[derive(Debug, Args)]
#[command(after_help = crate::help::DEMO)]
pub(crate) struct Options {
    /// Your own files instead of the synthetic series; nothing of their content is written in clear.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    session.interrupt.arm();
    let folder = private_folder()?;
    let demo = Demo::new(session, options, folder.path())?;
    let begun = Instant::now();
    let claims = demo.claims()?;
    let took = begun.elapsed();
    folder.close().map_err(failed)?;
    Ok(conclude(options, &claims, took))
}

fn private_folder() -> Result<tempfile::TempDir, Failure> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("medsec-demo-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().map_err(failed)
}

struct Demo<'a> {
    session: &'a Session,
    folder: &'a Path,
    cast: Cast,
    pieces: Vec<Piece>,
    /// Whether the content is the synthetic series, which may be written in clear.
    synthetic: bool,
    bytes: u64,
}

impl<'a> Demo<'a> {
    fn new(session: &'a Session, options: &Options, folder: &'a Path) -> Result<Self, Failure> {
        let synthetic = options.files.is_empty();
        let contents = if synthetic { series::write(folder)? } else { options.files.clone() };
        let mut pieces = Vec::with_capacity(contents.len());
        let mut bytes = 0_u64;
        for (number, content) in contents.into_iter().enumerate() {
            let (_, about) = open_file(&content)?;
            if !about.is_file() {
                return Err(Failure::usage(
                    "the demo reads files more than once; give regular files",
                ));
            }
            bytes = bytes.saturating_add(about.len());
            let package = folder.join(format!("{number}.msp"));
            pieces.push(Piece { content, package });
        }
        Ok(Self {
            session,
            folder,
            cast: Cast::new(folder, series::PATIENT_ID)?,
            pieces,
            synthetic,
            bytes,
        })
    }

    fn claims(self) -> Result<Vec<Claim>, Failure> {
        let watch = Watch::new(self.session, None);
        let execution = self.session.execution(&watch);
        let sealed = self.sealed(&execution)?;
        let mut claims = vec![
            sealed,
            self.opened(&execution)?,
            self.refused_to_stranger()?,
            self.refused_for_other_patient()?,
            self.refused_when_damaged(&execution)?,
            self.origin(&execution)?,
            self.rewrapped()?,
            self.rewrapped_large(&execution)?,
        ];
        drop(watch);
        claims.push(self.recorded()?);
        Ok(claims)
    }

    /// Tries one thing on every package and takes the time.
    fn on_all(
        &self,
        mut attempt: impl FnMut(&Piece) -> Result<bool, Failure>,
    ) -> Result<(bool, Duration), Failure> {
        let begun = Instant::now();
        let mut holds = true;
        for piece in &self.pieces {
            if self.session.interrupt.is_set() {
                return Err(Failure::interrupted());
            }
            holds &= attempt(piece)?;
        }
        Ok((holds, begun.elapsed()))
    }

    fn sealed(&self, execution: &Execution<'_>) -> Result<Claim, Failure> {
        let mut whole = 0_u64;
        let (holds, took) = self.on_all(|piece| {
            let content = open(&piece.content)?;
            let sealed = self.cast.seal(content, &piece.package, execution)?;
            whole = whole.saturating_add(sealed.package_len);
            Ok(true)
        })?;
        let overhead = units::overhead(self.bytes, whole);
        Ok(Claim {
            id: "sealed",
            what: "sealed and signed",
            result: format!("{} package(s), {overhead}", self.pieces.len()),
            holds,
            took,
            bytes: Some(self.bytes),
        })
    }

    fn opened(&self, execution: &Execution<'_>) -> Result<Claim, Failure> {
        let (holds, took) = self.on_all(|piece| match self.synthetic {
            true => self.cast.opens_to_file(piece, self.cast.own(), execution),
            false => self.cast.opens_to_the_same(piece, self.cast.own()),
        })?;
        Ok(Claim {
            id: "opened",
            what: "right key and patient",
            result: said(holds, "opened, every byte the same", "NOT the same bytes"),
            holds,
            took,
            bytes: Some(self.bytes),
        })
    }

    fn refused_to_stranger(&self) -> Result<Claim, Failure> {
        let (holds, took) = self.on_all(|piece| {
            let mut package = open(&piece.package)?;
            let stranger = &self.cast.stranger;
            let granted = self.cast.grant(&mut package, stranger, &self.cast.patient);
            Ok(matches!(
                granted,
                Err(Refused::Open(OpenError::Expectation(ExpectationError::NotARecipient)))
            ))
        })?;
        Ok(refusal("other_key", "another key", "no recipient", holds, took, Exit::Expectation))
    }

    fn refused_for_other_patient(&self) -> Result<Claim, Failure> {
        let (holds, took) = self.on_all(|piece| {
            let mut package = open(&piece.package)?;
            let (own, other) = (self.cast.own(), &self.cast.other_patient);
            let granted = self.cast.grant(&mut package, own, other);
            Ok(matches!(granted, Err(Refused::Open(OpenError::NotAuthentic(_)))))
        })?;
        let (id, what) = ("other_patient", "another patient");
        Ok(refusal(id, what, "not authentic", holds, took, Exit::NotAuthentic))
    }

    fn refused_when_damaged(&self, execution: &Execution<'_>) -> Result<Claim, Failure> {
        let (holds, took) = self.on_all(|piece| self.cast.notices_damage(piece, execution))?;
        let (id, what) = ("damaged", "one bit flipped");
        Ok(refusal(id, what, "no file left", holds, took, Exit::Damaged))
    }

    fn origin(&self, execution: &Execution<'_>) -> Result<Claim, Failure> {
        let (holds, took) =
            self.on_all(|piece| self.cast.origin_holds(&piece.package, execution))?;
        Ok(Claim {
            id: "origin",
            what: "no key at all",
            result: said(holds, "signature and payload verified", "NOT verified"),
            holds,
            took,
            bytes: Some(self.bytes),
        })
    }

    /// Hashing and opening are not in the time.
    fn rewrapped(&self) -> Result<Claim, Failure> {
        let mut took = Duration::ZERO;
        let (holds, _) = self.on_all(|piece| {
            let before = payload_digest(&piece.package)?;
            let begun = Instant::now();
            self.cast.add_partner(&piece.package)?;
            took = took.saturating_add(begun.elapsed());
            let untouched = payload_digest(&piece.package)? == before;
            Ok(untouched && self.cast.opens_to_the_same(piece, &self.cast.partner)?)
        })?;
        let each = u32::try_from(self.pieces.len()).ok();
        let each = each.and_then(|count| took.checked_div(count)).unwrap_or(took);
        Ok(Claim {
            id: "rewrapped",
            what: "rewrapped to a partner",
            result: said(holds, "who opens it; payload untouched", "NOT as it should be"),
            holds,
            took: each,
            bytes: None,
        })
    }

    fn rewrapped_large(&self, execution: &Execution<'_>) -> Result<Claim, Failure> {
        let package = self.folder.join("large.msp");
        let content = io::repeat(0).take(LARGE);
        self.cast.seal(content, &package, execution)?;
        let before = payload_digest(&package)?;
        let begun = Instant::now();
        self.cast.add_partner(&package)?;
        let took = begun.elapsed();
        let holds = payload_digest(&package)? == before;
        Ok(Claim {
            id: "rewrapped_large",
            what: "a package of 64 MiB",
            result: said(holds, "payload untouched", "payload CHANGED"),
            holds,
            took,
            bytes: None,
        })
    }
}

impl Demo<'_> {
    fn recorded(self) -> Result<Claim, Failure> {
        let Self { cast, folder, .. } = self;
        cast.leave()?;
        let begun = Instant::now();
        let holds = log::holds(&folder.join("home"))?;
        Ok(Claim {
            id: "recorded",
            what: "the audit log",
            result: said(holds, "verifies; cut at its end, not", "NOT verified as it must be"),
            holds,
            took: begun.elapsed(),
            bytes: None,
        })
    }
}

fn said(holds: bool, yes: &str, no: &str) -> String {
    if holds { yes } else { no }.to_owned()
}

fn refusal(
    id: &'static str,
    what: &'static str,
    how: &str,
    holds: bool,
    took: Duration,
    exit: Exit,
) -> Claim {
    let refused = format!("refused: {how} (exit {})", exit.code());
    Claim {
        id,
        what,
        result: said(holds, &refused, "NOT refused as it must be"),
        holds,
        took,
        bytes: None,
    }
}

fn conclude(options: &Options, claims: &[Claim], took: Duration) -> Report {
    let holds = claims.iter().all(|claim| claim.holds);
    let about = match options.files.len() {
        0 => format!(
            "a synthetic CT series, {} slices of {side} × {side}, 16 bit",
            series::SLICES,
            side = series::SIDE
        ),
        count => format!("{count} file(s) of your own"),
    };
    let bytes = claims.first().and_then(|claim| claim.bytes).unwrap_or(0);
    let mut report =
        Report::new().line(format!("medsec demo: {about}, {}", units::size(bytes))).line("");
    report.lines.extend(claims.iter().map(Claim::row));
    let failed = claims.iter().filter(|claim| !claim.holds).count();
    let verdict = match failed {
        0 => format!("all {} hold", claims.len()),
        _ => format!("{failed} of {} DO NOT HOLD", claims.len()),
    };
    let claims: Vec<Value> = claims.iter().map(Claim::value).collect();
    report.failed = (!holds).then_some(Exit::Failure);
    report
        .line("")
        .line(format!("{verdict}; {} in all, nothing was left behind", units::time(took)))
        .line("a rewrap's time is that of one package; times include making files durable")
        .field("synthetic", options.files.is_empty())
        .field("content_len", bytes)
        .field("claims", claims)
        .field("holds", holds)
        .field("seconds", units::seconds(took))
}
