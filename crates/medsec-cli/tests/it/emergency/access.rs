//! Break-glass.

use std::fs;
use std::time::{Duration, Instant};

use medsec_evidence::{Ev, Proven, evidence};

use super::clinic::Clinic;

const OPEN: &str = "emergency open --dataset default --text-file reason";

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "emergency access is refused to whoever is not named for it, too long, or without words, and that is recorded",
    polarity = deny,
)]
fn claims_beyond_the_policy_are_refused(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    clinic.ward.write("empty", b"");
    clinic.ward.write("two-lines", b"one\ntwo\n");
    for (who, line, code) in [
        ("cara", format!("{OPEN} --reason patient-safety"), 24),
        ("bela", format!("{OPEN} --reason patient-safety --for 5h"), 24),
        ("bela", format!("{OPEN} --reason patient-safety --purpose TREAT"), 2),
        ("bela", format!("{OPEN} --reason curiosity"), 2),
        ("bela", "emergency open --dataset default --reason drill --text-file empty".to_owned(), 2),
        (
            "bela",
            "emergency open --dataset default --reason drill --text-file two-lines".to_owned(),
            2,
        ),
        ("bela", "emergency open --dataset default --reason drill --text-file none".to_owned(), 9),
    ] {
        ev.denies(clinic.by(who, &line).result(), |refused| refused.0 == code);
    }
    ev.holds("nothing was kept", !clinic.ward.exists("home/emergencies"));
    for who in ["cara", "bela"] {
        let recorded = clinic.has_record(who, "emergency-start", "denied");
        ev.holds("the refusal is on record", recorded);
    }
    ev.denies(clinic.break_glass("bela").result(), |refused| refused.0 == 24);
    ev.holds("the text of a refused claim is not kept", phi(&clinic) == 0);
    ev.proven()
}

/// How many texts are kept beside the log.
fn phi(clinic: &Clinic) -> usize {
    fs::read_dir(clinic.ward.path("home/audit/streams/main/phi")).map_or(0, Iterator::count)
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "an open emergency serves who claimed it and nobody else, and nobody once it is over",
    polarity = deny,
)]
fn emergency_serves_nobody_else_and_ends(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    let id = clinic.claim("");
    ev.denies(clinic.break_glass("ada").result(), |refused| refused.0 == 24);
    ev.allows(clinic.break_glass("bela").result());
    ev.allows(clinic.by("bela", &format!("emergency close {id}")).result());
    ev.denies(clinic.break_glass("bela").result(), |refused| refused.0 == 24);
    ev.denies(clinic.by("bela", &format!("emergency close {id}")).result(), |r| r.0 == 24);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "the review of an emergency is closed by somebody else who may review, and by nobody else",
    polarity = deny,
)]
fn review_is_closed_by_another_person_only(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    let id = clinic.claim("");
    ev.denies(clinic.review("cara", &id).result(), |refused| refused.0 == 24);
    ev.allows(clinic.by("bela", &format!("emergency close {id}")).result());
    for who in ["bela", "ada"] {
        ev.denies(clinic.review(who, &id).result(), |refused| refused.0 == 24);
        ev.holds("it is on record", clinic.has_record(who, "review", "denied"));
    }
    let status = clinic.by("ada", "emergency status --json").json();
    ev.holds("the review is open", status["emergencies"][0]["state"] == "ended");
    ev.allows(clinic.review("cara", &id).result());
    ev.denies(clinic.review("dora", &id).result(), |refused| refused.0 == 24);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "who is named for it opens in an emergency what the rules do not give them; somebody is told at once, and every step is recorded",
    polarity = allow,
)]
fn emergency_is_claimed_told_used_ended_and_reviewed(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    clinic.hook("cat > told");
    let ordinary = clinic.by("bela", "open scan.msp --purpose TREAT -o out");
    ev.denies(ordinary.result(), |refused| refused.0 == 24);
    let id = clinic.claim("--for 30m");
    let told: serde_json::Value = serde_json::from_slice(&clinic.ward.read("told")).unwrap();
    ev.holds("the hook was told which", told["emergency"] == id.as_str());
    ev.holds("and of whom", told["alert"] == "emergency-started" && told["principal"] == "bela");
    ev.allows(clinic.break_glass("bela").result());
    ev.equal_bytes("the content is as sealed", &clinic.ward.read("out"), &clinic.ward.content);
    ev.allows(clinic.by("bela", &format!("emergency close {id}")).result());
    ev.allows(clinic.review("cara", &id).result());
    let status = clinic.by("ada", "emergency status --json").json();
    ev.holds("nothing is left to do", status["emergencies"].as_array().unwrap().is_empty());
    for (who, action) in [
        ("bela", "emergency-start"),
        ("bela", "emergency-use"),
        ("bela", "open"),
        ("bela", "emergency-end"),
        ("cara", "review"),
    ] {
        ev.holds("the step is on record", clinic.has_record(who, action, "success"));
    }
    ev.holds("two texts are kept apart", phi(&clinic) == 2);
    let lines = clinic.ward.audit("show --log-records --format jsonl").text();
    ev.holds("and no word of them stands in the log", !lines.contains("unconscious"));
    let report = clinic.ward.audit("report --json").json();
    let row = &report["report"]["sections"]["emergencies"]["rows"][0];
    ev.holds("the report shows who reviewed it", row.to_string().contains("cara"));
    ev.allows(clinic.ward.line("audit verify --content").result());
    ev.proven()
}

#[test]
fn review_that_cannot_be_written_is_still_open_and_on_record_as_failed() {
    let clinic = Clinic::new();
    let id = clinic.claim("");
    clinic.by("bela", &format!("emergency close {id}")).ok();
    let place = clinic.ward.path(&format!("home/emergencies/reviewed/{id}.emergency"));
    std::os::unix::fs::symlink("nowhere", &place).unwrap();
    let run = clinic.review("cara", &id);
    run.code_is_not_zero();
    assert!(run.stderr.contains("the review is still open"), "{}", run.stderr);
    assert!(clinic.has_record("cara", "review", "failure"));
    assert!(!clinic.has_record("cara", "review", "success"));
    fs::remove_file(place).unwrap();
    clinic.review("cara", &id).ok();
}

#[test]
fn hook_that_fails_stops_no_emergency_and_is_recorded() {
    let clinic = Clinic::new();
    clinic.hook("exit 3");
    let line = format!("{OPEN} --reason disaster --json");
    let run = clinic.by("bela", &line);
    run.ok();
    assert_eq!(run.json()["alert"], "failed");
    assert!(clinic.has_record("bela", "export", "failure"));
    clinic.break_glass("bela").ok();
}

#[test]
fn hook_that_does_not_end_is_stopped() {
    let clinic = Clinic::new();
    clinic.hook("sleep 300");
    let begun = Instant::now();
    let run = clinic.by("bela", &format!("{OPEN} --reason disaster --json"));
    run.ok();
    assert_eq!(run.json()["alert"], "failed");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn emergency_ends_by_itself_and_that_is_recorded_at_the_next_look() {
    let clinic = Clinic::new();
    let id = clinic.claim("--for 2s");
    std::thread::sleep(Duration::from_millis(2500));
    let status = clinic.by("ada", "emergency status --json").json();
    assert_eq!(status["emergencies"][0]["how"], "expired");
    assert!(!clinic.has_record("", "emergency-end", "success"));
    // Whoever notices it first has not ended it.
    clinic.by("ada", "open scan.msp --purpose TREAT -o ordinary").ok();
    assert!(clinic.has_record("", "emergency-end", "success"));
    assert_eq!(clinic.break_glass("bela").code, 24);
    let report = clinic.ward.audit("report --json").json();
    let row = &report["report"]["sections"]["emergencies"]["rows"][0];
    assert!(row["principal"] == "bela" && row["end"].is_string(), "{row}");
    let ends = |clinic: &Clinic| {
        clinic.records().iter().filter(|(_, action, _)| action == "emergency-end").count()
    };
    assert_eq!(clinic.break_glass("bela").code, 24);
    assert_eq!(ends(&clinic), 1);
    clinic.review("cara", &id).ok();
}

#[test]
fn emergency_that_cannot_be_kept_is_over_and_both_are_recorded() {
    let clinic = Clinic::new();
    clinic.ward.write("home/emergencies", b"not a folder");
    let run = clinic.by("bela", &format!("{OPEN} --reason disaster"));
    assert_eq!(run.code, 9, "{}", run.stderr);
    assert!(clinic.has_record("bela", "emergency-start", "success"));
    assert!(clinic.has_record("bela", "emergency-end", "success"));
    assert_eq!(clinic.break_glass("bela").code, 24);
    // Ordinary work goes on.
    clinic.by("ada", "open scan.msp --purpose TREAT -o ordinary").ok();
}

#[test]
fn emergency_of_one_patient_asks_for_the_patient() {
    let clinic = Clinic::new();
    for (name, digit) in [("one", "a"), ("other", "b")] {
        clinic.ward.write(name, format!("sha256:{}\n", digit.repeat(64)).as_bytes());
    }
    clinic.claim("--patient-file one");
    assert_eq!(clinic.break_glass("bela").code, 24);
    let open = |patient: &str| {
        let line = format!("open scan.msp --purpose BTG --patient-file {patient} -o of-{patient}");
        clinic.by("bela", &line).code
    };
    assert_eq!(open("other"), 24);
    assert_eq!(open("one"), 0);
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "an emergency of one patient opens no package that says it is of another, whatever is stated",
    polarity = deny,
)]
fn package_that_names_its_patient_is_of_no_other(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    let [one, other] = ["a", "b"].map(|digit| format!("sha256:{}", digit.repeat(64)));
    clinic.ward.write("one", one.as_bytes());
    clinic.ward.write("of-one", format!("patient = {one}\n").as_bytes());
    clinic.ward.write("of-other", format!("patient = {other}\n").as_bytes());
    let seal = |how: &str, out: &str| {
        let line = format!(
            "seal {} --key default --purpose TREAT --sign-with home/identities/ada.signer {how} -o {out}",
            crate::ward::SCAN
        );
        clinic.ward.line(&line).ok();
    };
    seal("--context-file of-one", "one.msp");
    seal("--context-file of-other", "other.msp");
    seal(&format!("--store patient={other}"), "clear.msp");
    clinic.claim("--patient-file one");
    let open = |package: &str, more: &str| {
        let line =
            format!("open {package} --purpose BTG --patient-file one {more} -o {package}.out");
        clinic.by("bela", &line).result()
    };
    ev.denies(open("other.msp", "--context-file of-other"), |refused| refused.0 == 24);
    ev.denies(open("clear.msp", ""), |refused| refused.0 == 24);
    // Who states another context than the package has finds it out.
    ev.denies(open("other.msp", "--context-file of-one"), |refused| refused.0 != 24);
    ev.holds("nothing was opened", !clinic.ward.exists("other.msp.out"));
    ev.allows(open("one.msp", "--context-file of-one"));
    ev.proven()
}

#[test]
fn emergency_is_revoked_by_somebody_else() {
    let clinic = Clinic::new();
    let id = clinic.claim("");
    let run = clinic.by("cara", &format!("emergency close {id} --json"));
    run.ok();
    assert_eq!(run.json()["how"], "revoked");
    assert_eq!(clinic.break_glass("bela").code, 24);
    // The report does not take it for an emergency of cara's.
    let report = clinic.ward.audit("report --json").json();
    let rows = &report["report"]["sections"]["emergencies"]["rows"];
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
}

#[test]
fn ids_of_no_emergency_are_refused() {
    let clinic = Clinic::new();
    let none = "0".repeat(32);
    for line in
        [format!("close {none}"), format!("review {none} --finding justified --text-file reason")]
    {
        assert_eq!(clinic.by("cara", &format!("emergency {line}")).code, 2, "{line}");
    }
    assert_eq!(clinic.by("cara", "emergency close nonsense").code, 2);
}
