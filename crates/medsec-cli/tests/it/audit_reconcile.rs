//! `medsec audit reconcile`: the folder of a data set beside what the log tells of it.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};

use crate::audit_log::SEGMENT;
use crate::ward::{Run, Ward};

/// Three packages of a folder under the home's key, with their manifest.
fn sealed() -> Ward {
    let ward = Ward::with_home();
    fs::create_dir(ward.path("study")).unwrap();
    for name in ["one", "two", "three"] {
        ward.write(&format!("study/{name}"), name.as_bytes());
    }
    ward.line("seal study --key default --out-dir sealed").ok();
    ward
}

fn packages(ward: &Ward) -> Vec<String> {
    let names = fs::read_dir(ward.path("sealed")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut packages: Vec<_> = names.filter(|name| name.ends_with(".msp")).collect();
    packages.sort();
    packages
}

fn reconcile(ward: &Ward) -> Run {
    ward.line("audit reconcile sealed --json")
}

/// The kinds of what was found.
fn kinds(run: &Run) -> Vec<String> {
    let failures = run.json()["failures"].as_array().cloned().unwrap_or_default();
    let mut kinds: Vec<_> =
        failures.iter().map(|one| one["outcome"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "A list of recipients that was put back to an older one is noticed beside the audit log",
    polarity = deny
)]
fn older_list_of_recipients_put_back_is_noticed(ev: Ev) -> Proven {
    let ward = sealed();
    let path = format!("sealed/{}", packages(&ward)[0]);
    let before = ward.read(&path);
    ward.line(&format!("rewrap {path} --to partner.key")).ok();
    ev.allows(reconcile(&ward).result());
    ward.write(&path, &before);
    let run = reconcile(&ward);
    ev.denies(run.result(), |refused| refused.0 == 13);
    assert_eq!(kinds(&run), ["rolled-back"]);
    ev.proven()
}

#[test]
fn missing_package_is_noticed_by_manifest_and_log() {
    let ward = sealed();
    fs::remove_file(ward.path(&format!("sealed/{}", packages(&ward)[0]))).unwrap();
    let run = reconcile(&ward);
    run.code_is(13);
    assert_eq!(kinds(&run), ["missing"]);
}

#[test]
fn package_of_another_home_is_unrecorded_and_unlisted() {
    let ward = sealed();
    let other = sealed();
    let foreign = &packages(&other)[0];
    let bytes = other.read(&format!("sealed/{foreign}"));
    ward.write(&format!("sealed/{foreign}"), &bytes);
    let run = reconcile(&ward);
    run.code_is(13);
    assert_eq!(kinds(&run), ["unlisted", "unrecorded"]);
}

#[test]
fn package_that_left_the_folder_and_its_manifest_is_gone() {
    let ward = sealed();
    ward.line("seal study --key default --out-dir again").ok();
    let run = ward.line("audit reconcile again --json");
    run.code_is(13);
    // What was sealed into the same data set elsewhere is not in this folder.
    assert_eq!(kinds(&run), ["gone", "gone", "gone"]);
}

#[test]
fn log_that_was_cut_is_not_compared_with() {
    let ward = sealed();
    ward.line("audit checkpoint").ok();
    let segment = ward.path(SEGMENT);
    let text = fs::read(&segment).unwrap();
    fs::write(&segment, &text[..text.len() / 2]).unwrap();
    let run = reconcile(&ward);
    assert!([18, 19, 22].contains(&run.code), "{run:?}");
}

#[test]
fn folder_as_it_was_sealed_reconciles() {
    let ward = sealed();
    let run = reconcile(&ward);
    run.ok();
    assert_eq!(run.json()["done"], 3);
}
