//! Every example runs and says what it promises.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::process::Command;

fn output_of(program: &str) -> String {
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn partner_exchange_refuses_the_wrong_patient() {
    let shown = output_of(env!("CARGO_BIN_EXE_partner-exchange"));
    assert!(shown.contains("as another patient's: not authentic"), "{shown}");
}

#[test]
fn own_key_service_opens_what_it_sealed() {
    let shown = output_of(env!("CARGO_BIN_EXE_own-key-service"));
    assert!(shown.contains("opened: 46 bytes"), "{shown}");
}

#[test]
fn range_of_a_signed_package_needs_its_side_car() {
    let shown = output_of(env!("CARGO_BIN_EXE_read-a-range"));
    assert!(shown.contains("without a side-car refused: true"), "{shown}");
    assert!(shown.contains("[0, 32, 0, 0, 0, 32, 0, 1]"), "{shown}");
}

/// What a program of `seams/` shows, which must hold this.
#[track_caller]
fn assert_shows(program: &str, expected: &[&str]) -> String {
    let shown = output_of(program);
    for expected in expected {
        assert!(shown.contains(expected), "`{expected}` is not in:\n{shown}");
    }
    shown
}

#[test]
fn own_decider_denies_what_the_rules_permit() {
    let expected =
        ["opened: 23 bytes", "taken: the policy does not permit it: forbidden", "open denied"];
    assert_shows(env!("CARGO_BIN_EXE_seam-decider"), &expected);
}

#[test]
fn own_key_service_lets_a_session_unwrap_twice() {
    let expected = [
        "1: 23 bytes",
        "2: 23 bytes",
        "3: the key service does not permit this use of the key",
        "open denied",
    ];
    assert_shows(env!("CARGO_BIN_EXE_seam-keys"), &expected);
}

#[test]
fn own_journal_counts_what_the_log_has() {
    let expected = ["opened: 23 bytes", "denied for their purpose: 2", "in the log: 6 events"];
    assert_shows(env!("CARGO_BIN_EXE_seam-journal"), &expected);
}

#[test]
fn own_login_ends_when_the_badge_is_drawn() {
    let expected = [
        "wrong number: not authenticated",
        "opened: 23 bytes",
        "badge drawn: the session was ended",
    ];
    assert_shows(env!("CARGO_BIN_EXE_seam-login"), &expected);
}

#[test]
fn own_clock_set_back_opens_nothing() {
    let expected = ["by an hour: the machine's clock was set back", "set right: 23 bytes"];
    assert_shows(env!("CARGO_BIN_EXE_seam-clock"), &expected);
}

#[test]
fn own_emergencies_open_what_they_cover() {
    let expected = [
        "without an emergency: the policy does not permit it",
        "paged: 22 bytes",
        "emergency-use success",
    ];
    assert_shows(env!("CARGO_BIN_EXE_seam-emergencies"), &expected);
}

#[test]
fn web_service_tells_strangers_nothing_and_streams_to_who_may() {
    let expected = [
        "token for another service: 401, 0 bytes",
        "token for this service: 201, 32 bytes",
        "the same once more: 401, 0 bytes",
        "without a session: 401, 0 bytes",
        "for marketing: 404, 0 bytes",
        "another package: 404, 0 bytes",
        "for treatment: 200, 33554432 bytes",
        "it may be stored: false",
        "logging out: 204, 0 bytes",
        "after that: 401, 0 bytes",
        "by somebody without a role: 404, 0 bytes",
        "who stalls gets all: false",
        "login-failure denied",
        "open denied",
    ];
    let shown = assert_shows(env!("CARGO_BIN_EXE_axum-service"), &expected);
    let log = shown.lines().find_map(|line| line.strip_prefix("the log: ")).unwrap();
    let count = |what: &str| log.split(", ").filter(|event| *event == what).count();
    // One logged out, one left idle, one cut off by its reader and then idle or ended, one that the end found.
    assert_eq!(count("session-start success"), 4, "{log}");
    let ends = [count("session-end success"), count("automatic-logoff success")];
    assert_eq!(ends.iter().sum::<usize>(), 4, "{log}");
    assert!(ends[0] >= 2 && ends[1] >= 1, "{log}");
    // Who stalled has that on record, and nothing that was announced is without its end.
    assert_eq!((count("open announced"), count("open success")), (2, 1), "{log}");
    assert_eq!(count("open failure"), 1, "{log}");
}
