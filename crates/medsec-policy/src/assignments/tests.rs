use std::time::SystemTime;

use super::*;
use crate::principal::{Factors, Method};

fn role(name: &str) -> RoleName {
    name.parse().unwrap()
}

fn roles<const N: usize>(names: [&str; N]) -> BTreeSet<RoleName> {
    names.map(role).into()
}

fn groups<const N: usize>(names: [&str; N]) -> BTreeSet<GroupName> {
    names.map(|name| name.parse().unwrap()).into()
}

/// `chief` includes `clinician` includes `reader`; `auditor` and `reader` are separate.
fn sample() -> Assignments {
    let mut all = Assignments::default();
    let chain = [("chief", roles(["clinician"])), ("clinician", roles(["reader"]))];
    let plain = ["reader", "auditor", "sealer"].map(|name| (name, BTreeSet::new()));
    for (name, includes) in chain.into_iter().chain(plain) {
        all.roles.insert(role(name), Role { includes });
    }
    for (name, of) in [("ward", "chief"), ("audit", "auditor"), ("seal", "sealer")] {
        all.groups.insert(name.parse().unwrap(), Group { roles: roles([of]) });
    }
    all.separated.insert((role("auditor"), role("reader")));
    assign(&mut all, "ann", roles(["sealer"]), groups(["ward"]));
    all
}

fn assign(all: &mut Assignments, id: &str, roles: BTreeSet<RoleName>, groups: BTreeSet<GroupName>) {
    let kind = PrincipalKind::Person;
    all.principals.insert(id.parse().unwrap(), Assigned { kind, roles, groups });
}

fn principal(id: &str, kind: PrincipalKind, groups: BTreeSet<GroupName>) -> Principal {
    Principal {
        id: id.parse().unwrap(),
        kind,
        method: Method::Token,
        factors: Factors::One,
        authenticated_at: SystemTime::UNIX_EPOCH,
        groups,
    }
}

fn problem(edit: impl FnOnce(&mut Assignments)) -> AssignmentError {
    let mut all = sample();
    edit(&mut all);
    all.check().unwrap_err()
}

fn separated() -> AssignmentProblem {
    AssignmentProblem::Separated { first: role("auditor"), second: role("reader") }
}

#[test]
fn check_rejects_separated_roles_however_they_meet() {
    let meetings: [fn(&mut Assignments); 5] = [
        |all| assign(all, "bob", roles(["auditor", "reader"]), groups([])),
        |all| assign(all, "bob", roles(["auditor", "chief"]), groups([])),
        |all| assign(all, "bob", roles(["auditor"]), groups(["ward"])),
        |all| assign(all, "bob", roles([]), groups(["ward", "audit"])),
        |all| assign(all, "bob", roles(["chief"]), groups(["audit"])),
    ];
    for edit in meetings {
        let error = problem(edit);
        assert_eq!(error.place, Place::Principal("bob".parse().unwrap()));
        assert_eq!(error.problem, separated());
    }
    let error = problem(|all| {
        all.groups.get_mut(&"audit".parse().unwrap()).unwrap().roles.insert(role("chief"));
    });
    assert_eq!((error.place, error.problem), (Place::Group("audit".parse().unwrap()), separated()));
    let error = problem(|all| {
        all.roles.get_mut(&role("sealer")).unwrap().includes = roles(["auditor", "clinician"]);
    });
    assert_eq!((error.place, error.problem), (Place::Role(role("sealer")), separated()));
}

#[test]
fn check_rejects_names_that_are_not_there() {
    type Edit = (&'static str, fn(&mut Assignments));
    let edits: [Edit; 8] = [
        ("role", |all| drop(all.roles.remove(&role("reader")))),
        ("role", |all| assign(all, "bob", roles(["none"]), groups([]))),
        ("group", |all| assign(all, "bob", roles([]), groups(["none"]))),
        ("role", |all| {
            all.separated.insert((role("auditor"), role("none")));
        }),
        ("role", |all| {
            all.groups.insert("g".parse().unwrap(), Group { roles: roles(["none"]) });
        }),
        ("role", |all| {
            all.roles.insert(role("r"), Role { includes: roles(["none"]) });
        }),
        ("data set", |all| {
            let within = ["none".parse().unwrap()].into();
            all.datasets.insert("d".parse().unwrap(), Dataset { within, ..Dataset::default() });
        }),
        ("group", |all| {
            let dataset = Dataset { groups: groups(["none"]), ..Dataset::default() };
            all.datasets.insert("d".parse().unwrap(), dataset);
        }),
    ];
    for (what, edit) in edits {
        assert_eq!(problem(edit).problem, AssignmentProblem::Dangling { what });
    }
}

#[test]
fn check_rejects_circles_of_any_length() {
    for len in [1, 2, 3, 40] {
        let error = problem(|all| {
            let name = |n: usize| role(&format!("c{n}"));
            for n in 0..len {
                all.roles.insert(name(n), Role { includes: [name((n + 1) % len)].into() });
            }
            // One that only leads into the circle is not the one that is named.
            all.roles.insert(role("a"), Role { includes: roles(["c0"]) });
        });
        assert_eq!(error.problem, AssignmentProblem::Circle);
        assert!(matches!(error.place, Place::Role(name) if name.as_str().starts_with('c')));
    }
    let error = problem(|all| {
        let id: DatasetId = "d".parse().unwrap();
        let within = [id.clone()].into();
        all.datasets.insert(id, Dataset { within, ..Dataset::default() });
    });
    assert_eq!(error.problem, AssignmentProblem::Circle);
}

#[test]
fn check_rejects_nesting_beyond_its_limit() {
    let nest = |depth: usize| {
        let mut all = Assignments::default();
        for n in 0..=depth {
            let below = n.checked_sub(1).map(|n| role(&format!("r{n}")));
            let includes = below.into_iter().collect();
            all.roles.insert(role(&format!("r{n}")), Role { includes });
        }
        all.check().map_err(|error| error.problem)
    };
    assert_eq!(nest(17), Err(AssignmentProblem::TooDeep));
    assert_eq!(nest(5000), Err(AssignmentProblem::TooDeep));
    assert_eq!(nest(16), Ok(()));
}

#[test]
fn check_rejects_pairs_and_names_that_mislead() {
    let error = problem(|all| {
        all.separated.insert((role("reader"), role("reader")));
    });
    assert_eq!(error.problem, AssignmentProblem::Pair);
    let error = problem(|all| {
        all.separated.insert((role("sealer"), role("auditor")));
    });
    assert_eq!(error.problem, AssignmentProblem::Pair);
    let error = problem(|all| assign(all, "Ann", roles([]), groups([])));
    assert_eq!(error.problem, AssignmentProblem::Alike);
    for id in ["admin", "Root", "guest", "nurse@hospital.example", "user1", "shared", "system"] {
        let error = problem(|all| assign(all, id, roles([]), groups([])));
        assert_eq!(error.place, Place::Principal(id.parse().unwrap()));
        assert_eq!(error.problem, AssignmentProblem::Reserved);
    }
}

#[test]
fn check_rejects_more_than_its_limits() {
    let many = |edit: fn(&mut Assignments, usize), most: usize| {
        let mut all = Assignments::default();
        (0..most).for_each(|n| edit(&mut all, n));
        assert_eq!(all.check(), Ok(()));
        edit(&mut all, most);
        let found = all.check().unwrap_err().problem;
        assert!(matches!(found, AssignmentProblem::TooMany { most: told, .. } if told == most));
    };
    many(|all, n| drop(all.roles.insert(role(&format!("r{n}")), Role::default())), 10_000);
    many(|all, n| assign(all, &format!("p{n}"), roles([]), groups([])), 100_000);
    many(
        |all, n| drop(all.groups.insert(format!("g{n}").parse().unwrap(), Group::default())),
        10_000,
    );
    many(
        |all, n| drop(all.datasets.insert(format!("d{n}").parse().unwrap(), Dataset::default())),
        10_000,
    );
}

#[test]
fn roles_of_rejects_who_is_unknown_or_of_another_kind() {
    let all = sample();
    let none = BTreeSet::new;
    let unknown = principal("bob", PrincipalKind::Person, groups(["ward"]));
    assert_eq!(all.roles_of(&unknown), Err(RolesError::Unknown));
    let program = principal("ann", PrincipalKind::Service, none());
    assert_eq!(all.roles_of(&program), Err(RolesError::Kind));
}

#[test]
fn roles_of_rejects_separated_roles_that_a_provider_brings_together() {
    let both = principal("ann", PrincipalKind::Person, groups(["audit"]));
    let separated = RolesError::Separated { first: role("auditor"), second: role("reader") };
    assert_eq!(sample().roles_of(&both), Err(separated));
}

#[test]
fn roles_of_follows_groups_and_included_roles() {
    let mut all = sample();
    assign(&mut all, "eve", roles([]), groups([]));
    assert_eq!(all.check(), Ok(()));
    let of = |id, groups| all.roles_of(&principal(id, PrincipalKind::Person, groups)).unwrap();
    assert_eq!(of("ann", groups([])), roles(["sealer", "chief", "clinician", "reader"]));
    assert_eq!(of("eve", groups([])), roles([]));
    assert_eq!(of("eve", groups(["audit", "unheard-of"])), roles(["auditor"]));
    assert_eq!(of("eve", groups(["ward"])), roles(["chief", "clinician", "reader"]));
}
