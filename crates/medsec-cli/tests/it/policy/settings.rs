//! Each setting, changed through `policy sign`, changes what the program does. The test of each:
//!
//! | setting | test |
//! |---|---|
//! | `purposes` | [`purpose_that_is_no_longer_accepted_is_refused`] |
//! | `audit_retention_years` | [`longer_retention_than_that_of_the_log_is_refused`] |
//! | `sessions.idle` | `agent::limits::idle_session_is_logged_off`, with 8 s and 60 s |
//! | `sessions.absolute` | `agent::limits::used_session_ends_at_its_limit`, with 9 s and 60 s |
//! | `step_up.fresh`, `step_up.max_age` | [`age_of_a_proof_counts_where_it_is_asked_for`], `agent::limits::old_proof_is_refused_where_a_fresh_one_is_asked_for` |
//! | `step_up.two_factors` | [`two_factors_are_asked_for_or_not`] |
//! | `sealing.signature` | [`signature_of_what_is_sealed_is_asked_for_or_not`] |
//! | `sealing.required_recipients` | [`required_recipient_is_added_to_packages`] |
//! | `sealing.allowed_keys` | [`keys_that_are_not_named_are_not_sealed_under`] |
//! | `sealing.max_key_age_days` | [`keys_that_are_too_old_are_not_sealed_under`] |
//! | `sealing.shared_data_keys` | `program::shared_keys` in tests/live, [`shared_data_keys_are_permitted_or_not`] |
//! | `opening.signature` | [`signature_of_what_is_opened_is_asked_for_or_not`] |
//! | `opening.unbound_packages` | `custody::policy::package_of_an_unknown_policy_is_refused_for_good_where_the_policy_says_so` |
//! | `emergency.max_duration` | `emergency::limits::longest_duration_is_that_of_the_policy` |
//! | `emergency.reasons` | `emergency::limits::reasons_are_those_of_the_policy` |
//! | `emergency.review_within_days` | `emergency::limits::review_is_due_when_the_policy_says` |
//! | `emergency.max_authentication_age` | `claims_outside_the_limits_are_refused` in medsec-policy: the program takes the proof in the same call, so that it is never old |
//! | `issuers.*` | `agent::token`; each of them, with a token, in medsec-policy: `token::tests::issuers` |

use std::time::{Duration, SystemTime};

use medsec_crypto::Timestamp;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    Administrator, IdentityFile, KeyName, KeySpec, LocalStore, PrivateKey, StorePlace,
};

use super::{POLICY, edit, refused, sign};
use crate::ward::{Refused, Run, SCAN, Ward};

const SEAL: &str = "--key default --purpose TREAT";

/// Seals with these options into a new package, which is removed.
fn seal(ward: &Ward, options: &str) -> i32 {
    let code = ward.line(&format!("seal {SCAN} {options} -o x.msp")).code;
    let _ = std::fs::remove_file(ward.path("x.msp"));
    code
}

/// Opens a package into a new file, which is removed.
fn open(ward: &Ward, options: &str) -> i32 {
    let code = ward.line(&format!("open {options} -o x")).code;
    let _ = std::fs::remove_file(ward.path("x"));
    code
}

/// Edits a setting, and puts it in force.
#[track_caller]
fn set(ward: &Ward, from: &str, to: &str) {
    edit(ward, POLICY, from, to);
    sign(ward);
}

fn explained(ward: &Ward, options: &str) -> Run {
    let run = ward.line(&format!("policy explain --as ada {options} --json"));
    run.ok();
    run
}

#[test]
fn purpose_that_is_no_longer_accepted_is_refused() {
    let ward = Ward::with_home();
    ward.line(&format!("seal {SCAN} {SEAL} -o a.msp")).ok();
    assert_eq!(open(&ward, "a.msp --purpose TREAT"), 0);
    set(&ward, "\"TREAT\", ", "");
    assert_eq!(open(&ward, "a.msp --purpose TREAT"), 24);
    assert_eq!(seal(&ward, SEAL), 24);
    assert_eq!(open(&ward, "a.msp --purpose COC"), 0);
}

#[test]
fn signature_of_what_is_sealed_is_asked_for_or_not() {
    let ward = Ward::with_home();
    let unsigned = "--key default --unsigned --purpose TREAT";
    assert_eq!(seal(&ward, unsigned), 24);
    set(&ward, "signature = \"required\"", "signature = \"optional\"");
    assert_eq!(seal(&ward, unsigned), 0);
}

#[test]
fn signature_of_what_is_opened_is_asked_for_or_not() {
    let ward = Ward::with_home();
    set(&ward, "signature = \"required\"", "signature = \"optional\"");
    ward.line(&format!("seal {SCAN} --key default --unsigned --purpose TREAT -o a.msp")).ok();
    assert_eq!(open(&ward, "a.msp --any-signer --purpose TREAT"), 0);
    set(
        &ward,
        "[settings.opening]\nsignature = \"optional\"",
        "[settings.opening]\nsignature = \"required\"",
    );
    assert_eq!(open(&ward, "a.msp --any-signer --purpose TREAT"), 24);
}

#[test]
fn required_recipient_is_added_to_packages() {
    let ward = Ward::with_home();
    let shown = ward.line("identity show own.key --json").json();
    let key = shown["public_key"].as_str().unwrap().to_owned();
    let recipients = |ward: &Ward, name: &str| {
        ward.line(&format!("seal {SCAN} {SEAL} -o {name}")).ok();
        let run = ward.line(&format!("inspect {name} --json")).json();
        run["results"][0]["recipient_keys"].as_array().unwrap().len()
    };
    assert_eq!(recipients(&ward, "before.msp"), 1);
    set(&ward, "required_recipients = []", &format!("required_recipients = [\"{key}\"]"));
    assert_eq!(recipients(&ward, "after.msp"), 2);
    // Its holder opens it as long as the policy permits it to who is logged in.
    assert_eq!(open(&ward, "after.msp --identity own.key --purpose TREAT"), 0);
}

#[test]
fn keys_that_are_not_named_are_not_sealed_under() {
    let ward = Ward::with_home();
    ward.line("key create other").ok();
    assert_eq!(seal(&ward, SEAL), 0);
    set(&ward, "allowed_keys = \"any\"", "allowed_keys = [\"other\"]");
    assert_eq!(seal(&ward, SEAL), 24);
    set(&ward, "allowed_keys = [\"other\"]", "allowed_keys = [\"default\"]");
    assert_eq!(seal(&ward, SEAL), 0);
}

/// Makes a key whose only version is so many days old, as ada, by a clock of that day.
fn aged_key(ward: &Ward, name: &str, days: u64) {
    let key = |name: &str| {
        let file = ward.path(&format!("home/identities/{name}"));
        IdentityFile::load(&file).unwrap().unlock(None).unwrap()
    };
    let identity = match key("ada.identity") {
        PrivateKey::Identity(identity) => Some(identity),
        _ => None,
    };
    let signer = match key("ada.signer") {
        PrivateKey::Signer(signer) => Some(signer),
        _ => None,
    };
    let (identity, signer) = identity.zip(signer).unwrap();
    let place = StorePlace {
        folder: ward.path("home/store"),
        mark: Some(ward.path("home/store.mark")),
        expected: None,
    };
    let mut store = LocalStore::open(place).unwrap();
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    let administrator = Administrator { identity: &identity, signer: &signer };
    let mut change = store.change(administrator, Timestamp::from(then)).unwrap();
    let name = KeyName::new(name).unwrap();
    change.create_key(&KeySpec { name, max_age_days: None }).unwrap();
    change.commit().unwrap();
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a key that is older than the policy lets it be seals nothing until it has a new version",
    polarity = deny,
)]
fn keys_that_are_too_old_are_not_sealed_under(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    aged_key(&ward, "aged", 100);
    let line = "--key aged --dataset default --purpose TREAT";
    let aged = |out: &str| ward.line(&format!("seal {SCAN} {line} -o {out}.msp")).result();
    ev.allows(aged("within"));
    set(&ward, "max_key_age_days = 365", "max_key_age_days = 99");
    ev.denies(aged("beyond"), |refused| *refused == Refused(24));
    ev.equal("it is on record", &ward.newest(), &["seal", "denied", "policy"].map(str::to_owned));
    ev.allows(ward.line("key rotate aged").result());
    ev.allows(aged("rotated"));
    ev.proven()
}

#[test]
fn shared_data_keys_are_permitted_or_not() {
    let ward = Ward::with_home();
    let config = "home/config.toml";
    let text = [&ward.read(config)[..], b"\n[shared_data_keys]\nseal = true\n"].concat();
    ward.write(config, &text);
    assert_eq!(seal(&ward, SEAL), 24);
    let line = "max_key_age_days = 365";
    set(&ward, line, &format!("{line}\nshared_data_keys = \"permitted\""));
    assert_eq!(seal(&ward, SEAL), 0);
}

#[test]
fn longer_retention_than_that_of_the_log_is_refused() {
    let ward = Ward::with_home();
    edit(&ward, POLICY, "audit_retention_years = 6", "audit_retention_years = 7");
    let run = refused(&ward, "policy sign", 26);
    assert!(run.stderr.contains("the policy demands 2557"), "{}", run.stderr);
    edit(&ward, POLICY, "audit_retention_years = 7", "audit_retention_years = 5");
    sign(&ward);
    assert_eq!(seal(&ward, SEAL), 0);
}

#[test]
fn two_factors_are_asked_for_or_not() {
    let ward = Ward::with_home();
    ward.line(&format!("seal {SCAN} {SEAL} -o a.msp")).ok();
    set(&ward, "two_factors = []", "two_factors = [\"open\"]");
    assert_eq!(open(&ward, "a.msp --purpose TREAT"), 24);
    set(&ward, "two_factors = [\"open\"]", "two_factors = [\"export\"]");
    assert_eq!(open(&ward, "a.msp --purpose TREAT"), 0);
}

#[test]
fn age_of_a_proof_counts_where_it_is_asked_for() {
    let ward = Ward::with_home();
    let permitted =
        |ward: &Ward, options: &str| explained(ward, options).json()["permitted"] == true;
    let (change, rewrap) = ("--action change-policy --age 20m", "--action rewrap --age 20m");
    assert!(!permitted(&ward, change) && permitted(&ward, rewrap));
    set(&ward, "max_age = \"15m\"", "max_age = \"30m\"");
    assert!(permitted(&ward, change));
    set(&ward, "max_age = \"30m\"", "max_age = \"10m\"");
    set(&ward, "fresh = [\"change-policy\", ", "fresh = [\"rewrap\", ");
    assert!(permitted(&ward, change) && !permitted(&ward, rewrap));
}

#[test]
fn every_setting_is_shown_and_compared() {
    let ward = Ward::with_home();
    ward.line("policy new strict strict --owner ada --dataset default").ok();
    let shown = ward.line("policy show --json").json();
    assert_eq!(shown["settings"].as_object().unwrap().len(), 18);
    let differing = ward.line("policy diff strict --json").json();
    let names: Vec<_> = differing["settings_changed"].as_array().unwrap().iter().collect();
    for expected in [
        "sessions.idle",
        "sessions.absolute",
        "step_up.fresh",
        "step_up.max_age",
        "step_up.two_factors",
        "sealing.allowed_keys",
        "sealing.max_key_age_days",
        "opening.signature",
        "opening.unbound_packages",
        "emergency.max_duration",
        "emergency.review_within_days",
    ] {
        assert!(names.iter().any(|name| name["setting"] == expected), "{expected}");
    }
    assert_eq!(names.len(), 11, "{names:?}");
}
