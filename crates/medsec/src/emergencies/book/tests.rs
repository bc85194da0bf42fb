#![expect(clippy::arithmetic_side_effects, reason = "times of tests are far from their limits")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use medsec_policy::{
    Claim, ClockError, EmergencyEnd, EmergencyReason, LocalUser, Moment, Principal, ReasonText,
    ReviewOutcome, Scope,
};

use super::*;

const START: u64 = 1_795_000_000;

/// Wall clock and clock that counts suspend, in seconds.
#[derive(Debug)]
struct Hands(Mutex<(u64, u64)>);

impl Hands {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((START, 100))))
    }

    fn pass(&self, seconds: u64) {
        let mut hands = self.0.lock().unwrap();
        *hands = (hands.0 + seconds, hands.1 + seconds);
    }

    fn set_back(&self, seconds: u64) {
        self.0.lock().unwrap().0 -= seconds;
    }
}

impl Clock for Hands {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.lock().unwrap().0)
    }

    fn boot(&self) -> Result<Moment, ClockError> {
        Ok(Moment::after_boot(Duration::from_secs(self.0.lock().unwrap().1)))
    }
}

fn limits() -> EmergencyLimits {
    EmergencyLimits {
        max_duration: Duration::from_secs(3600),
        reasons: EmergencyReason::ALL.iter().copied().collect(),
        max_authentication_age: Duration::from_secs(300),
        review_within_days: 7,
    }
}

fn book(folder: &Path, clock: &Arc<Hands>) -> EmergencyBook {
    EmergencyBook::new(folder.join("emergencies"), limits(), Arc::clone(clock) as _)
}

fn person(name: &str) -> Principal {
    LocalUser::verified_by_store(name).unwrap().principal(SystemTime::UNIX_EPOCH)
}

fn dataset(name: &str) -> DatasetId {
    DatasetId::new(name).unwrap()
}

/// An hour of ada's, for the data set `ct`.
fn claimed(book: &EmergencyBook) -> Emergency {
    claim(book, Scope::Dataset(dataset("ct")))
}

fn claim(book: &EmergencyBook, scope: Scope) -> Emergency {
    let claim = Claim {
        principal: &person("ada"),
        authentication_age: Duration::ZERO,
        reason: EmergencyReason::PatientSafety,
        text: &ReasonText::new("unconscious").unwrap(),
        scope,
        duration: Duration::from_secs(3600),
    };
    claim.open(book.limits(), book.clock()).unwrap()
}

fn covers(book: &EmergencyBook, who: &str, what: &str, clock: &Hands) -> Option<EmergencyId> {
    let what = dataset(what);
    book.covering(&PrincipalId::new(who).unwrap(), Some(&what), None, clock.wall())
}

fn end(book: &EmergencyBook, id: EmergencyId) {
    let ended = book.change(id, |emergency| {
        emergency.return_to_normal(book.clock()).unwrap();
        Ok::<_, BookError>(())
    });
    ended.unwrap();
}

#[test]
fn nothing_is_covered_where_there_is_no_folder() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    assert_eq!(covers(&book, "ada", "ct", &clock), None);
    assert!(book.entries().unwrap().is_empty());
    assert!(!folder.path().join("emergencies").exists(), "looking makes nothing");
}

#[test]
fn records_that_are_damaged_misnamed_or_too_long_cover_nothing() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    let emergency = claimed(&book);
    let (id, text) = (emergency.id(), emergency.record().render());
    book.add(emergency).unwrap();
    let path = folder.path().join(format!("emergencies/{id}.emergency"));
    let later = text.replace(&(START + 3600).to_string(), &(START + 9999).to_string());
    assert_ne!(later, text);
    for bad in [String::new(), text.replace("ada", "ada "), format!("{text} "), "x".repeat(20_000)]
    {
        fs::write(&path, bad).unwrap();
        assert_eq!(covers(&book, "ada", "ct", &clock), None);
        assert!(book.entries().unwrap()[0].is_err());
        assert!(book.settle(|_| Ok::<_, BookError>(())).is_ok(), "others are settled all the same");
    }
    // Longer than the policy of now allows: no longer than that.
    fs::write(&path, later).unwrap();
    assert_eq!(covers(&book, "ada", "ct", &clock), Some(id));
    clock.pass(3600);
    assert_eq!(covers(&book, "ada", "ct", &clock), None);
    let other = folder.path().join(format!("emergencies/{}.emergency", "0".repeat(32)));
    fs::rename(&path, other).unwrap();
    assert!(matches!(book.entries().unwrap()[0], Err(BookError::Misplaced)));
}

#[test]
fn emergency_serves_who_claimed_it_for_what_it_covers() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    let emergency = claimed(&book);
    let id = emergency.id();
    book.add(emergency).unwrap();
    assert_eq!(covers(&book, "bela", "ct", &clock), None, "another person");
    assert_eq!(covers(&book, "ada", "mri", &clock), None, "another data set");
    let ada = PrincipalId::new("ada").unwrap();
    assert_eq!(book.covering(&ada, None, None, clock.wall()), None, "no data set");
    let late = clock.wall() + Duration::from_secs(3600);
    assert_eq!(book.covering(&ada, Some(&dataset("ct")), None, late), None, "too late");
    assert_eq!(covers(&book, "ada", "ct", &clock), Some(id));
}

#[test]
fn emergency_of_one_patient_serves_for_that_patient_alone() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    let [one, other] = ["a", "b"].map(|digit| format!("sha256:{}", digit.repeat(64)));
    let pseudonym = PatientPseudonym::new(&one).unwrap();
    let emergency = claim(&book, Scope::Patient { pseudonym, dataset: dataset("ct") });
    let id = emergency.id();
    book.add(emergency).unwrap();
    let ada = PrincipalId::new("ada").unwrap();
    let covering = |patient: Option<&str>| {
        let patient: Option<Patient> = patient.map(|patient| patient.parse().unwrap());
        book.covering(&ada, Some(&dataset("ct")), patient.as_ref(), clock.wall())
    };
    assert_eq!(covering(None), None);
    assert_eq!(covering(Some(&other)), None);
    assert_eq!(covering(Some(&one)), Some(id));
}

#[test]
fn emergency_ends_for_other_processes_and_after_a_restart_too() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let (one, other) = (book(folder.path(), &clock), book(folder.path(), &clock));
    let emergency = claimed(&one);
    let id = emergency.id();
    one.add(emergency).unwrap();
    assert_eq!(covers(&other, "ada", "ct", &clock), Some(id));
    end(&other, id);
    assert_eq!(covers(&one, "ada", "ct", &clock), None);
    assert_eq!(covers(&book(folder.path(), &clock), "ada", "ct", &clock), None);
}

#[test]
fn emergency_ends_by_the_clock_that_nobody_can_set() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    let emergency = claimed(&book);
    let id = emergency.id();
    book.add(emergency).unwrap();
    for _ in 0..120 {
        // Somebody holds the wall clock where it is, a little at a time.
        assert_eq!(covers(&book, "ada", "ct", &clock), Some(id));
        clock.pass(30);
        clock.set_back(30);
    }
    assert_eq!(covers(&book, "ada", "ct", &clock), None);
}

#[test]
fn clock_set_back_shows_after_a_restart() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let first = book(folder.path(), &clock);
    let emergency = claimed(&first);
    let id = emergency.id();
    first.add(emergency).unwrap();
    clock.pass(1800);
    assert_eq!(covers(&first, "ada", "ct", &clock), Some(id));
    clock.set_back(900);
    assert_eq!(covers(&book(folder.path(), &clock), "ada", "ct", &clock), None);
}

#[test]
fn what_has_expired_is_recorded_once_and_again_if_that_failed() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    let emergency = claimed(&book);
    book.add(emergency).unwrap();
    assert_eq!(book.settle(|_| Ok::<_, BookError>(())).unwrap(), 0);
    clock.pass(3600);
    book.settle(|_| Err(BookError::Busy)).unwrap_err();
    let mut seen = Vec::new();
    let settled = book.settle(|record| {
        seen.push(record.phase.clone());
        Ok::<_, BookError>(())
    });
    assert_eq!(settled.unwrap(), 1);
    let phase = EmergencyPhase::Ended { how: EmergencyEnd::Expired, at: START + 3600 };
    assert_eq!(seen, [phase]);
    assert_eq!(book.settle(|_| Ok::<_, BookError>(())).unwrap(), 0);
}

#[test]
fn change_that_fails_is_not_kept() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    let emergency = claimed(&book);
    let id = emergency.id();
    book.add(emergency).unwrap();
    let failed = book.change(id, |emergency| {
        emergency.return_to_normal(book.clock()).unwrap();
        Err::<(), _>(BookError::Busy)
    });
    assert!(matches!(failed, Err(BookError::Busy)));
    assert_eq!(covers(&book, "ada", "ct", &clock), Some(id));
}

#[test]
fn review_stays_open_until_somebody_else_closes_it() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    let emergency = claimed(&book);
    let id = emergency.id();
    book.add(emergency).unwrap();
    let review = |who: &str| {
        book.change(id, |emergency| {
            let reviewed = emergency.review(&person(who), ReviewOutcome::Justified, book.clock());
            reviewed.map_err(|_| BookError::Busy)
        })
    };
    assert!(review("cara").is_err(), "it is open");
    end(&book, id);
    clock.pass(8 * 86_400);
    let entry = book.entries().unwrap().remove(0).unwrap();
    assert!(entry.is_overdue && entry.review_due.is_some());
    assert!(review("Ada").is_err(), "claimed it");
    review("cara").unwrap();
    assert!(book.entries().unwrap().is_empty());
    let entry = book.entry(id).unwrap();
    assert!(matches!(entry.record.phase, EmergencyPhase::Reviewed { .. }) && !entry.is_overdue);
    assert!(review("dora").is_err(), "it is closed");
}

#[test]
fn many_threads_and_books_lose_no_change() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let first = book(folder.path(), &clock);
    let emergency = claimed(&first);
    let id = emergency.id();
    first.add(emergency).unwrap();
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (folder, clock) = (folder.path(), &clock);
            scope.spawn(move || {
                let name = PrincipalId::new(&format!("custodian-{number}")).unwrap();
                let took_part = book(folder, clock).change(id, |emergency| {
                    emergency.took_part(&name).map_err(|_| BookError::TooMany)
                });
                took_part.unwrap();
            });
        }
    });
    assert_eq!(first.entry(id).unwrap().record.participants.len(), 16);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let book = book(folder.path(), &clock);
    book.add(claimed(&book)).unwrap();
    let folder = folder.path().join("emergencies");
    let inside = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    for path in inside.chain([folder.clone()]) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    }
}
