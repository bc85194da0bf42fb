//! Sessions that end by themselves.

use std::time::{Duration, Instant};

use medsec_evidence::{Ev, Proven, evidence};

use super::{OPEN, Office, SEAL, opened, plain_with_limits, row, sessions, verified};
use crate::ward::{Refused, Ward};

/// Sleeps until so long after `since`.
fn until(since: Instant, millis: u64) {
    let left = Duration::from_millis(millis).saturating_sub(since.elapsed());
    std::thread::sleep(left);
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "a session that is not used for the time the policy sets is ended, and nothing opens afterwards",
    polarity = deny,
)]
fn idle_session_is_logged_off(ev: Ev) -> Proven {
    let office = Office::with_limits(8, 60);
    let ward = &office.ward;
    ev.allows(ward.line("login").result());
    ev.allows(ward.line(SEAL).result());
    let used = Instant::now();
    // So long before the limit that a busy machine does not matter.
    until(used, 5000);
    ev.allows(office.status().result());
    ev.allows(ward.line("open scan.msp -o early").result());
    let used = Instant::now();
    // A look is no use.
    until(used, 5000);
    ev.allows(office.status().result());
    until(used, 8000);
    ev.denies(ward.line(OPEN).result(), |e| *e == Refused(25));
    ev.denies(office.status().result(), |e| *e == Refused(25));
    ev.holds("nothing was opened", !opened(ward));
    let logoff = row("automatic-logoff", "success", "");
    ev.equal("it is on record", &office.sessions().last(), &Some(&logoff));
    ev.allows(ward.line("login").result());
    ev.allows(ward.line(OPEN).result());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "a session ends when it has lasted as long as the policy lets it, however it is used",
    polarity = deny,
)]
fn used_session_ends_at_its_limit(ev: Ev) -> Proven {
    let office = Office::with_limits(5, 9);
    let ward = &office.ward;
    ev.allows(ward.line("login").result());
    // The session began before this.
    let begun = Instant::now();
    ev.allows(ward.line(SEAL).result());
    for number in 1..=2 {
        until(begun, number * 3000);
        ev.allows(ward.line(&format!("open scan.msp -o out-{number}")).result());
    }
    until(begun, 9000);
    ev.denies(ward.line(OPEN).result(), |e| *e == Refused(25));
    ev.holds("nothing was opened", !opened(ward));
    let logoff = row("automatic-logoff", "success", "");
    ev.equal("it is on record", &office.sessions().last(), &Some(&logoff));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(d)", "164.312(a)(1)"],
    claim = "what asks for a fresh proof is refused to a session whose proof is older than the policy lets it be",
    polarity = deny,
)]
fn old_proof_is_refused_where_a_fresh_one_is_asked_for(ev: Ev) -> Proven {
    let ward = Ward::new();
    ward.write_policy("policy", |path, text| match path {
        "policy.toml" => text
            .replace("fresh = [", "fresh = [\"open\", ")
            .replace("max_age = \"15m\"", "max_age = \"4s\""),
        _ => text,
    });
    ev.allows(ward.line("init --user ada --no-passphrase --no-anchor --policy policy").result());
    let office = Office::open(ward);
    let ward = &office.ward;
    ev.allows(ward.line("login").result());
    ev.allows(ward.line(SEAL).result());
    until(Instant::now(), 4500);
    ev.denies(ward.line(OPEN).result(), |e| *e == Refused(24));
    ev.holds("nothing was opened", !opened(ward));
    ev.allows(ward.line("login").result());
    ev.allows(ward.line(OPEN).result());
    ev.proven()
}

#[test]
fn agent_of_a_login_ends_when_the_session_does() {
    let ward = plain_with_limits(1, 60);
    ward.line("login").ok();
    let begun = Instant::now();
    while !ward.line("status").stderr.contains("no agent runs") {
        assert!(begun.elapsed() < Duration::from_secs(20), "the agent stays");
        std::thread::sleep(Duration::from_millis(50));
    }
    let told = sessions(&ward);
    assert_eq!(told, [row("session-start", "success", ""), row("automatic-logoff", "success", "")]);
    assert!(verified(&ward));
}

#[test]
fn work_that_outlasts_the_session_makes_nothing_and_records_why() {
    use std::io::Write as _;
    let office = Office::with_limits(4, 60);
    let ward = &office.ward;
    ward.line("login").ok();
    let mut child = ward.spawn("seal - --key default -o scan.msp");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![7; 1 << 20]).unwrap();
    std::thread::sleep(Duration::from_millis(6500));
    assert_eq!(office.status().code, 25, "the session is over");
    drop(stdin);
    let run = crate::ward::finished(Ok(child));
    assert_eq!(run.code, 25, "{}", run.stderr);
    assert!(!ward.exists("scan.msp"));
    assert_eq!(ward.newest(), row("seal", "denied", "session-ended"));
}
