//! What administrators do to keys and users is on record: announced before the store is changed, and ended behind it.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::{ANN, with_ann};
use crate::ward::Ward;

/// Who, what, how far, how it ended, which user and which key, of all records about keys and rights, oldest first.
fn told(ward: &Ward) -> Vec<String> {
    let document = ward.audit("show --last 10000 --kind key --kind rights --json").json();
    let records = document["records"].as_array().unwrap().iter();
    let row = |record: &Value| {
        let names = ["who", "action", "phase", "outcome", "principal", "key"];
        let parts = names.map(|name| record[name].as_str().unwrap_or("-"));
        let version = record["key_version"].as_u64().map(|n| format!("@{n}"));
        format!("{}{}", parts.join(" "), version.unwrap_or_default())
    };
    records.map(row).collect()
}

/// What a line adds to the log: each part of it announced, and then ended.
fn added(ward: &Ward, line: &str, acts: &[&str]) {
    let before = told(ward).len();
    ward.line(line).ok();
    let expected: Vec<String> = ["intent -", "outcome success"]
        .iter()
        .flat_map(|phase| {
            acts.iter().map(move |act| {
                let (action, what) = act.split_once(' ').unwrap();
                format!("ada {action} {phase} {what}")
            })
        })
        .collect();
    assert_eq!(told(ward)[before..], expected, "{line}");
}

/// With the keys of ann, who is no user yet.
fn home() -> Ward {
    let ward = Ward::with_home();
    ward.line("user keys ann --no-passphrase").ok();
    ward
}

#[test]
fn every_change_of_keys_and_users_is_on_record() {
    let ward = home();
    let add =
        format!("user add ann --recipient {ANN}.identity --signer {ANN}.signer --grant default");
    for (line, acts) in [
        ("key create ct", &["key-create - ct"][..]),
        ("key rotate ct default", &["key-rotate - ct", "key-rotate - default"]),
        ("key disable ct", &["key-disable - ct"]),
        ("key enable ct", &["key-enable - ct"]),
        (&add, &["enrol ann -", "grant ann default"]),
        ("user grant ann ct", &["grant ann ct"]),
        ("user revoke ann ct", &["revoke ann ct", "key-rotate - ct"]),
        ("user appoint ann", &["grant ann -"]),
        ("user dismiss ann", &["revoke ann -"]),
        ("store backup copy", &[]),
        ("user offboard ann", &["offboard ann -", "key-rotate - ct", "key-rotate - default"]),
        ("key destroy ct --version 1 --confirm ct", &["key-destroy - ct@1"]),
        ("key destroy ct --after 1 --confirm ct", &["key-disable - ct"]),
        ("key keep ct", &["key-disable - ct"]),
        ("key destroy ct --confirm ct", &["key-destroy - ct"]),
        ("key destroy --due", &[]),
        ("key rotate --overdue", &[]),
        (
            "store restore copy --give-up-present --give-up-administrators",
            &["enrol ada -", "enrol ann -", "key-enable - ct", "key-enable - default"],
        ),
    ] {
        added(&ward, line, acts);
    }
    ward.line("audit verify --content").ok();
}

#[evidence(
    hipaa2013::["164.312(b)", "164.308(a)(4)(ii)(C)"],
    claim = "what an administrator does to keys and users cannot be recorded does not happen",
    polarity = deny,
)]
fn nothing_is_administered_without_the_log(ev: Ev) -> Proven {
    let ward = home();
    ward.line("store backup copy").ok();
    let (part, away) = (ward.path("home/audit/streams/main/key"), ward.path("away"));
    fs::rename(&part, &away).unwrap();
    let store = ward.read("home/store/state");
    let add = format!("user add ann --recipient {ANN}.identity --signer {ANN}.signer");
    let restore = "store restore copy --give-up-present";
    for line in [
        "key create ct",
        "key rotate default",
        "key destroy default --confirm default",
        &add,
        restore,
    ] {
        ev.denies(ward.line(line).result(), |refused| [9, 17].contains(&refused.0));
        ev.equal_bytes("the store is as it was", &ward.read("home/store/state"), &store);
    }
    fs::rename(&away, &part).unwrap();
    ev.allows(ward.line("key create ct").result());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.308(a)(4)(ii)(B)"],
    claim = "who asks for a change of keys or users and administers nothing is refused and on record by name, with what it was",
    polarity = deny,
)]
fn refused_administration_is_on_record(ev: Ev) -> Proven {
    let ward = with_ann(Ward::with_home());
    let store = ward.read("home/store/state");
    for (line, act) in [
        ("key create ct", "key-create single denied - ct"),
        ("key rotate default", "key-rotate single denied - default"),
        ("key rotate --overdue", "key-rotate single denied - -"),
        ("key age default --max-age 9", "key-rotate single denied - default"),
        ("key disable default", "key-disable single denied - default"),
        ("key destroy default --confirm default", "key-destroy single denied - default"),
        ("key destroy --due", "key-destroy single denied - -"),
        ("user appoint ann", "grant single denied ann -"),
        ("user grant ann default", "grant single denied ann default"),
        ("user revoke ada default", "revoke single denied ada default"),
        ("user offboard ada", "offboard single denied ada -"),
    ] {
        let before = told(&ward).len();
        let by_ann = format!("{line} --identity {ANN}.identity --sign-with {ANN}.signer");
        ev.denies(ward.line(&by_ann).result(), |refused| refused.0 == 15);
        ev.equal("it is on record", &told(&ward)[before..], &[format!("ann {act}")]);
    }
    ev.equal_bytes("the store is as it was", &ward.read("home/store/state"), &store);
    ev.allows(ward.line("key create ct").result());
    ev.allows(ward.line("audit verify --content").result());
    ev.proven()
}

#[test]
fn refused_administration_that_cannot_be_recorded_says_so() {
    let ward = with_ann(Ward::with_home());
    fs::remove_file(ward.path("home/audit/streams/main/hwm")).unwrap();
    let run =
        ward.line(&format!("user appoint ann --identity {ANN}.identity --sign-with {ANN}.signer"));
    assert_eq!(run.code, 15);
    assert!(run.stderr.contains("could not be recorded"), "{}", run.stderr);
}

#[test]
fn wrong_passphrase_of_an_administrator_is_on_record() {
    let ward = Ward::new();
    ward.piped("init --user ada --no-anchor --passphrase-fd 0", b"correct horse\n").ok();
    ward.line("store backup copy").ok();
    for (line, action) in [
        ("user appoint ada", "grant"),
        ("key destroy default --confirm default", "key-destroy"),
        ("store restore copy --give-up-present", "key-enable"),
    ] {
        let run = ward.piped(&format!("{line} --passphrase-fd 0"), b"wrong horse\n");
        assert_eq!(run.code, 11, "{}", run.stderr);
        let document = ward.audit("show --last 10000 --json").json();
        let records = document["records"].as_array().unwrap();
        let newest: Vec<_> = records.iter().rev().take(2).map(|r| r["action"].clone()).collect();
        assert_eq!(newest, [action, "login-failure"], "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn refused_administration_is_on_record_through_an_agent_too() {
    let ward = with_ann(Ward::with_home());
    let by_ann = format!("key create ct --identity {ANN}.identity --sign-with {ANN}.signer");
    ward.line("login").ok();
    ward.line(&by_ann).code_is(15);
    assert_eq!(told(&ward).pop().unwrap(), "- key-create single denied - ct");
    ward.line("logout").ok();
    ward.line(&format!("login --identity {ANN}.identity")).ok();
    ward.line(&by_ann).code_is(15);
    assert_eq!(told(&ward).pop().unwrap(), "ann key-create single denied - ct");
}

#[test]
fn change_that_fails_behind_its_announcement_is_on_record_as_failed() {
    let ward = home();
    ward.line("store backup copy").ok();
    // The store that is there is newer.
    ward.line("key create ct").ok();
    assert_ne!(ward.line("store restore copy").code, 0);
    let newest = told(&ward).pop().unwrap();
    assert_eq!(newest, "ada key-enable outcome failure - default");
}

#[cfg(target_os = "linux")]
#[test]
fn changes_are_recorded_through_the_agent_of_the_administrator() {
    let ward = home();
    ward.line("login").ok();
    added(&ward, "key create ct", &["key-create - ct"]);
    ward.line("logout").ok();
    added(&ward, "key rotate ct", &["key-rotate - ct"]);
}
