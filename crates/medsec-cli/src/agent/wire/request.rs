//! What the agent is asked.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use medsec_audit::{Event, EventError, Hash, LogTime, RecordPosition};
use medsec_crypto::{KeyRef, Stanza};
use medsec_kms::{KeyContext, KeyName};
use zeroize::Zeroizing;

use super::Malformed;
use super::bytes::{In, Out};
use super::fields::{context, key_name, key_ref, put_context, put_key_ref, put_stanza, stanza};

/// A request. Not `Debug`: some have secrets.
#[derive(PartialEq, Eq)]
pub(crate) enum Request<'a> {
    /// How things are. No use of the session.
    Status,
    /// Unlock an identity and start a session, or prove again who one is.
    Login(Login<'a>),
    /// Prove again who one is, for what asks for a fresh proof. The session stays the one it is.
    Prove(Login<'a>),
    /// End the session.
    Logout,
    /// Begin to work for one command: from now on this connection belongs to the session that there is now.
    Enter,
    /// Who is logged in. A use of the session.
    Current,
    /// Record events that belong together, each as the line that it would be at the start of a stream.
    Append(Vec<&'a [u8]>),
    /// Whether the session's keys may be asked to unwrap what that key wrapped.
    Admits(KeyRef),
    /// Wrap a data key.
    Wrap { key: KeyName, dek: &'a [u8; 32], context: KeyContext },
    /// Unwrap a data key.
    Unwrap { stanza: Stanza, context: KeyContext },
    /// The private key of this public one, to sign with.
    Signer(&'a [u8; 32]),
    /// What is known of a key. No key is used.
    Describe(KeyName),
    /// Under which key a data key is wrapped, as far as its stanza tells.
    Standing(Stanza),
}

/// What a login shows. The agent reads the files itself, so that it knows by itself whether a passphrase was needed.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Login<'a> {
    /// Identity file; that of the settings, if absent.
    pub(crate) identity: Option<&'a Path>,
    /// Signer file; that of the settings, if both are absent.
    pub(crate) signer: Option<&'a Path>,
    /// The passphrase of both.
    pub(crate) passphrase: Option<&'a [u8]>,
    /// The token of an identity provider.
    pub(crate) token: Option<&'a [u8]>,
}

impl<'a> Request<'a> {
    /// Reads a body.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (kind, mut from) = In::open(body)?;
        let request = match kind {
            1 => Self::Status,
            2 => Self::Login(login(&mut from)?),
            3 => Self::Logout,
            4 => Self::Enter,
            5 => Self::Current,
            6 => Self::Append(from.list(In::bytes16)?),
            7 => Self::Admits(key_ref(&mut from)?),
            8 => Self::Wrap {
                key: key_name(&mut from)?,
                dek: from.array()?,
                context: context(&mut from)?,
            },
            9 => Self::Unwrap { stanza: stanza(&mut from)?, context: context(&mut from)? },
            10 => Self::Signer(from.array()?),
            11 => Self::Describe(key_name(&mut from)?),
            12 => Self::Standing(stanza(&mut from)?),
            13 => Self::Prove(login(&mut from)?),
            _ => return Err(Malformed),
        };
        from.end()?;
        Ok(request)
    }

    /// Its body.
    pub(crate) fn render(&self) -> Result<Zeroizing<Vec<u8>>, Malformed> {
        let mut out = Out::new(self.kind());
        match self {
            Self::Status | Self::Logout | Self::Enter | Self::Current => {}
            Self::Login(login) | Self::Prove(login) => put_login(&mut out, login),
            Self::Append(lines) => {
                out.count(lines.len());
                lines.iter().for_each(|line| out.bytes16(line));
            }
            Self::Admits(key_ref) => put_key_ref(&mut out, key_ref),
            Self::Wrap { key, dek, context } => {
                out.text(key.as_str());
                out.fixed(*dek);
                put_context(&mut out, context);
            }
            Self::Unwrap { stanza, context } => {
                put_stanza(&mut out, stanza);
                put_context(&mut out, context);
            }
            Self::Signer(public) => out.fixed(*public),
            Self::Describe(key) => out.text(key.as_str()),
            Self::Standing(stanza) => put_stanza(&mut out, stanza),
        }
        out.finish()
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Status => 1,
            Self::Login(_) => 2,
            Self::Logout => 3,
            Self::Enter => 4,
            Self::Current => 5,
            Self::Append(_) => 6,
            Self::Admits(_) => 7,
            Self::Wrap { .. } => 8,
            Self::Unwrap { .. } => 9,
            Self::Signer(_) => 10,
            Self::Describe(_) => 11,
            Self::Standing(_) => 12,
            Self::Prove(_) => 13,
        }
    }
}

fn put_login(out: &mut Out, login: &Login<'_>) {
    let path = |out: &mut Out, path: &Path| out.bytes16(path.as_os_str().as_bytes());
    out.maybe(login.identity, path);
    out.maybe(login.signer, path);
    out.maybe(login.passphrase, Out::bytes16);
    out.maybe(login.token, Out::bytes16);
}

fn login<'a>(from: &mut In<'a>) -> Result<Login<'a>, Malformed> {
    let path = |from: &mut In<'a>| from.bytes16().map(|path| Path::new(OsStr::from_bytes(path)));
    Ok(Login {
        identity: from.maybe(path)?,
        signer: from.maybe(path)?,
        passphrase: from.maybe(In::bytes16)?,
        token: from.maybe(In::bytes16)?,
    })
}

/// An event as it travels: the form of the log, in a place that no record has. The log gives it its own.
pub(crate) fn line_of(event: &Event) -> Result<Vec<u8>, EventError> {
    let position = RecordPosition {
        seq: medsec_audit::Count::from(0),
        prev: Hash::from_bytes([0; Hash::LEN]),
        ts: LogTime::from(std::time::UNIX_EPOCH),
    };
    event.to_line(&position)
}
