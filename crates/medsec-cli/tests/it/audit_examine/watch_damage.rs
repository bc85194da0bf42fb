//! `medsec audit watch` on logs that cannot be read or checked: that is what it has to tell of.

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::week::{DAY, MONDAY, Week};

const RULES: &[u8] = b"[verify]\nminutes = 60\n";
const WATCH: &str = "audit watch --log week --pin week.pin --rules rules.toml --state state.json";
const SEGMENT: &str = "week/streams/main/log/00000000000000000000.jsonl";

fn quiet() -> Week {
    let week = Week::new();
    week.ward.write("rules.toml", RULES);
    week
}

/// The alerts of the rule `verify`, by stream.
fn told(text: &str) -> Vec<(String, String)> {
    let alerts = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    alerts
        .filter(|alert| alert["alert"] == "verify")
        .map(|alert| (text(&alert["stream"]), text(&alert["text"])))
        .collect()
}

/// Deletes one record's line.
fn delete_line(week: &Week) {
    let text = String::from_utf8(week.ward.read(SEGMENT)).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains("\"id\":\"ben\"")).unwrap();
    lines.remove(at);
    week.ward.write(SEGMENT, format!("{}\n", lines.join("\n")).as_bytes());
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a log that cannot be read or checked is an alert of the watch, not its silent end",
    polarity = deny,
)]
fn attacks_that_stop_reading_are_told(ev: Ev) -> Proven {
    for (what, code) in
        [("a deleted line", 18), ("a mark", 18), ("a checkpoint", 18), ("a segment", 19)]
    {
        let week = quiet();
        week.run(&format!("{WATCH} --once")).ok();
        match what {
            "a deleted line" => delete_line(&week),
            "a mark" => week.ward.write("week/streams/main/hwm", &[b'x'; 512]),
            "a checkpoint" => week.ward.write("week/streams/main/checkpoint", b"none\n"),
            _ => week.ward.write(SEGMENT, &[b'x'; 4096]),
        }
        week.ward.write("hook", b"#!/bin/sh\ncat >> got\n");
        make_runnable(&week, "hook");
        let hook = week.ward.path("hook");
        let line = format!("{WATCH} --once --metrics m.prom --hook {}", hook.display());
        let run = week.run(&line);
        assert_eq!(run.code, code, "{what}: {}{}", run.stderr, run.text());
        ev.denies(run.result(), |refused| refused.0 == code);
        let alerts = told(&run.text());
        ev.holds("an alert names the stream", alerts.iter().any(|(stream, _)| stream == "main"));
        ev.holds("the other stream is not accused", alerts.iter().all(|(s, _)| s == "main"));
        let got = String::from_utf8(week.ward.read("got")).unwrap();
        assert_eq!(got, run.text(), "{what}");
        let metrics = String::from_utf8(week.ward.read("m.prom")).unwrap();
        let bad = "medsec_audit_verify_ok{stream=\"main\"} 0";
        ev.holds("the metric says so", metrics.contains(bad));
        assert!(metrics.contains("medsec_audit_verify_ok{stream=\"imaging\"} 1"), "{metrics}");
        // What was told is remembered, and the state of the log is still no good one.
        let again = week.run(&line);
        assert_eq!((again.code, told(&again.text()).len()), (code, 0), "{what}");
    }
    ev.proven()
}

fn make_runnable(week: &Week, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(week.ward.path(name), mode).unwrap();
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a watch finds a log cut short, with no anchor and a mark that was set back, also where a key of it was \
             once replaced",
    polarity = deny,
)]
fn a_rekeyed_stream_that_was_cut_is_told(ev: Ev) -> Proven {
    let ward = crate::ward::Ward::new();
    ward.line("init --user ada --no-passphrase --no-anchor").ok();
    ward.write("rules.toml", RULES);
    ward.line("audit test").ok();
    ward.write("home/audit/streams/main/key/next", &[0; 8192]);
    ward.line("audit rekey main --confirm main").ok();
    let watch = || ward.line("audit watch --rules rules.toml --state s.json --once");
    let first = watch();
    ev.denies(first.result(), |refused| refused.0 == 21);
    ev.equal("alerts", &told(&first.text()).len(), &1);
    let parts = [crate::audit_log::SEGMENT, crate::audit_log::MARK];
    let before = parts.map(|part| ward.read(part));
    // It stays so for ever: told once, however the stream grows.
    for _ in 0..2 {
        ward.line("audit test").ok();
        let again = watch();
        ev.denies(again.result(), |refused| refused.0 == 21);
        ev.equal("alerts", &told(&again.text()).len(), &0);
    }
    parts.iter().zip(before).for_each(|(part, bytes)| ward.write(part, &bytes));
    let cut = watch();
    let alerts = told(&cut.text());
    ev.denies(cut.result(), |refused| refused.0 == 19);
    ev.holds("it is told", alerts.iter().any(|(_, text)| text.contains("truncated")));
    ev.proven()
}

#[test]
fn a_foreign_note_in_the_anchor_is_told() {
    let ward = crate::audit_log::home();
    ward.write("rules.toml", RULES);
    ward.line("audit watch --rules rules.toml --state s.json --once").ok();
    let anchored = std::fs::read_dir(ward.path(crate::audit_log::ANCHORED)).unwrap();
    for entry in anchored {
        std::fs::write(entry.unwrap().path(), b"foreign\nnote\n\n").unwrap();
    }
    let run = ward.line("audit watch --rules rules.toml --state s.json --once");
    assert_ne!(run.code, 0);
    assert_eq!(told(&run.text()).len(), 1, "{}{}", run.stderr, run.text());
}

#[test]
fn an_anchor_that_is_gone_is_told_and_measured() {
    let ward = crate::audit_log::home();
    ward.write("rules.toml", RULES);
    let watch = "audit watch --rules rules.toml --state s.json --once --metrics m.prom";
    ward.line(watch).ok();
    let metrics = String::from_utf8(ward.read("m.prom")).unwrap();
    assert!(metrics.contains("medsec_audit_anchored{stream=\"main\"} 1"), "{metrics}");
    std::fs::rename(ward.path("state"), ward.path("away")).unwrap();
    let run = ward.line(watch);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.text().contains("\"alert\":\"anchor\""), "{}", run.text());
    let metrics = String::from_utf8(ward.read("m.prom")).unwrap();
    assert!(metrics.contains("medsec_audit_anchored{stream=\"main\"} 0"), "{metrics}");
    assert!(metrics.contains("medsec_audit_verify_ok{stream=\"main\"} 1"), "{metrics}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_alert_that_a_signal_kept_from_the_hook_comes_again() {
    use rustix::process::{Pid, Signal, kill_process};

    let week = Week::empty(MONDAY - 100 * DAY);
    week.ward.write("rules.toml", b"[review]\ndays = 1\n");
    week.ward.write("slow", b"#!/bin/sh\ntouch begun\nexec sleep 60\n");
    week.ward.write("hook", b"#!/bin/sh\ncat >> got\n");
    make_runnable(&week, "slow");
    make_runnable(&week, "hook");
    let slow = format!("{WATCH} --hook {}", week.ward.path("slow").display());
    let mut child = week.ward.spawn(&slow);
    while !week.ward.exists("begun") {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let run = week.run(&format!("{WATCH} --once --hook {}", week.ward.path("hook").display()));
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(String::from_utf8(week.ward.read("got")).unwrap(), run.text());
    assert_eq!(run.text().lines().count(), 1);
}
