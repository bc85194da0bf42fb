//! What was done to the log from outside: found, told by its exit code, and repaired only if asked.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};

use crate::audit_log::{ANCHORED, MARK, SEGMENT, home, home_with, lines, put_lines};
use crate::ward::Ward;

/// The log without its last three batches, as if they had never been.
fn cut(ward: &Ward) {
    let lines = lines(ward);
    let commits = lines.iter().enumerate().filter(|(_, line)| line.starts_with("{\"commit\""));
    let commits: Vec<_> = commits.map(|(at, _)| at).collect();
    put_lines(ward, &lines[..=commits[commits.len() - 4]]);
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an audit log that was altered is told by its exit code, and the first bad record is named",
    polarity = deny,
)]
fn an_altered_record_is_named(ev: Ev) -> Proven {
    let ward = home_with(3);
    let text = String::from_utf8(ward.read(SEGMENT)).unwrap();
    ward.write(SEGMENT, text.replacen("\"t\":\"test\"", "\"t\":\"tesu\"", 1).as_bytes());
    let run = ward.line("audit verify");
    ev.denies(run.result(), |refused| refused.0 == 18);
    ev.holds("record 2 is named", run.text().contains("record 2,"));
    ev.denies(ward.line("audit verify --json").result(), |refused| refused.0 == 18);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an audit log whose end was cut off, with all that is kept beside it, is shown to be by the anchor",
    polarity = deny,
)]
fn a_cut_end_shows_by_the_anchor(ev: Ev) -> Proven {
    let ward = home_with(1);
    let old = ward.read("home/audit/streams/main/checkpoint");
    ward.line("audit test").ok();
    ev.allows(ward.line("audit checkpoint").result());
    cut(&ward);
    ward.write("home/audit/streams/main/checkpoint", &old);
    // By itself the log is as it was some time ago.
    ev.allows(ward.line("audit verify --without-anchor --strict").result());
    ev.denies(ward.line("audit verify").result(), |refused| refused.0 == 19);
    ev.denies(ward.line("audit test").result(), |refused| refused.0 == 19);
    ev.denies(ward.line("audit verify --seq 1").result(), |refused| refused.0 == 19);
    ev.proven()
}

#[test]
fn a_cut_end_shows_by_the_checkpoint_beside_it() {
    let ward = home_with(2);
    ward.line("audit checkpoint").ok();
    cut(&ward);
    assert_eq!(ward.line("audit verify --without-anchor").code, 19);
}

#[test]
fn a_cut_end_that_several_know_of_is_told_once() {
    let ward = home_with(2);
    ward.line("audit checkpoint").ok();
    cut(&ward);
    let run = ward.line("audit verify");
    assert_eq!(run.code, 19);
    // The checkpoint beside the stream and the anchor know of it.
    assert_eq!(run.text().matches("main: truncated:").count(), 1, "{}", run.text());
}

#[test]
fn another_history_is_a_fork() {
    let ward = home_with(2);
    let before = ward.path("before");
    crate::audit_log::copy_folder(&ward.path("home/audit"), &before);
    ward.line("audit checkpoint --out one.checkpoint").ok();
    ward.line("audit test").ok();
    ward.line("audit checkpoint --out more.checkpoint").ok();
    fs::remove_dir_all(ward.path("home/audit")).unwrap();
    fs::rename(&before, ward.path("home/audit")).unwrap();
    // The old copy goes on where nobody remembers better.
    let anchors = ward.path("state");
    fs::rename(&anchors, ward.path("unmounted")).unwrap();
    ward.line("audit test").ok();
    let run = ward.line("audit checkpoint --without-anchor --out two.checkpoint");
    assert_eq!(run.code, 9, "{}", run.stderr);
    assert!(run.text().contains("NOT kept"), "{}", run.text());
    assert_eq!(ward.line("audit verify --known more.checkpoint").code, 20);
    assert_eq!(ward.line("audit consistency more.checkpoint two.checkpoint").code, 20);
    ward.line("audit consistency one.checkpoint two.checkpoint").ok();
    fs::rename(ward.path("unmounted"), &anchors).unwrap();
    assert_eq!(ward.line("audit verify").code, 20);
    assert_eq!(ward.line("audit test").code, 20);
    assert_eq!(ward.line("audit checkpoint").code, 20);
}

#[test]
fn an_anchor_that_is_not_there_is_told_and_recorded_and_keeps_nothing_from_being_written() {
    let ward = home();
    fs::rename(ward.path("state"), ward.path("unmounted")).unwrap();
    let run = ward.line("audit test --json");
    run.ok();
    // The record that says so stands before it.
    assert_eq!(run.json()["seq"], 3);
    assert!(lines(&ward).iter().any(|line| line.contains("\"action\":\"anchor-lag\"")));
    let run = ward.line("audit verify");
    assert!(run.text().contains("WARNING: the anchor cannot be asked"), "{}", run.text());
    assert_eq!(run.code, 0);
    assert_eq!(ward.line("audit verify --strict-anchors").code, 17);
    // A mount point without its medium is no empty anchor, and nothing is made below it.
    fs::create_dir_all(ward.path("state/medsec/anchors")).unwrap();
    assert!(ward.line("audit verify").text().contains("WARNING: the anchor cannot be asked"));
    assert!(ward.line("audit checkpoint --without-anchor").text().contains("NOT kept"));
    assert_eq!(ward.line("audit stream add gateway").code, 9);
    assert_eq!(ward.line("audit stream list --json").json()["streams"][1], serde_json::Value::Null);
    assert_eq!(fs::read_dir(ward.path("state/medsec/anchors")).unwrap().count(), 0);
    fs::create_dir_all(ward.path(ANCHORED)).unwrap();
    let run = ward.line("audit verify");
    assert!(run.text().contains("WARNING: the anchor knows no checkpoint"), "{}", run.text());
    assert_eq!(ward.line("audit verify --strict-anchors").code, 17);
}

#[test]
fn a_forged_checkpoint_in_the_anchor_is_a_fork() {
    let ward = home();
    ward.write(&format!("{ANCHORED}/00000000000000000099"), b"nonsense");
    assert_eq!(ward.line("audit verify").code, 20);
    assert_eq!(ward.line("audit verify --without-anchor").code, 0);
}

#[test]
fn a_missing_mark_needs_a_repair_that_is_confirmed() {
    let ward = home_with(2);
    fs::remove_file(ward.path(MARK)).unwrap();
    let before = ward.read(SEGMENT);
    let run = ward.line("audit test");
    assert_eq!(run.code, 17);
    assert!(run.stderr.contains("medsec audit repair"), "{}", run.stderr);
    assert_eq!(ward.line("audit repair main").code, 2);
    assert_eq!(ward.line("audit repair main --confirm other").code, 2);
    assert_eq!(ward.read(SEGMENT), before);
    let document = ward.line("audit repair main --confirm main --json").json();
    assert_eq!((&document["lost"], &document["was"]), (&0.into(), &"whole".into()));
    ward.line("audit test").ok();
    ward.line("audit verify --strict --content").ok();
}

#[test]
fn a_torn_end_is_put_aside_and_told() {
    let ward = home_with(1);
    let mut bytes = ward.read(SEGMENT);
    bytes.extend_from_slice(b"{\"v\":1,\"seq\":5,\"prev\":\"AA");
    ward.write(SEGMENT, &bytes);
    assert_eq!(ward.line("audit verify").code, 22);
    let document = ward.line("audit test --json").json();
    assert_eq!(document["put_aside"], 25);
    let run = ward.line("audit verify");
    run.ok();
    assert!(run.text().contains("put aside 1 times"), "{}", run.text());
}

#[test]
fn a_lost_epoch_key_needs_the_log_key_and_stays_visible() {
    let ward = home_with(1);
    fs::remove_dir_all(ward.path("home/audit/streams/main/key")).unwrap();
    assert_eq!(ward.line("audit test").code, 17);
    assert_eq!(ward.line("audit rekey main --confirm main --log-key sign.key").code, 17);
    let document = ward.line("audit rekey main --confirm main --json").json();
    assert_eq!((&document["rekeyed"], &document["lost"]), (&true.into(), &0.into()));
    ward.line("audit test").ok();
    assert_eq!(ward.line("audit verify --strict").code, 21);
}

#[test]
fn a_stale_log_is_told() {
    let ward = home();
    assert_eq!(ward.line("audit verify --max-age 1").code, 0);
    std::thread::sleep(std::time::Duration::from_millis(10));
    assert_eq!(ward.line("audit verify --max-age 0").code, 23);
}

#[test]
fn an_older_list_of_streams_is_refused_by_the_new_pin() {
    let ward = home();
    let old = ward.read("home/audit/root");
    ward.line("audit stream add gateway").ok();
    ward.write("home/audit/root", &old);
    assert_eq!(ward.line("audit verify").code, 19);
}

#[test]
fn one_damaged_checkpoint_does_not_keep_the_other_streams_from_being_verified() {
    let ward = home();
    ward.line("audit stream add zebra").ok();
    ward.write("home/audit/streams/main/checkpoint", b"none\n");
    let run = ward.line("audit verify --json");
    assert_eq!(run.code, 18, "{}", run.stderr);
    let streams = run.json()["streams"].clone();
    assert_eq!(streams[0]["verdict"], "tampered", "{streams}");
    assert_eq!(streams[0]["faults"][0]["code"], "tampered", "{streams}");
    assert!(streams[0]["faults"][0]["next"].is_string(), "{streams}");
    assert_eq!(streams[1]["verdict"], "whole", "{streams}");
    // The worst decides.
    fs::remove_dir_all(ward.path("home/audit/streams/zebra/log")).unwrap();
    assert_eq!(ward.line("audit verify").code, 18);
    assert_eq!(ward.line("audit verify --stream zebra").code, 19);
}

#[test]
fn a_copy_without_its_mark_is_read_as_far_as_its_checkpoint() {
    let ward = home_with(3);
    ward.line("audit checkpoint").ok();
    ward.line("audit test").ok();
    fs::remove_file(ward.path(MARK)).unwrap();
    let run = ward.audit("show --format json");
    run.ok();
    assert!(run.stderr.contains("no mark"), "{}", run.stderr);
    let shown = run.json().as_array().unwrap().len();
    assert_eq!(shown, 3, "what came behind the checkpoint may not be durable");
    fs::remove_file(ward.path("home/audit/streams/main/checkpoint")).unwrap();
    let run = ward.audit("show");
    assert_eq!(run.code, 17, "{}", run.stderr);
    assert!(run.stderr.contains("medsec audit repair"), "{}", run.stderr);
}

#[test]
fn an_anchor_that_is_set_later_is_made_ready() {
    let ward = home_with(1);
    fs::create_dir(ward.path("later")).unwrap();
    let settings = String::from_utf8(ward.read("home/config.toml")).unwrap();
    let line = settings.lines().find(|line| line.starts_with("anchor = ")).unwrap();
    let later = format!("anchor = {:?}", ward.path("later"));
    ward.write("home/config.toml", settings.replace(line, &later).as_bytes());
    assert_eq!(ward.line("audit verify --strict-anchors").code, 17);
    let doctor = ward.line("doctor");
    assert!(doctor.text().contains("audit anchor init"), "{}", doctor.text());
    ward.line("audit anchor init").ok();
    ward.line("audit verify --strict-anchors").ok();
    // Again, it changes nothing.
    ward.line("audit anchor init").ok();
    // One that is not mounted is not made.
    fs::remove_dir_all(ward.path("later")).unwrap();
    assert_eq!(ward.line("audit anchor init").code, 9);
    assert!(!ward.exists("later"));
}
