use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

#[derive(Debug, PartialEq)]
enum Refusal {
    Expired,
    Locked,
}

const SECRET: &str = "patient 4711";

fn deny() -> Ev {
    Ev::new(1, Polarity::Deny)
}

fn allow() -> Ev {
    Ev::new(1, Polarity::Allow)
}

fn failure<T>(check: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(check)).map(drop).expect_err("the check passed");
    *panic.downcast::<String>().expect("the message is a String")
}

#[test]
fn denies_fails_on_allowed_operation() {
    let message = failure(|| deny().denies(Ok::<_, Refusal>(SECRET), |_| true));
    assert!(message.contains("expected a denial by"), "{message}");
    assert!(!message.contains(SECRET));
}

#[test]
fn denies_fails_on_other_error() {
    let is_expired = |e: &Refusal| *e == Refusal::Expired;
    let message = failure(|| deny().denies(Err::<(), _>(Refusal::Locked), is_expired));
    assert!(message.contains("failed, but not with the"), "{message}");
    assert!(!message.contains("Locked"));
}

#[test]
fn allows_fails_without_printing_the_error() {
    let message = failure(|| allow().allows(Err::<(), _>(SECRET)));
    assert!(message.contains("expected it to be allowed"), "{message}");
    assert!(!message.contains(SECRET));
}

#[test]
fn equal_fails_without_printing_values() {
    let message = failure(|| allow().equal("names match", SECRET, "patient 4712"));
    assert!(message.contains("`names match`: two values of `str` differ"), "{message}");
    assert!(!message.contains("471"));
}

#[test]
fn equal_bytes_fails_with_lengths_and_position() {
    let message = failure(|| allow().equal_bytes("payloads match", b"abcd", b"abXYZ"));
    assert!(message.contains("4 and 5 bytes differ from byte 2 on"), "{message}");
}

#[test]
fn holds_fails_on_false_or_unstated_fact() {
    assert!(failure(|| allow().holds("the log grew", false)).contains("does not hold"));
    for fact in [
        "",
        "  ",
        "two\nlines",
        concat!(
            "ääääääääääääääääääää",
            "ääääääääääääääääääää",
            "ääääääääääääääääääää",
            "ääääääääääääääääääää",
            "ääääääääääääääääääää!"
        ),
    ] {
        assert!(failure(|| allow().holds(fact, true)).contains("a fact is 1 to 200 bytes"));
    }
}

#[test]
fn proven_fails_without_any_check() {
    assert!(failure(|| deny().proven()).contains("no check was made"));
}

#[test]
fn proven_fails_on_checks_of_other_polarity() {
    let denying = deny();
    denying.holds("something else", true);
    assert!(failure(|| denying.proven()).contains("polarity `deny` needs a `denies` check"));
    let allowing = allow();
    allowing.denies(Err::<(), _>(Refusal::Expired), |e| *e == Refusal::Expired);
    assert!(failure(|| allowing.proven()).contains("polarity `allow` needs"));
}

#[test]
fn proven_fails_after_caught_failure() {
    let ev = allow();
    failure(|| ev.holds("caught", false));
    ev.holds("made afterwards", true);
    assert!(failure(|| ev.proven()).contains("its panic was caught"));
}

#[test]
fn proof_is_refused_for_another_test() {
    let ev = allow();
    ev.holds("the fact", true);
    assert!(ev.proven().into_checks(2).is_none());
}

#[test]
fn repeated_check_is_described_once() {
    let ev = deny();
    for _ in 0..1000 {
        ev.denies(Err::<(), _>(Refusal::Expired), |e| *e == Refusal::Expired);
    }
    assert_eq!(ev.allows(Ok::<_, Refusal>(7)), 7);
    let checks = ev.proven().into_checks(1).unwrap();
    assert_eq!((checks.counts().denies, checks.counts().allows), (1000, 1));
    assert_eq!(checks.counts().total(), 1001);
    let described: Vec<_> = checks.listed().iter().map(|c| (c.kind, c.times)).collect();
    assert_eq!(described, [(CheckKind::Denies, 1000), (CheckKind::Allows, 1)]);
    assert_eq!(checks.listed()[1].fact, "i32");
}

#[test]
fn checks_of_threads_count_together() {
    let ev = allow();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| ev.equal("both sides agree", &1, &1));
        }
    });
    assert_eq!(ev.proven().into_checks(1).unwrap().counts().equal, 4);
}

#[test]
fn long_type_names_are_cut_at_characters() {
    assert_eq!(shortened(&"ä".repeat(150)), "ä".repeat(100));
    assert_eq!(shortened("short"), "short");
}
