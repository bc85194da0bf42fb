//! One record shown to who has not the log, ranges of records, and records for other programs.

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use crate::audit_log::{home, home_with};

#[evidence(
    hipaa2013::"164.312(c)(2)",
    claim = "a record of the audit log is shown to be unaltered without the log, and no other line passes for it",
    polarity = deny,
)]
fn a_proof_shows_its_record_and_no_other(ev: Ev) -> Proven {
    let ward = home_with(3);
    ev.denies(ward.line("audit prove 2 -o proof").result(), |refused| refused.0 == 17);
    ev.allows(ward.line("audit checkpoint").result());
    ev.allows(ward.line("audit prove 2 -o proof").result());
    ev.allows(ward.line("audit prove 5 -o other").result());
    let check = "audit check-proof proof --pin home/audit.pin --home nowhere";
    ev.allows(ward.line(check).result());
    for line in ["--line other.line", "--stream gateway", "--line home/audit.pin"] {
        let run = ward.line(&format!("{check} {line}"));
        ev.denies(run.result(), |refused| refused.0 == 18);
    }
    ev.denies(ward.line("audit check-proof proof.line --line proof.line").result(), |refused| {
        refused.0 == 3
    });
    let text = String::from_utf8(ward.read("proof.line")).unwrap();
    ward.write("proof.line", text.replacen("\"success\"", "\"failure\"", 1).as_bytes());
    ev.denies(ward.line(check).result(), |refused| refused.0 == 18);
    ev.proven()
}

#[test]
fn a_proof_of_another_log_is_refused() {
    let (ward, other) = (home_with(1), home_with(1));
    for ward in [&ward, &other] {
        ward.line("audit checkpoint").ok();
        ward.line("audit prove 2 -o proof").ok();
    }
    ward.write("other.pin", &other.read("home/audit.pin"));
    assert_eq!(ward.line("audit check-proof proof --pin other.pin").code, 18);
}

#[test]
fn records_are_verified_one_by_one_against_the_newest_checkpoint() {
    let ward = home_with(3);
    assert_eq!(ward.line("audit verify --seq 2").code, 17);
    ward.line("audit checkpoint").ok();
    ward.line("audit verify --seq 0").ok();
    let document = ward.line("audit verify --range 1..9 --json").json();
    assert_eq!((&document["first"], &document["last"]), (&1.into(), &9.into()));
    assert_eq!(ward.line("audit verify --range 1..10").code, 17);
    let text = String::from_utf8(ward.read(crate::audit_log::SEGMENT)).unwrap();
    let altered = text.replacen("\"t\":\"test\"", "\"t\":\"tesu\"", 1);
    ward.write(crate::audit_log::SEGMENT, altered.as_bytes());
    let run = ward.line("audit verify --range 1..9");
    assert_eq!(run.code, 18);
    assert!(run.stderr.contains("record 2:"), "{}", run.stderr);
    // The others are those of the checkpoint all the same.
    ward.line("audit verify --range 3..9").ok();
}

#[test]
fn checkpoints_of_one_stream_continue_each_other_in_either_order() {
    let ward = home_with(1);
    ward.line("audit checkpoint --out one.checkpoint").ok();
    ward.line("audit test").ok();
    ward.line("audit checkpoint --out two.checkpoint").ok();
    for line in ["one.checkpoint two.checkpoint", "two.checkpoint one.checkpoint"] {
        let document = ward.line(&format!("audit consistency {line} --json")).json();
        assert_eq!((&document["old"], &document["new"]), (&4.into(), &7.into()));
    }
    ward.line("audit consistency one.checkpoint one.checkpoint").ok();
    ward.line("audit verify --known one.checkpoint --known two.checkpoint").ok();
    ward.flip_from_end("one.checkpoint", 20);
    assert_ne!(ward.line("audit consistency one.checkpoint two.checkpoint").code, 0);
}

#[test]
fn lines_are_exported_as_they_stand() {
    let ward = home_with(2);
    ward.line("audit export --purpose HCOMPL --format jsonl -o all.jsonl").ok();
    assert_eq!(ward.read("all.jsonl"), ward.read(crate::audit_log::SEGMENT));
    let run = ward.line("audit export --purpose HCOMPL --format jsonl -o -");
    run.ok();
    assert_eq!(run.stdout, ward.read(crate::audit_log::SEGMENT));
    let count = |name: &str, what: &str| {
        let text = String::from_utf8(ward.read(name)).unwrap();
        text.lines().filter(|line| line.contains(what)).count()
    };
    let part = "audit export --purpose HCOMPL --format jsonl";
    ward.line(&format!("{part} --until 2020-01-01 -o none")).ok();
    assert_eq!(count("none", ""), 0);
    ward.line(&format!("{part} --from 2020-01-01 -o records")).ok();
    // Each export is on record before it begins.
    let expected = count(crate::audit_log::SEGMENT, "\"seq\"");
    assert_eq!((count("records", ""), count("records", "HCOMPL")), (expected, 4));
}

#[test]
fn exported_events_pass_the_checker() {
    let ward = home_with(3);
    let document = ward.line("audit export --purpose HCOMPL --format fhir -o events --json").json();
    assert_eq!((&document["written"], &document["left_out"]), (&4.into(), &9.into()));
    let document = ward.line("audit check-fhir events --lines --json").json();
    assert_eq!(
        (&document["results"][0]["events"], &document["results"][0]["invalid"]),
        (&4.into(), &0.into())
    );
    let first = ward.read("events");
    let first = first.split(|byte| *byte == b'\n').next().unwrap();
    let event: Value = serde_json::from_slice(first).unwrap();
    assert_eq!(event["resourceType"], "AuditEvent");
    assert!(first.windows(30).any(|text| text == b"https://clinic.example/log/app"), "{event}");
    ward.write("one.json", first);
    ward.line("audit check-fhir one.json").ok();
    ward.line("audit export --purpose HCOMPL --format dicom -o messages").ok();
    let messages = String::from_utf8(ward.read("messages")).unwrap();
    // Both exports are among them.
    assert_eq!(messages.lines().count(), 5);
    assert!(messages.lines().all(|line| line.starts_with("<?xml")), "{messages}");
}

#[test]
fn events_of_others_are_checked_and_not_shown() {
    let ward = home();
    ward.write("bad.json", br#"{"resourceType":"AuditEvent","KOWALSKA":1,"outcome":"9"}"#);
    ward.write("no.json", b"[]");
    let run = ward.line("audit check-fhir bad.json no.json");
    assert_eq!(run.code, 3);
    assert!(run.text().contains("input 1: 1 event, 1 invalid"), "{}", run.text());
    assert!(run.text().contains("input 2: 1 event, 1 invalid"), "{}", run.text());
    // It names no profile of BALP.
    ward.line("audit test").ok();
    ward.line("audit export --purpose HCOMPL --format fhir -o events").ok();
    assert_eq!(ward.line("audit check-fhir events --lines --balp").code, 3);
    assert_eq!(ward.line("audit check-fhir nothing.json").code, 9);
}
