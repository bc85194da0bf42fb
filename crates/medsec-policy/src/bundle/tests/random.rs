//! Policies of any shape keep it through document, signature and mark.

#![expect(clippy::arithmetic_side_effects, reason = "tests count")]

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::*;
use crate::action::Action;
use crate::assignments::{Assigned, Dataset, Group, Role};
use crate::ids::{DatasetId, GroupName, PrincipalId, RoleName};
use crate::principal::PrincipalKind;
use crate::purpose::Purpose;
use crate::settings::{EmergencyReason, SharedDataKeys, Signature, UnboundPackages};
use crate::text::InvalidValue;

fn names<T>(most: usize) -> impl Strategy<Value = Vec<T>>
where
    T: std::str::FromStr<Err = InvalidValue> + fmt::Debug,
{
    prop::collection::btree_set("[a-z0-9][a-z0-9._-]{0,12}", 0..most)
        .prop_map(|names| names.into_iter().map(|name| name.parse().unwrap()).collect())
}

fn some<T: Clone + Ord>(all: &[T], picks: &[Index]) -> std::collections::BTreeSet<T> {
    let pick = |index: &Index| all.get(index.index(all.len().max(1))).cloned();
    picks.iter().filter_map(pick).collect()
}

fn picks() -> impl Strategy<Value = Vec<Vec<Index>>> {
    prop::collection::vec(prop::collection::vec(any::<Index>(), 0..4), 40)
}

prop_compose! {
    /// Names that stand in each other point to earlier ones only, so that there is no circle.
    fn assignments()(
        roles in names::<RoleName>(8),
        groups in names::<GroupName>(5),
        people in names::<PrincipalId>(12),
        datasets in names::<DatasetId>(6),
        picks in picks(),
        purposes in subsequence(Purpose::ALL.to_vec(), 0..4),
    ) -> Assignments {
        let mut picks = picks.iter();
        let mut next = || picks.next().map_or(&[][..], |picks| &picks[..]);
        let role = |(n, name): (usize, &RoleName), next: &[Index]| {
            (name.clone(), Role { includes: some(&roles[..n], next) })
        };
        let dataset = |(n, id): (usize, &DatasetId), next: &[Index]| {
            let purposes = purposes.iter().copied().collect();
            let within = some(&datasets[..n], next);
            (id.clone(), Dataset { within, purposes, groups: some(&groups, next) })
        };
        let person = |(n, id): (usize, &PrincipalId), next: &[Index]| {
            let kind = if n % 3 == 0 { PrincipalKind::Service } else { PrincipalKind::Person };
            (id.clone(), Assigned { kind, roles: some(&roles, next), groups: some(&groups, next) })
        };
        let group = |name: &GroupName, next: &[Index]| {
            (name.clone(), Group { roles: some(&roles, next) })
        };
        Assignments {
            roles: roles.iter().enumerate().map(|at| role(at, next())).collect(),
            groups: groups.iter().map(|name| group(name, next())).collect(),
            principals: people.iter().enumerate().map(|at| person(at, next())).collect(),
            datasets: datasets.iter().enumerate().map(|at| dataset(at, next())).collect(),
            separated: roles.first().into_iter().zip(roles.last())
                .filter(|(a, b)| a < b).map(|(a, b)| (a.clone(), b.clone())).collect(),
        }
    }
}

prop_compose! {
    fn settings()(
        times in prop::array::uniform5(1_u64..31_622_400),
        purposes in subsequence(Purpose::ALL.to_vec(), 0..21),
        fresh in subsequence(Action::ALL.to_vec(), 0..8),
        reasons in subsequence(EmergencyReason::ALL.to_vec(), 0..5),
        keys in prop::option::of(names(5)),
        recipients in names(3),
        age in prop::option::of(1_u32..36_600),
        (years, review) in (1_u16..=100, 1_u16..=366),
        (sealing, opening, shared, unbound) in any::<(bool, bool, bool, bool)>(),
    ) -> Settings {
        let mut all = original().settings().clone();
        let [a, b, c, d, e] = times.map(Duration::from_secs);
        let signature = |required| if required { Signature::Required } else { Signature::Optional };
        (all.sessions.idle, all.sessions.absolute) = (a.min(b), a.max(b));
        (all.step_up.max_age, all.emergency.max_duration) = (c, d);
        all.emergency.max_authentication_age = e;
        all.purposes = purposes.into_iter().collect();
        all.step_up.two_factors = fresh.iter().rev().take(2).copied().collect();
        all.step_up.fresh = fresh.into_iter().collect();
        all.emergency.reasons = reasons.into_iter().collect();
        all.emergency.review_within_days = review;
        all.sealing.allowed_keys = keys.map(|keys| keys.into_iter().collect());
        all.sealing.required_recipients = recipients.into_iter().collect();
        all.sealing.max_key_age_days = age;
        all.sealing.shared_data_keys =
            if shared { SharedDataKeys::Permitted } else { SharedDataKeys::Forbidden };
        all.opening.unbound_packages =
            if unbound { UnboundPackages::Accepted } else { UnboundPackages::Refused };
        (all.sealing.signature, all.opening.signature) = (signature(sealing), signature(opening));
        all.audit_retention_years = years;
        all
    }
}

prop_compose! {
    fn contents()(
        assignments in assignments(),
        settings in settings(),
        name in "[a-z0-9][a-z0-9._-]{0,63}",
        ancestors in prop::collection::btree_set(any::<[u8; 32]>(), 0..4),
        more in 1_u64..1_000_000,
        rules in prop::collection::btree_map("[a-z0-9]{1,8}", "[\\PC\t\"\\\\é\n]{0,80}", 0..4),
    ) -> Contents {
        let hidden = |c: char| c != '\n' && source::is_hidden(c);
        let text = |text: String| text.replace(hidden, "") + "\n";
        let mut rules: BTreeMap<RulesName, String> =
            rules.into_iter().map(|(name, rules)| (name.parse().unwrap(), text(rules))).collect();
        rules.insert("last".parse().unwrap(), "permit;\n".to_owned());
        let supersedes: Vec<_> = ancestors.into_iter().map(PolicyHash::from_bytes).collect();
        let sequence = more + supersedes.len() as u64;
        let name = name.parse().unwrap();
        Contents { name, sequence, supersedes, schema: schema(), settings, assignments, rules }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn policies_come_out_as_they_went_in(contents in contents()) {
        prop_assume!(contents.assignments.check().is_ok());
        let document = document::render(&contents);
        let bundle = Bundle::new(contents.clone(), document);
        let bytes = signed_by(&bundle, [3, 4]).to_bytes();
        let again = verified(&bytes, &[3, 4].map(trusted), 2).unwrap();
        prop_assert!(again.contents == contents);
        prop_assert!(again == bundle);
        prop_assert_eq!(next(&bundle).supersedes().len(), contents.supersedes.len() + 1);
        prop_assert_eq!(BundleMark::of(&bundle).admits(&next(&bundle)), Ok(()));
    }
}
