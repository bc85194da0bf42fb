//! A policy that was put in force elsewhere: seen, recorded once, remembered, however many come at once.

use std::process::Child;

use medsec_evidence::{Ev, Proven, evidence};

use crate::emergency::clinic::Clinic;
use crate::ward::finished;

const OPEN: &str = "open scan.msp --purpose TREAT -o out";

/// bela's home has seen the first policy; then ada puts the next one in force.
fn changed() -> Clinic {
    let clinic = Clinic::new();
    assert_eq!(clinic.by("bela", OPEN).code, 24);
    let text = String::from_utf8(clinic.ward.read("source/policy.toml")).unwrap();
    clinic.ward.write("source/policy.toml", text.replace("= 365", "= 300").as_bytes());
    clinic.by("ada", "policy sign source").ok();
    clinic
}

/// How often it is on record of nobody that a policy came into force here which nobody put in force here: no act of bela's, who
/// was only the first to work under it.
fn seen(clinic: &Clinic) -> usize {
    let of = |name: &str| {
        let is_it = |(who, action, outcome): &&(String, String, String)| {
            who == name && action == "policy-change" && outcome == "success"
        };
        clinic.records().iter().filter(is_it).count()
    };
    assert_eq!(of("bela"), 0);
    of("")
}

fn is_remembered(clinic: &Clinic) -> bool {
    clinic.ward.read("bela/policy.mark") == clinic.ward.read("home/policy.mark")
}

fn start(clinic: &Clinic, number: usize) -> Child {
    clinic.ward.spawn(&format!("{OPEN}-{number} --home bela"))
}

#[test]
fn many_commands_at_once_record_a_new_policy_once() {
    let clinic = changed();
    assert!(!is_remembered(&clinic));
    let running: Vec<Child> = (0..4).map(|number| start(&clinic, number)).collect();
    let codes: Vec<i32> = running.into_iter().map(|child| finished(Ok(child)).code).collect();
    assert_eq!(codes, [24; 4]);
    assert_eq!(seen(&clinic), 1);
    assert!(is_remembered(&clinic));
}

#[cfg(target_os = "linux")]
#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "a policy that an administrator put in force elsewhere is on record before the first command of a session works under it",
    polarity = allow,
)]
fn new_policy_is_recorded_through_the_agent_too(ev: Ev) -> Proven {
    let clinic = changed();
    ev.allows(clinic.by("bela", "login").result());
    for number in 0..2 {
        let run = clinic.by("bela", &format!("{OPEN}-{number}"));
        ev.denies(run.result(), |refused| refused.0 == 24);
    }
    ev.allows(clinic.by("bela", "logout").result());
    ev.equal("it is on record once", &seen(&clinic), &1);
    ev.holds("and remembered", is_remembered(&clinic));
    ev.proven()
}
