//! The doctor finds what was made wrong on purpose.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::ward::Ward;

/// Checks with a problem or a warning, with the exit code.
fn findings(ward: &Ward) -> (i32, Vec<(String, String)>) {
    let run = ward.line("doctor --json");
    let document = run.json();
    let checks = document["checks"].as_array().unwrap();
    let bad = checks.iter().filter(|check| check["verdict"] != "ok");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let bad = bad.inspect(|check| assert!(!text(&check["mend"]).is_empty(), "{check}"));
    (run.code, bad.map(|check| (text(&check["check"]), text(&check["verdict"]))).collect())
}

/// What is bad beyond what is bad in a fresh home on this machine.
pub(crate) fn found(ward: &Ward, seed: impl FnOnce(&Ward)) -> (i32, Vec<(String, String)>) {
    let (_, before) = findings(ward);
    seed(ward);
    let (code, after) = findings(ward);
    (code, after.into_iter().filter(|finding| !before.contains(finding)).collect())
}

fn home() -> Ward {
    let ward = Ward::new();
    ward.line("init --user ada --no-passphrase").ok();
    ward
}

fn set_mode(ward: &Ward, name: &str, mode: u32) {
    fs::set_permissions(ward.path(name), Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn problem(check: &str) -> (i32, Vec<(String, String)>) {
    (1, vec![(check.to_owned(), "problem".to_owned())])
}

#[test]
fn fresh_home_has_no_problem() {
    let ward = home();
    let run = ward.line("doctor");
    assert_eq!(run.code, 0, "{}", run.text());
    assert!(run.text().contains("0 problem(s)"), "{}", run.text());
}

#[test]
fn missing_home_is_a_warning_only() {
    let ward = Ward::new();
    let (code, bad) = findings(&ward);
    assert_eq!(code, 0);
    assert!(bad.contains(&("home".to_owned(), "warning".to_owned())), "{bad:?}");
}

#[test]
fn each_open_door_is_found() {
    for (name, mode, check) in [
        ("home", 0o755, "home"),
        ("home/identities", 0o750, "identities"),
        ("home/store", 0o755, "key store"),
        ("home/store/state", 0o644, "key store"),
        ("home/config.toml", 0o666, "settings"),
    ] {
        let seen = found(&home(), |ward| set_mode(ward, name, mode));
        assert_eq!(seen, problem(check), "{name}");
    }
}

#[test]
fn readable_private_keys_are_found() {
    for (name, check) in [("ada.identity", "identity"), ("ada.signer", "signer")] {
        let seen = found(&home(), |ward| set_mode(ward, &format!("home/identities/{name}"), 0o640));
        let problem = |check: &str| (check.to_owned(), "problem".to_owned());
        assert_eq!(seen, (1, vec![problem("private keys"), problem(check)]));
    }
    let seen = found(&home(), |ward| {
        ward.line("user keys ann --no-passphrase").ok();
        set_mode(ward, "home/identities/ann.signer", 0o644);
    });
    assert_eq!(seen, problem("private keys"));
}

#[test]
fn keys_of_two_users_are_found() {
    let seen = found(&home(), |ward| {
        ward.line("user keys ann --no-passphrase").ok();
        let add = "user add ann --recipient home/identities/ann.identity";
        ward.line(&format!("{add} --signer home/identities/ann.signer")).ok();
        fs::rename(
            ward.path("home/identities/ann.signer"),
            ward.path("home/identities/ada.signer"),
        )
        .unwrap();
    });
    assert_eq!(seen, problem("user"));
}

#[test]
fn exchanged_keys_are_found() {
    let seen = found(&home(), |ward| {
        let config = String::from_utf8(ward.read("home/config.toml")).unwrap();
        let config = config.replace("ada.signer", "x").replace("ada.identity", "ada.signer");
        ward.write(
            "home/config.toml",
            config.replace("identities/x", "identities/ada.identity").as_bytes(),
        );
    });
    let problem = |check: &str| (check.to_owned(), "problem".to_owned());
    assert_eq!(seen, (1, vec![problem("identity"), problem("signer")]));
}

#[test]
fn unfinished_home_is_found() {
    let seen = found(&home(), |ward| fs::create_dir(ward.path(".medsec-init-abc")).unwrap());
    assert_eq!(seen, (0, vec![("unfinished homes".to_owned(), "warning".to_owned())]));
}

#[test]
fn damaged_store_is_found() {
    assert_eq!(
        found(&home(), |ward| ward.flip_from_end("home/store/state", 100)),
        problem("key store")
    );
}

#[test]
fn store_that_was_rolled_back_is_found() {
    let seen = found(&home(), |ward| {
        let old = ward.read("home/store/state");
        ward.line("key create ct").ok();
        ward.write("home/store/state", &old);
    });
    assert_eq!(seen, problem("key store"));
}

#[test]
fn hard_link_to_the_state_is_found() {
    let seen = found(&home(), |ward| {
        fs::hard_link(ward.path("home/store/state"), ward.path("copy")).unwrap();
    });
    assert_eq!(seen, problem("copies"));
}

#[test]
fn mark_within_the_store_is_found() {
    let seen = found(&home(), |ward| {
        fs::copy(ward.path("home/store.mark"), ward.path("home/store/mark")).unwrap();
        let config = String::from_utf8(ward.read("home/config.toml")).unwrap();
        let config = config.replace("mark = \"store.mark\"", "mark = \"store/mark\"");
        ward.write("home/config.toml", config.as_bytes());
    });
    assert_eq!(seen, problem("mark"));
}

#[test]
fn identity_of_a_stranger_is_found() {
    let seen = found(&home(), |ward| {
        fs::copy(ward.path("own.key"), ward.path("home/identities/ada.identity")).unwrap();
    });
    assert_eq!(seen, problem("identity"));
}

#[test]
fn overdue_key_is_found() {
    let ward = home();
    ward.line("key create old --max-age 0").ok();
    // Overdue from the second after it was made.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (code, bad) = findings(&ward);
    assert_eq!(code, 0);
    assert!(bad.contains(&("key age".to_owned(), "warning".to_owned())), "{bad:?}");
}

#[test]
fn unknown_setting_is_found() {
    let seen = found(&home(), |ward| ward.write("home/config.toml", b"[stor]\n"));
    assert_eq!(seen, problem("settings"));
}

#[test]
fn looking_does_not_make_a_mark() {
    let ward = home();
    fs::remove_file(ward.path("home/store.mark")).unwrap();
    for _ in 0..2 {
        let (_, bad) = findings(&ward);
        assert!(bad.contains(&("mark".to_owned(), "warning".to_owned())), "{bad:?}");
    }
    assert!(!ward.exists("home/store.mark"));
}
