//! Processes killed by SIGKILL at every step of every kind of change. Unix only.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use medsec_testkit::Random;

use super::*;
use crate::steps::{die_at, steps};

const TASK: &str = "MEDSEC_STORE_TASK";
const CHILD: &str = "store::tests::crash::helper_makes_one_change";
/// More than any of them has.
const PLACES: u32 = 40;

/// What is being done when the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Create,
    Rotate,
    Grant,
    Revoke,
    Offboard,
    Destroy,
    Restore,
    RestoreOverDamage,
}

const KINDS: [Kind; 8] = [
    Kind::Create,
    Kind::Rotate,
    Kind::Grant,
    Kind::Revoke,
    Kind::Offboard,
    Kind::Destroy,
    Kind::Restore,
    Kind::RestoreOverDamage,
];

impl Kind {
    fn of(text: &str) -> Self {
        KINDS.into_iter().find(|kind| format!("{kind:?}") == text).unwrap()
    }

    /// What stands in `home` before.
    fn prepare(self, home: &Path) {
        if self == Self::Create {
            return;
        }
        let (root, ann, bob) = (Keys::new(1), Keys::new(2), Keys::new(3));
        let mut store = create(home).unwrap();
        let mut change = store.change(root.administrator(), at(1)).unwrap();
        change.create_key(&spec("ct")).unwrap();
        // Enough that erasing it takes several writes.
        for number in 0..20 {
            change.create_key(&spec(&format!("mri-{number}"))).unwrap();
        }
        change.add_user(ann.as_new("ann", Role::User)).unwrap();
        change.add_user(bob.as_new("bob", Role::User)).unwrap();
        change.grant(&user("ann"), &name("ct")).unwrap();
        change.commit().unwrap();
        store.back_up(&home.join("copy")).unwrap();
        let mut change = store.change(root.administrator(), at(2)).unwrap();
        change.rotate_key(&name("ct")).unwrap();
        change.commit().unwrap();
        if self == Self::RestoreOverDamage {
            fs::write(home.join("store/state"), b"damaged").unwrap();
        }
    }

    fn run(self, home: &Path) -> Result<(), ChangeError> {
        let root = Keys::new(1);
        let (by, place) = (root.administrator(), place_in(home));
        if self == Self::Create {
            return create(home).map(drop);
        }
        if matches!(self, Self::Restore | Self::RestoreOverDamage) {
            let copy = home.join("copy");
            return LocalStore::restore(place, &copy, Present::GiveUp, by, at(3)).map(drop);
        }
        let mut store = LocalStore::open(place)?;
        let mut change = store.change(by, at(3))?;
        match self {
            Self::Grant => change.grant(&user("bob"), &name("ct"))?,
            Self::Revoke => drop(change.revoke(&user("ann"), &name("ct"))?),
            Self::Offboard => drop(change.offboard(&user("ann"))?),
            Self::Destroy => change.destroy_key(&name("ct"))?,
            _ => change.rotate_key(&name("ct"))?,
        }
        change.commit()
    }

    /// Whether the change is there; it must be whole or not at all.
    #[track_caller]
    fn is_done(self, home: &Path) -> bool {
        let opened = LocalStore::open(place_in(home));
        let store = match opened {
            Ok(store) => store,
            Err(StoreError::Missing) if self == Self::Create => return false,
            Err(StoreError::Missing | StoreError::Format) if self == Self::RestoreOverDamage => {
                return false;
            }
            Err(error) => panic!("{self:?}: {error:?}"),
        };
        let done = match self {
            Self::Create => true,
            _ => store.generation() == 4,
        };
        assert!(done || store.generation() == 3, "{self:?}: change {}", store.generation());
        self.check(&store, done);
        done
    }

    /// All of the change, or nothing of it.
    fn check(self, store: &LocalStore, done: bool) {
        let holders = store.key(&name("ct")).map(|key| key.holders().count()).unwrap_or_default();
        let versions = store.key(&name("ct")).map(|key| key.versions().count()).unwrap_or_default();
        let old = (2, 2);
        let new = match self {
            Self::Create => (0, 0),
            Self::Rotate => (2, 3),
            Self::Grant => (3, 2),
            Self::Revoke | Self::Offboard => (1, 3),
            Self::Destroy => (0, 0),
            Self::Restore | Self::RestoreOverDamage => (2, 1),
        };
        assert_eq!((holders, versions), if done { new } else { old }, "{self:?}");
    }

    /// After a death the next change works, and cleans up.
    fn go_on(self, home: &Path, done: bool) {
        if !done && matches!(self, Self::Create | Self::RestoreOverDamage) {
            self.run(home).unwrap();
            assert!(self.is_done(home));
        }
        let root = Keys::new(1);
        let mut store = LocalStore::open(place_in(home)).unwrap();
        let before = store.generation();
        let mut change = store.change(root.administrator(), at(4)).unwrap();
        change.create_key(&spec("afterwards")).unwrap();
        change.commit().unwrap();
        let store = LocalStore::open(place_in(home)).unwrap();
        assert_eq!(store.generation(), before + 1);
        let own = HpkeIdentity::take_from(HpkeKind::X25519, &mut [1; 32]).unwrap();
        store.unlock(own).unwrap().newest(&name("afterwards")).unwrap();
        let restored = matches!(self, Self::Restore | Self::RestoreOverDamage);
        for left in names(&home.join("store")) {
            let aside = left.starts_with("replaced-before-") && left.ends_with(".state");
            assert!(["LOCK", "state"].contains(&&*left) || restored && aside, "{self:?}: {left}");
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A process that makes the change and stops at that place, if it comes there.
fn start(kind: Kind, home: &Path, place: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
        .env(TASK, format!("{kind:?}\n{place}\n{}", home.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits for a line of a child that starts like that; `false` if the child ends before.
fn says(child: &mut Child, line: &str) -> bool {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    lines.map_while(Result::ok).any(|text| text.starts_with(line))
}

fn kill(child: &mut Child) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    child.kill().unwrap();
    child.wait().unwrap().signal() == Some(9)
}

/// Copies what was prepared, with its modes.
fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            fs::create_dir(&to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o700)).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// Kills the change at every place; gives how many there are.
fn kill_everywhere(kind: Kind) -> u32 {
    let prepared = home();
    kind.prepare(prepared.path());
    let mut seen_done = false;
    for place in 0..PLACES {
        let home = home();
        copy(prepared.path(), home.path());
        let mut child = start(kind, home.path(), place);
        if !says(&mut child, "ready to be killed") {
            assert!(child.wait().unwrap().success());
            assert!(kind.is_done(home.path()), "{kind:?} is not done in the end");
            return place;
        }
        assert!(kill(&mut child));
        let done = kind.is_done(home.path());
        assert!(done || !seen_done, "{kind:?} was undone at place {place}");
        seen_done = done;
        kind.go_on(home.path(), done);
    }
    panic!("{kind:?} has more places than expected");
}

#[test]
fn change_killed_at_any_step_is_whole_or_absent() {
    let mut total = 0;
    for kind in KINDS {
        let places = kill_everywhere(kind);
        println!("{kind:?}: {places} places");
        assert!(places >= 6, "{kind:?}");
        total += places;
    }
    println!("{total} kills");
}

#[test]
fn change_killed_at_any_moment_is_whole_or_absent() {
    let prepared: Vec<_> = KINDS.map(|kind| (kind, home())).into();
    prepared.iter().for_each(|(kind, home)| kind.prepare(home.path()));
    let mut random = Random::new(3);
    let (mut killed, mut done) = (0, 0);
    for round in 0..200 {
        let (kind, prepared) = &prepared[round % prepared.len()];
        let home = home();
        copy(prepared.path(), home.path());
        let mut child = start(*kind, home.path(), u32::MAX);
        assert!(says(&mut child, "begun"));
        let moment = u64::try_from(random.below(3000)).unwrap();
        std::thread::sleep(Duration::from_micros(moment));
        killed += u32::from(kill(&mut child));
        let is_done = kind.is_done(home.path());
        done += u32::from(is_done);
        kind.go_on(home.path(), is_done);
    }
    println!("200 rounds: {killed} killed, {done} done");
    assert!(killed > 20);
}

/// Kind, place, home: makes one change and stops at that place.
#[test]
fn helper_makes_one_change() {
    let Ok(task) = std::env::var(TASK) else { return };
    let [kind, place, home] = task.splitn(3, '\n').collect::<Vec<_>>().try_into().unwrap();
    println!("\nbegun");
    die_at(place.parse().unwrap());
    Kind::of(kind).run(Path::new(home)).unwrap();
    println!("\nended after {} places", steps());
}
