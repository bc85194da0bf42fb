//! The end of a session while content passes, and how often it is asked after.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use medsec::{
    Hold, KeyHandle, LoggedIn, Login, NotLoggedIn, ReleaseError, SessionLogin, Signer, UseError,
};
use medsec_audit::Action;
use medsec_crypto::{Backend, Execution, OutputOptions};
use medsec_kms::KeyService;
use medsec_policy::EndReason;

use super::{ENDED, Reading, source};
use crate::support::{Scene, open, seal, wish};

const LEN: usize = 16 << 20;

/// A source that counts, and during which a session ends.
struct Long {
    file: File,
    read: Arc<AtomicU64>,
    ends_at: u64,
    session: SessionLogin,
}

impl Long {
    fn of(reading: &Reading, file: File, ends_at: u64) -> (Self, Arc<AtomicU64>) {
        let (read, session) = (Arc::default(), reading.login.clone());
        (Self { file, read: Arc::clone(&read), ends_at, session }, read)
    }
}

impl Read for Long {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        let before = self.read.fetch_add(read as u64, Ordering::SeqCst);
        if before + read as u64 >= self.ends_at {
            self.session.session().end(EndReason::Revoked);
        }
        Ok(read)
    }
}

impl Seek for Long {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[test]
fn long_open_ends_when_its_session_does() {
    for threads in [1, 2] {
        let reading = Reading::of(LEN);
        let told = reading.scene.trail();
        let output = reading.scene.path("output");
        let mut how = Execution::default();
        how.threads = threads.try_into().unwrap();
        let (long, read) = Long::of(&reading, source(&reading.package), 2 << 20);
        let options = OutputOptions::default();
        let why = reading.grant().open_to_file(long, &output, options, &how).unwrap_err();
        assert!(matches!(why, ReleaseError::Login(NotLoggedIn::Revoked)), "{why:?}");
        assert!(!output.exists());
        let read = read.load(Ordering::SeqCst);
        assert!(read < 4 << 20, "{read} bytes of {LEN} were read");
        assert_eq!(told.operations(), [(Action::ReadRange, ENDED)]);
    }
}

#[test]
fn long_seal_ends_when_its_session_does() {
    let reading = Reading::of(10);
    let (content, path) = (reading.scene.path("content"), reading.scene.path("sealed"));
    std::fs::write(&content, vec![7; LEN]).unwrap();
    let told = reading.scene.trail();
    let grant = seal(&reading.custodian, &reading.login, true).unwrap();
    let (long, read) = Long::of(&reading, File::open(&content).unwrap(), 2 << 20);
    let (options, how) = (OutputOptions::default(), Execution::default());
    let why = grant.seal_to_file(long, &path, options, &how).unwrap_err();
    assert!(matches!(why, ReleaseError::Login(NotLoggedIn::Revoked)), "{why:?}");
    assert!(!path.exists());
    assert!(read.load(Ordering::SeqCst) < 4 << 20);
    assert_eq!(told.operations(), [(Action::Seal, ENDED)]);
}

#[test]
fn long_range_ends_when_its_session_does() {
    let reading = Reading::of(LEN);
    let grant = reading.grant();
    let (long, read) = Long::of(&reading, source(&reading.package), 2 << 20);
    let mut reader = grant.reader(long, Backend::default()).unwrap();
    let mut all = vec![9; LEN];
    let why = reader.read_range(0, &mut all).unwrap_err();
    assert!(matches!(why, UseError::Login(NotLoggedIn::Revoked)), "{why:?}");
    assert!(all.iter().all(|byte| *byte == 0), "nothing of it is left to use");
    assert!(read.load(Ordering::SeqCst) < 4 << 20);
}

/// A session that is asked after, and lives for so many questions.
#[derive(Debug)]
struct Asked {
    inner: SessionLogin,
    hold: Arc<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    checks: AtomicUsize,
    glances: AtomicUsize,
    /// Glances from this one on are refused, and checks are not: it flaps.
    refuses_from: Option<usize>,
    /// Checks from this one on are refused.
    over_from: Option<usize>,
}

impl Hold for Counted {
    fn check(&self) -> Result<(), NotLoggedIn> {
        let before = self.checks.fetch_add(1, Ordering::SeqCst);
        match self.over_from.is_some_and(|from| before >= from) {
            true => Err(NotLoggedIn::Expired),
            false => Ok(()),
        }
    }

    fn glance(&self) -> Result<(), NotLoggedIn> {
        let before = self.glances.fetch_add(1, Ordering::SeqCst);
        match self.refuses_from.is_some_and(|from| before >= from) {
            true => Err(NotLoggedIn::Unreachable),
            false => Ok(()),
        }
    }

    fn keep(&self, _: KeyHandle) -> Result<(), NotLoggedIn> {
        Ok(())
    }
}

impl Login for Asked {
    fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        self.inner.current()
    }

    fn keys(&self) -> &dyn KeyService {
        self.inner.keys()
    }

    fn hold(&self) -> Arc<dyn Hold> {
        Arc::clone(&self.hold) as _
    }

    fn signer(&self) -> Result<Option<Signer>, NotLoggedIn> {
        self.inner.signer()
    }
}

fn asked(scene: &Scene, hold: Counted) -> Asked {
    Asked { inner: scene.ada(), hold: Arc::new(hold) }
}

#[test]
fn question_is_asked_twice_an_open_and_cheaply_a_batch() {
    let scene = Scene::new();
    let package = scene.sealed(LEN);
    let (custodian, login) = (scene.custodian(), asked(&scene, Counted::default()));
    let grant = open(&custodian, &login, &package, &wish()).unwrap();
    let output = scene.path("output");
    let (options, how) = (OutputOptions::default(), Execution::default());
    grant.open_to_file(source(&package), &output, options, &how).unwrap();
    assert_eq!(login.hold.checks.load(Ordering::SeqCst), 2);
    let glances = login.hold.glances.load(Ordering::SeqCst);
    assert!((LEN >> 18..=(LEN >> 18) + 1).contains(&glances), "{glances}");
}

#[test]
fn question_is_asked_once_a_read_of_a_reader() {
    let scene = Scene::new();
    let package = scene.sealed(3 << 20);
    let (custodian, login) = (scene.custodian(), asked(&scene, Counted::default()));
    let grant = open(&custodian, &login, &package, &wish()).unwrap();
    let mut reader = grant.reader(source(&package), Backend::default()).unwrap();
    let counted = || {
        let hold = &login.hold;
        (hold.checks.load(Ordering::SeqCst), hold.glances.load(Ordering::SeqCst))
    };
    let before = counted();
    for _ in 0..100 {
        reader.read_exact(&mut [0; 16]).unwrap();
    }
    assert_eq!(counted(), (before.0, before.1 + 100));
    reader.read_range(0, &mut vec![0; 3 << 20]).unwrap();
    assert_eq!(counted(), (before.0, before.1 + 103));
}

#[test]
fn session_is_asked_after_once_more_when_all_is_done() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    let custodian = scene.custodian();
    let told = scene.trail();
    // It lives when the use begins and while content passes, and not at the end.
    let over = |checks| asked(&scene, Counted { over_from: Some(checks), ..Counted::default() });
    let grant = open(&custodian, &over(1), &package, &wish()).unwrap();
    let how = Execution::default();
    let why = grant.open_to_memory(source(&package), 1 << 20, &how).map(drop).unwrap_err();
    assert!(matches!(why, ReleaseError::Login(NotLoggedIn::Expired)), "{why:?}");
    // Sealing asks once more before: when the draft becomes a package.
    let grant = seal(&custodian, &over(2), true).unwrap();
    let why = grant.seal(&[7; 1000][..], Vec::new(), &how).unwrap_err();
    assert!(matches!(why, ReleaseError::Login(NotLoggedIn::Expired)), "{why:?}");
    assert_eq!(told.operations(), [(Action::Open, ENDED), (Action::Seal, ENDED)]);
}

#[test]
fn grant_that_was_refused_once_is_refused_for_ever() {
    let scene = Scene::new();
    let package = scene.sealed(3 << 20);
    let hold = Counted { refuses_from: Some(2), ..Counted::default() };
    let (custodian, login) = (scene.custodian(), asked(&scene, hold));
    let told = scene.trail();
    let grant = open(&custodian, &login, &package, &wish()).unwrap();
    let mut reader = grant.reader(source(&package), Backend::default()).unwrap();
    let why = reader.read_range(0, &mut vec![0; 3 << 20]).unwrap_err();
    assert!(matches!(why, UseError::Login(NotLoggedIn::Unreachable)), "{why:?}");
    drop(reader);
    // Who keeps the session answers again, too late.
    let why = grant.open_to_memory(source(&package), 1 << 24, &Execution::default()).unwrap_err();
    assert!(matches!(why, ReleaseError::Login(NotLoggedIn::Unreachable)), "{why:?}");
    let gone = medsec_audit::Outcome::Denied(medsec_audit::Denial::NoSession);
    assert_eq!(told.operations(), [(Action::Open, Some(gone))]);
}
