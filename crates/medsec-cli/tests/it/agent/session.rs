//! One proof of who one is, for many commands.

use medsec_evidence::{Ev, Proven, evidence};

use super::{
    OPEN, Office, PHRASE, SEAL, opened, plain_with_limits, row, scan_is, sessions, verified,
};
use crate::ward::{Refused, Ward};

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a session begins only for who knows the passphrase of the identity, and what fails is on record",
    polarity = deny,
)]
fn login_rejects_a_wrong_passphrase(ev: Ev) -> Proven {
    let office = Office::locked();
    let ward = &office.ward;
    ev.denies(ward.line(SEAL).result(), |e| *e == Refused(25));
    ev.denies(ward.line("status").result(), |e| *e == Refused(25));
    let wrong = ward.piped("login --passphrase-fd 0", b"wrong horse\n");
    ev.denies(wrong.result(), |e| *e == Refused(11));
    ev.denies(ward.line("status").result(), |e| *e == Refused(25));
    ev.allows(office.log_in().result());
    ev.allows(ward.line(SEAL).result());
    ev.allows(ward.line(OPEN).result());
    ev.holds("what was opened is what was sealed", scan_is(ward, "out"));
    let told = office.sessions();
    let failed = row("login-failure", "denied", "credentials");
    ev.equal(
        "failure and login are on record",
        &told,
        &vec![failed, row("session-start", "success", "")],
    );
    ev.proven()
}

#[test]
fn one_login_serves_every_command() {
    let office = Office::locked();
    let ward = &office.ward;
    office.log_in().ok();
    let status = office.status().json();
    assert_eq!(status["user"], "ada");
    assert_eq!(status["factors"], 2, "the agent saw that the file is under a passphrase");
    ward.line(SEAL).ok();
    // Whoever names an identity does without the agent, and the log is the agent's.
    let named = "verify scan.msp --identity home/identities/ada.identity --passphrase-fd 0";
    ward.piped(named, PHRASE).code_is(17);
    std::fs::create_dir(ward.path("study")).unwrap();
    for name in ["a", "b", "c"] {
        ward.write(&format!("study/{name}"), name.as_bytes());
    }
    ward.line("seal study --key default --out-dir sealed").ok();
    ward.line("open sealed --out-dir again").ok();
    assert_eq!(ward.read("again/b"), b"b");
    ward.line("rewrap scan.msp --to-key default").ok();
    ward.line(OPEN).ok();
    assert!(scan_is(ward, "out"));
    let records = ward.audit("show --json").json();
    let all = records["records"].as_array().unwrap();
    let of_session = all.iter().filter(|record| record["session"] == status["session"]).count();
    // Start, then an announcement and an end for each of 1 + 3 sealed, 3 + 1 opened, 1 rewrapped.
    assert!(of_session > 18, "{of_session}");
}

#[test]
fn second_login_proves_again_and_another_identity_is_refused() {
    let office = Office::locked();
    office.log_in().ok();
    let first = office.status().json();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(office.status().json()["authenticated_seconds_ago"].as_u64().unwrap() >= 1);
    office.log_in().ok();
    let second = office.status().json();
    assert_eq!(first["session"], second["session"]);
    assert_eq!(second["authenticated_seconds_ago"], 0);
    let stranger = office.ward.line("login --identity own.key");
    assert_eq!(stranger.code, 15, "{}", stranger.stderr);
    assert_eq!(office.status().json()["user"], "ada");
}

#[test]
fn login_under_another_policy_begins_another_session_with_its_limits() {
    let office = Office::open(Ward::with_home());
    let ward = &office.ward;
    ward.line("login").ok();
    let first = office.status().json();
    let source = "home/policy/source/policy.toml";
    let text = String::from_utf8(ward.read(source)).unwrap();
    ward.write(source, text.replace("idle = \"15m\"", "idle = \"5m\"").as_bytes());
    ward.line("policy sign").ok();
    ward.line("login").ok();
    let second = office.status().json();
    assert_ne!(first["session"], second["session"]);
    assert!(second["idle_left_seconds"].as_u64().unwrap() <= 300, "{second}");
    let told = sessions(ward);
    let row = |action| row(action, "success", "");
    assert_eq!(told, ["session-start", "session-end", "session-start"].map(row));
    ward.line(SEAL).ok();
}

#[test]
fn login_with_another_signer_begins_another_session() {
    let office = Office::locked();
    office.log_in().ok();
    let first = office.status().json();
    let own = "login --identity home/identities/ada.identity --passphrase-fd 0";
    office.ward.piped(own, PHRASE).ok();
    let second = office.status().json();
    assert_ne!(first["session"], second["session"]);
    assert_eq!(second["user"], "ada");
}

#[test]
fn agent_that_a_login_started_ends_with_the_logout() {
    let ward = plain_with_limits(900, 900);
    ward.line("login").ok();
    let pid = ward.line("status --json").json()["pid"].as_u64().unwrap();
    ward.line(SEAL).ok();
    ward.line("logout").ok();
    assert!(!std::path::Path::new(&format!("/proc/{pid}/stat")).exists() || is_zombie(pid));
    assert_eq!(ward.line("status").code, 25);
    assert!(verified(&ward));
    // Without an agent, as before.
    ward.line(OPEN).ok();
    let told = sessions(&ward);
    assert_eq!(told, [row("session-start", "success", ""), row("session-end", "success", "")]);
}

fn is_zombie(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.contains(") Z ") || stat.is_empty()
}

#[test]
fn failed_login_leaves_no_agent() {
    let ward = Ward::new();
    ward.piped("init --user ada --no-anchor --passphrase-fd 0", PHRASE).ok();
    assert_eq!(ward.piped("login --passphrase-fd 0", b"wrong\n").code, 11);
    assert!(ward.line("status").stderr.contains("no agent runs"));
    assert!(verified(&ward));
}

#[test]
fn without_the_agent_its_log_is_explained() {
    let office = Office::locked();
    office.log_in().ok();
    office.ward.line(SEAL).ok();
    let run = office.ward.piped(&format!("{OPEN} --no-agent --passphrase-fd 0"), PHRASE);
    assert_eq!(run.code, 17);
    assert!(run.stderr.contains("the agent of this home writes the audit log"), "{}", run.stderr);
    assert!(!opened(&office.ward));
    let off = office.ward.line_with(&[("MEDSEC_AGENT", "sometimes")], OPEN);
    assert_eq!(off.code, 2);
}

#[test]
fn two_homes_have_two_agents() {
    let (one, other) = (Office::locked(), Office::locked());
    one.log_in().ok();
    assert_eq!(other.status().code, 25);
    other.log_in().ok();
    let [a, b] = [&one, &other].map(|office| office.status().json());
    assert_ne!(a["pid"], b["pid"]);
    assert_ne!(a["session"], b["session"]);
    one.ward.line("logout").ok();
    assert_eq!(one.status().code, 25);
    assert_eq!(other.status().code, 0);
}

#[test]
fn user_who_was_taken_out_of_the_store_has_no_session_any_more() {
    let office = Office::with_limits(900, 900);
    let ward = &office.ward;
    ward.line("login").ok();
    ward.line(SEAL).ok();
    ward.line("key disable default").ok();
    assert_eq!(ward.line(OPEN).code, 15, "the agent follows the store");
    assert!(!opened(ward));
    ward.line("key enable default").ok();
    ward.line(OPEN).ok();
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "through a session the audit trail is shown to whom the policy lets read it; others are refused, on record",
    polarity = deny,
)]
fn session_reads_the_audit_trail_by_the_policy(ev: Ev) -> Proven {
    let office = Office::with_limits(900, 900);
    let ward = &office.ward;
    ev.denies(ward.line("audit show").result(), |e| *e == Refused(25));
    ev.equal("nobody's try is on record", &ward.newest(), &row("verify", "denied", "no-session"));
    ev.allows(ward.line("login").result());
    ev.denies(ward.line("audit show").result(), |e| *e == Refused(24));
    ev.equal("ada's too", &ward.newest(), &row("verify", "denied", "policy"));
    let ward = Ward::new();
    ward.init_alone("--no-anchor");
    let office = Office::open(ward);
    ev.allows(office.ward.line("login").result());
    let before = office.status().json()["records"].clone();
    ev.allows(office.ward.line("audit show").result());
    ev.equal("reading leaves no record", &office.status().json()["records"], &before);
    ev.proven()
}

#[test]
fn failed_proof_beside_the_agent_is_on_its_record() {
    let office = Office::locked();
    office.log_in().ok();
    office.ward.line(SEAL).ok();
    let named = "verify scan.msp --identity home/identities/ada.identity --passphrase-fd 0";
    office.ward.piped(named, b"wrong horse\n").code_is(11);
    assert_eq!(office.sessions().last(), Some(&row("login-failure", "denied", "credentials")));
    assert_eq!(office.ward.newest(), row("verify", "denied", "no-session"));
    // And one that was proved beside the agent, under no name: the agent has not seen the proof.
    let show = "audit show --identity home/identities/ada.identity --passphrase-fd 0";
    let run = office.ward.piped(show, PHRASE);
    run.code_is(24);
    assert!(!run.stderr.contains("could not be recorded"), "{}", run.stderr);
    assert_eq!(office.ward.newest(), row("verify", "denied", "policy"));
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "a policy comes into force through the session of who is logged in, decided and recorded before it counts",
    polarity = allow,
)]
fn policy_is_signed_in_the_session_of_the_agent(ev: Ev) -> Proven {
    let office = Office::locked();
    let ward = &office.ward;
    let source = "home/policy/source/policy.toml";
    let text = String::from_utf8(ward.read(source)).unwrap();
    ward.write(source, text.replacen("idle = \"15m\"", "idle = \"5m\"", 1).as_bytes());
    let before = ward.read("home/policy/in-force.policy");
    ev.denies(ward.line("policy sign").result(), |e| *e == Refused(25));
    office.log_in().ok();
    // Who shows an identity of their own does without the session, and the log is the agent's.
    let named = "policy sign --identity home/identities/ada.identity --passphrase-fd 0";
    let busy = ward.piped(named, PHRASE);
    ev.denies(busy.result(), |e| *e == Refused(17));
    ev.holds("it says how to go on", busy.stderr.contains("medsec logout"));
    ev.equal_bytes("nothing changed", &ward.read("home/policy/in-force.policy"), &before);
    ev.allows(ward.line("policy sign").result());
    ev.holds("another is in force", ward.read("home/policy/in-force.policy") != before);
    let told = ward.audit("show --format csv").text();
    let changes: Vec<_> = told.lines().filter(|line| line.contains("policy-change")).collect();
    ev.holds("it is on record", changes.iter().any(|line| line.contains("ada")));
    // What needs nobody is recorded by it too.
    ward.line("audit test").ok();
    // The session goes on, under the new policy.
    ward.line(SEAL).ok();
    ward.line(OPEN).ok();
    ev.holds("what was opened is what was sealed", scan_is(ward, "out"));
    ev.proven()
}
