//! What the doctor finds about the policy.

use super::{CARE, IN_FORCE, POLICY, ROLES, add_person, add_user, append, edit, sign};
use crate::doctor::{found, problem};
use crate::ward::Ward;

fn warning(check: &str) -> (i32, Vec<(String, String)>) {
    (0, vec![(check.to_owned(), "warning".to_owned())])
}

/// A home in which somebody audits and a second person administers.
fn whole() -> Ward {
    let ward = Ward::with_home();
    add_user(&ward, "bela", "--administrator");
    add_person(&ward, "bela", "\"administrator\"");
    add_person(&ward, "cara", "\"auditor\"");
    sign(&ward);
    ward
}

#[test]
fn policy_that_does_not_count_is_found() {
    let seen = found(&whole(), |ward| ward.flip_from_end(IN_FORCE, 100));
    assert_eq!(seen, problem("policy"));
    let seen = found(&whole(), |ward| std::fs::remove_file(ward.path(IN_FORCE)).unwrap());
    assert_eq!(seen, problem("policy"));
    let seen = found(&whole(), |ward| {
        let old = ward.read(IN_FORCE);
        edit(ward, POLICY, "idle = \"15m\"", "idle = \"5m\"");
        sign(ward);
        ward.write(IN_FORCE, &old);
    });
    assert_eq!(seen, problem("policy"));
}

#[test]
fn missing_mark_is_found_and_not_made() {
    let ward = whole();
    let seen = found(&ward, |ward| std::fs::remove_file(ward.path("home/policy.mark")).unwrap());
    assert_eq!(seen, problem("mark of the policy"));
    assert!(!ward.exists("home/policy.mark"));
}

#[test]
fn edited_source_is_found() {
    let seen = found(&whole(), |ward| edit(ward, POLICY, "idle = \"15m\"", "idle = \"5m\""));
    assert_eq!(seen, warning("policy source"));
    let seen = found(&whole(), |ward| append(ward, CARE, "// A comment.\n"));
    assert_eq!(seen, warning("policy source"));
    let seen = found(&whole(), |ward| append(ward, ROLES, "x = 1\n"));
    assert_eq!(seen, warning("policy source"));
}

#[test]
fn nobody_left_is_found() {
    let seen = found(&whole(), |ward| ward.line("user dismiss bela").ok());
    let checks = ["administrators", "change of the policy"];
    assert_eq!(seen, (0, checks.map(|check| warning(check).1.remove(0)).to_vec()));
    let seen = found(&whole(), |ward| {
        edit(ward, ROLES, "[people.cara]\nroles = [\"auditor\"]", "[people.cara]\nroles = []");
        sign(ward);
    });
    let checks = ["reading the audit trail", "reviews of emergencies"];
    assert_eq!(seen, (0, checks.map(|check| warning(check).1.remove(0)).to_vec()));
    let seen = found(&whole(), |ward| {
        edit(ward, ROLES, "roles = [\"administrator\", ", "roles = [");
        edit(ward, ROLES, "roles = [\"administrator\"]", "roles = []");
        ward.line("policy sign --allow-lockout").ok();
    });
    assert_eq!(seen, problem("change of the policy"));
}

#[test]
fn home_in_order_has_no_finding_but_the_emergency_key() {
    let run = whole().line("doctor");
    for expected in [
        "ok       policy: `hipaa-default` no. 2, signed by a present administrator",
        "ok       mark of the policy: agrees",
        "ok       policy source: says what is in force",
        "ok       change of the policy: 2 people can",
        "ok       reading the audit trail: somebody may",
        "warning  emergency key: the policy adds none",
        "ok       retention: ",
    ] {
        assert!(run.text().contains(expected), "{expected}: {}", run.text());
    }
}
