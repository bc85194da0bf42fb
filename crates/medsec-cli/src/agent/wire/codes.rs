//! Refusals as numbers. What another process cannot use, such as the text of an I/O error, stays behind.

use std::io::ErrorKind;

use medsec::{JournalError, NotLoggedIn};
use medsec_audit::{AppendError, SpaceStage};
use medsec_kms::KeyServiceError;

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

pub(super) const fn of_key(error: &KeyServiceError) -> u8 {
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
        _ => 12,
    }
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
        _ => return Err(Malformed),
    })
}

fn place<T: PartialEq>(all: &[T], one: &T) -> Option<u8> {
    all.iter().position(|other| other == one).and_then(|place| u8::try_from(place).ok())
}

fn at<T: Copy>(all: &[T], code: u8) -> Result<T, Malformed> {
    all.get(usize::from(code)).copied().ok_or(Malformed)
}
