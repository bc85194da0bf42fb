//! `medsec audit review`.

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::Ward;

fn home() -> Ward {
    let ward = Ward::new();
    ward.init_alone("");
    ward
}

/// All lines of the log.
fn lines(ward: &Ward) -> String {
    let run = ward.line("audit show --log-records --format jsonl");
    run.ok();
    run.text()
}

fn refused(ward: &Ward, line: &str, code: i32) {
    let before = lines(ward);
    let run = ward.line(line);
    assert_eq!(run.code, code, "{line}: {}", run.stderr);
    assert_eq!(lines(ward), before, "{line}");
    assert!(!ward.exists("home/audit/streams/main/phi"), "{line}");
}

#[test]
fn review_refuses_the_future_and_notes_that_are_none() {
    let ward = home();
    ward.write("empty", b"");
    ward.write("long", &[b'x'; 4097]);
    ward.write("bell", b"KOWALSKA\x07");
    ward.write("latin", b"KOWALSKA \xe9");
    for (line, code) in [
        ("--from 7d --until 9999-01-01", 2),
        ("--from 1h --until 2h", 2),
        ("--from now --until now", 2),
        ("--from 7d", 2),
        ("--from 7d --until 1h --note-file empty", 2),
        ("--from 7d --until 1h --note-file long", 2),
        ("--from 7d --until 1h --note-file bell", 2),
        ("--from 7d --until 1h --note-file latin", 2),
        ("--from 7d --until 1h --note-file none", 9),
        ("--from 7d --until 1h --stream other", 17),
    ] {
        refused(&ward, &format!("audit review {line}"), code);
    }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.308(a)(1)(ii)(D)"],
    claim = "nobody records a review without the private key of a present user",
    polarity = deny,
)]
fn review_takes_the_key_of_a_present_user(ev: Ev) -> Proven {
    let ward = home();
    // The key of somebody whom the store does not know.
    let run = ward.line("audit review --from 7d --until 1h --sign-with sign.key");
    ev.denies(run.result(), |refused| refused.0 == 15);
    ward.line("user keys ann --no-passphrase").ok();
    let (identity, signer) = ("home/identities/ann.identity", "home/identities/ann.signer");
    ward.line(&format!("user add ann --recipient {identity} --signer {signer}")).ok();
    ward.line("user offboard ann").ok();
    let run = ward.line(&format!(
        "audit review --from 7d --until 1h --identity {identity} --sign-with {signer}"
    ));
    ev.denies(run.result(), |refused| refused.0 == 15);
    let reviews = ward.audit("show --kind review --json").json()["records"].clone();
    let told =
        |record: &serde_json::Value| record["outcome"] == "denied" && record["who"].is_null();
    ev.holds("both were refused", reviews.as_array().is_some_and(|all| all.len() == 2));
    ev.holds("nobody reviewed", reviews.as_array().unwrap().iter().all(told));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.308(a)(1)(ii)(D)"],
    claim = "that a person has examined a period is a record, and what they wrote is not in it and can be erased",
    polarity = allow,
)]
fn review_is_recorded_without_its_note(ev: Ev) -> Proven {
    let ward = home();
    ward.write("note", b"KOWALSKA: asked why; was on duty\n");
    let run = ward.line("audit review --from 7d --until 1h --note-file note --json");
    ev.allows(run.result());
    let document = run.json();
    ev.holds("who", document["who"] == "ada");
    let run = ward.line("audit show --kind review --json");
    let shown = run.json()["records"][0].clone();
    ev.holds(
        "the record names who and when",
        shown["who"] == "ada" && shown["from"] == document["from"],
    );
    ev.holds("and only the digest of the note", shown["text"] == document["note"]);
    ev.holds("no word of it stands in the log", !lines(&ward).contains("KOWALSKA"));
    let name =
        document["note"].as_str().unwrap().replace("sha256:", "home/audit/streams/main/phi/");
    let kept = String::from_utf8(ward.read(&name)).unwrap();
    ev.holds("the text is kept apart", kept.ends_with("\n\nKOWALSKA: asked why; was on duty\n"));
    std::fs::remove_file(ward.path(&name)).unwrap();
    ev.allows(ward.line("audit verify").result());
    ev.proven()
}

#[test]
fn the_kept_note_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = home();
    ward.write("note", b"nothing found");
    ward.line("audit review --from 7d --until 1h --note-file note").ok();
    let folder = ward.path("home/audit/streams/main/phi");
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    for path in [folder, file] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
    }
}

#[test]
fn a_reviewed_period_is_no_longer_open_in_the_report() {
    let ward = home();
    let open = |ward: &Ward| {
        let run = ward.line("audit report --from 2d --until 1d --json");
        run.json()["report"]["sections"]["unreviewed"]["rows"].as_array().unwrap().len()
    };
    assert_eq!(open(&ward), 1);
    ward.line("audit review --from 3d --until 1h").ok();
    assert_eq!(open(&ward), 0);
}
