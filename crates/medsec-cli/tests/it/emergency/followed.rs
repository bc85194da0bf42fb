//! One emergency, found in the log by its name.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::clinic::Clinic;
use super::key::{PASSPHRASES, staged};
use super::recovery::recover;

/// Who did what, how far it came and how it ended, of all that is on record of these emergencies.
fn followed(clinic: &Clinic, filter: &str) -> Vec<String> {
    let shown = clinic.ward.audit(&format!("show --log-records {filter} --json")).json();
    let row = |record: &Value| {
        let text = |name: &str| record[name].as_str().unwrap_or("-");
        ["who", "action", "phase", "outcome"].map(text).join(" ")
    };
    shown["records"].as_array().unwrap().iter().map(row).collect()
}

fn one(clinic: &Clinic, id: &str) -> Vec<String> {
    followed(clinic, &format!("--emergency {id}"))
}

/// A claim of ada's while bela has one.
fn claim_of_ada(clinic: &Clinic) -> String {
    let line = "emergency open --reason system-failure --dataset default --text-file reason --json";
    let run = clinic.by("ada", line);
    run.ok();
    run.json()["emergency"].as_str().unwrap().to_owned()
}

#[test]
fn refused_claims_and_ordinary_work_are_of_no_emergency() {
    let clinic = Clinic::new();
    let id = clinic.claim("");
    let line = "emergency open --dataset default --text-file reason --reason patient-safety";
    assert_eq!(clinic.by("bela", &format!("{line} --for 5h")).code, 24);
    assert_eq!(clinic.break_glass("dora").code, 24);
    clinic.by("ada", "open scan.msp --purpose TREAT -o ordinary").ok();
    assert_eq!(one(&clinic, &id), ["bela emergency-start single success"]);
    assert!(one(&clinic, &"0".repeat(32)).is_empty());
}

#[evidence(
    hipaa2013::["164.312(a)(2)(ii)", "164.312(b)"],
    claim = "of two emergencies at the same time the log gives each by its name, from the claim to the review, and nothing of the other",
    polarity = deny,
)]
fn one_of_two_emergencies_is_followed_from_claim_to_review(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    clinic.hook("exit 3");
    let belas = clinic.claim("");
    let adas = claim_of_ada(&clinic);
    ev.holds("they have different names", belas != adas);
    for who in ["bela", "ada", "bela"] {
        ev.allows(clinic.break_glass(who).result());
    }
    ev.allows(clinic.by("bela", &format!("emergency close {belas}")).result());
    ev.denies(clinic.review("bela", &belas).result(), |refused| refused.0 == 24);
    ev.allows(clinic.by("ada", &format!("emergency close {adas}")).result());
    ev.allows(clinic.review("dora", &adas).result());
    ev.allows(clinic.review("cara", &belas).result());
    let used = ["emergency-use single success", "open intent -", "open outcome success"];
    let ended = ["emergency-end intent -", "emergency-end outcome success"];
    let by = |who: &str, steps: &[&str]| -> Vec<String> {
        steps.iter().map(|step| format!("{who} {step}")).collect()
    };
    let nobody_told = ["export single failure"];
    let reviewed = ["review intent -", "review outcome success"];
    let of_bela = [
        by("bela", &["emergency-start single success"]),
        by("bela", &nobody_told),
        by("bela", &used),
        by("bela", &used),
        by("bela", &ended),
        by("bela", &nobody_told),
        by("bela", &["review single denied"]),
        by("cara", &reviewed),
    ];
    ev.equal("bela's, and nothing else", &one(&clinic, &belas), &of_bela.concat());
    let of_ada = [
        by("ada", &["emergency-start single success"]),
        by("ada", &used),
        by("ada", &ended),
        by("dora", &reviewed),
    ];
    ev.equal("ada's, and nothing else", &one(&clinic, &adas), &of_ada.concat());
    let both = followed(&clinic, &format!("--emergency {belas} --emergency {adas}"));
    let all = of_bela.concat().len() + of_ada.concat().len();
    ev.holds("both together", both.len() == all);
    ev.equal("and no other is there", &followed(&clinic, "--emergency"), &both);
    for format in ["jsonl", "fhir", "dicom"] {
        let line = format!("export --emergency {adas} --format {format} -o -");
        let exported = clinic.ward.audit(&line).text();
        let named = exported.lines().filter(|line| line.contains(&adas) && !line.contains(&belas));
        ev.holds("an export has all records of it", named.count() == of_ada.concat().len());
        ev.holds("and no others", exported.lines().count() == of_ada.concat().len());
    }
    ev.allows(clinic.ward.line("audit verify --content").result());
    ev.proven()
}

#[test]
fn end_by_itself_is_found_by_name() {
    let clinic = Clinic::new();
    let id = clinic.claim("--for 2s");
    std::thread::sleep(std::time::Duration::from_millis(2500));
    // Whoever works next notices it.
    clinic.by("ada", "open scan.msp --purpose TREAT -o ordinary").ok();
    let expected = ["bela emergency-start single success", "- emergency-end single success"];
    assert_eq!(one(&clinic, &id), expected);
}

#[test]
fn key_use_of_a_recovery_is_found_by_name() {
    let (clinic, files) = staged();
    let [one_share, two] = [&files[0], &files[1]];
    let typed = &PASSPHRASES[..2];
    // Without an emergency there is none to name.
    assert_eq!(recover(&clinic, "bela", &[one_share, two], typed, "ada dora").code, 24);
    let id = clinic.claim("");
    assert_eq!(recover(&clinic, "bela", &[one_share, two], typed, "dora zeno").code, 24);
    recover(&clinic, "bela", &[one_share, two], typed, "ada dora").ok();
    fs::remove_file(clinic.ward.path("out")).unwrap();
    let expected = [
        "bela emergency-start single success",
        "bela emergency-use single denied",
        "bela emergency-use intent -",
        "bela emergency-use outcome success",
        "bela emergency-use single success",
        "bela open intent -",
        "bela open outcome success",
    ];
    assert_eq!(one(&clinic, &id), expected);
}
