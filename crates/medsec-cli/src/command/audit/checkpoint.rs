//! `medsec audit checkpoint`: signs how far the streams are.

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_audit::{AuditLog, NoteSigner, Published, StreamName};
use medsec_crypto::OutputOptions;
use serde_json::{Value, json};

use crate::anchor::{self, Memory};
use crate::audit::check::worst;
use crate::audit::{LogOption, StreamOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::refuse_dash;
use crate::log_key::LogKeyOption;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_CHECKPOINT)]
pub(crate) struct Options {
    #[command(flatten)]
    stream: StreamOption,
    /// Write the checkpoint into this file too, to be kept elsewhere. Of one stream; never replaces a file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Sign also where the anchor cannot be asked, and could say that this is another history.
    #[arg(long)]
    without_anchor: bool,
    #[command(flatten)]
    key: LogKeyOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let log = LogOption::OWN.open(session)?;
    let streams = match &options.out {
        Some(out) => {
            refuse_dash(out, "--out")?;
            refuse_existing(out)?;
            vec![options.stream.one(&log)?]
        }
        None => options.stream.of(&log)?,
    };
    let signer = options.key.load(session, log.pin())?;
    let (mut report, mut shown) = (Report::new(), Vec::new());
    for stream in &streams {
        match sign(session, options, &log, stream, &signer) {
            Ok(signed) => {
                report.failed = worst([report.failed, signed.exit]);
                report = report.line(signed.line);
                shown.push(signed.value);
            }
            Err(failure) if streams.len() == 1 => return Err(failure),
            // The others are signed all the same.
            Err(failure) => {
                report.failed = worst([report.failed, Some(failure.exit)]);
                report = report.line(format!("{stream}: NOT signed: {}", failure.message));
                shown.push(json!({ "stream": stream.as_str(), "error": failure.exit.name() }));
            }
        }
    }
    Ok(report.field("checkpoints", shown))
}

/// What became of one stream.
struct Signed {
    line: String,
    value: Value,
    exit: Option<Exit>,
}

fn sign(
    session: &Session,
    options: &Options,
    log: &AuditLog,
    stream: &StreamName,
    signer: &dyn NoteSigner,
) -> Result<Signed, Failure> {
    let memory = anchor::recall(session, log, stream)?;
    if matches!(memory, Memory::Unreachable) && !options.without_anchor {
        return Err(Failure::new(
            Exit::Io,
            "the anchor is not there or cannot be used; nothing was signed",
        )
        .next("bring the anchor back; or sign what it may contradict, with --without-anchor"));
    }
    // What the anchor contradicts must not be signed.
    let published =
        log.publish_after(stream, signer, memory.known().map_or(&[], std::slice::from_ref))?;
    let size = published.checkpoint.size();
    if let Some(out) = &options.out {
        let text = published.note.render();
        medsec_crypto::write_file(out, text.as_bytes(), OutputOptions::default())?;
    }
    let (anchored, exit) = hand_over(session, &published)?;
    Ok(Signed {
        line: format!("{stream}: {size} records, {}", anchored.words()),
        value: json!({
            "stream": stream.as_str(),
            "size": size,
            "root": published.checkpoint.root().to_string(),
            "anchor": anchored.name(),
        }),
        exit,
    })
}

/// Before anything is signed.
fn refuse_existing(out: &Path) -> Result<(), Failure> {
    if std::fs::symlink_metadata(out).is_err() {
        return Ok(());
    }
    Err(Failure::new(Exit::Output, "the checkpoint's file exists already; nothing was signed")
        .next("choose another name, or remove the old file"))
}

/// What became of a checkpoint outside.
#[derive(Clone, Copy)]
enum Outside {
    Kept,
    NoAnchor,
    Unreachable,
}

impl Outside {
    const fn words(self) -> &'static str {
        match self {
            Self::Kept => "kept by the anchor",
            Self::NoAnchor => "no anchor",
            Self::Unreachable => "NOT kept: the anchor is not there or cannot be used",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::NoAnchor => "none",
            Self::Unreachable => "unreachable",
        }
    }
}

/// The checkpoint is made whether the anchor answers or not; a fork ends the command.
fn hand_over(session: &Session, published: &Published) -> Result<(Outside, Option<Exit>), Failure> {
    match anchor::keep(session, &published.note) {
        Ok(true) => Ok((Outside::Kept, None)),
        Ok(false) => Ok((Outside::NoAnchor, None)),
        Err(failure) if failure.exit == Exit::Io => Ok((Outside::Unreachable, Some(Exit::Io))),
        Err(failure) => Err(failure),
    }
}
