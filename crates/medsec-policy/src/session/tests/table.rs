//! Many sessions of one process.

use super::*;

fn start(clock: &Arc<ManualClock>, name: &str, drops: &Arc<AtomicU32>) -> Session<Secret> {
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    let secret = Secret(Arc::clone(drops));
    Session::start(principal(name, clock, 0), LIMITS, shared, secret).unwrap()
}

struct Room {
    clock: Arc<ManualClock>,
    drops: Arc<AtomicU32>,
    table: SessionTable<Secret>,
}

impl Room {
    fn of(max: usize, names: &[&str]) -> Self {
        let room = Self {
            clock: Arc::new(ManualClock::new()),
            drops: Arc::new(AtomicU32::new(0)),
            table: SessionTable::new(max),
        };
        for name in names {
            room.enter(name).unwrap();
        }
        room
    }

    fn enter(&self, name: &str) -> Result<SessionId, TableFull> {
        let session = start(&self.clock, name, &self.drops);
        let id = session.id();
        self.table.insert(session).map(|()| id)
    }

    fn names(&self) -> BTreeSet<String> {
        self.table.list().iter().map(|status| status.principal.to_string()).collect()
    }
}

#[test]
fn session_beyond_the_bound_is_refused_and_ended() {
    let room = Room::of(2, &["ada", "ben"]);
    let third = start(&room.clock, "eve", &room.drops);
    let handle = third.clone();
    assert_eq!(room.table.insert(third), Err(TableFull { max: 2 }));
    assert!(handle.check().is_err());
    assert_eq!(room.drops.load(Ordering::SeqCst), 1);
    // Ended ones make room when they have been told of.
    room.clock.pass(IDLE);
    assert!(room.enter("eve").is_err());
    assert_eq!(room.table.sweep().len(), 2);
    assert!(room.enter("eve").is_ok());
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "revoking a principal ends all sessions of theirs and no others",
    polarity = deny,
)]
fn revocation_ends_every_session_of_the_principal(ev: Ev) -> Proven {
    let room = Room::of(8, &["ada", "ben"]);
    let theirs = [ev.allows(room.enter("ada")), ev.allows(room.enter("Ada"))];
    let handles = theirs.map(|id| ev.allows(room.table.find(&id).ok_or("no session")));
    let revoked = room.table.revoke(&ev.allows(PrincipalId::new("ADA")));
    ev.holds("three sessions", revoked == 3 && room.drops.load(Ordering::SeqCst) == 3);
    for handle in handles {
        ev.denies(handle.with(|_, _| ()), |ended| ended.reason == EndReason::Revoked);
    }
    ev.holds("the other goes on", room.names().iter().eq(["ben"]));
    ev.proven()
}

#[test]
fn each_end_is_told_of_once() {
    let room = Room::of(8, &["ada", "ben", "eve"]);
    let ada = room.table.list().into_iter().find(|s| s.principal.as_str() == "ada").unwrap();
    room.table.find(&ada.id).unwrap().end(EndReason::LoggedOut);
    room.clock.set_wall(ManualClock::START - 3600);
    let told = room.table.sweep();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].id, told[0].reason), (ada.id, EndReason::LoggedOut));
    room.clock.pass(IDLE);
    let told = room.table.sweep();
    assert!(told.iter().all(|ended| ended.reason == EndReason::Idle));
    assert!(told.iter().all(|ended| ended.clock_step.is_some()));
    assert_eq!(told.len(), 2);
    assert!(room.table.sweep().is_empty());
    assert!(room.table.find(&ada.id).is_none() && room.table.next_deadline().is_none());
}

#[test]
fn next_deadline_is_the_earliest() {
    let room = Room::of(8, &["ada"]);
    let first = room.table.next_deadline().unwrap();
    room.clock.pass(IDLE / 2);
    room.enter("ben").unwrap();
    assert_eq!(room.table.next_deadline(), Some(first));
    assert_eq!(first, room.clock.boot().unwrap().plus(IDLE / 2));
}

#[test]
fn locking_ends_all_sessions() {
    let room = Room::of(8, &["ada", "ben"]);
    assert_eq!(room.table.end_all(EndReason::Suspended), 2);
    assert_eq!(room.drops.load(Ordering::SeqCst), 2);
    assert!(room.table.list().is_empty());
}
