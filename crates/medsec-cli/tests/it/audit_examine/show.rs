//! `medsec audit show`.

use std::sync::Arc;

use medsec_audit::{Action, Outcome, WriterOptions};
use serde_json::Value;

use super::week::{
    DAY, LOG, MONDAY, MovedClock, PERIOD, Week, append, event, package, patient, place, stream,
};

/// The records that a filter chooses, in the order in which they are shown.
fn shown(week: &Week, filter: &str) -> Vec<Value> {
    let run = week.run(&format!("audit show {LOG} --format json {filter}"));
    run.ok();
    serde_json::from_slice(&run.stdout).unwrap()
}

fn count(week: &Week, filter: &str) -> usize {
    shown(week, filter).len()
}

#[test]
fn show_refuses_filters_that_are_none() {
    let week = Week::empty(MONDAY);
    for filter in [
        "--principal =SUM(A1)",
        "--package KOWALSKA",
        "--dataset a/b",
        "--action opened",
        "--kind accesses",
        "--outcome ok",
        "--from tomorrow",
        "--until 2026-13-01",
        "--seq 9..7",
        "--emergency 0f1e",
        "--emergency KOWALSKA",
        "--patient KOWALSKA",
        "--last 0",
        "--format xml",
        "--stream nobody",
    ] {
        let run = week.run(&format!("audit show {LOG} {filter}"));
        assert!(matches!(run.code, 2 | 17), "{filter}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{filter}");
    }
}

#[test]
fn show_stops_where_the_log_is_malformed() {
    let week = Week::new();
    week.cut();
    let run = week.run(&format!("audit show {LOG} --stream main"));
    assert_eq!(run.code, 18, "{}", run.stderr);
}

#[test]
fn records_are_found_on_both_sides_of_a_clock_that_was_wrong() {
    let week = Week::empty(MONDAY);
    // Each in a segment of its own; the clock of the second is forty days ahead.
    for hour in 0..8 {
        week.set_millis(MONDAY + if hour == 1 { 40 * DAY } else { hour * 3_600_000 });
        let mut options = WriterOptions::new(place());
        options.clock = Arc::<MovedClock>::clone(&week.clock);
        options.segment_bytes = 1;
        let writer = week.log.writer(&stream("main"), &options, &[]).unwrap();
        append(&writer, &event("ann", Action::Open, Outcome::Success, package(1, "ct-2026")));
        writer.close().unwrap();
    }
    let segments = std::fs::read_dir(week.ward.path("week/streams/main/log")).unwrap().count();
    assert!(segments >= 8, "{segments}");
    let shown = |range: &str| {
        let run = week.run(&format!("audit show {LOG} --action open --format jsonl {range}"));
        run.ok();
        run.text().lines().count()
    };
    assert_eq!(shown("--until 2026-11-03"), 7, "behind the record of the future there are others");
    assert_eq!(shown("--from 2026-12-01"), 1, "in front of later ones that are older");
}

#[test]
fn filters_choose_by_who_what_which_and_how_it_ended() {
    let week = Week::new();
    for (filter, expected) in [
        ("--principal ben", 13),
        ("--principal ben --denied", 6),
        ("--principal ben --principal ann --action open", 21),
        ("--principal carla", 6),
        ("--package 01010101010101010101010101010101", 6),
        ("--dataset mri-2026 --outcome success", 6),
        ("--outcome intent", 1),
        ("--outcome failure", 1),
        ("--denied", 8),
        ("--kind session", 2),
        ("--kind review", 2),
        ("--emergency", 4),
        ("--stream imaging --kind access", 10),
        ("--stream main --seq 2..4", 3),
        ("--from 2026-11-06 --until 2026-11-07", 7),
        ("--principal nobody", 0),
    ] {
        assert_eq!(count(&week, filter), expected, "{filter}");
    }
    week.ward.write("patient", format!("{}\n", patient()).as_bytes());
    assert_eq!(count(&week, "--patient-file patient"), 2);
    let line = format!("audit show {LOG} --patient-file - --json");
    let run = week.ward.piped(&line, patient().to_string().as_bytes());
    assert_eq!(run.json()["records"].as_array().unwrap().len(), 2);
}

#[test]
fn a_patient_is_not_taken_from_the_command_line() {
    let week = Week::new();
    let run = week.run(&format!("audit show {LOG} --patient {}", patient()));
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(!run.stderr.contains(&patient().to_string()), "{}", run.stderr);
    for bad in [&b""[..], b"MRN-0042\n", &[b'a'; 300], b"\xFF"] {
        week.ward.write("patient", bad);
        let run = week.run(&format!("audit show {LOG} --patient-file patient"));
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(!run.stderr.contains("MRN"), "{}", run.stderr);
    }
}

#[test]
fn streams_are_shown_as_one_in_the_order_of_time() {
    let week = Week::new();
    let records = shown(&week, PERIOD);
    let times: Vec<&str> = records.iter().map(|record| record["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    let streams: Vec<&str> =
        records.iter().map(|record| record["stream"].as_str().unwrap()).collect();
    assert_eq!(streams[..4], ["main", "imaging", "main", "imaging"]);
}

#[test]
fn records_of_epochs_are_shown_only_if_asked_for() {
    let week = Week::new();
    let epochs =
        |records: Vec<Value>| records.iter().filter(|record| record["kind"] == "epoch").count();
    assert_eq!(epochs(shown(&week, "")), 0);
    // Genesis, start and close of each stream.
    assert_eq!(epochs(shown(&week, "--log-records")), 6);
    assert_eq!(count(&week, "--kind epoch"), 6);
    assert_eq!(count(&week, "--log-records --denied"), 8);
}

#[test]
fn last_shows_the_end_of_what_was_chosen() {
    let week = Week::new();
    let all = shown(&week, "--principal ann");
    let last = shown(&week, "--principal ann --last 3");
    assert_eq!(last, all[all.len() - 3..]);
}

#[test]
fn tables_fit_a_hundred_columns_and_are_not_coloured() {
    let week = Week::new();
    let run = week.run(&format!("audit show {LOG}"));
    run.ok();
    let text = run.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), count(&week, "") + 1);
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{text}");
    let column = lines[0].find("outcome").unwrap();
    assert!(lines[1..].iter().all(|line| line.as_bytes()[column - 1] == b' '), "{text}");
    assert!(text.contains("denied not-granted"), "{text}");
}

#[test]
fn csv_has_every_field_quoted_and_no_formulas() {
    let week = Week::new();
    let run = week.run(&format!("audit show {LOG} --denied --format csv"));
    run.ok();
    let text = run.text();
    let rows: Vec<Vec<&str>> = text
        .split("\r\n")
        .filter(|line| !line.is_empty())
        .map(|line| {
            let inner = line.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            inner.split("\",\"").collect()
        })
        .collect();
    let at = |name: &str| rows[0].iter().position(|field| *field == name).unwrap();
    assert_eq!(rows.len(), 9);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    assert_eq!((rows[1][at("who")], rows[1][at("reason")]), ("ben", "not-granted"));
    assert_eq!((rows[8][at("who_is")], rows[8][at("who")]), ("unknown", ""));
    let formula = |field: &&str| field.starts_with(['=', '+', '-', '@']);
    assert!(!rows.iter().flatten().any(formula));
}

#[test]
fn jsonl_shows_lines_as_they_stand_in_the_log() {
    let week = Week::new();
    let run = week.run(&format!("audit show {LOG} --stream main --log-records --format jsonl"));
    run.ok();
    let file = week.ward.read("week/streams/main/log/00000000000000000000.jsonl");
    let file = String::from_utf8(file).unwrap();
    let stored = file.lines().filter(|line| !line.starts_with("{\"commit\""));
    let expected: String =
        stored.map(|line| format!("{{\"stream\":\"main\",\"record\":{line}}}\n")).collect();
    assert_eq!(run.text(), expected);
}

#[test]
fn json_is_one_document_with_all_that_was_chosen() {
    let week = Week::new();
    let document = week.run(&format!("audit show {LOG} --emergency --json")).json();
    assert_eq!(document["command"], "audit show");
    assert_eq!((document["shown"].as_u64(), document["unread"].as_u64()), (Some(4), Some(0)));
    let actions: Vec<_> =
        document["records"].as_array().unwrap().iter().map(|r| r["action"].clone()).collect();
    assert_eq!(actions, ["emergency-start", "emergency-use", "open", "emergency-end"]);
}
