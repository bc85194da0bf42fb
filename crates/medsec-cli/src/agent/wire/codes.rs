//! Refusals as numbers. What another process cannot use, such as the text of an I/O error, stays behind.

use std::io::ErrorKind;
use std::time::Duration;

use medsec::{JournalError, NotLoggedIn};
use medsec_audit::{AppendError, SpaceStage};
use medsec_kms::{ConnectionFault, FileFault, KeyServiceError, TokenFault};

use super::Malformed;

/// Their numbers are their places. Add at the end.
const LOGINS: [NotLoggedIn; 7] = [
    NotLoggedIn::Nobody,
    NotLoggedIn::Idle,
    NotLoggedIn::Expired,
    NotLoggedIn::LoggedOut,
    NotLoggedIn::Revoked,
    NotLoggedIn::Clock,
    NotLoggedIn::Unreachable,
];

const JOURNAL: [JournalError; 10] = [
    JournalError::Refused,
    JournalError::Full,
    JournalError::Stopped,
    JournalError::Log(AppendError::Full),
    JournalError::Log(AppendError::NoSpace { stage: SpaceStage::Refuse }),
    JournalError::Log(AppendError::NoSpace { stage: SpaceStage::Stop }),
    JournalError::Log(AppendError::Broken(ErrorKind::Other)),
    JournalError::Log(AppendError::Displaced),
    JournalError::Log(AppendError::Limit),
    JournalError::Log(AppendError::Closed),
];

pub(super) fn of_login(why: NotLoggedIn) -> u8 {
    // A reason of a later version ends as the one that says least.
    place(&LOGINS, &why).or_else(|| place(&LOGINS, &NotLoggedIn::Revoked)).unwrap_or_default()
}

pub(super) fn login(code: u8) -> Result<NotLoggedIn, Malformed> {
    at(&LOGINS, code)
}

pub(super) fn of_journal(error: JournalError) -> u8 {
    let error = match error {
        JournalError::Log(AppendError::Broken(_)) => {
            JournalError::Log(AppendError::Broken(ErrorKind::Other))
        }
        JournalError::Log(AppendError::TooMany { .. }) => JournalError::Full,
        error => error,
    };
    let stopped = || place(&JOURNAL, &JournalError::Stopped);
    place(&JOURNAL, &error).or_else(stopped).unwrap_or_default()
}

pub(super) fn journal(code: u8) -> Result<JournalError, Malformed> {
    at(&JOURNAL, code)
}

/// What went wrong with the connection to a key service.
const CONNECTIONS: [ConnectionFault; 8] = [
    ConnectionFault::HostName,
    ConnectionFault::UnknownIssuer,
    ConnectionFault::Expired,
    ConnectionFault::NotYetValid,
    ConnectionFault::Certificate,
    ConnectionFault::Version,
    ConnectionFault::Altered,
    ConnectionFault::ClientCertificate,
];

const TOKENS: [TokenFault; 11] = [
    TokenFault::Failed,
    TokenFault::Module,
    TokenFault::Start,
    TokenFault::Missing,
    TokenFault::Twice,
    TokenFault::Removed,
    TokenFault::Session,
    TokenFault::PinLocked,
    TokenFault::PinExpired,
    TokenFault::Full,
    TokenFault::ReadOnly,
];

const FILES: [FileFault; 5] = [
    FileFault::Unreadable,
    FileFault::Missing,
    FileFault::Shared,
    FileFault::TooLong,
    FileFault::Malformed,
];

/// Where each of those begins among the refusals of keys.
const CONNECTION: u8 = 32;
const TOKEN: u8 = 64;
const FILE: u8 = 96;

pub(super) fn of_key(error: &KeyServiceError) -> u8 {
    use KeyServiceError as K;
    match error {
        K::NotPermitted => 0,
        K::NoSuchKey => 1,
        K::Disabled => 2,
        K::PendingDestruction => 3,
        K::Destroyed => 4,
        K::NoSuchVersion => 5,
        K::State => 6,
        K::ForeignStanza => 7,
        K::NotAuthentic => 8,
        K::Untrusted => 9,
        K::Busy => 10,
        K::Random(_) => 11,
        K::TimedOut => 13,
        K::Sealed => 14,
        K::Unauthenticated => 15,
        K::VersionRetired => 16,
        K::NoSuchService => 17,
        K::Ambiguous => 18,
        K::Throttled { .. } => 19,
        K::Suspended { .. } => 20,
        // A fault of a later version ends as one that says little.
        K::Connection(fault) => within(CONNECTION, place(&CONNECTIONS, fault).unwrap_or(4)),
        K::Token(fault) => within(TOKEN, place(&TOKENS, fault).unwrap_or_default()),
        K::File(fault) => within(FILE, place(&FILES, fault).unwrap_or_default()),
        _ => 12,
    }
}

const fn within(begin: u8, place: u8) -> u8 {
    begin.saturating_add(place)
}

pub(super) fn key(code: u8) -> Result<KeyServiceError, Malformed> {
    use KeyServiceError as K;
    Ok(match code {
        0 => K::NotPermitted,
        1 => K::NoSuchKey,
        2 => K::Disabled,
        3 => K::PendingDestruction,
        4 => K::Destroyed,
        5 => K::NoSuchVersion,
        6 => K::State,
        7 => K::ForeignStanza,
        8 => K::NotAuthentic,
        9 => K::Untrusted,
        10 => K::Busy,
        11 => K::Random(medsec_crypto::RandomError),
        12 => K::Unavailable(ErrorKind::Other.into()),
        13 => K::TimedOut,
        14 => K::Sealed,
        15 => K::Unauthenticated,
        16 => K::VersionRetired,
        17 => K::NoSuchService,
        18 => K::Ambiguous,
        19 => K::Throttled { retry_after: None },
        20 => K::Suspended { retry_after: Duration::ZERO },
        CONNECTION..TOKEN => K::Connection(at(&CONNECTIONS, code.saturating_sub(CONNECTION))?),
        TOKEN..FILE => K::Token(at(&TOKENS, code.saturating_sub(TOKEN))?),
        FILE.. => K::File(at(&FILES, code.saturating_sub(FILE))?),
        _ => return Err(Malformed),
    })
}

fn place<T: PartialEq>(all: &[T], one: &T) -> Option<u8> {
    all.iter().position(|other| other == one).and_then(|place| u8::try_from(place).ok())
}

fn at<T: Copy>(all: &[T], code: u8) -> Result<T, Malformed> {
    all.get(usize::from(code)).copied().ok_or(Malformed)
}
