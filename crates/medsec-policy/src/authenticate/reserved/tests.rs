use medsec_evidence::{Ev, Proven, evidence};
use proptest::prelude::*;

use super::*;

fn id(text: &str) -> PrincipalId {
    PrincipalId::new(text).unwrap()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(i)",
    claim = "a generic, shared or reserved name is no user's name",
    polarity = deny,
)]
fn generic_names_are_refused(ev: Ev) -> Proven {
    let asked_for = [
        "admin",
        "administrator",
        "root",
        "user",
        "users",
        "test",
        "guest",
        "anonymous",
        "nobody",
        "unknown",
        "shared",
        "service",
        "system",
        "default",
        "doctor",
        "nurse",
        "staff",
        "operator",
        "everyone",
        "all",
        "none",
        "null",
        "true",
        "false",
        "medsec",
    ];
    let shapes = [
        "Admin",
        "ROOT",
        "user1",
        "User-01",
        "nurse_2",
        "te.st",
        "test_user",
        "front-desk",
        "admin@hospital.example",
        "corp:guest",
        "corp:guest7@hospital.example",
        "system:serviceaccount:prod:default",
        "MedSec",
        "null0",
    ];
    for name in asked_for.into_iter().chain(shapes) {
        ev.denies(check(&id(name)), |e| *e == InvalidPrincipal::Reserved);
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(i)",
    claim = "two users cannot have one name, nor names that differ in case only",
    polarity = deny,
)]
fn names_that_differ_in_case_only_are_refused(ev: Ev) -> Proven {
    let twice = [id("ann"), id("bob"), id("Ann")];
    ev.denies(check_all(&twice), |e| *e == InvalidPrincipal::Duplicate);
    let generic = [id("ann"), id("guest")];
    ev.denies(check_all(&generic), |e| *e == InvalidPrincipal::Reserved);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(i)",
    claim = "names of persons and programs are accepted",
    polarity = allow,
)]
fn names_of_their_own_are_accepted(ev: Ev) -> Proven {
    let names = [
        "ann",
        "a.doctorow@hospital.example",
        "12345",
        "corp:jsmith2",
        "guesthouse",
        "x",
        "system:serviceaccount:prod:medsec",
        "system:serviceaccount:default:importer",
        "usera",
        "dns:pacs-01.hospital.example",
        "system-importer",
    ];
    for name in names {
        ev.allows(check(&id(name)));
    }
    ev.allows(check_all(&names.map(id)));
    ev.proven()
}

#[test]
fn lists_are_sorted_and_plain() {
    for list in [&GENERIC[..], &RESERVED[..]] {
        assert!(list.is_sorted());
        assert!(list.iter().all(|word| plain(word) == *word));
    }
}

proptest! {
    #[test]
    fn case_and_digits_make_no_other_name(
        word in proptest::sample::select(&GENERIC[..]),
        upper in any::<u64>(),
        digits in "[0-9]{0,4}",
    ) {
        let cased: String = word.chars().enumerate().map(|(at, c)| {
            if upper >> (at % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c }
        }).collect();
        let name = format!("{cased}{digits}");
        prop_assert!(check(&id(&name)).is_err());
    }
}
