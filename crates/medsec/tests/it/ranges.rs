//! Reading parts: every byte that leaves is counted, however the reading ends.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use medsec::{Aim, Grant, OpenWish, Parked, ReleaseError};
use medsec_audit::{Action, Failure, Outcome};
use medsec_crypto::{Backend, Execution, OpenError, SideCar, SignerExpectation};

use crate::support::{Scene, content, header, open, wish};

const LEN: usize = 3 << 20;

fn granted(scene: &Scene, package: &std::path::Path) -> Grant {
    let wish = OpenWish { aim: Aim::Ranges, ..wish() };
    open(&scene.custodian(), &scene.ada(), package, &wish).unwrap()
}

/// Reads two parts, of 1,000 and of 16 bytes.
fn read_two(grant: &Grant, package: &std::path::Path) {
    let source = File::open(package).unwrap();
    let mut reader = grant.reader(source, Backend::default()).unwrap();
    let mut part = [0; 1000];
    assert_eq!(reader.read_range(2 << 20, &mut part).unwrap(), 1000);
    assert_eq!(part[..], content(LEN)[2 << 20..][..1000]);
    reader.seek(SeekFrom::Start(7)).unwrap();
    let mut part = [0; 16];
    reader.read_exact(&mut part).unwrap();
    assert_eq!(part[..], content(LEN)[7..23]);
}

#[test]
fn one_record_counts_bytes_and_ranges() {
    let scene = Scene::new();
    let package = scene.sealed(LEN);
    let told = scene.trail();
    let grant = granted(&scene, &package);
    read_two(&grant, &package);
    read_two(&grant, &package);
    grant.close(Ok(())).unwrap();
    assert_eq!(told.operations(), [(Action::ReadRange, Some(Outcome::Success))]);
    let extent = told.events()[1].subject.extent.unwrap();
    assert_eq!((extent.bytes.get(), extent.ranges.get()), (2032, 4));
}

#[test]
fn bytes_read_before_a_grant_is_dropped_are_told() {
    let scene = Scene::new();
    let package = scene.sealed(LEN);
    let told = scene.trail();
    let grant = granted(&scene, &package);
    read_two(&grant, &package);
    drop(grant);
    let interrupted = Outcome::Failure(Failure::Interrupted);
    assert_eq!(told.operations(), [(Action::ReadRange, Some(interrupted))]);
    let extent = told.events()[1].subject.extent.unwrap();
    assert_eq!((extent.bytes.get(), extent.ranges.get()), (1016, 2));
}

#[test]
fn bytes_read_before_the_whole_is_opened_are_added() {
    let scene = Scene::new();
    let package = scene.sealed(LEN);
    let told = scene.trail();
    let grant = granted(&scene, &package);
    read_two(&grant, &package);
    let source = File::open(&package).unwrap();
    grant.open_to_memory(source, 1 << 24, &Execution::default()).unwrap();
    let extent = told.events()[1].subject.extent.unwrap();
    assert_eq!((extent.bytes.get(), extent.ranges.get()), (LEN as u64 + 1016, 3));
}

#[test]
fn bytes_read_before_a_grant_is_put_aside_are_told() {
    let scene = Scene::new();
    let package = scene.sealed(LEN);
    let told = scene.trail();
    let (one, two) = (granted(&scene, &package), granted(&scene, &package));
    read_two(&one, &package);
    read_two(&two, &package);
    Parked::close_all(vec![one.park().unwrap()]).unwrap();
    let grant = two.park().unwrap().resume(header(&package).unwrap()).unwrap();
    read_two(&grant, &package);
    grant.close(Ok(())).unwrap();
    let extents = told.events().into_iter().filter_map(|event| event.subject.extent);
    let extents: Vec<_> = extents.map(|e| (e.bytes.get(), e.ranges.get())).collect();
    assert_eq!(extents, [(1016, 2), (2032, 4)]);
}

#[test]
fn parked_grant_rejects_another_package() {
    let scene = Scene::new();
    let (package, other) = (scene.sealed(10), scene.sealed_as("other", 10));
    let told = scene.trail();
    let parked = granted(&scene, &package).park().unwrap();
    let why = parked.resume(header(&other).unwrap()).map(drop).unwrap_err();
    assert!(matches!(why, ReleaseError::Open(OpenError::NotAuthentic(_))), "{why:?}");
    let failed = Outcome::Failure(Failure::NotAuthentic);
    assert_eq!(told.operations(), [(Action::ReadRange, Some(failed))]);
}

#[test]
fn reader_of_a_required_signer_needs_a_side_car() {
    let scene = Scene::new();
    let package = scene.sealed(LEN);
    let signer = SignerExpectation::OneOf(vec![scene.ada.signer().verifying_key()]);
    let wish = OpenWish { aim: Aim::Ranges, signer, ..wish() };
    let grant = open(&scene.custodian(), &scene.ada(), &package, &wish).unwrap();
    let source = || File::open(&package).unwrap();
    assert!(grant.reader(source(), Backend::default()).is_err());
    let header = header(&package).unwrap();
    let how = Execution::default();
    let side_car = SideCar::build(&header, source(), 1 << 32, &how).unwrap();
    let mut reader = grant.reader_with(source(), side_car, Backend::default()).unwrap();
    assert_eq!(reader.content_len().unwrap(), LEN as u64);
    let mut part = [0; 64];
    assert_eq!(reader.read_range(0, &mut part).unwrap(), 64);
    let mut all = grant.reader_after_reading_all(source(), &how).unwrap();
    assert_eq!(all.read_range(64, &mut part).unwrap(), 64);
    grant.close(Ok(())).unwrap();
}

#[test]
fn readers_that_begin_with_danger_count_too() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    let told = scene.trail();
    let signer = SignerExpectation::OneOf(vec![scene.ada.signer().verifying_key()]);
    let wish = OpenWish { signer, ..wish() };
    let custodian = scene.custodian();
    let mut rest = File::open(&package).unwrap();
    let header = medsec_crypto::Header::read(&mut rest);
    let grant = pollster::block_on(custodian.open(&scene.ada(), header, &wish)).unwrap();
    let source = File::open(&package).unwrap();
    let mut unsigned = grant.danger_unsigned_reader(source, Backend::default()).unwrap();
    assert_eq!(unsigned.content_len().unwrap(), 1000);
    assert_eq!(unsigned.read_range(990, &mut [0; 100]).unwrap(), 10);
    let mut releasing = grant.danger_release_unverified(rest, Backend::default()).unwrap();
    let mut found = Vec::new();
    releasing.read_to_end(&mut found).unwrap();
    releasing.finish().unwrap();
    assert_eq!(found, content(1000));
    grant.close(Ok(())).unwrap();
    assert_eq!(told.events()[1].subject.extent.unwrap().bytes.get(), 1010);
}
