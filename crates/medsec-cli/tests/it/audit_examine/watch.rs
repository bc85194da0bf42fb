//! `medsec audit watch`.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::time::SystemTime;

use medsec_audit::{Action, Denial, Opening, Outcome, Subject};
use serde_json::Value;

use super::week::{DAY, LOG, Week, append, event, package, reviewed};

const RULES: &str = r#"
[denials]
count = 5
minutes = 5
[emergency]
started = true
review_days = 3
[stale]
minutes = 120
[verify]
minutes = 60
[review]
days = 7
[rotation]
days = 30
[off_hours]
hours = "0-23"
time_zone = "Z"
weekends = true
except = ["import-job"]
"#;
const WATCH: &str = "audit watch --log week --pin week.pin --rules rules.toml --state state.json";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// A log whose newest record is three hours old, with a match of nearly every rule.
fn troubled() -> Week {
    let end = now() - DAY / 8;
    let week = Week::empty(end - 35 * DAY);
    let main = week.writer("main");
    let key = {
        let mut subject = Subject::default();
        subject.key = Some(medsec_audit::KekVersion {
            name: medsec_audit::KekName::new("ct-2026").unwrap(),
            version: None,
        });
        subject
    };
    week.set_millis(end - 34 * DAY);
    append(&main, &event("ada", Action::KeyCreate, Outcome::Success, key));
    append(&main, &reviewed("dora", end - 40 * DAY, end - 34 * DAY));
    week.set_millis(end - 10 * DAY);
    let mut start = Subject::default();
    start.text = Some(Opening::new("unconscious").unwrap().commitment());
    append(&main, &event("carla", Action::EmergencyStart, Outcome::Success, start.clone()));
    week.set_millis(end - 1000);
    append(&main, &event("carla", Action::EmergencyStart, Outcome::Success, start));
    for second in 0..7 {
        week.set_millis(end - 900 + second * 100);
        append(
            &main,
            &event("ben", Action::Open, Outcome::Denied(Denial::Policy), Subject::default()),
        );
    }
    append(&main, &event("import-job", Action::Open, Outcome::Success, package(1, "ct-2026")));
    main.close().unwrap();
    week.ward.write("rules.toml", RULES.as_bytes());
    week
}

/// Alerts as lines, by rule.
fn alerts(text: &str) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in text.lines() {
        let alert: Value = serde_json::from_str(line).unwrap();
        found.entry(alert["alert"].as_str().unwrap().to_owned()).or_default().push(alert);
    }
    found
}

fn script(week: &Week, name: &str, text: &str) {
    week.ward.write(name, format!("#!/bin/sh\n{text}\n").as_bytes());
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(week.ward.path(name), mode).unwrap();
}

#[test]
fn watch_refuses_rules_and_states_that_are_none() {
    let week = troubled();
    week.ward.write("bad.toml", b"[denials]\ncount = 5\nKOWALSKA = 1\n");
    let run = week.run(&format!("audit watch {LOG} --rules bad.toml --state state.json --once"));
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("line 3"), "{}", run.stderr);
    assert_eq!(week.run(&format!("audit watch {LOG} --once")).code, 2);
    for state in ["{}", "not json", r#"{"version":2}"#] {
        week.ward.write("state.json", state.as_bytes());
        let run = week.run(&format!("{WATCH} --once"));
        assert_eq!(run.code, 17, "{state}: {}", run.stderr);
        assert_eq!(week.ward.read("state.json"), state.as_bytes());
    }
}

#[test]
fn the_state_of_another_log_is_refused() {
    let (one, other) = (troubled(), troubled());
    one.run(&format!("{WATCH} --once"));
    other.ward.write("state.json", &one.ward.read("state.json"));
    assert_eq!(other.run(&format!("{WATCH} --once")).code, 17);
}

#[test]
fn printed_rules_are_taken_back() {
    let week = troubled();
    let rules = week.run("audit watch --print-rules");
    rules.ok();
    week.ward.write("rules.toml", &rules.stdout);
    assert_eq!(week.run(&format!("{WATCH} --once")).code, 1);
}

#[test]
fn every_rule_that_matches_is_told_once() {
    let week = troubled();
    let run = week.run(&format!("{WATCH} --once"));
    assert_eq!(run.code, 1, "{}", run.stderr);
    let told = alerts(&run.text());
    let counts: Vec<_> = told.iter().map(|(rule, alerts)| (rule.as_str(), alerts.len())).collect();
    assert_eq!(
        counts,
        [
            ("denials", 1),
            ("emergency-started", 1),
            ("emergency-unreviewed", 1),
            ("off-hours", 1),
            ("review", 1),
            ("rotation", 1),
            // One for each stream.
            ("stale", 2),
        ]
    );
    assert_eq!(told["denials"][0]["principal"], "ben");
    assert_eq!(told["off-hours"][0]["principal"], "ben", "what is expected is not told");
    assert_eq!(told["emergency-started"][0]["principal"], "carla");
    // A restart tells nothing again.
    let again = week.run(&format!("{WATCH} --once"));
    assert_eq!((again.code, again.text().as_str()), (0, ""), "{}", again.stderr);
}

#[test]
fn new_denials_are_told_after_a_restart_and_old_ones_do_not_count() {
    let week = troubled();
    week.run(&format!("{WATCH} --once"));
    let denied = |count: u64, millis: u64| {
        let main = week.writer("main");
        for second in 0..count {
            week.set_millis(millis + second);
            append(
                &main,
                &event("ben", Action::Open, Outcome::Denied(Denial::Policy), Subject::default()),
            );
        }
        main.close().unwrap();
    };
    // Seven were denied before, five of them told: with these two there are four.
    let soon = now() - DAY / 8 + 1000;
    denied(2, soon);
    let run = week.run(&format!("{WATCH} --once"));
    assert!(!alerts(&run.text()).contains_key("denials"), "{}", run.text());
    denied(1, soon + 1000);
    let run = week.run(&format!("{WATCH} --once"));
    assert_eq!(alerts(&run.text())["denials"].len(), 1, "{}", run.text());
}

#[test]
fn an_altered_log_is_told_and_sets_the_exit_code() {
    let week = troubled();
    let name = "week/streams/main/log/00000000000000000000.jsonl";
    let text = String::from_utf8(week.ward.read(name)).unwrap();
    week.ward.write(name, text.replace("\"id\":\"ben\"", "\"id\":\"bob\"").as_bytes());
    let run = week.run(&format!("{WATCH} --once --metrics m.prom"));
    assert_eq!(run.code, 18, "{}", run.stderr);
    assert_eq!(alerts(&run.text())["verify"][0]["stream"], "main");
    let metrics = String::from_utf8(week.ward.read("m.prom")).unwrap();
    assert!(metrics.contains("medsec_audit_verify_ok{stream=\"main\"} 0"), "{metrics}");
    assert!(metrics.contains("medsec_audit_verify_ok{stream=\"imaging\"} 1"), "{metrics}");
}

#[test]
fn a_log_that_is_shorter_than_at_the_last_look_is_told() {
    let week = troubled();
    let before = week.ward.path("before");
    copy(&week.ward.path("week"), &before);
    let main = week.writer("main");
    append(&main, &event("ann", Action::Open, Outcome::Success, package(1, "ct-2026")));
    main.close().unwrap();
    week.run(&format!("{WATCH} --once"));
    // An old copy in its place is whole by itself.
    std::fs::remove_dir_all(week.ward.path("week")).unwrap();
    copy(&before, &week.ward.path("week"));
    week.run("audit verify --log week --pin week.pin --without-anchor").ok();
    let run = week.run(&format!("{WATCH} --once"));
    assert_eq!(run.code, 19, "{}", run.stderr);
    assert!(alerts(&run.text()).contains_key("verify"));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn the_hook_gets_each_alert_on_its_standard_input() {
    let week = troubled();
    script(&week, "hook", "cat >> got; echo PRINTED");
    let hook = week.ward.path("hook");
    let run = week.run(&format!("{WATCH} --once --hook {}", hook.display()));
    let got = String::from_utf8(week.ward.read("got")).unwrap();
    assert_eq!(got, run.text());
    assert_eq!(got.lines().count(), 8);
}

#[test]
fn a_hook_that_fails_is_tried_once_more_and_told() {
    let week = troubled();
    week.ward.write("rules.toml", b"[rotation]\ndays = 30\n[watch]\nhook_seconds = 1\n");
    for (text, words) in
        [("echo x >> got; exit 3", "ended with 3"), ("echo x >> got; exec sleep 60", "in time")]
    {
        script(&week, "hook", text);
        let hook = week.ward.path("hook");
        let run = week.run(&format!("{WATCH} --once --hook {}", hook.display()));
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert_eq!(week.ward.read("got"), b"x\nx\n");
        std::fs::remove_file(week.ward.path("got")).unwrap();
        std::fs::remove_file(week.ward.path("state.json")).unwrap();
    }
    let run = week.run(&format!("{WATCH} --once --hook ./none --json"));
    assert_eq!(run.json()["hook_failures"], 1);
}

/// Families of a text in the form of OpenMetrics, with the number of their samples; panics where it is none.
fn families(text: &str) -> BTreeMap<String, usize> {
    let body = text.strip_suffix("# EOF\n").unwrap();
    let mut families = BTreeMap::new();
    let mut current = (String::new(), String::new());
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            current = (name.to_owned(), kind.to_owned());
            assert!(families.insert(name.to_owned(), 0).is_none(), "{name} twice");
            continue;
        }
        if let Some(rest) = line.strip_prefix("# HELP ").or(line.strip_prefix("# UNIT ")) {
            assert!(rest.starts_with(&current.0), "{line}");
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let sample = sample.strip_suffix('}').unwrap_or(sample);
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let suffix = if current.1 == "counter" { "_total" } else { "" };
        assert_eq!(name, format!("{}{suffix}", current.0), "{line}");
        assert!(value.parse::<f64>().unwrap() >= 0.0, "{line}");
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (_, value) = label.split_once('=').unwrap();
            assert!(value.len() >= 2 && value.starts_with('"') && value.ends_with('"'), "{line}");
        }
        *families.get_mut(&current.0).unwrap() += 1;
    }
    families
}

#[test]
fn metrics_are_openmetrics_and_count_each_record_once() {
    let week = troubled();
    for _ in 0..3 {
        week.run(&format!("{WATCH} --once --metrics m.prom"));
        let text = String::from_utf8(week.ward.read("m.prom")).unwrap();
        let families = families(&text);
        assert_eq!(families["medsec_audit_last_record_seconds"], 2, "{text}");
        assert_eq!(families["medsec_audit_verify_ok"], 2);
        assert_eq!(families["medsec_audit_alerts"], 9);
        assert!(
            text.contains("medsec_audit_records_total{kind=\"access\",outcome=\"denied\"} 7\n"),
            "{text}"
        );
        assert!(text.contains("medsec_audit_alerts_total{rule=\"stale\"} 2\n"), "{text}");
    }
    let left = week.ward.names().into_iter().filter(|name| name.starts_with(".medsec")).count();
    assert_eq!(left, 0);
    let mode =
        |name: &str| std::fs::metadata(week.ward.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("m.prom"), mode("state.json")), (0o644, 0o600));
}

#[cfg(target_os = "linux")]
#[test]
fn a_watch_goes_on_and_tells_what_comes() {
    use std::io::{BufRead as _, BufReader};

    use rustix::process::{Pid, Signal, kill_process};

    let week = Week::empty(now() - 6 * DAY);
    week.ward.write(
        "rules.toml",
        b"[emergency]\nstarted = true\nreview_days = 3\n[watch]\npause_seconds = 1\n",
    );
    let mut child = week.ward.spawn(WATCH);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let main = week.writer("main");
    for seq in 2..4 {
        week.set_millis(now());
        let mut start = Subject::default();
        start.text = Some(Opening::new("unconscious").unwrap().commitment());
        append(&main, &event("carla", Action::EmergencyStart, Outcome::Success, start));
        let alert: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(
            (alert["alert"].as_str(), alert["seq"].as_u64()),
            (Some("emergency-started"), Some(seq))
        );
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_key_older_than_the_history_is_not_forgotten() {
    let end = now() - DAY;
    let week = Week::empty(end - 500 * DAY);
    let main = week.writer("main");
    let key = |name: &str| {
        let mut subject = Subject::default();
        let name = medsec_audit::KekName::new(name).unwrap();
        subject.key = Some(medsec_audit::KekVersion { name, version: None });
        subject
    };
    week.set_millis(end - 450 * DAY);
    for name in ["old", "gone", "new"] {
        append(&main, &event("ada", Action::KeyCreate, Outcome::Success, key(name)));
    }
    append(&main, &event("ada", Action::KeyDestroy, Outcome::Success, key("gone")));
    week.set_millis(end);
    append(&main, &event("ada", Action::KeyRotate, Outcome::Success, key("new")));
    main.close().unwrap();
    let rules = |days| format!("[rotation]\ndays = {days}\n[watch]\nhistory_days = 30\n");
    week.ward.write("rules.toml", rules(365).as_bytes());
    let told = |run: &crate::ward::Run| alerts(&run.text());
    let run = week.run(&format!("{WATCH} --once"));
    assert_eq!(told(&run)["rotation"].len(), 1, "{}{}", run.stderr, run.text());
    assert!(run.text().contains("key old"), "{}", run.text());
    // Begun anew, it need not read all of the log, and knows the key all the same.
    let state = String::from_utf8(week.ward.read("state.json")).unwrap();
    assert!(state.contains("\"old\""), "{state}");
    week.ward.write("state.json", state.replace("rotation|old", "rotation|x").as_bytes());
    let run = week.run(&format!("{WATCH} --once"));
    assert_eq!(told(&run)["rotation"].len(), 1, "{}{}", run.stderr, run.text());
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_that_is_added_later_is_watched_too() {
    use std::io::{BufRead as _, BufReader};

    use rustix::process::{Pid, Signal, kill_process};

    let mut week = Week::empty(now() - 6 * DAY);
    week.ward.write(
        "rules.toml",
        b"[emergency]\nstarted = true\nreview_days = 3\n[verify]\nminutes = 60\n[watch]\npause_seconds = 1\n",
    );
    let mut child = week.ward.spawn(WATCH);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut emergency = |week: &Week, name: &str| {
        let writer = week.writer(name);
        week.set_millis(now());
        let mut start = Subject::default();
        start.text = Some(Opening::new("unconscious").unwrap().commitment());
        append(&writer, &event("carla", Action::EmergencyStart, Outcome::Success, start));
        writer.close().unwrap();
        let alert: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(alert["alert"], "emergency-started", "{alert}");
        alert["stream"].as_str().unwrap().to_owned()
    };
    assert_eq!(emergency(&week, "main"), "main");
    week.add_stream("gateway");
    assert_eq!(emergency(&week, "gateway"), "gateway");
    assert_eq!(emergency(&week, "main"), "main");
    // The list of streams as it was before is none to go back to.
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_newest_record_from_the_future_is_no_sign_of_life() {
    let week = Week::empty(now() + 30 * DAY);
    let main = week.writer("main");
    append(&main, &reviewed("dora", now() - DAY, now()));
    main.close().unwrap();
    week.ward.write("rules.toml", b"[stale]\nminutes = 120\n");
    let run = week.run(&format!("{WATCH} --once --stream main"));
    assert_eq!(run.code, 1, "{}{}", run.stderr, run.text());
    assert!(run.text().contains("ahead of the clock"), "{}", run.text());
    let run = week.run("audit verify --log week --pin week.pin --stream main --max-age 24");
    assert_eq!(run.code, 23, "{}{}", run.stderr, run.text());
    assert!(run.text().contains("next: compare"), "{}", run.text());
}
