//! Policies asked, compared and handed on.

use super::{ROLES, add_person, append, edit, sign};
use crate::ward::Ward;

const HEAD: &str = "principal,action,resource,purpose,emergency,two-factors,age,expect";

#[test]
fn table_that_does_not_hold_ends_with_1_and_names_the_rule() {
    let ward = Ward::with_home();
    let lines = [
        "ada,open,package:default,TREAT,no,no,0,permit",
        "ada,open,package:default,TREAT,no,no,0,deny",
        "ada,open,package:default,-,no,no,0,not-permitted",
        "cara,open,package:default,TREAT,no,no,0,unknown-principal",
    ];
    ward.write("table.csv", format!("{HEAD}\n{}\n", lines.join("\n")).as_bytes());
    let run = ward.line("policy test --table table.csv");
    assert_eq!(run.code, 1);
    let text = run.text();
    assert!(
        text.contains("line 3, TREAT, one factor: expected deny, decided permit by clinician-open"),
        "{text}"
    );
    assert!(
        text.contains(
            "line 4, no purpose, one factor: expected not-permitted, decided purpose by no rule"
        ),
        "{text}"
    );
    assert!(text.contains("4 decision(s), 2 not as expected"), "{text}");
}

#[test]
fn malformed_table_is_told_with_its_line() {
    let ward = Ward::with_home();
    ward.write(
        "table.csv",
        format!("{HEAD}\nada,open,package:default,KOWALSKA,no,no,0,permit\n").as_bytes(),
    );
    let run = ward.line("policy test --table table.csv");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("line 2"), "{}", run.stderr);
    for line in [
        "policy test",
        "policy test --write --table table.csv",
        "policy test --as ada --table table.csv",
    ] {
        assert_eq!(ward.line(line).code, 2, "{line}");
    }
}

#[test]
fn written_table_holds_until_the_policy_changes() {
    let ward = Ward::with_home();
    let written = ward.line("policy test --write");
    written.ok();
    ward.write("table.csv", written.text().as_bytes());
    ward.line("policy test --table table.csv").ok();
    edit(&ward, ROLES, "\"clinician\", ", "");
    let source = "policy test home/policy/source --table table.csv --json";
    let run = ward.line(source);
    assert_eq!(run.code, 1);
    let failures = run.json()["failures"].as_array().unwrap().clone();
    assert!(failures.iter().all(|failure| failure["expected"] == "permit"), "{failures:?}");
    ward.line("policy test --table table.csv").ok();
}

#[test]
fn explanation_says_what_would_have_to_differ() {
    let ward = Ward::with_home();
    add_person(&ward, "bela", "\"auditor\"");
    sign(&ward);
    let ask = |line: &str| ward.line(&format!("policy explain {line} --json")).json();
    let found = ask("--as cara --action open --dataset default --purpose TREAT");
    assert_eq!(found["refusal"], "unknown-principal");
    let found = ask("--as ada --action open --dataset default");
    assert_eq!(found["refusal"], "purpose");
    assert!(found["would_permit"].as_array().unwrap().iter().any(|d| d == "the purpose TREAT"));
    let found = ask("--as bela --action open --dataset default --purpose TREAT");
    assert_eq!(found["refusal"], "not-permitted");
    assert!(found["would_permit"].as_array().unwrap().iter().any(|d| d == "the role clinician"));
    let found = ask("--as bela --action close-review --resource emergency::own");
    assert_eq!(
        (&found["refusal"], &found["rules"][0]["rule"]),
        (&"forbidden".into(), &"no-own-review".into())
    );
    let found = ask("--as ada --action open --dataset default --purpose BTG --emergency");
    assert_eq!(found["rules"][0]["rule"], "emergency-open");
    assert_eq!(found["rules"][0]["file"], "rules/emergency.cedar");
    assert!(found["rules"][0]["why"].as_str().unwrap().starts_with("Who claimed"));
}

#[test]
fn explanation_refuses_what_it_does_not_know() {
    let ward = Ward::with_home();
    for line in [
        "--as KOWALSKA! --action open",
        "--as ada --action steal",
        "--as ada --action open --purpose KOWALSKA",
        "--as ada --action open --age 10",
        "--as ada --action open --resource KOWALSKA",
        "--as ada --action open --resource policy --dataset default",
    ] {
        assert_eq!(ward.line(&format!("policy explain {line}")).code, 2, "{line}");
    }
}

#[test]
fn comparison_says_who_gains_and_who_loses_what() {
    let ward = Ward::with_home();
    assert!(ward.line("policy diff").text().contains("both say the same"));
    add_person(&ward, "bela", "\"auditor\"");
    edit(&ward, ROLES, "\"clinician\", ", "");
    let text = ward.line("policy diff").text();
    assert!(
        text.contains("gains   bela (auditor): read-audit audit-trail for any purpose or none"),
        "{text}"
    );
    assert!(text.contains("loses   ada ("), "{text}");
    assert!(text.contains("edited  principal `bela` added"), "{text}");
    let found = ward.line("policy diff --json").json();
    assert_eq!(found["same"], false);
    let changes = found["changes"].as_array().unwrap();
    assert!(
        changes.iter().any(|c| c["action"] == "open" && c["direction"] == "loses"),
        "{changes:?}"
    );
}

#[test]
fn exported_policy_is_compared_and_put_back() {
    let ward = Ward::with_home();
    ward.line("policy export first.policy").ok();
    assert_eq!(ward.line("policy export first.policy").code, 8);
    assert_eq!(ward.line("policy export -").code, 2);
    append(&ward, ROLES, "\n[groups.more]\nroles = []\n");
    sign(&ward);
    ward.line("policy export second.policy").ok();
    let found = ward.line("policy diff first.policy second.policy --json").json();
    assert_eq!(
        (found["same"].as_bool(), found["changes"].as_array().unwrap().len()),
        (Some(false), 0)
    );
    let mut altered = ward.read("second.policy");
    let end = altered.len() - 20;
    altered[end] ^= 1;
    ward.write("altered.policy", &altered);
    assert_eq!(ward.line("policy diff altered.policy").code, 26);
    ward.write("text", b"KOWALSKA");
    assert_eq!(ward.line("policy diff text").code, 26);
}

#[test]
fn commands_without_a_home_say_what_to_do() {
    let ward = Ward::new();
    for line in ["show", "sign", "history", "diff", "accept", "export x", "test --write"] {
        let run = ward.line(&format!("policy {line}"));
        assert_eq!(run.code, 14, "{line}");
        assert!(run.stderr.contains("medsec init"), "{}", run.stderr);
    }
    assert!(!ward.exists("home"));
}
