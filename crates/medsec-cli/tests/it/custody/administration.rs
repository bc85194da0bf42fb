//! What administrators do to keys and users is on record: announced before the store is changed, and ended behind it.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use crate::ward::Ward;

const ANN: &str = "home/identities/ann";

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
