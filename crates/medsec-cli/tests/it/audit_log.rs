//! The audit log through the program: made, written, signed, verified.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::Ward;

/// The first segment of the stream `main`.
pub(crate) const SEGMENT: &str = "home/audit/streams/main/log/00000000000000000000.jsonl";
/// What the stream remembers of its end.
pub(crate) const MARK: &str = "home/audit/streams/main/hwm";

/// A home with an audit log that is called `clinic.example/log`.
pub(crate) fn home() -> Ward {
    let ward = Ward::new();
    ward.init_alone("--audit-name clinic.example/log");
    ward
}

/// As [`home`], with so many test records.
pub(crate) fn home_with(records: usize) -> Ward {
    let ward = home();
    (0..records).for_each(|_| ward.line("audit test").ok());
    ward
}

/// Where the anchor keeps the checkpoints of `main`.
pub(crate) const ANCHORED: &str = "state/medsec/anchors/clinic.example%2Flog%2Fmain";

/// The lines of the first segment of `main`, without their LF.
pub(crate) fn lines(ward: &Ward) -> Vec<String> {
    String::from_utf8(ward.read(SEGMENT)).unwrap().lines().map(str::to_owned).collect()
}

/// Puts these lines in their place, and the last commit of them into the mark.
pub(crate) fn put_lines(ward: &Ward, lines: &[String]) {
    ward.write(SEGMENT, format!("{}\n", lines.join("\n")).as_bytes());
    let commit = lines.iter().rfind(|line| line.starts_with("{\"commit\"")).unwrap();
    ward.write(MARK, format!("{:<512}", format!("{commit}\n")).as_bytes());
}

#[test]
fn init_makes_a_private_log_and_prints_its_pin() {
    let ward = Ward::new();
    let run = ward.line("init --user ada --no-passphrase");
    run.ok();
    let pin = String::from_utf8(ward.read("home/audit.pin")).unwrap();
    assert!(pin.lines().all(|line| run.text().contains(line)), "{}", run.text());
    assert!(pin.contains("\nkey: medsec.local/"), "{pin}");
    for (name, expected) in [
        ("home/audit", 0o700),
        ("home/audit/root", 0o600),
        ("home/audit.pin", 0o600),
        ("home/identities/audit.key", 0o600),
        (SEGMENT, 0o600),
        ("state/medsec/anchors", 0o700),
    ] {
        let mode = fs::metadata(ward.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{name}");
    }
    let config = String::from_utf8(ward.read("home/config.toml")).unwrap();
    assert!(config.contains("[audit]") && config.contains("\nanchor = "), "{config}");
    let document = ward.line("audit verify --strict --strict-anchors --content --json").json();
    assert_eq!(document["verdict"], "whole");
    assert_eq!(document["streams"][0]["anchor"]["size"], 1);
}

#[test]
fn init_refuses_a_log_that_the_anchor_knows() {
    let ward = home();
    fs::remove_dir_all(ward.path("home")).unwrap();
    let run = ward.line("init --user ada --no-passphrase --audit-name clinic.example/log");
    assert_eq!(run.code, 8, "{}", run.stderr);
    assert!(!ward.exists("home"));
    let left = ward.names().into_iter().filter(|name| name.starts_with(".medsec")).count();
    assert_eq!(left, 0);
    ward.line("init --user ada --no-passphrase --audit-name clinic.example/log --no-anchor").ok();
}

#[test]
fn init_refuses_names_and_places_that_cannot_be() {
    let ward = Ward::new();
    for (line, environment, code) in [
        ("--audit-name a+b", ("MEDSEC_X", "1"), 2),
        ("--anchor x --no-anchor", ("MEDSEC_X", "1"), 2),
        ("", ("MEDSEC_AUDIT", "elsewhere"), 2),
        ("", ("MEDSEC_AUDIT_PIN", "elsewhere"), 2),
        ("", ("MEDSEC_AUDIT_KEY", "elsewhere"), 2),
        ("", ("MEDSEC_AUDIT_ANCHOR", "elsewhere"), 2),
    ] {
        let line = format!("init --user ada --no-passphrase {line}");
        let mut command = ward.command(line.split_whitespace());
        let output = command.env(environment.0, environment.1).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert!(!ward.exists("home"));
    }
}

#[test]
fn init_without_an_anchor_says_so() {
    let ward = Ward::new();
    let run = ward.line("init --user ada --no-passphrase --no-anchor");
    run.ok();
    assert!(run.text().contains("NO anchor"));
    assert!(!ward.exists("state"));
    assert_eq!(ward.line("audit verify").code, 0);
    assert_eq!(ward.line("audit verify --strict-anchors").code, 17);
    assert_eq!(ward.line("audit checkpoint --json").json()["checkpoints"][0]["anchor"], "none");
}

#[test]
fn a_home_that_joins_a_store_has_the_log_beside_it() {
    let ward = home();
    let store = ward.path("home/store");
    let line = format!("init --join {} --home ann --user ann --no-passphrase", store.display());
    let run = ward.line(&line);
    run.ok();
    assert!(run.text().contains("policy and audit log are those of the home"), "{}", run.text());
    assert!(!ward.exists("ann/audit") && !ward.exists("ann/policy"));
    let seq = ward.line("audit test --home ann --json").json()["seq"].clone();
    assert_eq!(ward.audit("show --kind test --json").json()["records"][0]["seq"], seq);
}

#[test]
fn the_log_key_under_a_passphrase_is_needed_for_checkpoints_only() {
    let ward = Ward::new();
    let passphrase = b"correct horse\n";
    ward.piped("init --user ada --passphrase-fd 0", passphrase).ok();
    ward.line("audit test").ok();
    assert_eq!(ward.line("audit checkpoint").code, 2);
    assert_eq!(ward.piped("audit checkpoint --passphrase-fd 0", b"wrong\n").code, 11);
    let run = ward.piped("audit checkpoint --passphrase-fd 0", passphrase);
    run.ok();
    assert!(run.text().contains("main: 4 records, kept by the anchor"), "{}", run.text());
    // The signer's key is a key too, but not this one.
    let other = "audit checkpoint --log-key home/identities/ada.signer --passphrase-fd 0";
    assert_eq!(ward.piped(other, passphrase).code, 17);
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "what is appended to the audit log is there, in order, and verifies with the pin alone",
    polarity = allow,
)]
fn records_are_appended_and_verify_with_the_pin(ev: Ev) -> Proven {
    let ward = home();
    for expected in [2, 5, 8] {
        let document = ward.line("audit test --json").json();
        ev.holds("the number is the next one", document["seq"] == expected);
    }
    ev.allows(ward.line("audit checkpoint").result());
    ev.allows(ward.line("audit verify --strict --content --strict-anchors --max-age 1").result());
    let own = ward.line("audit verify --json").json();
    // A stranger with a copy of the log and the pin, and nothing else.
    let copy = ward.path("copy");
    copy_folder(&ward.path("home/audit"), &copy);
    let pin = ward.path("home/audit.pin");
    let line = format!(
        "audit verify --log {} --pin {} --home nowhere --json",
        copy.display(),
        pin.display()
    );
    let other = ward.line(&line);
    ev.allows(other.result());
    ev.holds(
        "the roots are the same",
        own["streams"][0]["root"] == other.json()["streams"][0]["root"],
    );
    ev.proven()
}

pub(crate) fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[test]
fn streams_are_added_with_a_new_pin() {
    let ward = home();
    let before = ward.read("home/audit.pin");
    assert_eq!(ward.line("audit stream add main").code, 8);
    assert_eq!(ward.line("audit stream add Main").code, 2);
    assert_eq!(ward.read("home/audit.pin"), before);
    let run = ward.line("audit stream add gateway");
    run.ok();
    let pin = String::from_utf8(ward.read("home/audit.pin")).unwrap();
    assert!(pin.ends_with("revision: 2\n"), "{pin}");
    assert!(pin.lines().all(|line| run.text().contains(line)));
    let document = ward.line("audit stream list --json").json();
    let names: Vec<_> =
        document["streams"].as_array().unwrap().iter().map(|s| &s["stream"]).collect();
    assert_eq!(names, ["gateway", "main"]);
    assert!(ward.exists("state/medsec/anchors/clinic.example%2Flog%2Fgateway"));
    // Which one is not to be guessed.
    assert_eq!(ward.line("audit test").code, 2);
    ward.line("audit test --stream gateway").ok();
    assert_eq!(ward.line("audit test --stream other").code, 17);
    ward.line("audit verify --strict-anchors").ok();
}

#[test]
fn what_is_malformed_is_told_with_its_code() {
    let ward = home();
    ward.line("audit checkpoint --out main.checkpoint").ok();
    for (line, code) in [
        ("audit checkpoint --out main.checkpoint", 8),
        ("audit checkpoint --log-key own.key", 2),
        ("audit checkpoint --log-key sign.key", 17),
        ("audit verify --pin own.key", 2),
        ("audit verify --known own.key", 2),
        ("audit verify --known nothing", 9),
        ("audit verify --range 3..1", 2),
        ("audit verify --seq 9", 17),
        ("audit prove 9 -o proof", 17),
        ("audit consistency main.checkpoint own.key", 2),
        ("audit repair main --confirm mian", 2),
        ("audit export --format jsonl --purpose HCOMPL -o main.checkpoint", 8),
        ("audit export --format csv -o x", 2),
        ("audit verify --log nowhere", 17),
    ] {
        let run = ward.line(line);
        assert_eq!(run.code, code, "{line}: {}", run.stderr);
    }
    assert!(!ward.exists("proof") && !ward.exists("proof.line"));
}
