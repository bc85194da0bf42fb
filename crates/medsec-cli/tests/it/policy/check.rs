//! What is wrong with a source is told with its place, and cannot be signed.

use medsec_evidence::{Ev, Proven, evidence};

use super::{CARE, POLICY, ROLES, append, edit, refused};
use crate::ward::{Refused, Ward};

/// Line and message of each error, of a source with this behind the rules of care.
#[track_caller]
fn errors_of(rule: &str) -> Vec<(u64, String)> {
    let ward = Ward::with_home();
    append(&ward, CARE, rule);
    errors(&ward, "rules/care.cedar")
}

/// Line and message of each error, all of which must be in that file; `sign` must refuse the same.
#[track_caller]
fn errors(ward: &Ward, file: &str) -> Vec<(u64, String)> {
    let run = refused(ward, "policy check --json", 26);
    let findings = run.json()["findings"].as_array().unwrap().clone();
    let errors = findings.iter().filter(|finding| finding["level"] == "error");
    let errors = errors.inspect(|error| assert_eq!(error["file"], file, "{error}"));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let errors = errors.map(|e| (e["line"].as_u64().unwrap_or(0), text(&e["message"]))).collect();
    refused(ward, "policy sign", 26);
    errors
}

/// The line behind the last of the file.
fn end_of_care() -> u64 {
    let ward = Ward::with_home();
    String::from_utf8(ward.read(CARE)).unwrap().lines().count() as u64 + 1
}

const HEAD: &str = "@id(\"mine\")\n@why(\"Why.\")\npermit (principal";

#[test]
fn syntax_error_is_told_with_file_and_line() {
    let found = errors_of(&format!("{HEAD}, action == , resource);\n"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, end_of_care() + 2, "{found:?}");
    assert!(found[0].1.starts_with("not a rule: "), "{found:?}");
}

#[test]
fn unknown_attribute_is_told_with_its_line() {
    let found = errors_of(&format!(
        "{HEAD}, action == Medsec::Action::\"open\", resource)\nwhen {{ context.mood == 1 }};\n"
    ));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, end_of_care() + 3, "{found:?}");
    assert!(found[0].1.contains("mood"), "{found:?}");
}

#[test]
fn unreachable_rule_is_refused() {
    let found = errors_of(&format!(
        "{HEAD}, action == Medsec::Action::\"open\", resource is Medsec::Dataset);\n"
    ));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.starts_with("no request can match it"), "{found:?}");
}

#[test]
fn misspelt_role_is_refused() {
    let role = " in Medsec::Role::\"clinican\"";
    let found = errors_of(&format!("{HEAD}{role}, action, resource);\n"));
    assert!(
        found.iter().any(|(_, message)| message.contains("there is no role `clinican`")),
        "{found:?}"
    );
}

#[test]
fn everything_that_is_wrong_with_the_rules_is_told_at_once() {
    let rules = format!(
        "{HEAD}, action, resource)\nwhen {{ context.a == 1 }};\npermit (principal, action, resource);\n"
    );
    let found = errors_of(&rules);
    assert!(found.iter().any(|(_, message)| message.contains("@id")), "{found:?}");
    assert!(
        found.iter().any(|(_, message)| message.contains("does not fit the schema")),
        "{found:?}"
    );
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "a policy in which one person both administers and audits is never put in force",
    polarity = deny,
)]
fn separated_roles_of_one_person_are_refused(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    edit(&ward, ROLES, "roles = [\"administrator\", ", "roles = [\"auditor\", \"administrator\", ");
    ev.denies(ward.line("policy sign").result(), |e| *e == Refused(26));
    let found = errors(&ward, "roles.toml");
    ev.holds("both roles are named", found[0].1.contains("`administrator` and `auditor`"));
    ev.holds("with the line", found[0].0 > 0);
    ev.proven()
}

#[test]
fn unknown_setting_and_wrong_value_are_told_with_their_lines() {
    for (from, to) in [
        ("idle = \"15m\"", "idel = \"15m\""),
        ("idle = \"15m\"", "idle = \"15 minutes\""),
        ("\"TREAT\", ", "\"TREATMENT\", "),
        ("required_recipients = []", "required_recipients = [\"\"]"),
    ] {
        let ward = Ward::with_home();
        edit(&ward, POLICY, from, to);
        let found = errors(&ward, "policy.toml");
        assert!(found.len() == 1 && found[0].0 > 0, "{found:?}");
    }
}

#[test]
fn recipient_that_is_no_key_is_refused() {
    let ward = Ward::with_home();
    edit(&ward, POLICY, "required_recipients = []", "required_recipients = [\"msp-x25519:abc\"]");
    let found = errors(&ward, "policy.toml");
    assert!(found[0].1.contains("no. 1 is no public key"), "{found:?}");
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let ward = Ward::with_home();
    append(&ward, ROLES, "\n[people.bela]\nroles = []\ngroups = []\n[groups.empty]\nroles = []\n");
    append(&ward, ROLES, "[datasets.lonely]\nwithin = []\npurposes = \"any\"\ngroups = []\n");
    let run = refused(&ward, "policy check", 0);
    for expected in [
        "nobody has the role `auditor`",
        "`bela` has no role",
        "nobody is in the group `empty`",
        "no group works with the data set `lonely`",
        "nobody may read the audit trail",
        "0 error(s)",
    ] {
        assert!(run.text().contains(expected), "{expected}: {}", run.text());
    }
}

#[test]
fn source_can_be_checked_without_a_home() {
    let ward = Ward::new();
    ward.line("policy new strict mine --owner ada --dataset ct").ok();
    ward.line("policy check mine").ok();
    assert_eq!(ward.line("policy check nothing").code, 26);
    assert_eq!(ward.line("policy check --json").json()["findings"].as_array().unwrap().len(), 1);
}

#[test]
fn new_source_never_replaces_anything() {
    let ward = Ward::new();
    assert_eq!(ward.line("policy new strict mine --owner admin --dataset ct").code, 2);
    assert_eq!(ward.line("policy new unknown mine --owner ada --dataset ct").code, 2);
    assert!(!ward.exists("mine"));
    ward.line("policy new research mine --owner ada --dataset ct").ok();
    assert_eq!(ward.line("policy new strict mine --owner ada --dataset ct").code, 8);
    assert_eq!(ward.line("policy check mine --json").json()["name"], "research");
}
