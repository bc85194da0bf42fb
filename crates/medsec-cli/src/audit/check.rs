//! Verifies streams for whoever wants to know: the command, the report, the watch.

mod progress;
mod severity;

use std::time::{Duration, SystemTime};

use medsec_audit::{
    AuditLog, Finding, Known, LogTime, StreamName, StreamReport, Verdict, Verification,
    VerifiedPosition, VerifyError, VerifyOptions,
};
use sha2::{Digest as _, Sha256};

use self::progress::Progress;
pub(crate) use self::severity::{exit, name, next, rank, worst};
use super::elsewhere::{Ask, Elsewhere};
use crate::anchor::Memory;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// How streams are checked.
pub(crate) struct Manner<'a> {
    /// Whether the anchor of the settings is asked, and should know.
    pub(crate) ask: Ask,
    /// Whether it is a fault that nothing vouches for the end of a stream.
    pub(crate) insist: bool,
    /// Every commit.
    pub(crate) strict: bool,
    /// What records say.
    pub(crate) content: bool,
    /// How old the newest record may be.
    pub(crate) max_age: Option<Duration>,
    /// What the caller knows beside what is known anyway.
    pub(crate) known: &'a dyn Fn(&StreamName) -> Vec<Known>,
    /// Up to where the caller has verified a stream: only what came later is checked.
    pub(crate) since: &'a dyn Fn(&StreamName) -> Option<&'a VerifiedPosition>,
}

impl Manner<'_> {
    /// As a whole, and nothing else is known.
    pub(crate) const fn new(ask: Ask) -> Self {
        Self {
            ask,
            insist: false,
            strict: false,
            content: false,
            max_age: None,
            known: &|_| Vec::new(),
            since: &|_| None,
        }
    }

    /// What is known of a stream elsewhere.
    ///
    /// # Errors
    /// Something of that is no good, or missing where it is insisted on.
    pub(crate) fn elsewhere(
        &self,
        session: &Session,
        log: &AuditLog,
        stream: &StreamName,
    ) -> Result<Vec<Known>, Failure> {
        let (known, _, faults) = self.gather(session, log, stream);
        faults.into_iter().next().map_or(Ok(known), Err)
    }

    fn gather(
        &self,
        session: &Session,
        log: &AuditLog,
        stream: &StreamName,
    ) -> (Vec<Known>, Option<Memory>, Vec<Failure>) {
        let (elsewhere, mut faults) = Elsewhere::gather(session, log, stream, self.ask);
        let Elsewhere { mut known, anchor } = elsewhere;
        if self.insist {
            faults.extend(anchor.as_ref().and_then(|anchor| lacking(anchor, stream)));
        }
        known.extend((self.known)(stream));
        (known, anchor, faults)
    }
}

/// What verification found.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) streams: Vec<CheckedStream>,
    /// The log's name.
    pub(crate) log: String,
    /// SHA-256 of the pin, in hexadecimal.
    pub(crate) pin: String,
}

/// What became of the check of one stream.
#[derive(Clone, Debug)]
pub(crate) struct CheckedStream {
    pub(crate) stream: StreamName,
    /// None where the check did not come to its end.
    pub(crate) report: Option<StreamReport>,
    /// Where the next check can go on.
    pub(crate) position: Option<VerifiedPosition>,
    /// What kept a part of the check from being made; a checkpoint that is no good, for instance.
    pub(crate) faults: Vec<Failure>,
    /// None where the anchor has something that is no checkpoint of this stream.
    pub(crate) anchor: Option<Memory>,
    known: Option<Known>,
}

/// Verifies streams with the pin, their checkpoint, the anchor's, and what the caller knows. What cannot be read or
/// checked is a fault of the stream, and the others are checked all the same.
///
/// # Errors
/// A signal came in.
pub(crate) fn check(
    session: &Session,
    log: &AuditLog,
    streams: &[StreamName],
    manner: &Manner<'_>,
) -> Result<Checked, Failure> {
    let check = |stream| check_stream(session, log, stream, manner);
    let streams = streams.iter().map(check).collect::<Result<_, _>>()?;
    let pin = Sha256::digest(log.pin().to_string());
    Ok(Checked {
        streams,
        log: log.root().log().to_string(),
        pin: pin.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn check_stream(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
    manner: &Manner<'_>,
) -> Result<CheckedStream, Failure> {
    let (known, anchor, mut faults) = manner.gather(session, log, stream);
    let found = match verify(session, log, stream, &known, manner) {
        Ok(found) => Some(found),
        Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
        Err(failure) => {
            faults.push(failure);
            None
        }
    };
    let (report, position) = found.map(|found| (found.report, found.position)).unzip();
    let good =
        |report: &StreamReport| Some(Known::new(log.origin(stream), report.size, report.root?));
    let known = report.as_ref().and_then(good);
    let (stream, position) = (stream.clone(), position.flatten());
    Ok(CheckedStream { stream, report, position, faults, anchor, known })
}

/// That nothing vouches for the end of a stream.
fn lacking(anchor: &Memory, stream: &StreamName) -> Option<Failure> {
    let what = match anchor {
        Memory::Checkpoint(_) => return None,
        Memory::NoAnchor => "there is no anchor".to_owned(),
        Memory::Unreachable => "the anchor is not there or cannot be used".to_owned(),
        Memory::Nothing => format!("the anchor knows no checkpoint of `{stream}`"),
    };
    let what = format!("{what}: nothing vouches for the end of the stream");
    Some(
        Failure::new(Exit::Log, what)
            .next("see what became of the anchor, or leave --strict-anchors away"),
    )
}

/// Verifies one stream, or what came since the caller has verified it, and shows progress.
///
/// # Errors
/// It cannot be read, or a signal came in.
pub(crate) fn verify(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
    known: &[Known],
    manner: &Manner<'_>,
) -> Result<Verification, Failure> {
    let verifier = log.verifier(stream)?;
    let total = verifier.bytes().map_err(|error| Failure::io(UNREADABLE, &error))?;
    let progress = Progress::new(session, total);
    let mut how = VerifyOptions::default();
    how.strict = manner.strict;
    how.content = manner.content;
    how.known = known;
    how.threads = session.threads().get();
    how.freshness = manner.max_age.map(|max| (LogTime::from(SystemTime::now()), max));
    how.observer = Some(&progress);
    let since = (manner.since)(stream);
    let found = match since.map(|since| verifier.verify_growth(since, &how)) {
        // Only the whole tells; and it must go on from what was verified all the same.
        None | Some(Err(VerifyError::Unresumable)) => {
            let verified = since.map(VerifiedPosition::known);
            let known: Vec<_> = known.iter().cloned().chain(verified).collect();
            how.known = &known;
            verifier.verify_resumable(&how)
        }
        Some(found) => found,
    };
    found.map_err(Failure::from)
}

const UNREADABLE: &str = "the audit log cannot be read";

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Interrupted => Self::interrupted(),
            VerifyError::Io(error) => Self::io(UNREADABLE, &error),
            error => Self::new(Exit::Log, error.to_string())
                .next("see whether checkpoints and streams belong together"),
        }
    }
}

impl CheckedStream {
    /// What the program ends with; nothing where the stream is whole.
    pub(crate) fn exit(&self) -> Option<Exit> {
        let found = self.report.as_ref().and_then(|report| exit(report.verdict()));
        worst(self.faults.iter().map(|fault| Some(fault.exit)).chain([found]))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.exit().map_or("whole", Exit::name)
    }

    /// What was found, in words.
    pub(crate) fn findings(&self) -> String {
        let found = self.report.iter().flat_map(|report| &report.findings);
        let faults = self.faults.iter().map(|fault| fault.message.clone());
        found.map(ToString::to_string).chain(faults).collect::<Vec<_>>().join("; ")
    }

    /// How often the log key has replaced a key of the stream, if it has.
    pub(crate) fn rekeys(&self) -> Option<u64> {
        self.report.iter().flat_map(|report| &report.findings).find_map(|finding| match finding {
            Finding::Rekeyed { times, .. } => Some(*times),
            _ => None,
        })
    }

    /// Whether an anchor vouches for how far the stream was.
    pub(crate) const fn is_anchored(&self) -> bool {
        matches!(self.anchor, Some(Memory::Checkpoint(_)))
    }

    /// Whether there is an anchor that should know the stream, and says nothing.
    pub(crate) const fn lacks_anchor(&self) -> bool {
        matches!(self.anchor, Some(Memory::Unreachable | Memory::Nothing))
    }

    /// What the anchor said.
    pub(crate) fn anchor(&self) -> String {
        match &self.anchor {
            None => "not a checkpoint of this stream".to_owned(),
            Some(Memory::NoAnchor) => "none was asked".to_owned(),
            Some(Memory::Unreachable) => "cannot be asked".to_owned(),
            Some(Memory::Nothing) => "knows nothing of it".to_owned(),
            Some(Memory::Checkpoint(known)) => format!("knows {} records", known.size()),
        }
    }

    /// Size and root of what was found good, if all of it was checked and none is missing. That a key was once
    /// replaced, which is so for ever, does not keep what came since from being remembered.
    pub(crate) fn known(&self) -> Option<&Known> {
        let found = self.report.as_ref()?.verdict();
        self.known.as_ref().filter(|_| self.faults.is_empty() && found <= Verdict::Rekeyed)
    }

    /// Whether the next check can go on where this one ended: nothing was found, or only that a key was once replaced.
    pub(crate) fn is_settled(&self) -> bool {
        let found = self.report.as_ref().map(StreamReport::verdict);
        self.faults.is_empty() && matches!(found, Some(Verdict::Whole | Verdict::Rekeyed))
    }
}

impl Checked {
    /// The worst of all streams; nothing where all are whole.
    pub(crate) fn exit(&self) -> Option<Exit> {
        worst(self.streams.iter().map(CheckedStream::exit))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.exit().map_or("whole", Exit::name)
    }

    /// Whether an anchor vouches for the end of every stream.
    pub(crate) fn is_anchored(&self) -> bool {
        self.streams.iter().all(CheckedStream::is_anchored)
    }
}
