//! What a grant opens, and what the log tells of it.

use std::fs::File;

use medsec::{Aim, FileNameAmong, OpenWish, Refused, ReleaseError, UseError};
use medsec_audit::{Action, Failure, Outcome, Phase};
use medsec_crypto::{Context, Execution, OpenError, OutputOptions};
use medsec_policy::Purpose;

use crate::support::{Scene, content, key, open, open_to, request, seal_wish, wish};

fn how() -> Execution<'static> {
    Execution::default()
}

#[test]
fn dropped_grant_is_on_record_as_interrupted() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let told = scene.trail();
    drop(open(&scene.custodian(), &scene.ada(), &package, &wish()).unwrap());
    let interrupted = Outcome::Failure(Failure::Interrupted);
    assert_eq!(told.operations(), [(Action::Open, Some(interrupted))]);
}

#[test]
fn altered_package_releases_nothing_and_is_told() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(100_000), scene.path("output"));
    let mut bytes = std::fs::read(&package).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&package, &bytes).unwrap();
    let told = scene.trail();
    let why = open_to(&scene.custodian(), &scene.ada(), &package, &output).unwrap_err();
    assert!(matches!(why, ReleaseError::Open(OpenError::Damaged { .. })), "{why:?}");
    assert!(!output.exists());
    assert_eq!(told.operations(), [(Action::Open, Some(Outcome::Failure(Failure::Damaged)))]);
}

#[test]
fn package_of_another_patient_is_not_authentic() {
    let scene = Scene::new();
    let (custodian, login) = (scene.custodian(), scene.ada());
    let of = |record: &str| {
        let mut context = Context::new();
        context.insert("patient", record).unwrap();
        context
    };
    let key = key();
    let mut request = request();
    request.spec.reproduced = of("MRN-0042");
    let keys = [&key];
    let to_seal = seal_wish(&keys, true);
    let granted = custodian.seal(&login, request, &to_seal);
    let (package, content) = (scene.path("package"), content(10));
    let options = OutputOptions::default();
    let granted = pollster::block_on(granted).unwrap();
    granted.seal_to_file(&content[..], &package, options, &how()).unwrap();
    let told = scene.trail();
    let open = |record| {
        let wish = OpenWish { reproduced: of(record), ..wish() };
        open(&custodian, &login, &package, &wish).map(drop)
    };
    let why = open("MRN-0043").unwrap_err();
    assert!(matches!(why, Refused::Open(OpenError::NotAuthentic(_))), "{why:?}");
    let failed = Outcome::Failure(Failure::NotAuthentic);
    assert_eq!(told.operations(), [(Action::Open, Some(failed))]);
    open("MRN-0042").unwrap();
}

#[test]
fn file_has_the_content_and_the_log_how_much() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(100_000), scene.path("output"));
    let told = scene.trail();
    let opened = open_to(&scene.custodian(), &scene.ada(), &package, &output).unwrap();
    assert_eq!(std::fs::read(&output).unwrap(), content(100_000));
    assert_eq!(opened.signer, Some(scene.ada.signer().verifying_key()));
    let events = told.events();
    let [intent, ended] = &events[..] else { panic!("{events:?}") };
    assert_eq!(intent.phase.request(), ended.phase.request());
    assert!(matches!(ended.phase, Phase::Ended { outcome: Outcome::Success, .. }));
    let extent = ended.subject.extent.unwrap();
    assert_eq!((extent.bytes.get(), extent.ranges.get()), (100_000, 1));
    assert_eq!(ended.purpose, Some(medsec_audit::Purpose::Treatment));
    assert_eq!(ended.subject.dataset.as_ref().unwrap().as_str(), crate::support::DATASET);
}

#[test]
fn stream_that_is_read_forwards_opens_too() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(100_000), scene.path("output"));
    let mut rest = File::open(&package).unwrap();
    let header = medsec_crypto::Header::read(&mut rest);
    let custodian = scene.custodian();
    let granted = pollster::block_on(custodian.open(&scene.ada(), header, &wish()));
    let options = OutputOptions::default();
    granted.unwrap().open_stream_to_file(rest, &output, options, &how()).unwrap();
    assert_eq!(std::fs::read(&output).unwrap(), content(100_000));
}

#[test]
fn verification_is_told_apart_and_releases_nothing() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    let told = scene.trail();
    let wish = OpenWish { aim: Aim::Verification, ..wish() };
    let grant = open(&scene.custodian(), &scene.ada(), &package, &wish).unwrap();
    let opened = grant.verify(File::open(&package).unwrap(), &how()).unwrap();
    assert_eq!(opened.plain_len, 1000);
    grant.close(Ok(())).unwrap();
    assert_eq!(told.operations(), [(Action::Verify, Some(Outcome::Success))]);
    assert_eq!(told.events()[1].subject.extent.unwrap().bytes.get(), 0);
}

#[test]
fn verification_tells_no_metadata_but_whether_a_name_is_theirs() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    let source = || File::open(&package).unwrap();
    let wish = OpenWish { aim: Aim::Verification, ..wish() };
    let grant = open(&scene.custodian(), &scene.ada(), &package, &wish).unwrap();
    let refused = grant.read_metadata(source()).unwrap_err();
    assert!(matches!(refused, UseError::Open(OpenError::Unfinished)), "{refused:?}");
    let names = ["scan.dcm".to_owned()].into();
    let found = grant.file_name_among(source(), &names).unwrap();
    assert_eq!(found, FileNameAmong::Unnamed);
    grant.close(Ok(())).unwrap();
}

#[test]
fn memory_is_refused_beyond_its_limit() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    let told = scene.trail();
    let (custodian, login) = (scene.custodian(), scene.ada());
    let open = || open(&custodian, &login, &package, &wish()).unwrap();
    let source = || File::open(&package).unwrap();
    assert!(open().open_to_memory(source(), 999, &how()).is_err());
    let (found, _) = open().open_to_memory(source(), 1000, &how()).unwrap();
    assert_eq!(*found, content(1000));
    let failed = Some(Outcome::Failure(Failure::Limit));
    let done = Some(Outcome::Success);
    assert_eq!(told.operations(), [(Action::Open, failed), (Action::Open, done)]);
}

#[test]
fn researcher_opens_for_research_and_the_log_names_the_role() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let told = scene.trail();
    let wish = OpenWish { purpose: Some(Purpose::Research), ..wish() };
    drop(open(&scene.custodian(), &scene.ada(), &package, &wish).unwrap());
    let event = told.events().remove(0);
    let principal = event.actor.principal().unwrap();
    assert_eq!(principal.role.as_ref().unwrap().as_str(), "researcher");
    assert_eq!(event.purpose, Some(medsec_audit::Purpose::Research));
}
