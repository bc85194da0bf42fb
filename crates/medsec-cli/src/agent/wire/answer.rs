//! What the agent answers.

use std::time::Duration;

use medsec::{JournalError, LoggedIn, NotLoggedIn, Recorded};
use medsec_audit::{Hash, LogTime, Retention};
use medsec_crypto::{Assurance, Dek, SigningKey, Stanza};
use medsec_kms::{KeyDescription, KeyServiceError, Standing};
use zeroize::Zeroizing;

use super::bytes::{In, Out};
use super::described::{description, put_description, put_standing, standing};
use super::fields::{duration, logged_in, put_duration, put_logged_in, put_stanza, stanza};
use super::{Malformed, codes};
use crate::exit::Exit;
use crate::failure::Failure;

const ASSURANCES: [Assurance; 3] =
    [Assurance::NotApproved, Assurance::ApprovedAlgorithm, Assurance::ValidatedModule];

/// An answer. Not `Debug`: some have secrets.
pub(crate) enum Answer {
    /// It is done.
    Done,
    /// How things are.
    Status(Box<Status>),
    /// The command may begin. `newest`: the latest time that any record of the stream bears.
    Entered { retention: Retention, assurance: Assurance, newest: LogTime },
    /// Who is logged in.
    Who(Box<LoggedIn>),
    /// What was asked to be recorded is durable, and the latest time that any record of the stream bears.
    Recorded(Vec<Recorded>, LogTime),
    /// A wrapped data key.
    Wrapped(Box<Stanza>),
    /// A data key.
    Unwrapped(Dek),
    /// A key to sign with.
    Signer(SigningKey),
    /// Nobody is logged in.
    NotLoggedIn(NotLoggedIn),
    /// Nothing was recorded.
    Unrecorded(JournalError),
    /// The keys did not do it.
    KeyRefused(KeyServiceError),
    /// Something else went wrong.
    Failed(Failure),
    /// There are as many connections as there may be.
    Busy,
    /// The request was none of this version.
    Malformed,
    /// What is known of a key.
    Described(Box<KeyDescription>),
    /// Under which key that is, if it is one of the session's and tells it.
    Standing(Option<Standing>),
}

/// How things are with the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The session, if there is one.
    pub(crate) session: Option<Held>,
    /// Records of the stream.
    pub(crate) records: u64,
    /// The agent's process.
    pub(crate) pid: u32,
    /// Connections, this one included.
    pub(crate) connections: u32,
    /// Whether it ends with its session.
    pub(crate) until_logout: bool,
}

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) who: LoggedIn,
    pub(crate) age: Duration,
    pub(crate) idle_left: Duration,
    pub(crate) absolute_left: Duration,
}

impl Answer {
    /// The kind of [`Self::NotLoggedIn`] in every version.
    pub(crate) const NOT_LOGGED_IN: u8 = 9;

    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let (kind, mut from) = In::open(body)?;
        let from = &mut from;
        let answer = match kind {
            1 => Self::Done,
            2 => Self::Status(Box::new(status(from)?)),
            3 => Self::Entered {
                retention: Retention::days(from.u64()?).map_err(|_| Malformed)?,
                assurance: assurance(from.u8()?)?,
                newest: time(from)?,
            },
            4 => Self::Who(Box::new(logged_in(from)?)),
            5 => Self::Recorded(from.list(recorded)?, time(from)?),
            6 => Self::Wrapped(Box::new(stanza(from)?)),
            7 => Self::Unwrapped(Dek::take_from(&mut secret(from)?).map_err(|_| Malformed)?),
            8 => Self::Signer(SigningKey::take_from(&mut secret(from)?).map_err(|_| Malformed)?),
            Self::NOT_LOGGED_IN => Self::NotLoggedIn(codes::login(from.u8()?)?),
            10 => Self::Unrecorded(codes::journal(from.u8()?)?),
            11 => Self::KeyRefused(codes::key(from.u8()?)?),
            12 => Self::Failed(failure(from)?),
            13 => Self::Busy,
            14 => Self::Malformed,
            15 => Self::Described(Box::new(description(from)?)),
            16 => Self::Standing(from.maybe(standing)?),
            _ => return Err(Malformed),
        };
        from.end()?;
        Ok(answer)
    }

    /// Its body.
    pub(crate) fn render(&self) -> Result<Zeroizing<Vec<u8>>, Malformed> {
        let mut out = Out::new(self.kind());
        match self {
            Self::Done | Self::Busy | Self::Malformed => {}
            Self::Status(status) => put_status(&mut out, status),
            Self::Entered { retention, assurance, newest } => {
                out.u64(retention.as_days().get());
                let place = ASSURANCES.iter().position(|other| other == assurance);
                out.u8(place.and_then(|place| u8::try_from(place).ok()).unwrap_or_default());
                out.u64(newest.unix_millis());
            }
            Self::Who(who) => put_logged_in(&mut out, who),
            Self::Recorded(all, newest) => {
                out.count(all.len());
                for Recorded { seq, leaf } in all {
                    out.u64(*seq);
                    out.fixed(leaf.as_bytes());
                }
                out.u64(newest.unix_millis());
            }
            Self::Wrapped(stanza) => put_stanza(&mut out, stanza),
            Self::Described(about) => put_description(&mut out, about),
            Self::Standing(standing) => out.maybe(standing.as_ref(), put_standing),
            Self::Unwrapped(dek) => out.fixed(dek.expose_secret()),
            Self::Signer(key) => out.fixed(key.expose_seed()),
            Self::NotLoggedIn(why) => out.u8(codes::of_login(*why)),
            Self::Unrecorded(error) => out.u8(codes::of_journal(*error)),
            Self::KeyRefused(error) => out.u8(codes::of_key(error)),
            Self::Failed(failure) => put_failure(&mut out, failure),
        }
        out.finish()
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Done => 1,
            Self::Status(_) => 2,
            Self::Entered { .. } => 3,
            Self::Who(_) => 4,
            Self::Recorded(..) => 5,
            Self::Wrapped(_) => 6,
            Self::Unwrapped(_) => 7,
            Self::Signer(_) => 8,
            Self::NotLoggedIn(_) => Self::NOT_LOGGED_IN,
            Self::Unrecorded(_) => 10,
            Self::KeyRefused(_) => 11,
            Self::Failed(_) => 12,
            Self::Busy => 13,
            Self::Malformed => 14,
            Self::Described(_) => 15,
            Self::Standing(_) => 16,
        }
    }
}

fn recorded(from: &mut In<'_>) -> Result<Recorded, Malformed> {
    Ok(Recorded { seq: from.u64()?, leaf: Hash::from_bytes(*from.array()?) })
}

fn time(from: &mut In<'_>) -> Result<LogTime, Malformed> {
    LogTime::from_unix_millis(from.u64()?).map_err(|_| Malformed)
}

/// On the heap from the start: moved about, it would leave copies.
fn secret(from: &mut In<'_>) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    from.take(32).map(|bytes| Zeroizing::new(bytes.to_vec()))
}

fn assurance(code: u8) -> Result<Assurance, Malformed> {
    ASSURANCES.get(usize::from(code)).copied().ok_or(Malformed)
}

fn put_status(out: &mut Out, status: &Status) {
    out.u64(status.records);
    out.u32(status.pid);
    out.u32(status.connections);
    out.u8(u8::from(status.until_logout));
    out.maybe(status.session.as_ref(), |out, held| {
        put_logged_in(out, &held.who);
        let times = [held.age, held.idle_left, held.absolute_left];
        times.into_iter().for_each(|time| put_duration(out, time));
    });
}

fn status(from: &mut In<'_>) -> Result<Status, Malformed> {
    let (records, pid, connections) = (from.u64()?, from.u32()?, from.u32()?);
    let until_logout = match from.u8()? {
        0 => false,
        1 => true,
        _ => return Err(Malformed),
    };
    let session = from.maybe(|from| {
        Ok(Held {
            who: logged_in(from)?,
            age: duration(from)?,
            idle_left: duration(from)?,
            absolute_left: duration(from)?,
        })
    })?;
    Ok(Status { session, records, pid, connections, until_logout })
}

fn put_failure(out: &mut Out, failure: &Failure) {
    out.u8(failure.exit.code());
    out.text(&failure.message);
    out.maybe(failure.next.as_deref(), Out::text);
}

fn failure(from: &mut In<'_>) -> Result<Failure, Malformed> {
    let code = from.u8()?;
    let exit = Exit::ALL.into_iter().find(|exit| exit.code() == code).ok_or(Malformed)?;
    let message = from.text()?.to_owned();
    let next = from.maybe(|from| from.text().map(str::to_owned))?;
    Ok(Failure { exit, message, next })
}
