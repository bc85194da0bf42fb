//! What is refused before there is a Custodian, and what the log and those who watch it make of it.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::{ANN, sealed, with_ann};
use crate::ward::{Refused, Run, SCAN, Ward};

const IN_FORCE: &str = "home/policy/in-force.policy";
const OPEN: &str = "open scan.msp -o x";

/// Action, outcome, reason and name of all records of sessions and accesses, oldest first.
fn told(ward: &Ward) -> Vec<[String; 4]> {
    let document = ward.audit("show --kind session --kind access --json").json();
    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or("").to_owned();
    let row = |record| ["action", "outcome", "reason", "who"].map(|name| text(record, name));
    document["records"].as_array().unwrap().iter().map(row).collect()
}

fn row(action: &str, outcome: &str, reason: &str) -> [String; 4] {
    [action, outcome, reason, ""].map(str::to_owned)
}

/// Runs something that must be refused; gives what the log tells of it.
fn refused(ward: &Ward, run: impl FnOnce() -> Run) -> (Run, Vec<[String; 4]>) {
    let before = told(ward).len();
    let run = run();
    (run, told(ward).split_off(before))
}

/// A home whose identities are under a passphrase, with a package.
fn locked() -> Ward {
    let ward = Ward::new();
    ward.piped("init --user ada --no-anchor --passphrase-fd 0", b"correct horse\n").ok();
    ward.piped(
        &format!("seal {SCAN} --key default -o scan.msp --passphrase-fd 0"),
        b"correct horse\n",
    )
    .ok();
    ward
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(d)"],
    claim = "a wrong passphrase, the identity of nobody and that of a removed user are on record, with what they came for",
    polarity = deny,
)]
fn failed_proofs_are_on_record(ev: Ev) -> Proven {
    let ward = locked();
    let both = |action| {
        vec![row("login-failure", "denied", "credentials"), row(action, "denied", "no-session")]
    };
    let (run, found) =
        refused(&ward, || ward.piped(&format!("{OPEN} --passphrase-fd 0"), b"wrong horse\n"));
    ev.denies(run.result(), |refused| *refused == Refused(11));
    ev.equal("the attempt is on record", &found, &both("open"));
    let ward = with_ann(sealed());
    let nobody = [("MEDSEC_IDENTITY", "own.key")];
    let (run, found) = refused(&ward, || ward.line_with(&nobody, OPEN));
    ev.denies(run.result(), |refused| *refused == Refused(15));
    ev.equal("that of nobody too", &found, &both("open"));
    ward.line("user offboard ann").ok();
    let seal = format!("seal {SCAN} --key default --unsigned -o y --identity {ANN}.identity");
    let (run, found) = refused(&ward, || ward.line(&seal));
    ev.denies(run.result(), |refused| *refused == Refused(15));
    ev.equal("and that of who was removed", &found, &both("seal"));
    ev.holds("nothing was written", !ward.exists("x") && !ward.exists("y"));
    ev.allows(ward.line("audit verify --strict --content").result());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(a)(1)"],
    claim = "what is asked for under a policy that was altered, rolled back or taken away is refused and on record",
    polarity = deny,
)]
fn policy_that_cannot_be_trusted_is_on_record(ev: Ev) -> Proven {
    let ward = sealed();
    let first = ward.read(IN_FORCE);
    let source = "home/policy/source/policy.toml";
    let text = String::from_utf8(ward.read(source)).unwrap();
    ward.write(source, text.replace("= 365", "= 300").as_bytes());
    ev.allows(ward.line("policy sign").result());
    let mut altered = ward.read(IN_FORCE);
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    for what in [Some(first), Some(altered), None] {
        match &what {
            Some(bytes) => ward.write(IN_FORCE, bytes),
            None => fs::remove_file(ward.path(IN_FORCE)).unwrap(),
        }
        let (run, found) = refused(&ward, || ward.line(&format!("{OPEN} --purpose TREAT")));
        ev.denies(run.result(), |refused| *refused == Refused(26));
        let both =
            vec![row("login-failure", "denied", "policy"), row("open", "denied", "no-session")];
        ev.equal("it is on record", &found, &both);
        let why = ward.records().last().unwrap()["why"].clone();
        ev.holds("with the purpose that was stated", why == "TREAT");
    }
    ev.holds("nothing was written", !ward.exists("x"));
    ev.proven()
}

#[test]
fn key_store_that_is_older_than_it_was_is_on_record() {
    let ward = sealed();
    let state = fs::read_dir(ward.path("home/store")).unwrap().map(|entry| entry.unwrap().path());
    let states: Vec<_> = state.filter(|path| path.is_file()).collect();
    let old: Vec<_> = states.iter().map(|path| fs::read(path).unwrap()).collect();
    ward.line("key create other").ok();
    for (path, bytes) in states.iter().zip(&old) {
        fs::write(path, bytes).unwrap();
    }
    let seal = format!("seal {SCAN} --key default -o x");
    let (run, found) = refused(&ward, || ward.line(&seal));
    assert_eq!(run.code, 14, "{}", run.stderr);
    assert_eq!(
        found,
        [row("login-failure", "failure", "key-service"), row("seal", "denied", "no-session")]
    );
}

#[test]
fn slips_of_the_hand_are_no_attempts() {
    let ward = sealed();
    let nobody = [("MEDSEC_IDENTITY", ""), ("MEDSEC_SIGNER", "")];
    fs::write(ward.path("home/config.toml"), config_without_user(&ward)).unwrap();
    let (run, found) = refused(&ward, || ward.line_with(&nobody, OPEN));
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(found, Vec::<[String; 4]>::new());
}

fn config_without_user(ward: &Ward) -> String {
    let config = String::from_utf8(ward.read("home/config.toml")).unwrap();
    config.lines().filter(|line| !line.starts_with("identity")).collect::<Vec<_>>().join("\n")
}

#[test]
fn attempt_that_cannot_be_recorded_says_so_and_fails() {
    let ward = locked();
    fs::remove_file(ward.path("home/audit/streams/main/hwm")).unwrap();
    let run = ward.piped(&format!("{OPEN} --passphrase-fd 0"), b"wrong horse\n");
    assert_eq!(run.code, 11);
    assert!(run.stderr.contains("could not be recorded"), "{}", run.stderr);
    let run = ward.piped(&format!("{OPEN} --home nowhere --passphrase-fd 0"), b"wrong horse\n");
    assert!(!run.stderr.contains("could not be recorded"), "{}", run.stderr);
    assert!(!ward.exists("x"));
}

#[test]
fn record_of_an_attempt_names_no_file_and_no_passphrase() {
    let ward = locked();
    ward.write("KOWALSKA.key", &ward.read("home/identities/ada.identity"));
    let line = "open scan.msp --identity KOWALSKA.key -o x --passphrase-fd 0";
    ward.piped(line, b"JADWIGA horse\n").code_is_not_zero();
    let lines = ward.audit("show --log-records --format jsonl").text();
    for word in ["KOWALSKA", "JADWIGA", "horse", "scan.msp", ".key"] {
        assert!(!lines.contains(word), "{word}");
    }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.308(a)(1)(ii)(D)"],
    claim = "many logins that fail are told by the watch and stand in the report, whoever it was",
    polarity = allow,
)]
fn many_failed_logins_are_told(ev: Ev) -> Proven {
    let ward = locked();
    let rules = b"[denials]\ncount = 4\nminutes = 5\n";
    ward.write("rules.toml", rules);
    let watch = "audit watch --rules rules.toml --state state.json --once";
    for _ in 0..3 {
        ward.piped(&format!("{OPEN} --passphrase-fd 0"), b"wrong\n").code_is_not_zero();
    }
    ev.holds("three are not many", ward.line(watch).text().is_empty());
    ward.piped(
        "verify scan.msp --identity home/identities/ada.identity --passphrase-fd 0",
        b"wrong\n",
    )
    .code_is_not_zero();
    let alert: Value = serde_json::from_str(&ward.line(watch).text()).unwrap();
    ev.holds("four are told", alert["alert"] == "denials" && alert["principal"].is_null());
    ev.holds("and told once", ward.line(watch).text().is_empty());
    let report = ward.audit("report --from 1h --json").json();
    let failures = report["report"]["sections"]["login-failures"]["rows"].clone();
    ev.holds(
        "the report counts them",
        failures[0]["times"] == 4 && failures[0]["principal"] == "unknown",
    );
    ev.proven()
}

#[cfg(target_os = "linux")]
#[test]
fn agent_that_finds_no_policy_to_trust_has_that_recorded() {
    let ward = sealed();
    fs::remove_file(ward.path(IN_FORCE)).unwrap();
    let (run, found) = refused(&ward, || ward.line("login"));
    assert_eq!(run.code, 26, "{}", run.stderr);
    assert_eq!(found, [row("login-failure", "denied", "policy")]);
}
