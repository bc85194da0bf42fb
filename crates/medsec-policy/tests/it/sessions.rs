//! After the end of a session the key that it unlocked is no longer in this process's memory.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use medsec_evidence::{Ev, Proven, evidence};
use medsec_policy::{
    Clock, ClockError, EndReason, Factors, Method, Moment, Principal, PrincipalId, PrincipalKind,
    Session, SessionLimits, SessionTable,
};
use medsec_testkit::Needle;
use zeroize::Zeroizing;

const LIMITS: SessionLimits =
    SessionLimits { idle: Duration::from_secs(900), absolute: Duration::from_secs(3600) };

/// Time since the start, as the test sets it.
#[derive(Debug)]
struct Shown(Mutex<Duration>);

impl Clock for Shown {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + *self.0.lock().unwrap()
    }

    fn boot(&self) -> Result<Moment, ClockError> {
        Ok(Moment::after_boot(*self.0.lock().unwrap()))
    }
}

type Key = Zeroizing<Vec<u8>>;

/// A session with a random key, and the key masked. The key is on the heap alone from its first byte on.
fn unlock(clock: &Arc<Shown>) -> (Session<Key>, Needle) {
    let mut key = Zeroizing::new(vec![0; Needle::LEN]);
    getrandom::fill(&mut key).unwrap();
    let needle = Needle::of(&key);
    let principal = Principal {
        id: PrincipalId::new("ada").unwrap(),
        kind: PrincipalKind::Person,
        method: Method::PrivateKey,
        factors: Factors::One,
        authenticated_at: clock.wall(),
        groups: BTreeSet::new(),
    };
    let shared: Arc<dyn Clock> = Arc::<Shown>::clone(clock);
    (Session::start(principal, LIMITS, shared, key).unwrap(), needle)
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "after a session has ended, the key that it unlocked stands nowhere in the memory of the process",
    polarity = deny,
)]
fn key_of_an_ended_session_is_nowhere_in_memory(ev: Ev) -> Proven {
    type End = fn(&Shown, &Session<Key>);
    let later = |clock: &Shown| *clock.0.lock().unwrap() += LIMITS.idle;
    let ends: [(EndReason, End); 3] = [
        (EndReason::Idle, |_, session| assert!(session.sweep())),
        (EndReason::LoggedOut, |_, session| assert!(session.end(EndReason::LoggedOut))),
        (EndReason::Revoked, |_, session| {
            let table = SessionTable::new(1);
            table.insert(session.clone()).unwrap();
            assert_eq!(table.revoke(session.principal()), 1);
        }),
    ];
    for (reason, end) in ends {
        let clock = Arc::new(Shown(Mutex::new(Duration::from_secs(1_000_000))));
        let (session, needle) = unlock(&clock);
        let used = session.with(|_, key| key.iter().fold(0_u8, |sum, byte| sum ^ byte));
        ev.allows(used);
        // The search works: it finds what is there.
        ev.holds("the key is in memory", !needle.places().is_empty());
        if reason == EndReason::Idle {
            later(&clock);
        }
        end(&clock, &session);
        ev.denies(session.with(|_, key| key.len()), |ended| ended.reason == reason);
        ev.holds("the key is not in memory", needle.places().is_empty());
    }
    ev.proven()
}
