//! Decisions: what is asked before the rules, what the rules say, what is asked after.

use std::collections::BTreeSet;

use medsec_policy::{
    Action, Assignments, DatasetId, Decider as _, Effect, EmergencyId, PackageId, PrincipalKind,
    Purpose, Refusal, Resource, RuleName, Settings,
};

use super::support::{
    Ask, HASH, assignments, dataset, engine, engine_with, group, id, package, role, rule, settings,
};

const ANYBODY: &str = "permit (principal, action, resource);";
const NURSES: &str = "permit (principal in Medsec::Role::\"nurse\", action, resource);";

fn emergency(initiator: &str) -> Resource {
    let emergency = EmergencyId::from_bytes([3; 16]);
    Resource::Emergency { id: emergency, initiator: id(initiator), dataset: Some(dataset("ct")) }
}

/// The settings with one thing otherwise.
fn changed(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = settings();
    change(&mut settings);
    settings
}

#[test]
fn what_no_rule_permits_is_denied() {
    let engine = engine("");
    for action in Action::ALL {
        for resource in [package("ct"), Resource::AuditTrail, Resource::Policy, emergency("bob")] {
            let ask = Ask::new("ann", *action).of(resource);
            assert_eq!(ask.try_on(&engine), Err(Refusal::NotPermitted));
        }
    }
}

#[test]
fn rule_that_forbids_outweighs_all_that_permit() {
    let text = [
        rule("all", ANYBODY),
        rule("nurses", NURSES),
        rule("not-ann", "forbid (principal == Medsec::User::\"ann\", action, resource);"),
    ];
    let engine = engine(&text.concat());
    let decision = Ask::new("ann", Action::Open).decide(&engine);
    assert_eq!(decision.effect, Effect::Deny(Refusal::Forbidden));
    assert_eq!(decision.rules, [RuleName::new("not-ann").unwrap()]);
    assert!(Ask::new("bob", Action::Open).decide(&engine).is_permit());
}

#[test]
fn unknown_principals_are_refused_whatever_the_rules() {
    let engine = engine(&rule("all", ANYBODY));
    assert_eq!(Ask::new("zoe", Action::Open).try_on(&engine), Err(Refusal::UnknownPrincipal));
    let mut ask = Ask::new("ann", Action::Open);
    ask.principal.kind = PrincipalKind::Service;
    assert_eq!(ask.try_on(&engine), Err(Refusal::UnknownPrincipal));
    ask.principal.id = id("ANN");
    assert_eq!(ask.try_on(&engine), Err(Refusal::UnknownPrincipal));
}

#[test]
fn action_on_another_kind_of_resource_is_refused_whatever_the_rules() {
    let engine = engine(&rule("all", ANYBODY));
    for (action, resource) in [
        (Action::Open, Resource::Dataset(dataset("ct"))),
        (Action::ReadAudit, package("ct")),
        (Action::ChangePolicy, Resource::AuditTrail),
        (Action::CloseReview, Resource::Policy),
    ] {
        let ask = Ask::new("ann", action).of(resource);
        assert_eq!(ask.try_on(&engine), Err(Refusal::NotPermitted));
    }
}

#[test]
fn programs_do_nothing_that_is_for_persons() {
    let engine = engine(&rule("all", ANYBODY));
    for (action, resource) in [
        (Action::ChangePolicy, Resource::Policy),
        (Action::EmergencyAccess, emergency("bob")),
        (Action::CloseReview, emergency("bob")),
    ] {
        let ask = Ask::new("robot", action).of(resource.clone());
        assert_eq!(ask.try_on(&engine), Err(Refusal::NotPermitted));
        assert!(Ask::new("ann", action).of(resource).try_on(&engine).is_ok());
    }
    assert!(Ask::new("robot", Action::Open).try_on(&engine).is_ok());
}

#[test]
fn purpose_must_be_stated_where_health_information_moves() {
    let engine = engine(&rule("all", ANYBODY));
    for (action, resource) in [
        (Action::Seal, package("ct")),
        (Action::Open, package("ct")),
        (Action::Export, Resource::AuditTrail),
        (Action::EmergencyAccess, emergency("ann")),
    ] {
        let ask = Ask::new("ann", action).of(resource).purpose(None);
        assert_eq!(ask.try_on(&engine), Err(Refusal::Purpose));
    }
    assert!(Ask::new("ann", Action::Rewrap).purpose(None).try_on(&engine).is_ok());
}

#[test]
fn purposes_that_the_settings_do_not_accept_are_refused() {
    let text = rule("all", ANYBODY);
    let ask = Ask::new("ann", Action::Open);
    assert!(ask.try_on(&engine(&text)).is_ok());
    let settings = changed(|s| s.purposes = BTreeSet::from([Purpose::Research]));
    let narrow = engine_with(&text, &assignments(), &settings);
    assert_eq!(ask.try_on(&narrow), Err(Refusal::Purpose));
    assert!(ask.clone().purpose(Some(Purpose::Research)).try_on(&narrow).is_ok());
    // Stated where none is asked for, it must be accepted all the same.
    let ask = Ask::new("ann", Action::ReadAudit).of(Resource::AuditTrail);
    assert_eq!(ask.try_on(&narrow), Err(Refusal::Purpose));
    assert!(ask.purpose(None).try_on(&narrow).is_ok());
}

#[test]
fn data_set_limits_purposes_for_all_that_lies_in_it() {
    let mut limited = assignments();
    let purposes = BTreeSet::from([Purpose::Treatment, Purpose::Payment]);
    limited.datasets.get_mut(&dataset("imaging")).unwrap().purposes = purposes;
    let inner = BTreeSet::from([Purpose::Payment, Purpose::Research]);
    limited.datasets.get_mut(&dataset("ct")).unwrap().purposes = inner;
    let engine = engine_with(&rule("all", ANYBODY), &limited, &settings());
    for resource in [package("ct"), Resource::Dataset(dataset("ct"))] {
        let ask =
            |purpose| Ask::new("ann", Action::Export).of(resource.clone()).purpose(Some(purpose));
        assert_eq!(ask(Purpose::Treatment).try_on(&engine), Err(Refusal::Purpose));
        assert_eq!(ask(Purpose::Research).try_on(&engine), Err(Refusal::Purpose));
        assert!(ask(Purpose::Payment).try_on(&engine).is_ok());
        // An emergency lifts it for its own purposes only.
        assert_eq!(ask(Purpose::BreakTheGlass).try_on(&engine), Err(Refusal::Purpose));
        assert!(ask(Purpose::BreakTheGlass).emergency().try_on(&engine).is_ok());
        assert_eq!(ask(Purpose::Treatment).emergency().try_on(&engine), Err(Refusal::Purpose));
    }
}

#[test]
fn data_set_that_can_be_used_for_nothing_is_refused() {
    let mut limited = assignments();
    limited.datasets.get_mut(&dataset("ct")).unwrap().purposes =
        BTreeSet::from([Purpose::Research]);
    let settings = changed(|s| s.purposes = BTreeSet::from([Purpose::Treatment]));
    let text = rule("all", ANYBODY);
    let error = medsec_policy::Engine::new(&[("r", &text)], &limited, &settings, HASH).unwrap_err();
    let expected = medsec_policy::Problem::NoPurpose(DatasetId::new("ct").unwrap());
    assert_eq!(error.findings()[0].problem, expected);
}

#[test]
fn stale_proof_asks_for_another_where_settings_say_so() {
    let text = rule("nurses", NURSES);
    let fresh = changed(|s| {
        s.step_up.fresh = BTreeSet::from([Action::Open]);
        s.step_up.max_age = std::time::Duration::from_secs(300);
    });
    let fresh = engine_with(&text, &assignments(), &fresh);
    let ask = |age| Ask::new("ann", Action::Open).age(age);
    assert_eq!(ask(301).try_on(&fresh), Err(Refusal::StepUp));
    assert!(ask(300).try_on(&fresh).is_ok());
    assert!(ask(301).try_on(&engine(&text)).is_ok(), "the setting makes the difference");
    assert!(Ask::new("ann", Action::Rewrap).age(301).try_on(&fresh).is_ok());
    let longer = changed(|s| s.step_up.fresh = BTreeSet::from([Action::Open]));
    assert!(ask(301).try_on(&engine_with(&text, &assignments(), &longer)).is_ok());
}

#[test]
fn single_factor_of_a_person_asks_for_another_where_settings_say_so() {
    let text = rule("nurses", NURSES);
    let two = changed(|s| s.step_up.two_factors = BTreeSet::from([Action::Open]));
    let two = engine_with(&text, &assignments(), &two);
    assert_eq!(Ask::new("ann", Action::Open).try_on(&two), Err(Refusal::StepUp));
    assert!(Ask::new("ann", Action::Open).two_factors().try_on(&two).is_ok());
    assert!(Ask::new("robot", Action::Open).try_on(&two).is_ok(), "programs have one");
    assert!(Ask::new("ann", Action::Open).try_on(&engine(&text)).is_ok());
}

#[test]
fn nobody_is_asked_for_more_proof_of_what_stays_denied() {
    let strict = changed(|s| s.step_up.two_factors = BTreeSet::from([Action::Open]));
    let engine = engine_with(&rule("nurses", NURSES), &assignments(), &strict);
    assert_eq!(Ask::new("bob", Action::Open).try_on(&engine), Err(Refusal::NotPermitted));
}

#[test]
fn groups_of_an_identity_provider_count_where_the_policy_knows_them() {
    let engine = engine(&rule("nurses", NURSES));
    let ask = Ask::new("eve", Action::Open);
    assert_eq!(ask.try_on(&engine), Err(Refusal::NotPermitted));
    assert_eq!(ask.clone().in_group("nurse").try_on(&engine), Err(Refusal::NotPermitted));
    assert!(ask.in_group("ward").try_on(&engine).is_ok());
}

#[test]
fn groups_of_an_identity_provider_do_not_join_separated_roles() {
    let engine = engine(&rule("all", ANYBODY));
    let ask = Ask::new("bob", Action::Open);
    assert!(ask.try_on(&engine).is_ok());
    assert_eq!(ask.in_group("bench").try_on(&engine), Err(Refusal::Forbidden));
    let mut both = assignments();
    both.principals.get_mut(&id("bob")).unwrap().roles.insert(role("judge"));
    let text = rule("all", ANYBODY);
    assert!(medsec_policy::Engine::new(&[("r", &text)], &both, &settings(), HASH).is_err());
}

#[test]
fn data_set_without_groups_has_those_of_what_it_lies_in() {
    let text = rule(
        "g",
        "permit (principal, action == Medsec::Action::\"open\", resource)\nwhen { principal in resource.groups };",
    );
    let engine_of = |all: &Assignments| engine_with(&text, all, &settings());
    let mut all = assignments();
    assert!(Ask::new("ann", Action::Open).try_on(&engine_of(&all)).is_ok());
    assert!(Ask::new("bob", Action::Open).try_on(&engine_of(&all)).is_err());
    all.datasets.get_mut(&dataset("ct")).unwrap().groups = BTreeSet::from([group("desk")]);
    assert!(Ask::new("ann", Action::Open).try_on(&engine_of(&all)).is_err());
    assert!(Ask::new("bob", Action::Open).try_on(&engine_of(&all)).is_ok());
    for unknown in [package("elsewhere"), no_dataset()] {
        assert!(Ask::new("ann", Action::Open).of(unknown).try_on(&engine_of(&all)).is_err());
    }
}

fn no_dataset() -> Resource {
    Resource::Package { id: PackageId::from_bytes([1; 16]), dataset: None, sealed_by: None }
}

#[test]
fn decision_names_policy_rules_and_role() {
    let text = [rule("z", NURSES), rule("a", ANYBODY)].concat();
    let engine = engine(&text);
    let [one, two] = [(); 2].map(|()| Ask::new("ann", Action::Open).decide(&engine));
    assert_ne!(one.id, two.id);
    assert_eq!((one.policy, engine.policy()), (HASH, HASH));
    let names: Vec<_> = one.rules.iter().map(RuleName::as_str).collect();
    assert_eq!(names, ["z", "a"], "in their order");
    assert_eq!(one.role, Some(role("nurse")));
    assert_eq!(Ask::new("bob", Action::Open).decide(&engine).role, None);
}

#[test]
fn rule_that_cannot_be_evaluated_permits_nothing() {
    let overflow = "forbid (principal, action == Medsec::Action::\"open\", resource)\n\
                    when { context.authenticationAge * 9223372036854775807 > 1 };";
    let engine = engine(&[rule("all", ANYBODY), rule("overflow", overflow)].concat());
    assert!(Ask::new("ann", Action::Open).age(0).try_on(&engine).is_ok());
    let ask = Ask::new("ann", Action::Open).age(2);
    assert!(engine.decide(&ask.request()).is_err());
}
