//! What the audit log says of what was done and of what was refused.

use std::io::Read as _;

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::{ANN, sealed, with_ann};
use crate::ward::{CONTEXT, OTHER_CONTEXT, SCAN, Ward};

fn is(record: &Value, name: &str, value: &str) -> bool {
    record[name].as_str() == Some(value)
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "every refusal stands in the audit log, with who asked and what kind of refusal it was",
    polarity = deny,
)]
fn every_refusal_is_on_record(ev: Ev) -> Proven {
    let ward = with_ann(Ward::with_package());
    ward.line("key create ct").ok();
    ward.line("identity new --no-passphrase --kind signer --out other.key").ok();
    ward.write("text", b"no package");
    ward.write("altered.msp", &ward.read("scan.msp"));
    ward.flip_from_end("altered.msp", 50_000);
    let open = "open scan.msp --identity own.key --signer sign.key -o x";
    for (line, code, action, outcome, reason) in [
        (format!("{open} --purpose HMARKT"), 24, "open", "denied", "purpose"),
        (format!("{open} --context-file {OTHER_CONTEXT}"), 5, "open", "failure", "not-authentic"),
        (open.to_owned(), 4, "open", "failure", "expectation"),
        (open.replace("sign.key", "other.key"), 4, "open", "failure", "expectation"),
        (open.replace("own.key", "stranger.key"), 4, "open", "failure", "expectation"),
        (open.replace("scan.msp", "text"), 3, "open", "failure", "format"),
        (
            format!("{} --context-file {CONTEXT}", open.replace("scan.msp", "altered.msp")),
            6,
            "open",
            "failure",
            "damaged",
        ),
        (format!("seal {SCAN} --key default --unsigned -o x"), 24, "seal", "denied", "policy"),
        (format!("seal {SCAN} --key ct -o x"), 24, "seal", "denied", "policy"),
        (
            "rewrap scan.msp --identity stranger.key --to own.key".into(),
            4,
            "rewrap",
            "failure",
            "expectation",
        ),
        ("rewrap text --identity own.key --to own.key".into(), 3, "rewrap", "failure", "format"),
        ("verify text --identity own.key".into(), 3, "verify", "failure", "format"),
    ] {
        let before = ward.records().len();
        let run = ward.line(&line);
        ev.denies(run.result(), |refused| refused.0 == code);
        let records = ward.records();
        assert!(records.len() > before, "{line}");
        assert_eq!(ward.newest(), [action, outcome, reason], "{line}");
        ev.holds("it names who asked", is(records.last().unwrap(), "who", "ada"));
        ev.holds("nothing was written", !ward.exists("x"));
    }
    ward.line("user revoke ann default").ok();
    ward.line(&format!("seal {SCAN} --key default -o later.msp")).ok();
    let run = ward.line(&format!("open later.msp --identity {ANN}.identity -o x"));
    ev.denies(run.result(), |refused| matches!(refused.0, 15 | 24));
    ev.holds("it names who asked", is(ward.records().last().unwrap(), "who", "ann"));
    ev.allows(ward.line("audit verify --strict").result());
    ev.proven()
}

#[test]
fn packages_of_a_folder_that_are_none_are_on_record() {
    let ward = Ward::with_home();
    std::fs::create_dir(ward.path("sealed")).unwrap();
    ward.write("sealed/1.msp", b"no package");
    for (line, action) in
        [("open sealed --out-dir opened", "open"), ("rewrap sealed --to own.key", "rewrap")]
    {
        assert_eq!(ward.line(line).code, 3);
        assert_eq!(ward.newest(), [action, "failure", "format"]);
    }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(a)(2)(i)"],
    claim = "what is opened and sealed is announced and concluded on record, with user, purpose, package and bytes",
    polarity = allow,
)]
fn records_say_who_did_what_why_and_how_much(ev: Ev) -> Proven {
    let ward = sealed();
    let package = ward.line("inspect scan.msp --json").json()["results"][0]["package_id"].clone();
    ev.allows(ward.line("open scan.msp -o x").result());
    let records = ward.records();
    let phases: Vec<_> = records.iter().map(|one| (&one["action"], &one["phase"])).collect();
    assert_eq!(format!("{phases:?}").matches("intent").count(), 2);
    for (action, pair) in ["seal", "open"].into_iter().zip(records.chunks(2)) {
        let [intent, outcome] = pair else { panic!("{pair:?}") };
        for one in pair {
            ev.holds("what", is(one, "action", action) && one["package"] == package);
            ev.holds("who and why", is(one, "who", "ada") && is(one, "why", "TREAT"));
            ev.holds("of which data set", is(one, "dataset", "default"));
        }
        ev.holds("they belong together", intent["request"] == outcome["request"]);
        ev.holds("before", is(intent, "phase", "intent") && is(outcome, "outcome", "success"));
        ev.equal("the bytes", &outcome["bytes"].as_u64(), &Some(ward.content.len() as u64));
    }
    ev.proven()
}

#[cfg(target_os = "linux")]
#[evidence(
    hipaa2013::"164.312(b)",
    claim = "what was begun and killed stays in the audit log as begun and never ended",
    polarity = allow,
)]
fn killed_opening_stays_announced(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    ward.write("large", &vec![7; 4 << 20]);
    ward.line("seal large --key default -o large.msp").ok();
    let mut child = ward.spawn("open large.msp --stdout");
    // Content goes out once the intent is durable; a pipe holds less than all of it.
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 10]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..2 {
        let run = ward.line("open large.msp -o x");
        ev.allows(run.result());
        std::fs::remove_file(ward.path("x")).unwrap();
        let records = ward.records();
        let opened: Vec<_> = records.iter().filter(|one| is(one, "action", "open")).collect();
        let announced = opened.iter().filter(|one| is(one, "phase", "intent"));
        let ended = |request: &Value| {
            opened.iter().any(|one| is(one, "phase", "outcome") && one["request"] == *request)
        };
        let open: Vec<_> = announced.filter(|one| !ended(&one["request"])).collect();
        ev.holds("one intent is without an end", open.len() == 1);
        ev.holds("it is the first", open[0]["request"] == opened[0]["request"]);
    }
    let report = ward.audit("report --from 1h --format json").json();
    let unfinished = &report["sections"]["unfinished"]["rows"];
    ev.holds("the report tells it", unfinished.as_array().unwrap().len() == 1);
    ev.allows(ward.line("audit verify --strict").result());
    ev.proven()
}
