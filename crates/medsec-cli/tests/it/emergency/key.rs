//! Emergency keys: staging and drills.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::clinic::Clinic;
use crate::ward::Run;

pub(crate) const PASSPHRASES: [&str; 3] = ["one of bela", "two of cara", "three of dora"];

/// A clinic whose packages all get the emergency key, of which two of three shares are needed. Gives the names of the
/// shares' files.
pub(crate) fn staged() -> (Clinic, Vec<String>) {
    let clinic = Clinic::without_home();
    clinic.write_source();
    clinic.ward.line("init --home before --user ada --no-passphrase --no-anchor").ok();
    let run = stage(&clinic, "shares", "--into-policy source");
    run.ok();
    let files = files(&clinic, "shares");
    (clinic.begin(), files)
}

fn stage(clinic: &Clinic, out: &str, more: &str) -> Run {
    let line = format!("emergency stage --threshold 2 --shares 3 --out {out} --json {more}");
    clinic.typed("before", &line, &PASSPHRASES)
}

/// The files of a folder, sorted, with the folder.
fn files(clinic: &Clinic, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(clinic.ward.path(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()))
        .collect();
    names.sort();
    names
}

pub(crate) fn shares(files: &[&String]) -> String {
    files.iter().map(|file| format!("--share {file} ")).collect()
}

fn drill(clinic: &Clinic, who: &str, packages: &str, files: &[&String], typed: &[&str]) -> Run {
    let line = format!("emergency drill {packages} {} --purpose TREAT --json", shares(files));
    clinic.typed(who, &line, typed)
}

#[test]
fn stage_refuses_what_would_be_no_protection() {
    let clinic = Clinic::without_home();
    clinic.ward.line("init --home before --user ada --no-passphrase --no-anchor").ok();
    let line = "emergency stage --out shares";
    let same = ["one", "two", "one"];
    for (more, typed, code) in [
        ("--threshold 1 --shares 3", &PASSPHRASES[..], 2),
        ("--threshold 4 --shares 3", &PASSPHRASES[..], 2),
        ("--threshold 2 --shares 17", &PASSPHRASES[..], 2),
        ("--threshold 2 --shares 3", &PASSPHRASES[..2], 2),
        ("--threshold 2 --shares 3", &same[..], 2),
        ("--threshold 2 --shares 3 --into-policy nowhere", &PASSPHRASES[..], 26),
        ("--threshold 2 --shares 3 --kind ed25519", &PASSPHRASES[..], 2),
    ] {
        let run = clinic.typed("before", &format!("{line} {more}"), typed);
        assert_eq!(run.code, code, "{more}: {}", run.stderr);
        assert!(!clinic.ward.exists("shares"), "{more}");
    }
}

#[test]
fn stage_leaves_no_share_where_it_cannot_be_recorded() {
    let clinic = Clinic::without_home();
    clinic.ward.line("init --home before --user ada --no-passphrase --no-anchor").ok();
    fs::rename(clinic.ward.path("before/audit"), clinic.ward.path("before/away")).unwrap();
    let run = stage(&clinic, "shares", "");
    assert_ne!(run.code, 0);
    assert!(!clinic.ward.exists("shares"));
}

#[test]
fn staged_key_stands_in_the_policy_and_in_every_package() {
    let (clinic, files) = staged();
    assert_eq!(files.len(), 3);
    let policy = String::from_utf8(clinic.ward.read("source/policy.toml")).unwrap();
    assert!(policy.contains("required_recipients = [\n  \"msp-x25519:"), "{policy}");
    let seen = clinic.ward.line("inspect scan.msp --json").json();
    assert_eq!(seen["results"][0]["recipient_keys"].as_array().map(Vec::len), Some(2), "{seen}");
    let shown =
        clinic.ward.line("audit show --json --log before/audit --pin before/audit.pin").json();
    assert!(shown.to_string().contains("key-create"), "{shown}");
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "too few, wrong, altered, foreign and repeated shares make no emergency key, are told apart, and that is recorded",
    polarity = deny,
)]
fn drill_tells_bad_shares_apart(ev: Ev) -> Proven {
    let (clinic, files) = staged();
    let [one, two, three] = [0, 1, 2].map(|at: usize| &files[at]);
    let [p1, p2, p3] = PASSPHRASES;
    stage(&clinic, "foreign", "").ok();
    let foreign = self::files(&clinic, "foreign").remove(1);
    let mut altered = clinic.ward.read(two);
    let at = altered.len() / 2;
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    clinic.ward.write("altered.share", &altered);
    let altered = "altered.share".to_owned();
    for (files, typed, says) in [
        (vec![one], vec![p1], "1 share is missing"),
        (vec![one, two], vec![p1, p3], "wrong passphrase"),
        (vec![one, one], vec![p1, p1], "is there already"),
        (vec![one, &foreign], vec![p1, p2], "another emergency key"),
        (vec![one, &altered], vec![p1], "share no. 2"),
        (vec![&foreign, three], vec![p2, p3], "another emergency key"),
    ] {
        let run = drill(&clinic, "ada", "scan.msp", &files, &typed);
        ev.denies(run.result(), |refused| refused.0 == 11);
        let told = run.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(told.contains(says), "{told}");
    }
    let failed = |r: &&(String, String, String)| r.1 == "test" && r.2 == "failure";
    let recorded = clinic.records().iter().filter(failed).count();
    ev.holds("each attempt is on record", recorded == 6);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(ii)", "164.308(a)(7)(ii)(D)"],
    claim = "a drill shows that the custodians' shares open the packages, how long that takes, and releases nothing",
    polarity = allow,
)]
fn drill_is_timed_and_names_packages_without_the_key(ev: Ev) -> Proven {
    let (clinic, files) = staged();
    let [one, _, three] = [0, 1, 2].map(|at: usize| &files[at]);
    let typed = [PASSPHRASES[0], PASSPHRASES[2]];
    fs::create_dir(clinic.ward.path("sealed")).unwrap();
    (0..5).for_each(|number| clinic.seal(&format!("sealed/{number}.msp")));
    let run = drill(&clinic, "ada", "sealed --sample 3", &[one, three], &typed);
    ev.allows(run.result());
    let told = run.json();
    ev.holds("three of five were tried", told["packages"] == 5 && told["sampled"] == 3);
    ev.holds("all of them opened", told["failed"] == 0 && told["required"] == true);
    let timed = |key: &str| told[key].as_f64().is_some_and(|seconds| seconds > 0.0);
    ev.holds("it is timed", timed("seconds") && timed("combine_seconds"));
    let verified = |r: &&(String, String, String)| r.1 == "verify" && r.2 == "success";
    let recorded = clinic.records();
    ev.holds("each package is on record", recorded.iter().filter(verified).count() == 3);
    ev.holds("and so is the drill", clinic.has_record("ada", "test", "success"));
    let names = clinic.ward.names();
    // A package from before the key.
    let line = format!(
        "seal {} --key default --purpose TREAT --home before -o sealed/old.msp",
        crate::ward::SCAN
    );
    ev.allows(clinic.ward.line(&line).result());
    let run = drill(&clinic, "ada", "sealed", &[one, three], &typed);
    ev.denies(run.result(), |refused| refused.0 == 4);
    let results = run.json()["results"].as_array().cloned().unwrap_or_default();
    let bad: Vec<&Value> = results.iter().filter(|one| one["ok"] == false).collect();
    ev.holds("the one without the key is named", bad.len() == 1 && bad[0]["package"] == 6);
    ev.holds("no file was made", clinic.ward.names() == names);
    ev.proven()
}

#[test]
fn paper_serves_in_the_place_of_a_file() {
    let clinic = Clinic::without_home();
    clinic.write_source();
    clinic.ward.line("init --home before --user ada --no-passphrase --no-anchor").ok();
    let line = "emergency stage --threshold 2 --shares 2 --out shares --print paper --kind x-wing --into-policy source";
    clinic.typed("before", line, &PASSPHRASES[..2]).ok();
    let (protected, printed) = (files(&clinic, "shares"), files(&clinic, "paper"));
    let clinic = clinic.begin();
    let brought = [&protected[0], &printed[1]];
    drill(&clinic, "ada", "scan.msp", &brought, &PASSPHRASES[..1]).ok();
}

#[test]
fn folder_gets_the_key_that_the_policy_demands_since() {
    let clinic = Clinic::new();
    fs::create_dir(clinic.ward.path("sealed")).unwrap();
    clinic.seal("sealed/old.msp");
    let line = "emergency stage --threshold 2 --shares 3 --out shares --into-policy source";
    clinic.typed("ada", line, &PASSPHRASES).ok();
    clinic.by("ada", "policy sign source").ok();
    let rewrap =
        || clinic.by("ada", "rewrap sealed --to-key default --purpose TREAT --json").json();
    assert_eq!(rewrap()["done"], 1);
    assert_eq!(rewrap()["skipped"], 1);
    let files = files(&clinic, "shares");
    let typed = [PASSPHRASES[0], PASSPHRASES[2]];
    drill(&clinic, "ada", "sealed", &[&files[0], &files[2]], &typed).ok();
}
