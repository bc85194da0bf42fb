//! Time stamps from `openssl ts`, and `openssl ts` on our tokens.

mod authority;

use std::error::Error;

use medsec_audit::{Anchor as _, Anchored, OutsideError, Recalled};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_ship::{
    Endpoint, TimeStamp, TimeStampAuthority, TimeStampError, TimeStampRoots, TimeStampSettings,
};

use self::authority::{Authority, KeyKind, Trick};
use crate::support::log::Log;
use crate::support::plain_http::{answer, serve};
use crate::support::{PATIENCE, block_on, peer};

const REPLY: &str = "application/timestamp-reply";

fn client(url: &str, roots: &[u8]) -> TimeStampAuthority {
    TimeStampAuthority::new(TimeStampSettings {
        name: peer("tsa"),
        endpoint: Endpoint::plain(url).unwrap(),
        roots: TimeStampRoots::from_pem(roots).unwrap(),
        patience: PATIENCE,
    })
}

fn log() -> Log {
    Log::new("clinic.example/log", 10)
}

fn reason(error: &OutsideError) -> Option<TimeStampError> {
    error.source()?.downcast_ref().copied()
}

/// A token over the checkpoint of a size.
fn stamped(authority: &Authority, size: u64) -> Result<Vec<u8>, OutsideError> {
    let client = client(&authority.serve(Trick::None), &authority.root());
    match block_on(client.publish(&log().note(size)))? {
        Anchored::TimeStamped(token) => Ok(token),
        other => panic!("{other:?}"),
    }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a checkpoint is time-stamped by an RFC 3161 authority, and openssl accepts the token",
    polarity = allow,
)]
fn checkpoint_is_stamped_and_openssl_agrees(ev: Ev) -> Proven {
    for kind in [KeyKind::P256, KeyKind::Rsa] {
        let authority = Authority::new(kind);
        let token = ev.allows(stamped(&authority, 7));
        let note = log().note(7).render();
        let roots = TimeStampRoots::from_pem(&authority.root()).unwrap();
        let stamp = ev.allows(TimeStamp::verify(&token, note.as_bytes(), &roots));
        let now = medsec_audit::LogTime::from(std::time::SystemTime::now());
        let age = now.unix_millis().abs_diff(stamp.time().unix_millis());
        ev.holds("its time is now", age < 60_000);
        ev.holds("openssl verifies the token", authority.openssl_verifies(note.as_bytes(), &token));
        ev.holds("openssl refuses other bytes", !authority.openssl_verifies(b"other", &token));
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a time stamp over other bytes, of another request, from a foreign or expired root is refused",
    polarity = deny,
)]
fn time_stamps_that_show_nothing_are_refused(ev: Ev) -> Proven {
    let authority = Authority::new(KeyKind::P256);
    let is = |wanted: TimeStampError| {
        move |error: &OutsideError| {
            matches!(error, OutsideError::Answer(_)) && reason(error) == Some(wanted)
        }
    };
    let swapped = client(&authority.serve(Trick::OtherDigest), &authority.root());
    ev.denies(block_on(swapped.publish(&log().note(7))), is(TimeStampError::OtherBytes));
    let replayed = client(&authority.serve(Trick::Replay), &authority.root());
    ev.allows(block_on(replayed.publish(&log().note(7))));
    ev.denies(block_on(replayed.publish(&log().note(7))), is(TimeStampError::Nonce));
    let other = Authority::new(KeyKind::P256);
    for root in [other.root(), authority.expired_root()] {
        let distrusting = client(&authority.serve(Trick::None), &root);
        ev.denies(block_on(distrusting.publish(&log().note(7))), is(TimeStampError::Untrusted));
    }
    let damaged = client(&authority.serve(Trick::Damaged), &authority.root());
    ev.denies(block_on(damaged.publish(&log().note(7))), is(TimeStampError::NotAuthentic));
    ev.proven()
}

#[test]
fn no_edited_token_says_something_else() {
    let authority = Authority::new(KeyKind::P256);
    let token = stamped(&authority, 7).unwrap();
    let note = log().note(7).render();
    let roots = TimeStampRoots::from_pem(&authority.root()).unwrap();
    let stamp = TimeStamp::verify(&token, note.as_bytes(), &roots).unwrap();
    let mut refused = 0;
    for at in 0..token.len() {
        let mut edited = token.clone();
        edited[at] ^= 0x01;
        let cut = TimeStamp::verify(&token[..at], note.as_bytes(), &roots);
        assert!(cut.is_err(), "cut at {at}");
        match TimeStamp::verify(&edited, note.as_bytes(), &roots) {
            // Versions and the root's copy, for instance, mean nothing.
            Ok(found) => assert_eq!(found, stamp, "edited at {at}"),
            Err(_) => refused += 1,
        }
    }
    println!("{refused} of {} edits are refused", token.len());
    assert!(refused > token.len() / 3);
}

#[test]
fn refusal_of_the_authority_is_a_refusal() {
    // PKIStatus 2, rejection.
    let url = serve(|_| answer("200 OK", REPLY, &[0x30, 5, 0x30, 3, 2, 1, 2]));
    let authority = Authority::new(KeyKind::P256);
    let error = block_on(client(&url, &authority.root()).publish(&log().note(7))).unwrap_err();
    assert!(matches!(error, OutsideError::Refused(_)), "{error:?}");
    assert_eq!(reason(&error), Some(TimeStampError::NotGranted(2)));
}

#[test]
fn answers_of_another_form_are_malformed() {
    let authority = Authority::new(KeyKind::P256);
    let bodies: [(&str, &[u8]); 5] = [
        (REPLY, b""),
        (REPLY, &[0x30, 0x80, 0, 0]),
        (REPLY, &[0x30, 5, 0x30, 3, 2, 1, 0]),
        (REPLY, b"\x30\x84\xff\xff\xff\xff"),
        ("text/html", &[0x30, 5, 0x30, 3, 2, 1, 2]),
    ];
    for (kind, body) in bodies {
        let url = serve(move |_| answer("200 OK", kind, body));
        let client = client(&url, &authority.root());
        let error = block_on(client.publish(&log().note(7))).unwrap_err();
        assert_eq!(reason(&error), Some(TimeStampError::Malformed), "{error:?}");
    }
    let recalled = block_on(client("http://t.example", &authority.root()).recall(&log().origin));
    assert_eq!(recalled.unwrap(), Recalled::NotKept);
}
