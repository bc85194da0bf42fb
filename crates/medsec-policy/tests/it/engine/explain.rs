//! What would have to differ.

use std::collections::BTreeSet;

use medsec_policy::{Action, Difference, Effect, Explanation, Purpose, Refusal, Settings};

use super::support::{Ask, assignments, engine, engine_with, group, role, rule, settings};

const OPEN: &str = "action == Medsec::Action::\"open\", resource";

fn explain(ask: &Ask, text: &str) -> Explanation {
    engine(text).explain(&ask.request()).unwrap()
}

fn care() -> String {
    rule(
        "care",
        &format!(
            "permit (principal in Medsec::Role::\"nurse\", {OPEN})\nwhen {{ context.purpose == Medsec::Purpose::\"COC\" }};"
        ),
    )
}

#[test]
fn unknown_principal_is_explained_as_that() {
    let found = explain(&Ask::new("zoe", Action::Open), &care());
    assert_eq!(found.effect, Effect::Deny(Refusal::UnknownPrincipal));
    assert!(found.near.is_empty() && found.would_permit.is_empty());
}

#[test]
fn missing_purpose_is_explained_although_rules_count_on_one() {
    let found = explain(&Ask::new("ann", Action::Open).purpose(None), &care());
    assert_eq!(found.effect, Effect::Deny(Refusal::Purpose));
    assert_eq!(found.would_permit, vec![Difference::Purpose(Purpose::CareCoordination)]);
    assert_eq!(found.near[0].would_match, found.would_permit);
}

#[test]
fn other_purpose_is_found() {
    let found = explain(&Ask::new("ann", Action::Open), &care());
    assert_eq!(found.effect, Effect::Deny(Refusal::NotPermitted));
    let coc = vec![Difference::Purpose(Purpose::CareCoordination)];
    assert_eq!(found.would_permit, coc);
    assert_eq!((found.near[0].rule.as_str(), found.near[0].head_matches), ("care", true));
    assert_eq!(found.near[0].would_match, coc);
}

#[test]
fn missing_role_is_found_with_those_that_include_it() {
    let ask = Ask::new("bob", Action::Open).purpose(Some(Purpose::CareCoordination));
    let found = explain(&ask, &care());
    // The group that works with the data set gives the role too.
    let expected = vec![Difference::Role(role("nurse")), Difference::Group(group("ward"))];
    assert_eq!(found.would_permit, expected);
    assert!(!found.near[0].head_matches);
}

#[test]
fn rule_that_two_changes_would_match_is_near_only_by_its_head() {
    let text = rule(
        "care",
        &format!(
            "permit (principal, {OPEN}) when {{ context.emergency && context.authenticationAge < 5 }};"
        ),
    );
    let found = explain(&Ask::new("ann", Action::Open).age(9), &text);
    assert!(found.would_permit.is_empty());
    assert!(found.near[0].head_matches && found.near[0].would_match.is_empty());
    assert!(explain(&Ask::new("ann", Action::Rewrap), &text).near.is_empty());
}

#[test]
fn open_emergency_is_found_with_its_purpose() {
    let text = rule(
        "rescue",
        &format!(
            "permit (principal, {OPEN})\nwhen {{ context.emergency && context.purpose == Medsec::Purpose::\"BTG\" }};"
        ),
    );
    let found = explain(&Ask::new("eve", Action::Open), &text);
    assert_eq!(found.would_permit, [Difference::Emergency(Purpose::BreakTheGlass)]);
}

#[test]
fn rules_that_would_still_forbid_are_named() {
    let never = rule("never", &format!("forbid (principal == Medsec::User::\"ann\", {OPEN});"));
    let weak =
        rule("weak", &format!("forbid (principal, {OPEN}) unless {{ context.twoFactors }};"));
    let found = explain(&Ask::new("ann", Action::Open), &[care(), never, weak].concat());
    assert_eq!(found.effect, Effect::Deny(Refusal::Forbidden));
    let names: Vec<_> = found.forbidding.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(names, ["never", "weak"]);
    assert!(found.would_permit.is_empty(), "both stand in the way");
    assert!(!found.near.is_empty());
}

#[test]
fn proof_that_settings_ask_for_is_found() {
    let mut settings = settings();
    settings.step_up.two_factors = BTreeSet::from([Action::Open]);
    let explain = |settings: &Settings, age| {
        let ask = Ask::new("ann", Action::Open).purpose(Some(Purpose::CareCoordination)).age(age);
        let engine = engine_with(&care(), &assignments(), settings);
        engine.explain(&ask.request()).unwrap()
    };
    assert_eq!(explain(&settings, 9).effect, Effect::Deny(Refusal::StepUp));
    assert_eq!(explain(&settings, 9).would_permit, [Difference::TwoFactors]);
    settings.step_up.fresh = BTreeSet::from([Action::Open]);
    settings.step_up.max_age = std::time::Duration::from_secs(5);
    assert_eq!(explain(&settings, 9).would_permit, [Difference::FreshProofWithTwoFactors]);
}

#[test]
fn permitted_request_names_its_rules() {
    let ask = Ask::new("ann", Action::Open).purpose(Some(Purpose::CareCoordination));
    let found = explain(&ask, &care());
    assert_eq!(found.effect, Effect::Permit);
    assert_eq!(found.rules[0].as_str(), "care");
    assert!(found.would_permit.is_empty() && found.near.is_empty());
}
