//! Every use that a grant has, after the end of its session.

use medsec::{NotLoggedIn, Parked, RewrapBatch, RewrapWish, UseError, WantedRecipients};
use medsec_audit::{Action, PeerName};
use medsec_crypto::{
    Backend, Context, Execution, GroupLimits, Header, LockedPackage, OutputOptions, PendingFile,
    SideCar,
};
use medsec_policy::{DatasetId, Purpose};

use super::{ENDED, Reading, source};
use crate::support::{DATASET, content, header, key, seal};

/// Asks a grant for something after its session has ended.
#[track_caller]
fn refused<T>(action: Action, begin: impl FnOnce(&Reading) -> T, used: impl FnOnce(&Reading, T)) {
    let reading = Reading::of(1000);
    let told = reading.scene.trail();
    let grant = begin(&reading);
    reading.log_out();
    used(&reading, grant);
    assert_eq!(told.operations(), [(action, ENDED)]);
    let before = std::fs::read(&reading.package).unwrap();
    assert_eq!(before.len() as u64, reading.package.metadata().unwrap().len());
}

#[track_caller]
fn is_login(error: &UseError) {
    assert!(matches!(error, UseError::Login(NotLoggedIn::LoggedOut)), "{error:?}");
}

#[track_caller]
fn is_over(error: &medsec::ReleaseError) {
    let login = matches!(error, medsec::ReleaseError::Login(NotLoggedIn::LoggedOut));
    assert!(login, "{error:?}");
}

#[test]
fn whole_content_is_not_opened_in_any_way() {
    let how = Execution::default();
    let (begin, read) = (Reading::grant, Action::ReadRange);
    refused(read, begin, |reading, grant| {
        is_over(&grant.open_to_memory(source(&reading.package), 1 << 20, &how).unwrap_err());
    });
    refused(read, begin, |reading, grant| {
        let path = reading.scene.path("output");
        let file = PendingFile::create(&path, OutputOptions::default()).unwrap();
        is_over(&grant.open_to_release(source(&reading.package), file, &how).unwrap_err());
        assert!(!path.exists());
    });
    refused(read, begin, |reading, grant| {
        let (path, options) = (reading.scene.path("output"), OutputOptions::default());
        let mut rest = source(&reading.package);
        Header::read(&mut rest).unwrap();
        is_over(&grant.open_stream_to_file(rest, &path, options, &how).unwrap_err());
        assert!(!path.exists());
    });
}

#[test]
fn nothing_is_verified_compared_or_told_of_the_metadata() {
    let how = Execution::default();
    refused(Action::ReadRange, Reading::grant, |reading, grant| {
        let package = || source(&reading.package);
        is_login(&grant.verify(package(), &how).unwrap_err());
        is_login(&grant.compare(package(), &content(1000)[..], &how).unwrap_err());
        is_login(&grant.read_metadata(package()).unwrap_err());
    });
}

#[test]
fn no_reader_is_given() {
    refused(Action::ReadRange, Reading::grant, |reading, grant| {
        let (package, backend) = (|| source(&reading.package), Backend::default());
        let header = header(&reading.package).unwrap();
        let how = Execution::default();
        let side_car = SideCar::build(&header, package(), 1 << 32, &how).unwrap();
        is_login(&grant.reader(package(), backend).map(drop).unwrap_err());
        is_login(&grant.reader_with(package(), side_car, backend).map(drop).unwrap_err());
        is_login(&grant.reader_after_reading_all(package(), &how).map(drop).unwrap_err());
        is_login(&grant.danger_unsigned_reader(package(), backend).map(drop).unwrap_err());
        is_login(&grant.danger_release_unverified(package(), backend).map(drop).unwrap_err());
    });
}

#[test]
fn released_content_has_no_verdict() {
    let reading = Reading::of(1000);
    let told = reading.scene.trail();
    let grant = reading.grant();
    let mut rest = source(&reading.package);
    Header::read(&mut rest).unwrap();
    let mut reader = grant.danger_release_unverified(rest, Backend::default()).unwrap();
    std::io::Read::read_exact(&mut reader, &mut [0; 1000]).unwrap();
    reading.log_out();
    let error = reader.finish().unwrap_err();
    grant.close(Err(&error)).unwrap();
    is_login(&error);
    assert_eq!(told.operations(), [(Action::ReadRange, ENDED)]);
    assert_eq!(told.events()[1].subject.extent.unwrap().bytes.get(), 1000);
}

#[test]
fn grant_is_neither_put_aside_nor_taken_up_again() {
    refused(Action::ReadRange, Reading::grant, |_, grant| {
        is_over(&grant.park().map(drop).unwrap_err());
    });
    let park = |reading: &Reading| -> Parked { reading.grant().park().unwrap() };
    refused(Action::ReadRange, park, |reading, parked| {
        is_over(&parked.resume(header(&reading.package).unwrap()).map(drop).unwrap_err());
    });
}

#[test]
fn nothing_is_sealed_in_any_way() {
    let begin = |reading: &Reading| seal(&reading.custodian, &reading.login, true).unwrap();
    let how = Execution::default();
    refused(Action::Seal, begin, |reading, grant| {
        let (path, options) = (reading.scene.path("sealed"), OutputOptions::default());
        is_over(&grant.seal_to_file(&content(10)[..], &path, options, &how).unwrap_err());
        assert!(!path.exists());
    });
    refused(Action::Seal, begin, |_, grant| {
        let mut package = Vec::new();
        is_over(&grant.seal(&content(10)[..], &mut package, &how).unwrap_err());
        assert!(package.is_empty());
    });
}

fn rewrap(reading: &Reading) -> medsec::RewrapGrant {
    let wish =
        RewrapWish { purpose: Some(Purpose::SystemAdministration), reproduced: Context::new() };
    let header = header(&reading.package);
    pollster::block_on(reading.custodian.rewrap(&reading.login, header, &wish)).unwrap()
}

/// The same with a list to put in force.
fn listed(reading: &Reading) -> (medsec::RewrapGrant, medsec::NewList) {
    let grant = rewrap(reading);
    let list = list(reading, &grant).unwrap();
    (grant, list)
}

fn list(
    reading: &Reading,
    grant: &medsec::RewrapGrant,
) -> Result<medsec::NewList, medsec::Refused> {
    let key = key();
    let wanted = WantedRecipients { kept: Vec::new(), added: Vec::new(), keys: &[&key] };
    pollster::block_on(reading.custodian.list_for(&reading.login, grant, wanted))
}

#[test]
fn recipients_are_neither_listed_nor_changed() {
    refused(Action::Rewrap, rewrap, |reading, grant| {
        let why = list(reading, &grant).unwrap_err();
        assert!(matches!(why, medsec::Refused::Login(NotLoggedIn::LoggedOut)), "{why:?}");
        grant.refuse(&why);
    });
    refused(Action::Rewrap, listed, |reading, (grant, list)| {
        let before = std::fs::read(&reading.package).unwrap();
        let mut locked = LockedPackage::open(&reading.package).unwrap();
        let confirm = |found: &Header| pollster::block_on(grant.confirm(&reading.login, found));
        let result = grant.rewrap(&mut locked, &list, confirm);
        let copy = reading.scene.path("copy");
        let options = OutputOptions::default();
        is_login(&grant.rewrap_into_copy(&mut locked, &list, &copy, options, confirm).unwrap_err());
        is_login(&grant.start(locked, &list).map(drop).unwrap_err());
        grant.finish(result.as_ref()).unwrap();
        is_login(&result.unwrap_err());
        assert!(!copy.exists());
        assert_eq!(std::fs::read(&reading.package).unwrap(), before);
    });
}

#[test]
fn batch_of_an_ended_session_puts_no_recipients_in_force() {
    let reading = Reading::of(10);
    let (grant, list) = listed(&reading);
    let told = reading.scene.trail();
    let old = header(&reading.package).unwrap();
    let started = grant.start(LockedPackage::open(&reading.package).unwrap(), &list).unwrap();
    let mut batch = RewrapBatch::new(GroupLimits::default());
    batch.add(started, grant, ());
    let ended = batch.commit(|grant, found| {
        // Confirmed, and then the session ends.
        let confirmed = pollster::block_on(grant.confirm(&reading.login, found));
        reading.log_out();
        confirmed
    });
    ended.recorded.unwrap();
    is_login(&ended.results.into_iter().next().unwrap().1.unwrap_err());
    let outcomes: Vec<_> = told.events().iter().map(|event| event.phase.outcome()).collect();
    assert_eq!(outcomes, [ENDED]);
    assert_eq!(header(&reading.package).unwrap().slot_digest(), old.slot_digest());
}

#[test]
fn hand_over_is_cut_short() {
    let begin = |reading: &Reading| {
        let (dataset, peer) =
            (DatasetId::new(DATASET).unwrap(), PeerName::new("registry").unwrap());
        let why = Some(Purpose::Treatment);
        let granted = reading.custodian.export(&reading.login, &dataset, &peer, 3, why);
        let grant = pollster::block_on(granted).unwrap();
        grant.check().unwrap();
        grant
    };
    refused(Action::Export, begin, |_, grant| {
        assert_eq!(grant.check(), Err(NotLoggedIn::LoggedOut));
        is_over(&grant.finish(Ok(())).unwrap_err());
    });
    refused(Action::Export, begin, |_, grant| is_over(&grant.finish(Ok(())).unwrap_err()));
    let stopped = |_: &Reading, grant: medsec::ExportGrant| {
        grant.check().unwrap_err();
        grant.finish(Err(medsec_audit::Failure::Interrupted)).unwrap();
    };
    refused(Action::Export, begin, stopped);
}
