//! Who gains and who loses what.

use std::collections::BTreeSet;

use medsec_policy::{
    Action, Change, DiffError, Direction, Engine, MAX_DIFF_DECISIONS, Proof, Purpose, Settings,
    diff,
};

use super::support::{assignments, dataset, engine_with, id, role, rule};

/// Few purposes: everything is decided for each.
fn settings() -> Settings {
    let purposes = [Purpose::Treatment, Purpose::CareCoordination, Purpose::Research];
    Settings { purposes: purposes.into(), ..super::support::settings() }
}

fn engine(text: &str) -> Engine {
    engine_with(text, &assignments(), &settings())
}

fn nurses(purpose: &str) -> String {
    rule(
        "care",
        &format!(
            "permit (principal in Medsec::Role::\"nurse\", action == Medsec::Action::\"open\", resource in Medsec::Dataset::\"ct\")\n\
         when {{ context.purpose == Medsec::Purpose::\"{purpose}\" }};"
        ),
    )
}

fn changes(old: &Engine, new: &Engine) -> Vec<Change> {
    diff(old, new, MAX_DIFF_DECISIONS).unwrap()
}

#[test]
fn comparison_that_takes_too_long_is_refused_before_it_begins() {
    let (old, new) = (engine(""), engine(&nurses("TREAT")));
    let found = diff(&old, &new, 1_000);
    assert!(
        matches!(found, Err(DiffError::TooLarge { most: 1_000, decisions }) if decisions > 1_000)
    );
}

#[test]
fn same_policy_changes_nothing() {
    assert_eq!(changes(&engine(&nurses("TREAT")), &engine(&nurses("TREAT"))), []);
}

#[test]
fn rule_that_changes_its_purpose_takes_and_gives() {
    let found = changes(&engine(&nurses("TREAT")), &engine(&nurses("COC")));
    // Own packages and those of others, for each direction.
    assert_eq!(found.len(), 4);
    for (direction, purpose) in
        [(Direction::Gains, Purpose::CareCoordination), (Direction::Loses, Purpose::Treatment)]
    {
        let of: Vec<_> = found.iter().filter(|change| change.direction == direction).collect();
        assert_eq!(of.len(), 2);
        for change in of {
            assert_eq!(change.action, Action::Open);
            assert_eq!(change.purposes, BTreeSet::from([Some(purpose)]));
            assert_eq!(change.principals, BTreeSet::from([id("ann"), id("robot")]));
            assert_eq!(change.roles, BTreeSet::from([role("nurse"), role("reader")]));
            assert_eq!(change.under.len(), 6, "under all circumstances");
        }
    }
}

#[test]
fn setting_that_asks_for_more_proof_is_seen() {
    let mut strict = settings();
    strict.step_up.two_factors = BTreeSet::from([Action::Open]);
    let new = engine_with(&nurses("TREAT"), &assignments(), &strict);
    let found = changes(&engine(&nurses("TREAT")), &new);
    assert!(!found.is_empty());
    for change in found {
        assert_eq!(change.direction, Direction::Loses);
        assert_eq!(change.principals, BTreeSet::from([id("ann")]), "programs are not asked");
        assert!(change.under.iter().all(|under| under.proof == Proof::OneFactor));
    }
}

#[test]
fn person_who_leaves_and_person_who_comes_are_seen() {
    let mut all = assignments();
    let ann = all.principals.remove(&id("ann")).unwrap();
    all.principals.insert(id("zoe"), ann);
    let found =
        changes(&engine(&nurses("TREAT")), &engine_with(&nurses("TREAT"), &all, &settings()));
    let who = |d| found.iter().filter(move |c| c.direction == d).flat_map(|c| c.principals.clone());
    assert!(
        who(Direction::Gains).all(|who| who == id("zoe")) && who(Direction::Gains).count() == 2
    );
    assert!(
        who(Direction::Loses).all(|who| who == id("ann")) && who(Direction::Loses).count() == 2
    );
}

#[test]
fn person_whom_a_rule_names_is_not_taken_for_others() {
    let mut all = assignments();
    let eve = all.principals[&id("eve")].clone();
    all.principals.insert(id("zoe"), eve);
    let named = rule(
        "eve",
        "permit (principal == Medsec::User::\"eve\", action == Medsec::Action::\"read-audit\", resource);",
    );
    let [old, new] = ["", &named].map(|text| engine_with(text, &all, &settings()));
    let found = changes(&old, &new);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].principals, BTreeSet::from([id("eve")]));
}

#[test]
fn purposes_of_a_data_set_are_seen() {
    let mut limited = assignments();
    limited.datasets.get_mut(&dataset("ct")).unwrap().purposes =
        BTreeSet::from([Purpose::Research]);
    let found =
        changes(&engine(&nurses("TREAT")), &engine_with(&nurses("TREAT"), &limited, &settings()));
    assert!(!found.is_empty() && found.iter().all(|change| change.direction == Direction::Loses));
}
