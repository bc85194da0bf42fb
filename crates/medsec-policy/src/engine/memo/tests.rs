use std::borrow::Cow;
use std::time::Duration;

use super::*;
use crate::assignments::{Assigned, Assignments, Dataset, Role};
use crate::engine::hierarchy::Hierarchy;
use crate::engine::names::Names;
use crate::engine::question::Subject;
use crate::ids::{PackageId, RoleName};

fn principal(name: &str) -> PrincipalId {
    PrincipalId::new(name).unwrap()
}

fn nurse() -> RoleName {
    RoleName::new("nurse").unwrap()
}

fn package(number: u8, dataset: &str, sealed_by: &str) -> Resource {
    Resource::Package {
        id: PackageId::from_bytes([number; 16]),
        dataset: Some(DatasetId::new(dataset).unwrap()),
        sealed_by: Some(principal(sealed_by)),
    }
}

struct Ground {
    names: Names,
    hierarchy: Hierarchy,
    of: OfAction,
}

impl Ground {
    fn new() -> Self {
        let names = Names::new().unwrap();
        let mut assignments = Assignments::default();
        assignments.roles.insert(nurse(), Role { includes: BTreeSet::new() });
        for name in ["ann", "bob"] {
            let (roles, groups) = (BTreeSet::new(), BTreeSet::new());
            let assigned = Assigned { kind: PrincipalKind::Person, roles, groups };
            assignments.principals.insert(principal(name), assigned);
        }
        for name in ["ct", "mr"] {
            let (within, purposes, groups) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
            let dataset = Dataset { within, purposes, groups };
            assignments.datasets.insert(DatasetId::new(name).unwrap(), dataset);
        }
        let hierarchy = Hierarchy::new(&assignments, &names);
        let of = OfAction::new(Action::Open, &[], &hierarchy, &names).unwrap();
        Self { names, hierarchy, of }
    }

    fn nurse(&self) -> BTreeSet<Place> {
        BTreeSet::from([self.hierarchy.role(&nurse()).unwrap()])
    }

    fn slice(&self, memo: &Memo, question: &Question<'_>) -> Arc<Kept> {
        let key = Key::new(question, &self.of).unwrap();
        let make = || question.slice(&self.hierarchy, &self.names, &self.of).unwrap();
        memo.find(&key).unwrap_or_else(|| memo.keep(key, make(), None))
    }
}

fn question<'a>(id: &'a PrincipalId, resource: &'a Resource) -> Question<'a> {
    let places = Cow::Owned(BTreeSet::new());
    Question {
        subject: Subject { id, kind: PrincipalKind::Person, places },
        action: Action::Open,
        resource,
        purpose: Some(Purpose::Treatment),
        emergency: false,
        two_factors: true,
        age: Duration::ZERO,
    }
}

#[test]
fn everything_that_rules_can_tell_apart_is_told_apart() {
    let mut of = Ground::new().of;
    of.asks_other = true;
    let (ann, bob) = (principal("ann"), principal("bob"));
    let [asked, dataset, sealer] =
        [("ct", "ann"), ("mr", "ann"), ("ct", "bob")].map(|(d, who)| package(1, d, who));
    let base = question(&ann, &asked);
    let mut in_role = base.clone();
    in_role.subject.places = Cow::Owned(Ground::new().nurse());
    let mut service = base.clone();
    service.subject.kind = PrincipalKind::Service;
    let whole = Resource::Dataset(DatasetId::new("ct").unwrap());
    let others = [
        question(&bob, &asked),
        question(&ann, &dataset),
        question(&ann, &sealer),
        question(&ann, &whole),
        question(&ann, &Resource::AuditTrail),
        in_role,
        service,
        Question { action: Action::Export, ..base.clone() },
        Question { purpose: None, ..base.clone() },
        Question { purpose: Some(Purpose::Operations), ..base.clone() },
        Question { emergency: true, ..base.clone() },
        Question { two_factors: false, ..base.clone() },
    ];
    for other in &others {
        assert_ne!(Key::new(&base, &of), Key::new(other, &of), "{other:?}");
    }
}

#[test]
fn nothing_is_kept_for_rules_that_name_one_package_or_ask_for_the_age_of_a_proof() {
    let (ann, asked) = (principal("ann"), package(1, "ct", "ann"));
    let mut of = Ground::new().of;
    assert!(Key::new(&question(&ann, &asked), &of).is_some());
    of.names_one = true;
    assert_eq!(Key::new(&question(&ann, &asked), &of), None);
    (of.names_one, of.asks_age) = (false, true);
    assert_eq!(Key::new(&question(&ann, &asked), &of), None);
}

#[test]
fn another_package_of_the_data_set_finds_what_was_made_for_the_first() {
    let (ground, memo) = (Ground::new(), Memo::new(SLICES));
    let (ann, first, second) = (principal("ann"), package(1, "ct", "ann"), package(2, "ct", "bob"));
    let kept = ground.slice(&memo, &question(&ann, &first));
    let found = ground.slice(&memo, &question(&ann, &second));
    assert!(Arc::ptr_eq(&kept, &found));
}

#[test]
fn two_that_share_a_place_never_meet_the_slice_of_the_other() {
    let (ground, memo) = (Ground::new(), Memo::new(1));
    let (ann, bob, asked) = (principal("ann"), principal("bob"), package(1, "ct", "ann"));
    for _ in 0..3 {
        for id in [&ann, &bob] {
            let kept = ground.slice(&memo, &question(id, &asked));
            let uid = kept.slice.request.principal().unwrap();
            assert_eq!(uid.id().unescaped(), id.as_str());
        }
    }
}

#[test]
fn without_any_place_everything_is_made_anew() {
    let (ground, memo) = (Ground::new(), Memo::new(0));
    let (ann, asked) = (principal("ann"), package(1, "ct", "ann"));
    let question = question(&ann, &asked);
    let [first, second] = [(); 2].map(|()| ground.slice(&memo, &question));
    assert!(!Arc::ptr_eq(&first, &second));
}
