//! Who reads the audit trail, and who does not.

use std::fs;
use std::time::{Duration, Instant};

use medsec_evidence::{Ev, Proven, evidence};

use super::sealed;
use crate::ward::{Refused, Ward};

/// What shows records of the home's own log, and the record of its refusal.
const READERS: [(&str, &str); 7] = [
    ("audit show", "verify"),
    ("audit show --json --last 1", "verify"),
    ("audit report", "verify"),
    ("audit export --format jsonl -o x --purpose HCOMPL", "export"),
    ("audit follow --from 1d", "verify"),
    ("audit prove 1 -o x", "verify"),
    ("audit show --log home/audit --pin home/audit.pin", "verify"),
];

/// A home of ada, who does everything but audit.
fn home() -> Ward {
    let ward = sealed();
    ward.line("audit checkpoint").ok();
    ward
}

/// A home of ada, who audits too, with a checkpoint.
fn of_auditor() -> Ward {
    let ward = Ward::new();
    ward.init_alone("--no-anchor");
    ward.line("audit test").ok();
    ward.line("audit checkpoint").ok();
    ward
}

fn count(ward: &Ward) -> usize {
    ward.audit("show --log-records --json").json()["records"].as_array().unwrap().len()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "the audit trail is shown, exported or proved to nobody whom the policy does not let read it, by whatever name the log is called, and each refusal is on record",
    polarity = deny,
)]
fn audit_trail_is_shown_to_auditors_only(ev: Ev) -> Proven {
    let ward = home();
    for (line, action) in READERS {
        let before = ward.records().len();
        let run = ward.line(line);
        ev.denies(run.result(), |refused| *refused == Refused(24));
        let asked = if action == "export" { "--action export" } else { "read-audit" };
        ev.holds("it says who may", run.stderr.contains(asked) || line.contains("--json"));
        ev.holds("no record was shown", !run.text().contains("seal") && !ward.exists("x"));
        ev.equal("one record tells of it", &ward.records().len(), &(before + 1));
        let denied = [action, "denied", "policy"].map(str::to_owned);
        ev.equal("as a refusal", &ward.newest(), &denied);
        ev.holds("of ada", ward.records().last().unwrap()["who"] == "ada");
    }
    let run = ward.line("audit review --from 7d --until 1h");
    ev.denies(run.result(), |refused| *refused == Refused(24));
    let reviews = ward.audit("show --kind review --json").json()["records"].clone();
    ev.holds("nothing was reviewed", reviews.as_array().is_some_and(Vec::is_empty));
    ev.allows(ward.line("audit verify --strict --content").result());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "whoever the policy lets read the audit trail does so, and nothing is written to the log for it",
    polarity = allow,
)]
fn auditor_reads_and_leaves_no_record(ev: Ev) -> Proven {
    let ward = of_auditor();
    let before = count(&ward);
    for (line, _) in
        READERS.iter().filter(|(line, action)| *action == "verify" && !line.contains("follow"))
    {
        ev.allows(ward.line(line).result());
        let _ = fs::remove_file(ward.path("x"));
        let _ = fs::remove_file(ward.path("x.line"));
    }
    ev.equal("the log is as it was", &count(&ward), &before);
    ev.allows(ward.line("audit review --from 7d --until 1h").result());
    ev.proven()
}

#[test]
fn copy_is_read_without_home_and_says_that_no_policy_was_asked() {
    let ward = home();
    let run = ward.audit("show --kind access");
    run.ok();
    assert!(run.stderr.contains("no policy was asked"), "{}", run.stderr);
    let bare = Ward::new();
    crate::audit_log::copy_folder(&ward.path("home/audit"), &bare.path("copy"));
    bare.write("copy.pin", &ward.read("home/audit.pin"));
    let run = bare.line("audit show --log copy --pin copy.pin --kind access");
    run.ok();
    assert!(run.text().contains("seal") && run.stderr.contains("no policy was asked"));
    // The home's own log under another name is the home's own.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(ward.path("home/audit"), ward.path("link")).unwrap();
        assert_eq!(ward.line("audit show --log link --pin home/audit.pin").code, 24);
    }
}

#[test]
fn what_shows_no_record_asks_nobody() {
    let ward = home();
    ward.line("audit verify").ok();
    ward.line("audit verify --seq 1").ok();
    ward.line("audit stream list").ok();
    ward.audit("prove 1 -o proof").ok();
    ward.line("audit check-proof proof").ok();
    ward.write("rules.toml", b"[denials]\ncount = 5\nminutes = 5\n");
    ward.line("audit watch --rules rules.toml --once").ok();
}

#[test]
fn damaged_log_is_read_by_an_auditor_all_the_same() {
    let ward = of_auditor();
    let segment = crate::audit_log::SEGMENT;
    let text = String::from_utf8(ward.read(segment)).unwrap();
    ward.write(segment, text.replace("\"pid\":", "\"pid\":9").as_bytes());
    assert_eq!(ward.line("audit verify").code, 18);
    ward.line("audit show").ok();
}

#[test]
fn reader_must_be_somebody_and_the_policy_one_that_is_trusted() {
    let ward = of_auditor();
    let nobody = [("MEDSEC_IDENTITY", "own.key")];
    assert_eq!(ward.line_with(&nobody, "audit show").code, 15);
    assert_eq!(ward.newest(), ["verify", "denied", "no-session"]);
    fs::remove_file(ward.path("home/policy/in-force.policy")).unwrap();
    let run = ward.line("audit show");
    assert_eq!((run.code, run.text().as_str()), (26, ""), "{}", run.stderr);
    assert_eq!(ward.newest(), ["verify", "denied", "no-session"]);
}

#[test]
fn nobody_reviews_with_the_signer_of_somebody_else() {
    let ward = of_auditor();
    ward.line("user keys ann --no-passphrase").ok();
    let ann = "home/identities/ann";
    ward.line(&format!("user add ann --recipient {ann}.identity --signer {ann}.signer")).ok();
    let run = ward.line(&format!("audit review --from 7d --until 1h --sign-with {ann}.signer"));
    assert_eq!(run.code, 15, "{}", run.stderr);
    let reviews = ward.audit("show --kind review --json").json()["records"].clone();
    assert_eq!(reviews.as_array().unwrap().len(), 1);
    assert_eq!(reviews[0]["outcome"], "denied");
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iii)", "164.312(b)"],
    claim = "records are followed no longer than the session of who follows them",
    polarity = deny,
)]
fn following_ends_with_the_session(ev: Ev) -> Proven {
    let ward = Ward::new();
    ward.write_policy("policy", |path, text| match path {
        "policy.toml" => text.replace("idle = \"15m\"", "idle = \"2s\""),
        "roles.toml" => text
            .replace("[[\"administrator\", \"auditor\"]]", "[]")
            .replace("roles = [\"administrator\", ", "roles = [\"administrator\", \"auditor\", "),
        _ => text,
    });
    ev.allows(ward.line("init --user ada --no-passphrase --no-anchor --policy policy").result());
    let begun = Instant::now();
    let run = ward.line("audit follow");
    ev.denies(run.result(), |refused| *refused == Refused(25));
    ev.holds("not before", begun.elapsed() >= Duration::from_secs(2));
    ev.holds("it says why", run.stderr.contains("was not used"));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "who may read the audit trail hands it on for the purposes that the policy has for that, and each hand-over is on record",
    polarity = deny,
)]
fn audit_trail_is_handed_on_for_its_purposes_only(ev: Ev) -> Proven {
    let ward = of_auditor();
    let export = "audit export --format jsonl -o x";
    for purpose in ["", " --purpose TREAT", " --purpose HRESCH"] {
        let run = ward.line(&format!("{export}{purpose}"));
        ev.denies(run.result(), |refused| *refused == Refused(24));
        ev.holds("nothing was written", !ward.exists("x"));
        let denied = ["export", "denied", "purpose"].map(str::to_owned);
        let newest = ward.newest();
        ev.equal("it is on record", &newest[..2].to_vec(), &denied[..2].to_vec());
    }
    ev.allows(ward.line("audit show").result());
    ev.allows(ward.line(&format!("{export} --purpose HCOMPL")).result());
    let record = ward.records().pop().unwrap();
    ev.holds("who", record["who"] == "ada" && record["action"] == "export");
    ev.holds("and why", record["outcome"] == "success" && record["why"] == "HCOMPL");
    ev.holds(
        "what is handed on tells of it",
        String::from_utf8(ward.read("x")).unwrap().contains("HCOMPL"),
    );
    ev.proven()
}
