//! A real log that cannot be written any more: replaced under the writer's hands, out of room, or without a place.

use std::process::Command;
use std::sync::Arc;

use medsec::{JournalError, Refused};
use medsec_audit::{AppendError, SpaceLimits};
use medsec_crypto::{Execution, OutputOptions};
use medsec_testkit::child::{child, number_in, output_of, task};
use medsec_testkit::{Asked, CountingKeys};

use crate::refusals::refused;
use crate::support::{Scene, open, seal, wish};

#[test]
fn open_rejects_everything_once_the_log_was_replaced() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let custodian = scene.custodian();
    scene.displace_log();
    for _ in 0..2 {
        let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
        let log = |why: &Refused| matches!(why, Refused::Record(JournalError::Log(_)));
        assert!(log(&why), "{why:?}");
    }
    let why = seal(&custodian, &login, true).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Record(JournalError::Log(_))), "{why:?}");
    assert_eq!(keys.asked(), []);
}

#[test]
fn grant_releases_nothing_once_the_log_was_replaced() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(1000), scene.path("output"));
    let custodian = scene.custodian();
    let grant = open(&custodian, &scene.ada(), &package, &wish()).unwrap();
    scene.displace_log();
    let source = std::fs::File::open(&package).unwrap();
    let (options, how) = (OutputOptions::default(), Default::default());
    let why = grant.open_to_file(source, &output, options, &how).unwrap_err();
    assert!(matches!(why, medsec::ReleaseError::Record(_)), "{why:?}");
    assert!(!output.exists());
}

#[test]
fn open_rejects_everything_when_the_log_has_no_room_left() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let told = scene.trail();
    let mut full = SpaceLimits::default();
    // As if the disk had less than that, whatever it has.
    (full.warn, full.refuse, full.stop) = (u64::MAX, u64::MAX, 0);
    let scene = scene.with_space(full);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let custodian = scene.custodian();
    let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
    let room = |e: &JournalError| matches!(e, JournalError::Log(AppendError::NoSpace { .. }));
    assert!(matches!(&why, Refused::Record(e) if room(e)), "{why:?}");
    assert_eq!(told.events(), []);
    // Who is not permitted is still put on record, as long as anything can be.
    let bela = scene.login(&scene.bela, scene.keyring(&scene.bela));
    let why = open(&custodian, &bela, &package, &wish()).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Policy(_)), "{why:?}");
    assert_eq!(told.events().len(), 1);
}

/// Opens a package again and again in a process that may write no file longer than it is told, as on a full disk.
#[test]
fn opens_until_the_disk_is_full() {
    if task().is_none() {
        return;
    }
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = Arc::new(CountingKeys::new(scene.keyring(&scene.ada)));
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let custodian = scene.custodian();
    let mut opened = 0;
    let why = loop {
        let output = scene.path(&format!("output-{opened}"));
        let unwrapped = keys.count(Asked::Unwrap);
        match open(&custodian, &login, &package, &wish()) {
            Ok(grant) => {
                let _ = grant.close(Ok(()));
                opened += 1;
                let again = open(&custodian, &login, &package, &wish());
                let done = again.is_ok_and(|grant| {
                    let source = std::fs::File::open(&package).unwrap();
                    let how = Execution::default();
                    grant.open_to_file(source, &output, OutputOptions::default(), &how).is_ok()
                });
                assert_eq!(done, output.exists());
            }
            Err(why) => {
                assert_eq!(keys.count(Asked::Unwrap), unwrapped);
                break why;
            }
        }
    };
    assert!(matches!(why, Refused::Record(JournalError::Log(_))), "{why:?}");
    println!("opened={opened}");
}

#[test]
fn full_disk_opens_nothing_more() {
    let inner = child("log_faults::opens_until_the_disk_is_full", &["fill"]);
    let mut limited = Command::new("sh");
    // An ignored SIGXFSZ is inherited; writes beyond the limit then fail as on a full disk. Blocks of 512 bytes.
    limited.arg("-c").arg("trap '' XFSZ; ulimit -f 2300; exec \"$0\" \"$@\"");
    limited.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        limited.env(name, value.unwrap());
    }
    assert!(number_in(&output_of(limited), "opened") > 0);
}
