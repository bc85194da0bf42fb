//! `medsec audit report`.

use medsec_audit::{
    Action, EmergencyId, Event, Opening, Outcome, PrincipalId, Purpose, SessionId, Subject,
};
use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::week::{DAY, LOG, MONDAY, PERIOD, Week, append, event, package, reviewed};

const OPTIONS: &str = "--off-hours 19-7 --weekends --baseline 30";

fn report(week: &Week) -> Value {
    let run = week.run(&format!("audit report {LOG} {PERIOD} {OPTIONS} --json"));
    run.ok();
    run.json()["report"].clone()
}

fn rows<'r>(report: &'r Value, section: &str) -> &'r Vec<Value> {
    report["sections"][section]["rows"].as_array().unwrap()
}

/// The one row whose first named field has a value.
fn row<'r>(report: &'r Value, section: &str, field: &str, value: &str) -> &'r Value {
    let mut found = rows(report, section).iter().filter(|row| row[field] == value);
    let first = found.next();
    assert!(first.is_some(), "{section}: {value}: {report}");
    assert!(found.next().is_none(), "{section}: {value}");
    first.unwrap()
}

#[test]
fn report_refuses_periods_that_are_none_and_files_that_exist() {
    let week = Week::empty(MONDAY);
    week.ward.write("there.html", b"x");
    for (line, code) in [
        ("--from 2026-11-09 --until 2026-11-02", 2),
        ("--off-hours 7", 2),
        ("--weekends", 2),
        ("--time-zone Berlin", 2),
        ("--format html -o there.html", 8),
        ("-o -", 2),
    ] {
        let run = week.run(&format!("audit report {LOG} {line}"));
        assert_eq!(run.code, code, "{line}: {}", run.stderr);
    }
    assert_eq!(week.ward.read("there.html"), b"x");
}

#[test]
fn report_of_a_malformed_log_is_made_and_says_so() {
    let week = Week::new();
    week.cut();
    let run = week.run(&format!("audit report {LOG} {PERIOD} --format html -o cut.html"));
    assert_eq!(run.code, 18, "{}", run.stderr);
    let page = String::from_utf8(week.ward.read("cut.html")).unwrap();
    assert!(page.contains("class=\"verdict bad\"") && page.contains("tampered"));
    // Whoever reads only the beginning gets the same code.
    let mut child = week.ward.spawn(&format!("audit report {LOG} {PERIOD}"));
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(18));
}

#[test]
fn report_is_green_only_where_an_anchor_vouches() {
    let week = Week::new();
    week.run(&format!("audit report {LOG} {PERIOD} --format html -o alone.html")).ok();
    let page = String::from_utf8(week.ward.read("alone.html")).unwrap();
    assert!(page.contains("class=\"verdict part\"") && page.contains("no anchor vouches"));
    let home = crate::audit_log::home();
    home.line("audit report --format html -o anchored.html").ok();
    let page = String::from_utf8(home.read("anchored.html")).unwrap();
    assert!(page.contains("class=\"verdict good\""), "{page}");
    std::fs::rename(home.path("state"), home.path("away")).unwrap();
    let run = home.line("audit report --json");
    run.ok();
    assert_eq!(run.json()["anchored"], false);
    assert_eq!(run.json()["report"]["sections"]["streams"]["rows"][0]["anchor"], "cannot be asked");
}

#[evidence(
    hipaa2013::["164.312(b)", "164.308(a)(1)(ii)(D)"],
    claim = "the report of a log that was altered says so, in words and in the exit code",
    polarity = deny,
)]
fn report_of_an_altered_log_says_so(ev: Ev) -> Proven {
    let week = Week::new();
    let name = "week/streams/main/log/00000000000000000000.jsonl";
    let text = String::from_utf8(week.ward.read(name)).unwrap();
    // Nobody denied ben anything.
    week.ward.write(name, text.replace("\"id\":\"ben\"", "\"id\":\"bob\"").as_bytes());
    let run = week.run(&format!("audit report {LOG} {PERIOD} --format html -o altered.html"));
    ev.denies(run.result(), |refused| refused.0 == 18);
    let page = String::from_utf8(week.ward.read("altered.html")).unwrap();
    ev.holds("the page names the verdict", page.contains("<b>Verification:</b> tampered"));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.308(a)(1)(ii)(D)"],
    claim = "one reading of the log tells who opened what, what was denied, emergencies, off hours and first accesses",
    polarity = allow,
)]
fn report_tells_who_opened_what(ev: Ev) -> Proven {
    let week = Week::new();
    let report = report(&week);
    let ann = row(&report, "people", "principal", "ann");
    ev.holds(
        "ann's opens, packages, failures",
        ann["opens"] == 6 && ann["packages"] == 3 && ann["failed"] == 1,
    );
    ev.holds("her content", ann["bytes"] == 6 << 20);
    let ben = row(&report, "opened", "principal", "ben");
    ev.holds("what ben opened", ben["dataset"] == "mri-2026" && ben["opens"] == 6);
    let denied = row(&report, "denials", "reason", "not-granted");
    ev.holds("six denials of one person", denied["times"] == 6 && denied["principals"] == 1);
    let first: Vec<_> =
        rows(&report, "first-access").iter().map(|row| row["principal"].clone()).collect();
    ev.holds("first accesses, without ann's", first == ["ben", "carla"]);
    let off: Vec<_> = rows(&report, "off-hours")
        .iter()
        .map(|row| (row["day"].clone(), row["principal"].clone()))
        .collect();
    ev.holds(
        "off hours: a night and a weekend",
        off == [("2026-11-03".into(), "ann".into()), ("2026-11-07".into(), "ben".into())],
    );
    let emergency = row(&report, "emergencies", "principal", "carla");
    ev.holds("the emergency", emergency["uses"] == 1 && emergency["opens"] == 1);
    ev.proven()
}

#[test]
fn report_knows_what_nobody_else_has_reviewed() {
    let week = Week::new();
    let report = report(&week);
    // Carla's own review does not count for her emergency, but for the time.
    assert_eq!(row(&report, "emergencies", "principal", "carla")["reviewed"], "not reviewed");
    assert_eq!(rows(&report, "reviews").len(), 2);
    let gaps = rows(&report, "unreviewed");
    // From Sunday on, up to the end of the period or the present.
    assert!(gaps.len() <= 1, "{gaps:?}");
    for gap in gaps {
        assert_eq!(gap["from"], "2026-11-08T00:00:00.000Z");
    }
}

#[test]
fn emergency_treatment_without_a_claim_is_no_emergency() {
    let week = Week::empty(MONDAY);
    week.set(0, 9, 0);
    let main = week.writer("main");
    let mut opened = event("ann", Action::Open, Outcome::Success, package(1, "ct-2026"));
    opened.purpose = Some(Purpose::EmergencyTreatment);
    append(&main, &opened);
    // A use without a claim is told nevertheless: somebody should ask where that is.
    append(&main, &event("ben", Action::EmergencyUse, Outcome::Success, package(1, "ct-2026")));
    main.close().unwrap();
    let report = report(&week);
    assert_eq!(rows(&report, "emergencies").len(), 1);
    let row = row(&report, "emergencies", "principal", "ben");
    assert_eq!((&row["start"], &row["uses"]), (&"not in what was read".into(), &1.into()));
}

#[test]
fn report_lists_changes_logins_silence_and_the_log_itself() {
    let week = Week::new();
    let report = report(&week);
    assert_eq!(row(&report, "rights", "action", "grant")["about"], "carla");
    assert_eq!(row(&report, "keys", "action", "key-rotate")["about"], "ct-2026 version 2");
    assert_eq!(row(&report, "policies", "action", "policy-change")["about"], "03".repeat(32));
    assert_eq!(row(&report, "login-failures", "principal", "unknown")["times"], 2);
    assert_eq!(row(&report, "failures", "reason", "damaged")["times"], 1);
    assert_eq!(row(&report, "unfinished", "who", "ben")["action"], "open");
    let silent: Vec<_> =
        rows(&report, "silent-days").iter().map(|row| row["day"].clone()).collect();
    assert!(silent.starts_with(&["2026-11-05".into()]), "{silent:?}");
    // Both streams were closed on Sunday.
    let closed = rows(&report, "log").iter().filter(|row| row["what"] == "epoch: close").count();
    assert_eq!(closed, 2);
    assert_eq!(row(&report, "streams", "stream", "imaging")["verdict"], "whole");
    assert_eq!(report["unread"], Value::Null);
}

#[test]
fn a_shorter_period_has_less_in_it() {
    let week = Week::new();
    let line = format!("audit report {LOG} --from 2026-11-04 --until 2026-11-05 --json");
    let report = week.run(&line).json()["report"].clone();
    assert_eq!(rows(&report, "people").len(), 2);
    assert_eq!(rows(&report, "opened").len(), 0);
    assert_eq!(rows(&report, "days").len(), 1);
    assert_eq!(rows(&report, "emergencies").len(), 0);
}

#[test]
fn tables_and_csv_say_the_same_as_the_document() {
    let week = Week::new();
    let document = report(&week);
    let table = week.run(&format!("audit report {LOG} {PERIOD} {OPTIONS}"));
    table.ok();
    let text = table.text();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("WHO OPENED WHAT") && text.contains("not reviewed"), "{text}");
    let csv = week.run(&format!("audit report {LOG} {PERIOD} {OPTIONS} --format csv"));
    csv.ok();
    let text = csv.text();
    let of = |section: &str| {
        let start = format!("\"{section}\",");
        text.split("\r\n").filter(|line| line.starts_with(&start)).count()
    };
    for section in ["streams", "people", "opened", "denials", "emergencies", "days", "hours"] {
        assert_eq!(of(section), rows(&document, section).len(), "{section}");
    }
}

#[test]
fn the_page_is_well_formed_whole_and_needs_nothing_from_elsewhere() {
    use std::os::unix::fs::PermissionsExt as _;
    let week = Week::new();
    week.run(&format!("audit report {LOG} {PERIOD} {OPTIONS} --format html -o week.html")).ok();
    let mode = std::fs::metadata(week.ward.path("week.html")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
    let page = String::from_utf8(week.ward.read("week.html")).unwrap();
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let page = roxmltree::Document::parse_with_options(&page, options).unwrap();
    let all = || page.descendants().filter(roxmltree::Node::is_element);
    let named = |name: &'static str| {
        all().filter(move |node| node.has_tag_name(name) || node.tag_name().name() == name)
    };
    for foreign in ["script", "link", "img", "iframe", "object", "image", "use"] {
        assert_eq!(named(foreign).count(), 0, "{foreign}");
    }
    for node in all() {
        for attribute in node.attributes() {
            let value = attribute.value();
            let outside = value.contains("//") || attribute.name().starts_with("on");
            assert!(!outside, "{}: {value}", attribute.name());
        }
    }
    assert!(!named("style").any(|style| style.text().unwrap().contains("url(")));
    // Every link leads somewhere, and every name stands once.
    let ids: Vec<&str> = all().filter_map(|node| node.attribute("id")).collect();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    for link in named("a") {
        let target = link.attribute("href").unwrap().strip_prefix('#').unwrap();
        assert!(ids.contains(&target), "{target}");
    }
    assert_eq!(named("h1").count(), 1);
    assert_eq!(named("svg").filter(|svg| svg.attribute("aria-label").is_some()).count(), 3);
    for table in named("table") {
        let has = |name: &str| table.descendants().any(|node| node.tag_name().name() == name);
        assert!(has("caption") && has("thead"));
    }
    assert!(named("th").all(|cell| cell.attribute("scope").is_some()));
    assert!(named("html").all(|html| html.attribute("lang") == Some("en")));
}

#[test]
fn days_of_the_period_are_those_of_the_clocks_in_question() {
    let week = Week::new();
    let from = |options: &str| {
        let run = week.run(&format!("audit report {LOG} {PERIOD} {options} --json"));
        run.json()["report"]["from"].as_str().unwrap().to_owned()
    };
    assert_eq!(from(""), "2026-11-02T00:00:00.000Z");
    assert_eq!(from("--time-zone +01:00"), "2026-11-01T23:00:00.000Z");
    assert_eq!(from("--time-zone -05:00"), "2026-11-02T05:00:00.000Z");
    // A moment that is stated in full is that moment.
    let line = "--from 2026-11-02T00:00:00Z --until 2026-11-09 --time-zone +01:00 --json";
    let run = week.run(&format!("audit report {LOG} {line}"));
    assert_eq!(run.json()["report"]["from"], "2026-11-02T00:00:00.000Z");
    assert_eq!(run.json()["report"]["until"], "2026-11-08T23:00:00.000Z");
}

#[test]
fn emergencies_of_one_person_are_told_apart_by_their_names() {
    let week = Week::empty(MONDAY);
    week.set(0, 9, 0);
    let main = week.writer("main");
    let ids = [1, 2].map(|number| EmergencyId::from_bytes([number; 16]));
    let of = |id: EmergencyId, mut subject: Subject| {
        subject.emergency = Some(id);
        subject.principal = Some(PrincipalId::new("carla").unwrap());
        subject
    };
    let done = |action, subject| Event {
        session: Some(SessionId::from_bytes([5; 16])),
        purpose: Some(Purpose::BreakTheGlass),
        ..event("carla", action, Outcome::Success, subject)
    };
    for id in ids {
        let mut start = Subject::default();
        start.text = Some(Opening::new("unconscious").unwrap().commitment());
        append(&main, &done(Action::EmergencyStart, of(id, start)));
    }
    append(&main, &done(Action::EmergencyUse, of(ids[0], package(1, "ct-2026"))));
    append(&main, &done(Action::Open, of(ids[0], package(1, "ct-2026"))));
    append(&main, &done(Action::EmergencyEnd, of(ids[0], Subject::default())));
    week.set(0, 10, 0);
    append(&main, &done(Action::EmergencyEnd, of(ids[1], Subject::default())));
    week.set(0, 11, 0);
    let mut review = reviewed("dora", MONDAY, MONDAY + DAY);
    review.subject = of(ids[1], review.subject);
    append(&main, &review);
    main.close().unwrap();
    let report = report(&week);
    let [first, second] =
        ids.map(|id| row(&report, "emergencies", "emergency", &id.to_string()).clone());
    assert!(first["uses"] == 1 && first["opens"] == 1 && second["uses"] == 0, "{report}");
    // The review is of the other one, though it covers the time of both.
    assert_eq!((&first["reviewed"], &second["reviewer"]), (&"not reviewed".into(), &"dora".into()));
    assert_ne!(first["end"], second["end"]);
}

/// A record of somebody's emergency.
fn of_emergency(who: &str, action: Action, id: Option<EmergencyId>) -> Event {
    let mut subject = Subject::default();
    subject.emergency = id;
    match action {
        Action::EmergencyUse => subject.package = package(1, "ct-2026").package,
        _ => subject.principal = Some(PrincipalId::new(who).unwrap()),
    }
    if action == Action::EmergencyStart {
        subject.text = Some(Opening::new("unconscious").unwrap().commitment());
    }
    Event {
        session: Some(SessionId::from_bytes([5; 16])),
        purpose: Some(Purpose::BreakTheGlass),
        ..event(who, action, Outcome::Success, subject)
    }
}

#[test]
fn use_of_somebody_elses_emergency_is_a_row_of_its_own() {
    let week = Week::empty(MONDAY);
    week.set(0, 9, 0);
    let main = week.writer("main");
    let id = Some(EmergencyId::from_bytes([1; 16]));
    append(&main, &of_emergency("carla", Action::EmergencyStart, id));
    append(&main, &of_emergency("dora", Action::EmergencyUse, id));
    main.close().unwrap();
    let report = report(&week);
    let carla = row(&report, "emergencies", "principal", "carla");
    let dora = row(&report, "emergencies", "principal", "dora");
    assert_eq!((&carla["uses"], &dora["uses"]), (&0.into(), &1.into()), "{report}");
    assert_eq!(dora["start"], "not in what was read");
}

#[test]
fn emergency_that_began_without_a_name_is_ended_and_reviewed_by_one() {
    let week = Week::empty(MONDAY);
    week.set(0, 9, 0);
    let main = week.writer("main");
    let id = Some(EmergencyId::from_bytes([1; 16]));
    append(&main, &of_emergency("carla", Action::EmergencyStart, None));
    append(&main, &of_emergency("carla", Action::EmergencyEnd, id));
    week.set(0, 11, 0);
    let mut review = reviewed("dora", MONDAY, MONDAY + DAY);
    review.subject.principal = Some(PrincipalId::new("carla").unwrap());
    review.subject.emergency = id;
    append(&main, &review);
    main.close().unwrap();
    let report = report(&week);
    let carla = row(&report, "emergencies", "principal", "carla");
    assert_ne!(carla["end"], "not ended", "{report}");
    assert_eq!(carla["reviewer"], "dora", "{report}");
}
