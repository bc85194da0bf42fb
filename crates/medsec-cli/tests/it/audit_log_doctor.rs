//! The doctor finds what is wrong with the keeping of the audit log, each made wrong on purpose.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use crate::audit_log::{ANCHORED, SEGMENT, home, home_with, lines};
use crate::doctor::{found, problem};
use crate::ward::Ward;

fn warning(check: &str) -> (i32, Vec<(String, String)>) {
    (0, vec![(check.to_owned(), "warning".to_owned())])
}

/// Writes another value for a setting.
fn set(ward: &Ward, from: &str, to: &str) {
    let config = String::from_utf8(ward.read("home/config.toml")).unwrap();
    assert!(config.contains(from), "{config}");
    ward.write("home/config.toml", config.replace(from, to).as_bytes());
}

#[test]
fn doors_to_the_log_are_found() {
    for (name, mode, check) in
        [("home/audit", 0o750, "audit log"), ("home/audit.pin", 0o620, "pin")]
    {
        let seen = found(&home(), |ward| {
            fs::set_permissions(ward.path(name), Permissions::from_mode(mode)).unwrap();
        });
        assert_eq!(seen, problem(check), "{name}");
    }
}

#[test]
fn a_missing_log_is_found() {
    let seen = found(&home(), |ward| fs::remove_dir_all(ward.path("home/audit")).unwrap());
    assert_eq!(seen, warning("audit log"));
}

#[test]
fn a_missing_or_foreign_pin_is_found() {
    let list = ("list of streams".to_owned(), "problem".to_owned());
    let seen = found(&home(), |ward| fs::remove_file(ward.path("home/audit.pin")).unwrap());
    assert_eq!(seen, (1, vec![("pin".to_owned(), "problem".to_owned()), list.clone()]));
    let other = home();
    let seen = found(&home(), |ward| ward.write("home/audit.pin", &other.read("home/audit.pin")));
    assert_eq!(seen, (1, vec![list]));
}

#[test]
fn keys_and_pins_within_the_log_are_found() {
    for (from, to, setting, check) in [
        (
            "home/identities/audit.key",
            "audit/streams/main/key/log.key",
            "identities/audit.key",
            "log key",
        ),
        ("home/audit.pin", "audit/pin", "audit.pin", "pin"),
    ] {
        let seen = found(&home(), |ward| {
            fs::rename(ward.path(from), ward.path("home").join(to)).unwrap();
            set(ward, &format!("\"{setting}\""), &format!("\"{to}\""));
        });
        assert!(
            seen.0 == 1 && seen.1.contains(&(check.to_owned(), "problem".to_owned())),
            "{seen:?}"
        );
    }
}

#[test]
fn an_old_checkpoint_is_found_only_if_records_came_later() {
    let checkpoint = "home/audit/streams/main/checkpoint";
    let age = |ward: &Ward| {
        let then = SystemTime::now() - Duration::from_secs(8 * 86_400);
        File::options()
            .write(true)
            .open(ward.path(checkpoint))
            .unwrap()
            .set_modified(then)
            .unwrap();
    };
    assert_eq!(found(&home(), age), (0, vec![]));
    assert_eq!(found(&home_with(1), age), warning("checkpoint"));
    let seen = found(&home(), |ward| fs::remove_file(ward.path(checkpoint)).unwrap());
    assert!(seen.1.contains(&("checkpoint".to_owned(), "warning".to_owned())), "{seen:?}");
}

#[test]
fn a_stream_that_nobody_writes_is_found() {
    let seen = found(&home_with(1), |ward| {
        let old = lines(ward).join("\n").replace("\"ts\":\"2", "\"ts\":\"@");
        let old = old.split('@').map(|part| part.get(3..).unwrap_or_default().to_owned());
        let mut parts = old.collect::<Vec<_>>();
        parts[0] =
            lines(ward).join("\n").split("\"ts\":\"").next().unwrap().to_owned() + "\"ts\":\"";
        ward.write(SEGMENT, format!("{}\n", parts.join("2001")).as_bytes());
    });
    assert_eq!(seen, warning("newest record"));
}

#[test]
fn anchors_that_do_not_stand_apart_are_found() {
    let ward = home();
    let state = ward.path("state/medsec/anchors");
    let state = state.to_str().unwrap();
    // In a test all is on one file system: that is the warning there is at first.
    let run = ward.line("doctor");
    assert!(run.text().contains("on the same file system"), "{}", run.text());
    set(&ward, &format!("\"{state}\""), "\"audit/anchors\"");
    fs::create_dir(ward.path("home/audit/anchors")).unwrap();
    let run = ward.line("doctor");
    assert_eq!(run.code, 1);
    assert!(run.text().contains("within the log's folder"), "{}", run.text());
    set(&ward, "\"audit/anchors\"", "\"anchors\"");
    assert!(ward.line("doctor").text().contains("it lies in the home"));
    set(&ward, "anchor = \"anchors\"\n", "");
    assert!(ward.line("doctor").text().contains("anchor: there is none"));
}

#[test]
fn what_the_anchor_knows_otherwise_is_found() {
    let seen = found(&home(), |ward| fs::remove_dir_all(ward.path(ANCHORED)).unwrap());
    assert_eq!(seen, warning("anchored"));
    let ward = home_with(1);
    let old = ward.read("home/audit/streams/main/checkpoint");
    ward.line("audit checkpoint").ok();
    let seen = found(&ward, |ward| ward.write("home/audit/streams/main/checkpoint", &old));
    assert_eq!(seen, problem("anchored"));
}
