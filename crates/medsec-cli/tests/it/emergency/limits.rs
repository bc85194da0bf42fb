//! What the policy sets about emergencies, changed through `policy sign`, changes what may be claimed.

use super::clinic::Clinic;

const OPEN: &str = "emergency open --dataset default --text-file reason";

/// Edits a setting, and puts it in force.
#[track_caller]
fn set(clinic: &Clinic, from: &str, to: &str) {
    let text = String::from_utf8(clinic.ward.read("source/policy.toml")).unwrap();
    assert!(text.contains(from), "{from}");
    clinic.ward.write("source/policy.toml", text.replacen(from, to, 1).as_bytes());
    clinic.by("ada", "policy sign source").ok();
}

#[test]
fn longest_duration_is_that_of_the_policy() {
    let clinic = Clinic::new();
    let claim =
        |time: &str| clinic.by("bela", &format!("{OPEN} --reason disaster --for {time}")).code;
    assert_eq!((claim("5h"), claim("2h")), (24, 0));
    set(&clinic, "max_duration = \"4h\"", "max_duration = \"1h\"");
    assert_eq!((claim("2h"), claim("1h")), (24, 0));
    set(&clinic, "max_duration = \"1h\"", "max_duration = \"6h\"");
    assert_eq!(claim("5h"), 0);
}

#[test]
fn reasons_are_those_of_the_policy() {
    let clinic = Clinic::new();
    let claim = |reason: &str| clinic.by("bela", &format!("{OPEN} --reason {reason}")).code;
    assert_eq!(claim("disaster"), 0);
    set(&clinic, "\"disaster\", ", "");
    assert_eq!((claim("disaster"), claim("system-failure")), (24, 0));
    assert!(clinic.has_record("bela", "emergency-start", "denied"));
}

#[test]
fn initiators_are_those_of_the_roles() {
    let clinic = Clinic::new();
    let claim = || clinic.by("cara", &format!("{OPEN} --reason drill")).code;
    assert_eq!(claim(), 24);
    let text = String::from_utf8(clinic.ward.read("source/roles.toml")).unwrap();
    let text = text.replace(
        "[people.\"cara\"]\nroles = [",
        "[people.\"cara\"]\nroles = [\"emergency-initiator\", ",
    );
    clinic.ward.write("source/roles.toml", text.as_bytes());
    clinic.by("ada", "policy sign source").ok();
    assert_eq!(claim(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn claim_is_a_fresh_proof_to_an_agent_with_an_old_session() {
    let clinic = Clinic::new();
    set(&clinic, "max_age = \"15m\"", "max_age = \"4s\"");
    set(&clinic, "max_authentication_age = \"5m\"", "max_authentication_age = \"4s\"");
    clinic.by("bela", "login").ok();
    let before = clinic.by("bela", "status --json").json();
    std::thread::sleep(std::time::Duration::from_millis(4500));
    clinic.claim("");
    let after = clinic.by("bela", "status --json").json();
    assert_eq!(before["session"], after["session"]);
    clinic.break_glass("bela").ok();
    clinic.by("bela", "logout").ok();
}

#[test]
fn review_is_due_when_the_policy_says() {
    let clinic = Clinic::new();
    let id = clinic.claim("");
    clinic.by("bela", &format!("emergency close {id}")).ok();
    let days = || {
        let status = clinic.by("ada", "emergency status --json").json();
        let of = |name: &str| status["emergencies"][0][name].as_str().unwrap()[..10].to_owned();
        let day = |text: String| {
            let parts: Vec<i64> = text.split('-').map(|part| part.parse().unwrap()).collect();
            days_from_civil(parts[0], parts[1], parts[2])
        };
        day(of("review_due")) - day(of("ended"))
    };
    assert_eq!(days(), 7);
    set(&clinic, "review_within_days = 7", "review_within_days = 30");
    assert_eq!(days(), 30);
}

/// Days since 0000-03-01 in the Gregorian calendar.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day
}
