//! `medsec audit review`: records that a person has examined a period.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use medsec_audit::{
    Action, Actor, AppendError, AuditLog, Authentication, Commitment, Event, MAX_OPENING_TEXT_LEN,
    Opening, Outcome as Ended, Period, Phase, Principal, PrincipalId, StreamName, Subject,
};
use medsec_crypto::{Access, write_file};
use zeroize::Zeroizing;

use crate::audit::when::{Offset, When, now};
use crate::audit::{LogOption, StreamOption};
use crate::command::init::make_private;
use crate::custody::reviewer;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::refuse_dash;
use crate::own::OwnOption;
use crate::recording::{close, place, writer};
use crate::report::Report;
use crate::session::Session;
use crate::target;

/// Folder of a stream for what can be erased.
const OPENINGS: &str = "phi";

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_REVIEW)]
pub(crate) struct Options {
    /// Start of the time that was examined: `2026-11-03T12:00:00Z`, `2026-11-03` (UTC), or how long ago, as `7d`.
    #[arg(long, value_name = "TIME")]
    from: When,
    /// Its end, which does not belong to it and is not in the future.
    #[arg(long, value_name = "TIME")]
    until: When,
    /// What the examination found, as text of at most 4,096 bytes. It is kept beside the log, where it can be
    /// erased, and the log has only its digest.
    #[arg(long, value_name = "FILE")]
    note_file: Option<PathBuf>,
    #[command(flatten)]
    stream: StreamOption,
    #[command(flatten)]
    own: OwnOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let log = LogOption::OWN.open(session)?;
    let stream = options.stream.one(&log)?;
    let period = options.period()?;
    let note = options.note_file.as_deref().map(read_note).transpose()?;
    let who = examiner(session, &options.own)?;
    let mut subject = Subject::default();
    subject.period = Some(period);
    subject.text = note.as_ref().map(Opening::commitment);
    let event = Event {
        actor: Actor::Person(Principal {
            id: who.clone(),
            authentication: Authentication::PrivateKey,
            role: None,
            on_behalf_of: None,
        }),
        action: Action::Review,
        phase: Phase::Single { request: None, outcome: Ended::Success },
        subject,
        purpose: None,
        place: place()?,
        ruling: None,
        session: None,
    };
    let writer = writer(session, &log, &stream)?;
    // The text first: a digest of something that is nowhere helps nobody.
    let kept = note.as_ref().map(|note| keep(&log, &stream, note)).transpose()?;
    let appended = writer.append(&event).inspect_err(|error| {
        // No record speaks of it, unless nobody knows. What cannot be removed says nothing to anybody without the log.
        if !matches!(error, AppendError::Broken(_)) {
            kept.as_deref().map(std::fs::remove_file);
        }
    })?;
    let seq = appended.seq();
    let (from, until) = (period.from(), period.until());
    let report = Report::new()
        .line(format!("{stream}: record {seq}: {who} has examined {from} to {until}"))
        .field("stream", stream.as_str())
        .field("seq", seq)
        .field("who", who.as_str())
        .field("from", from.to_string())
        .field("until", until.to_string())
        .field("note", note.map(|note| note.commitment().to_string()));
    Ok(close(writer, report))
}

impl Options {
    fn period(&self) -> Result<Period, Failure> {
        let now = now();
        let (from, until) =
            (self.from.resolve(now, Offset::default()), self.until.resolve(now, Offset::default()));
        if until > now {
            return Err(Failure::usage(
                "what is still to come cannot have been examined; nothing was recorded",
            )
            .next("give an --until that has passed"));
        }
        let backwards = || {
            Failure::usage("the period ends before it begins; nothing was recorded")
                .next("give --from and --until in this order")
        };
        if from == until {
            return Err(backwards());
        }
        Period::new(from, until).map_err(|_| backwards())
    }
}

/// The user of the key store whose keys were unlocked here and who may read the audit trail: nobody else can have
/// examined it.
fn examiner(session: &Session, own: &OwnOption) -> Result<PrincipalId, Failure> {
    let who = reviewer(session, own)?;
    PrincipalId::new(who.principal.id.as_str()).map_err(|_| {
        Failure::new(
            Exit::Key,
            "the user's name begins with a character that no record takes; nothing was recorded",
        )
        .next("an administrator adds the user under a name that begins with a letter or digit")
    })
}

fn read_note(path: &Path) -> Result<Opening, Failure> {
    refuse_dash(path, "--note-file")?;
    let failed = |error| Failure::io("the note cannot be read", &error);
    let limit = u64::try_from(MAX_OPENING_TEXT_LEN).unwrap_or(u64::MAX).saturating_add(2);
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_OPENING_TEXT_LEN.saturating_add(2)));
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut text)).map_err(failed)?;
    let text = str::from_utf8(&text).map_err(|_| unfit("it is not UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Opening::new(text).map_err(|error| unfit(&error.to_string()))
}

fn unfit(why: &str) -> Failure {
    Failure::usage(format!("the note cannot be kept: {why}; nothing was recorded"))
        .next("give a text of 1 to 4,096 bytes without control characters")
}

/// Writes the text where only its owner reads it and where it can be erased, under the digest that the log has.
pub(crate) fn keep(
    log: &AuditLog,
    stream: &StreamName,
    note: &Opening,
) -> Result<PathBuf, Failure> {
    let folder = log.stream_folder(stream).join(OPENINGS);
    make_private(&folder)?;
    let path = folder.join(file_name(&note.commitment()));
    write_file(&path, &note.render(), target::options(Access::Owner))?;
    Ok(path)
}

/// The hexadecimal digits of a commitment.
fn file_name(commitment: &Commitment) -> String {
    let text = commitment.to_string();
    text.split(':').next_back().unwrap_or_default().to_owned()
}
