//! Messages: one form each, and nothing else is one.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use medsec::{JournalError, LoggedIn, NotLoggedIn, Recorded};
use medsec_audit::{AppendError, Hash, LogTime, Origin, Retention, SessionId};
use medsec_crypto::{
    Assurance, Bind, DatasetId, Dek, KeyRef, SigningKey, Stanza, StanzaKind, Timestamp,
};
use medsec_kms::{
    ConnectionFault, FileFault, KeyContext, KeyDescription, KeyName, KeyServiceError, KeyState,
    Standing, TokenFault, UtcTime,
};
use medsec_policy::{Factors, GroupName, Method, Principal, PrincipalId, PrincipalKind};

use super::frame::FrameError;
use super::{
    Answer, Held, Login, MAX_FRAME_LEN, Request, Status, VERSION, Wait, read_frame, write_frame,
};
use crate::exit::Exit;
use crate::failure::Failure;

fn key_ref() -> KeyRef {
    KeyRef::new(StanzaKind::LocalKek, &[7; 36]).unwrap()
}

fn stanza() -> Stanza {
    Stanza::new(key_ref(), vec![9; 104]).unwrap()
}

fn key_name() -> KeyName {
    KeyName::new("bao:ct").unwrap()
}

fn time(seconds: u64) -> UtcTime {
    Timestamp::from_unix_seconds(seconds).into()
}

fn described(state: KeyState, version: Option<u32>) -> Answer {
    let mut about = KeyDescription::new(key_name(), state);
    about.version = version;
    about.oldest = version;
    about.created = version.map(|_| time(1_700_000_000));
    about.rotation_due = version.map(|_| time(1_800_000_000));
    Answer::Described(Box::new(about))
}

fn context() -> KeyContext {
    KeyContext { bind: Bind::from_bytes([3; 32]), dataset: Some(DatasetId::new("ct").unwrap()) }
}

fn who() -> LoggedIn {
    let groups = ["a", "b"].map(|name| GroupName::new(name).unwrap());
    LoggedIn {
        principal: Principal {
            id: PrincipalId::new("ada").unwrap(),
            kind: PrincipalKind::Person,
            method: Method::PrivateKey,
            factors: Factors::Two,
            authenticated_at: UNIX_EPOCH
                .checked_add(Duration::from_millis(1_700_000_000_123))
                .unwrap(),
            groups: BTreeSet::from(groups),
        },
        session: SessionId::from_bytes([5; 16]),
        authentication_age: Duration::new(7, 11),
        origin: Origin::Local,
    }
}

/// One of each kind.
fn requests() -> Vec<Vec<u8>> {
    let login = Login {
        identity: Some(Path::new("a/b")),
        signer: None,
        passphrase: Some(b"correct horse"),
        token: Some(b"a.b.c"),
    };
    let key = "default".parse().unwrap();
    let all = [
        Request::Status,
        Request::Login(login),
        Request::Login(Login::default()),
        Request::Prove(Login::default()),
        Request::Logout,
        Request::Enter,
        Request::Current,
        Request::Append(vec![b"{}", b"{\"v\":1}"]),
        Request::Admits(key_ref()),
        Request::Wrap { key, dek: &[1; 32], context: context() },
        Request::Unwrap { stanza: stanza(), context: KeyContext { dataset: None, ..context() } },
        Request::Signer(&[2; 32]),
        Request::Describe(key_name()),
        Request::Standing(stanza()),
    ];
    all.iter().map(|request| request.render().unwrap().to_vec()).collect()
}

fn answers() -> Vec<Vec<u8>> {
    let held = Held {
        who: who(),
        age: Duration::from_secs(1),
        idle_left: Duration::from_secs(2),
        absolute_left: Duration::from_secs(3),
    };
    let status = |session| {
        let status = Status { session, records: 9, pid: 4, connections: 1, until_logout: true };
        Answer::Status(Box::new(status))
    };
    let failure = Failure::new(Exit::Identity, "wrong passphrase").next("try another");
    let all = [
        Answer::Done,
        status(None),
        status(Some(held)),
        Answer::Entered {
            retention: Retention::SIX_YEARS,
            assurance: Assurance::NotApproved,
            newest: LogTime::from(UNIX_EPOCH),
        },
        Answer::Who(Box::new(who())),
        Answer::Recorded(
            vec![Recorded { seq: 8, leaf: Hash::from_bytes([6; 32]) }; 2],
            LogTime::from(UNIX_EPOCH),
        ),
        Answer::Wrapped(Box::new(stanza())),
        Answer::Unwrapped(Dek::take_from(&mut [1; 32]).unwrap()),
        Answer::Signer(SigningKey::take_from(&mut [2; 32]).unwrap()),
        Answer::NotLoggedIn(NotLoggedIn::Idle),
        Answer::Unrecorded(JournalError::Log(AppendError::Displaced)),
        Answer::KeyRefused(KeyServiceError::Destroyed),
        Answer::Failed(failure),
        Answer::Busy,
        Answer::Malformed,
        described(KeyState::Enabled, Some(3)),
        described(KeyState::Disabled, None),
        described(KeyState::PendingDestruction { destroy_after: time(9) }, Some(1)),
        described(KeyState::Destroyed { at: None }, None),
        Answer::Standing(None),
        Answer::Standing(Some(Standing { key: key_name(), version: Some(2) })),
    ];
    all.iter().map(|answer| answer.render().unwrap().to_vec()).collect()
}

fn request_again(body: &[u8]) -> Option<Vec<u8>> {
    Request::parse(body).ok().map(|request| request.render().unwrap().to_vec())
}

fn answer_again(body: &[u8]) -> Option<Vec<u8>> {
    Answer::parse(body).ok().map(|answer| answer.render().unwrap().to_vec())
}

#[test]
fn truncated_and_longer_messages_are_malformed() {
    for body in requests() {
        for len in 0..body.len() {
            assert!(Request::parse(&body[..len]).is_err(), "{len}");
        }
        assert!(Request::parse(&[&body[..], &[0]].concat()).is_err());
    }
    for body in answers() {
        for len in 0..body.len() {
            assert!(Answer::parse(&body[..len]).is_err(), "{len}");
        }
        assert!(Answer::parse(&[&body[..], &[0]].concat()).is_err());
    }
}

#[test]
fn other_versions_and_unknown_kinds_are_malformed() {
    for body in requests() {
        for version in [0, 1, 3, 255] {
            let other = [&[version], &body[1..]].concat();
            assert!(Request::parse(&other).is_err() && Answer::parse(&other).is_err());
        }
    }
    for kind in [0, 17, 18, 200, 255] {
        assert!(
            Request::parse(&[VERSION, kind]).is_err() && Answer::parse(&[VERSION, kind]).is_err()
        );
    }
}

#[test]
fn every_message_is_written_again_byte_for_byte() {
    for body in requests() {
        assert_eq!(request_again(&body).unwrap(), body);
    }
    for body in answers() {
        assert_eq!(answer_again(&body).unwrap(), body);
    }
}

#[test]
fn what_reads_after_a_change_has_one_form_too() {
    for (bodies, again) in [
        (requests(), request_again as fn(&[u8]) -> Option<Vec<u8>>),
        (answers(), answer_again as fn(&[u8]) -> Option<Vec<u8>>),
    ] {
        for body in bodies {
            for at in 0..body.len() {
                for bit in 0..8 {
                    let mut changed = body.clone();
                    changed[at] ^= 1 << bit;
                    if let Some(again) = again(&changed) {
                        assert_eq!(again, changed, "byte {at}");
                    }
                }
            }
        }
    }
}

#[test]
fn refusals_keep_their_meaning() {
    let through = |answer: Answer| Answer::parse(&answer.render().unwrap()).ok().unwrap();
    for why in [NotLoggedIn::Nobody, NotLoggedIn::Idle, NotLoggedIn::Expired, NotLoggedIn::Clock] {
        assert!(matches!(through(Answer::NotLoggedIn(why)), Answer::NotLoggedIn(w) if w == why));
    }
    let full = JournalError::Log(AppendError::NoSpace { stage: medsec_audit::SpaceStage::Stop });
    assert!(matches!(through(Answer::Unrecorded(full)), Answer::Unrecorded(e) if e == full));
    let many = JournalError::Log(AppendError::TooMany { max: 1 });
    assert!(matches!(through(Answer::Unrecorded(many)), Answer::Unrecorded(JournalError::Full)));
    for told in [
        KeyServiceError::Unauthenticated,
        KeyServiceError::Sealed,
        KeyServiceError::Connection(ConnectionFault::ClientCertificate),
        KeyServiceError::Token(TokenFault::PinLocked),
        KeyServiceError::File(FileFault::Shared),
    ] {
        let words = told.to_string();
        let Answer::KeyRefused(again) = through(Answer::KeyRefused(told)) else {
            panic!("another answer than {words}");
        };
        assert_eq!(again.to_string(), words);
    }
    let untold = KeyServiceError::Unacceptable { field: "name" };
    assert!(matches!(
        through(Answer::KeyRefused(untold)),
        Answer::KeyRefused(KeyServiceError::Unavailable(_))
    ));
}

const SHORT: Wait =
    Wait { first: Some(Duration::from_millis(100)), rest: Duration::from_millis(100) };

#[test]
fn frame_of_a_length_that_none_has_is_refused_before_it_is_read() {
    for len in [0, (1_u32 << 20) + 1, u32::MAX] {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(&len.to_be_bytes()).unwrap();
        assert!(matches!(read_frame(&ours, SHORT), Err(FrameError::Length)), "{len}");
    }
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let long = vec![0; MAX_FRAME_LEN + 1];
    assert!(matches!(write_frame(&ours, &long, SHORT.rest), Err(FrameError::Length)));
}

#[test]
fn frame_that_drips_is_given_up_in_time() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(&1000_u32.to_be_bytes()).unwrap();
    let dripping = std::thread::spawn(move || {
        // Each byte comes in time; the frame does not.
        while theirs.write_all(&[0]).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let begun = Instant::now();
    assert!(matches!(read_frame(&ours, SHORT), Err(FrameError::Io)));
    assert!(begun.elapsed() < Duration::from_secs(2));
    drop(ours);
    dripping.join().unwrap();
}

#[test]
fn frames_come_as_they_were_sent() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    for body in requests() {
        write_frame(&theirs, &body, SHORT.rest).unwrap();
        assert_eq!(read_frame(&ours, SHORT).unwrap().as_slice(), body);
    }
    drop(theirs);
    assert!(matches!(read_frame(&ours, SHORT), Err(FrameError::Ended)));
}

fn corpus() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/agent_frame")
}

#[test]
fn corpus_of_the_fuzz_target_replays_clean() {
    let inputs: Vec<_> = std::fs::read_dir(corpus()).unwrap().collect();
    assert!(!inputs.is_empty());
    for input in inputs {
        crate::agent::fuzz::agent_frame(&std::fs::read(input.unwrap().path()).unwrap());
    }
}

/// Writes the seeds when `MEDSEC_WRITE_SEEDS` names the target; does nothing otherwise.
#[test]
fn seeds_are_written_when_asked() {
    if std::env::var_os("MEDSEC_WRITE_SEEDS").is_some_and(|name| name == "agent_frame") {
        std::fs::create_dir_all(corpus()).unwrap();
        for (number, seed) in requests().into_iter().chain(answers()).enumerate() {
            std::fs::write(corpus().join(format!("seed-{number:02}")), seed).unwrap();
        }
    }
}
