//! Sealing into a folder that holds packages already: a file is done only if its newest package holds exactly what
//! the file holds, for those who are to have it.

use std::fs;
use std::time::SystemTime;

use medsec_evidence::{Ev, Proven, evidence};

use super::study::{Study, tree};

/// `done` and `skipped`.
fn counts(run: &crate::ward::Run) -> [u64; 2] {
    let document = run.json();
    ["done", "skipped"].map(|name| document[name].as_u64().unwrap())
}

/// A path in the study and the time its file has.
fn a_file(study: &Study) -> (String, SystemTime) {
    let path = format!("study/{}", study.files()[1]);
    let modified = fs::metadata(study.ward.path(&path)).unwrap().modified().unwrap();
    (path, modified)
}

/// Other bytes of the same length and time, as an export that is made anew and copied with `cp -p`.
fn exchange(study: &Study, path: &str, modified: SystemTime, byte: u8) {
    let len = study.ward.read(path).len();
    study.ward.write(path, &vec![byte; len]);
    let file = fs::File::options().write(true).open(study.ward.path(path)).unwrap();
    file.set_modified(modified).unwrap();
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "a file whose content changed is sealed again, whatever its name, length and time say",
    polarity = deny,
)]
fn other_content_is_never_taken_for_sealed(ev: Ev) -> Proven {
    let study = Study::new(6);
    let (path, modified) = a_file(&study);
    study.seal("--sign-with sign.key").ok();
    for byte in [7, 8, 7] {
        exchange(&study, &path, modified, byte);
        let run = study.seal("--sign-with sign.key --json");
        ev.allows(run.result());
        ev.holds("the one file is sealed again", counts(&run) == [1, 5]);
        ev.allows(study.open_signed("").result());
        ev.holds("the newest content comes back", study.is_back());
        fs::remove_dir_all(study.ward.path("opened")).unwrap();
    }
    let refused = study.seal("--keep-names --out-dir kept");
    ev.allows(refused.result());
    exchange(&study, &path, modified, 9);
    let run = study.seal("--keep-names --out-dir kept");
    ev.denies(run.result(), |refused| refused.0 == 8);
    ev.proven()
}

#[test]
fn rewritten_and_copied_files_of_the_same_content_are_done() {
    let study = Study::new(6);
    study.seal("").ok();
    for name in study.files() {
        let path = format!("study/{name}");
        study.ward.write(&path, &study.ward.read(&path));
    }
    assert_eq!(counts(&study.seal("--json")), [0, 6]);
}

#[test]
fn file_with_other_recipients_is_told_and_not_sealed_again() {
    let study = Study::new(4);
    study.seal("").ok();
    let before = tree(&study.ward.path("sealed"));
    let wider = "--identity own.key --to partner.key";
    let run = study.seal_as(wider);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("rewrap"));
    assert_eq!(study.seal("--dataset ct").code, 4);
    assert!(tree(&study.ward.path("sealed")) == before);
    study.ward.line("rewrap sealed --identity own.key --to partner.key").ok();
    study.seal_as(wider).ok();
    assert_eq!(study.packages().len(), 4);
}

#[test]
fn any_version_of_the_key_counts() {
    let study = Study::new(4);
    study.ward.line("seal study --key default --out-dir sealed").ok();
    study.ward.line("key rotate default").ok();
    let run = study.ward.line("seal study --key default --out-dir sealed --json");
    run.ok();
    assert_eq!(counts(&run), [0, 4]);
    study.ward.line("key create other").ok();
    let run = study.ward.line("seal study --key other --dataset default --out-dir sealed");
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(study.packages().len(), 4);
}

#[test]
fn package_whose_key_is_withheld_stops_the_run() {
    let study = Study::new(4);
    study.ward.line("seal study --key default --unsigned --out-dir sealed").ok();
    study.ward.line("key disable default").ok();
    study.ward.write("study/new", b"new");
    let run = study.seal_as("--identity home/identities/ada.identity");
    assert_eq!(run.code, 15, "{}", run.stderr);
    assert_eq!(study.packages().len(), 4);
}

#[test]
fn package_of_a_strange_signer_is_told_and_its_file_sealed_again() {
    let study = Study::new(3);
    study.seal("").ok();
    let run = study.seal("--sign-with sign.key");
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(study.packages().len(), 6);
}

#[test]
fn packages_for_others_stop_the_run() {
    let study = Study::new(4);
    study.seal("").ok();
    let before = tree(&study.ward.path("sealed"));
    let run = study.seal_as("--identity stranger.key");
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("nothing was sealed"), "{}", run.stderr);
    assert!(run.stderr.contains("--identity"), "{}", run.stderr);
    assert!(tree(&study.ward.path("sealed")) == before);
}

#[test]
fn packages_and_manifest_of_another_user_are_gone_on_from() {
    let study = Study::new(4);
    study.ward.line("user keys ann --no-passphrase").ok();
    let ann = "home/identities/ann";
    let public = format!("--recipient {ann}.identity --signer {ann}.signer");
    study.ward.line(&format!("user add ann {public} --grant default")).ok();
    study.ward.line("seal study --key default --out-dir sealed").ok();
    study.ward.write("study/new", b"new");
    let run = study.ward.line(&format!(
        "seal study --key default --identity {ann}.identity --sign-with {ann}.signer --out-dir sealed --json"
    ));
    run.ok();
    assert_eq!(counts(&run), [1, 4]);
    study.ward.line("verify sealed").ok();
    study.ward.line("open sealed --out-dir opened").ok();
    assert!(study.is_back());
}

#[cfg(unix)]
#[test]
fn pipes_and_links_in_place_of_packages_and_manifest_are_refused() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let study = Study::new(2);
    study.seal("--sign-with sign.key --keep-names").ok();
    let manifest = study.ward.path("sealed/manifest.medsec");
    fs::remove_file(&manifest).unwrap();
    mknodat(CWD, &manifest, FileType::Fifo, Mode::from(0o600), 0).unwrap();
    assert_eq!(study.seal("--sign-with sign.key --keep-names").code, 9);
    assert_eq!(study.open_signed("").code, 9);
    assert_eq!(study.ward.line("verify sealed --signer sign.key").code, 9);
    fs::remove_file(&manifest).unwrap();
    let package = study.ward.path(&format!("sealed/{}", study.packages()[0]));
    fs::rename(&package, study.ward.path("moved.msp")).unwrap();
    std::os::unix::fs::symlink(study.ward.path("moved.msp"), &package).unwrap();
    assert_eq!(study.seal("--sign-with sign.key --keep-names").code, 8);
}
