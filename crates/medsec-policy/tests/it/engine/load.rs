//! Rules that are refused, with the place where they are wrong.

use medsec_policy::{Engine, Finding, Problem, SCHEMA};

use super::support::{HASH, assignments, engine, rule, settings, try_engine};

const ANYBODY: &str = "permit (principal, action, resource);";

fn findings(text: &str) -> Vec<Finding> {
    try_engine(text).unwrap_err().findings().to_vec()
}

/// The only finding, with its line and column.
fn only(text: &str) -> (usize, usize, Problem) {
    let mut findings = findings(text);
    assert_eq!(findings.len(), 1, "{findings:?}");
    let finding = findings.remove(0);
    let at = finding.at.unwrap();
    assert_eq!(at.file, "rules");
    (at.line, at.column, finding.problem)
}

fn when(condition: &str) -> String {
    rule(
        "a",
        &format!(
            "permit (principal, action == Medsec::Action::\"open\", resource)\nwhen {{ {condition} }};"
        ),
    )
}

#[test]
fn rules_without_name_or_reason_are_refused() {
    assert!(matches!(
        only(&format!("@why(\"x\")\n{ANYBODY}")).2,
        Problem::MissingAnnotation { name: "id" }
    ));
    assert!(matches!(
        only(&format!("\n\n@id(\"a\") {ANYBODY}")),
        (3, 1, Problem::MissingAnnotation { name: "why" })
    ));
    for name in ["", "A", "a b", "-a", &"a".repeat(65)] {
        let problem = only(&rule(name, ANYBODY)).2;
        assert!(matches!(problem, Problem::InvalidAnnotation { name: "id" }), "{name}");
    }
    for why in ["", "  ", "a\\nb", &"a".repeat(501)] {
        let problem = only(&format!("@id(\"a\") @why(\"{why}\") {ANYBODY}")).2;
        assert!(matches!(problem, Problem::InvalidAnnotation { name: "why" }), "{why}");
    }
}

#[test]
fn annotations_that_nobody_reads_are_refused() {
    let text = format!("@id(\"a\") @why(\"x\")\n  @advice(\"y\") {ANYBODY}");
    let expected = Problem::UnknownAnnotation { name: "advice".to_owned() };
    assert_eq!(only(&text), (2, 3, expected));
}

#[test]
fn two_rules_of_one_name_are_refused() {
    let text = format!("{}{}", rule("a", ANYBODY), rule("a", ANYBODY));
    assert_eq!(only(&text), (3, 1, Problem::Duplicate));
    let files = [("one", rule("a", ANYBODY)), ("two", rule("a", ANYBODY))];
    let error = Engine::new(&files, &assignments(), &settings(), HASH).unwrap_err();
    assert_eq!(error.findings()[0].at.as_ref().unwrap().file, "two");
}

#[test]
fn what_is_no_rule_is_refused_where_it_is_wrong() {
    for (text, line) in [
        ("permit (principal, action resource);", 2),
        ("permit (principal, action, resource)\nwhen { context. };", 3),
        ("allow (principal, action, resource);", 2),
        ("permit (principal, action, resource)", 2),
        ("permit (principal == ?principal, action, resource);", 2),
        ("permit (principal, action, resource) when { \"\\q\" == \"\" };", 2),
    ] {
        let (found, _, problem) = only(&rule("a", text));
        assert!(matches!(problem, Problem::Syntax { .. }), "{text}: {problem}");
        assert_eq!(found, line, "{text}");
    }
}

#[test]
fn names_that_the_schema_does_not_have_are_refused() {
    for condition in [
        "principal.name == \"ann\"",
        "context.purpos == Medsec::Purpose::\"TREAT\"",
        "context.purpose == Medsec::Purpose::\"TRAET\"",
        "resource.initiator == principal",
        "resource in Medsec::Ward::\"a\"",
        "context.authenticationAge < \"5\"",
        "context.twoFactors == 1",
        "resource.sealedBy == principal",
    ] {
        let findings = findings(&when(condition));
        let schema = |f: &Finding| matches!(f.problem, Problem::Schema { .. });
        assert!(findings.iter().any(schema), "{condition}: {findings:?}");
        assert!(
            findings.iter().filter(|f| schema(f)).all(|f| f.at.as_ref().unwrap().line == 3),
            "{findings:?}"
        );
    }
    let text = rule("a", "permit (principal, action == Medsec::Action::\"delete\", resource);");
    assert!(findings(&text).iter().any(|f| matches!(f.problem, Problem::Schema { .. })));
}

#[test]
fn purpose_that_need_not_be_stated_must_be_looked_for() {
    let text = "permit (principal, action == Medsec::Action::\"rewrap\", resource)\n\
                when { context.purpose == Medsec::Purpose::\"TREAT\" };";
    assert!(matches!(only(&rule("a", text)), (3, _, Problem::Schema { .. })));
    engine(&rule("a", &text.replace("when { ", "when { context has purpose && ")));
}

#[test]
fn rules_that_match_no_request_are_refused() {
    let unreachable = |p: &Problem| matches!(p, Problem::Unreachable { .. });
    for condition in ["false", "principal is Medsec::Role", "principal in resource"] {
        let problem = only(&when(condition)).2;
        assert!(unreachable(&problem), "{condition}: {problem}");
    }
    for head in [
        "principal is Medsec::Service, action == Medsec::Action::\"change-policy\", resource",
        "principal, action == Medsec::Action::\"open\", resource is Medsec::Policy",
        "principal in Medsec::Dataset::\"ct\", action, resource",
    ] {
        let (line, _, problem) = only(&rule("a", &format!("permit ({head});")));
        assert!(unreachable(&problem) && line == 1, "{head}: {problem}");
    }
}

#[test]
fn names_that_the_assignments_do_not_have_are_refused() {
    for (kind, name, known) in [
        ("Role", "doctor", "nurse"),
        ("Group", "Ward", "ward"),
        ("User", "zoe", "ann"),
        ("User", "robot", "bob"),
        ("Service", "ann", "robot"),
    ] {
        let text = |name| {
            rule(
                "a",
                &format!("permit (principal in\nMedsec::{kind}::\"{name}\", action, resource);"),
            )
        };
        let (line, column, problem) = only(&text(name));
        assert!(matches!(problem, Problem::Unassigned { .. }), "{problem}");
        assert_eq!((line, column), (3, kind.len() + 9), "{kind}");
        engine(&text(known));
    }
    let text = when("resource in Medsec::Dataset::\"mri\"");
    assert!(matches!(only(&text), (3, _, Problem::Unassigned { kind: "data set", .. })));
    let text = when("resource == Medsec::Package::\"01\"");
    assert!(matches!(only(&text), (3, _, Problem::Unassigned { .. })));
}

#[test]
fn text_that_misleads_its_reader_is_refused() {
    let text = when("resource == Medsec::Package::\"\u{202e}ab\" || context.emergency");
    assert!(findings(&text).iter().any(|f| matches!(f.problem, Problem::Misleading { .. })));
}

#[test]
fn everything_that_is_wrong_is_listed_at_once() {
    let text = [
        "permit (;\n".to_owned(),
        rule("b", "permit (principal in Medsec::Role::\"x\", action, resource);"),
        rule("c", "forbid (principal, action, resource) when { false };"),
        ANYBODY.to_owned(),
    ];
    let error = try_engine(&text.concat()).unwrap_err();
    let lines: Vec<_> = error.findings().iter().map(|f| f.at.as_ref().unwrap().line).collect();
    assert_eq!(lines, [1, 3, 4, 6, 6], "{error}");
    let shown = error.to_string();
    assert_eq!(shown.lines().count(), 5);
    assert!(shown.contains("rules:3:34: rule `b`: there is no role `x`"), "{shown}");
}

#[test]
fn sizes_are_limited() {
    let too_much = |text: &str| {
        let findings = findings(text);
        matches!(findings[0].problem, Problem::TooMuch { .. })
    };
    assert!(too_much(&" ".repeat((1 << 20) + 1)));
    assert!(too_much(&when(&format!("\"{}\" == \"\"", "a".repeat(8 << 10)))));
    let nested = |n: usize| when(&format!("{}context.emergency{}", "(".repeat(n), ")".repeat(n)));
    assert!(too_much(&nested(32)));
    engine(&nested(31));
    let files: Vec<_> = (0..1_001).map(|n| (format!("f{n}"), "")).collect();
    assert!(Engine::new(&files, &assignments(), &settings(), HASH).is_err());
}

#[test]
fn rules_as_long_as_they_may_be_do_not_exhaust_the_stack() {
    for (repeated, end) in [
        ("if context.emergency then true else ", "false"),
        ("context.emergency && ", "true"),
        ("context.emergency || ", "true"),
        ("1 + ", "1 == 1"),
        ("!!!!context.emergency == ", "true"),
    ] {
        let count = ((8 << 10) - 200) / repeated.len();
        // Whether it is taken does not matter; that an answer comes does.
        let _ = try_engine(&when(&format!("{}{end}", repeated.repeat(count))));
    }
}

#[test]
fn schema_names_every_purpose_and_action() {
    for purpose in medsec_policy::Purpose::ALL {
        assert!(SCHEMA.contains(&format!("\"{purpose}\"")), "{purpose}");
        engine(&when(&format!("context.purpose == Medsec::Purpose::\"{purpose}\"")));
    }
    for action in medsec_policy::Action::ALL {
        engine(&rule(
            "a",
            &format!("permit (principal, action == Medsec::Action::\"{action}\", resource);"),
        ));
    }
}

#[test]
fn rule_tells_where_it_stands_and_why() {
    let engine = engine(&format!(
        "// first\n{}{}",
        rule("a", ANYBODY),
        when("true").replace("\"a\"", "\"b\"")
    ));
    let [a, b] = engine.rules() else { panic!("two rules") };
    assert_eq!((a.name().as_str(), a.why(), a.file(), a.line()), ("a", "a test", "rules", 2));
    assert_eq!((b.line(), b.actions().len(), a.actions().len()), (4, 1, 8));
}
