//! The policy replaced, rolled back, taken away, and its mark damaged: nothing is opened, and each has its way back.

use medsec_evidence::{Ev, Proven, evidence};

use super::{IN_FORCE, POLICY, add_person, add_user, changes, edit, hash, refused, sign, who};
use crate::ward::{Refused, SCAN, Ward};

const MARK: &str = "home/policy.mark";

/// A home with `a.msp`, and the line that opens it.
fn sealed() -> Ward {
    let ward = Ward::with_home();
    ward.line(&format!("seal {SCAN} --key default --purpose TREAT -o a.msp")).ok();
    ward
}

/// Opens the package, and leaves no trace of that.
fn opens(ward: &Ward) -> Result<(), Refused> {
    let run = ward.line("open a.msp --purpose TREAT -o opened");
    let _ = std::fs::remove_file(ward.path("opened"));
    run.result()
}

/// Edits and signs, and hands back what was in force before.
fn superseded(ward: &Ward) -> Vec<u8> {
    let old = ward.read(IN_FORCE);
    edit(ward, POLICY, "idle = \"15m\"", "idle = \"5m\"");
    sign(ward);
    old
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)"],
    claim = "under a policy that a stranger has signed nothing is opened",
    polarity = deny,
)]
fn policy_of_a_stranger_is_refused(ev: Ev) -> Proven {
    let ward = sealed();
    ward.line("--home other init --user ada --no-passphrase --no-anchor").ok();
    let own = ward.read(IN_FORCE);
    ward.write(IN_FORCE, &ward.read("other/policy/in-force.policy"));
    ev.denies(opens(&ward), |e| *e == Refused(26));
    ev.denies(ward.line("policy show").result(), |e| *e == Refused(26));
    ev.denies(ward.line("policy accept").result(), |e| *e == Refused(26));
    let all = format!("policy accept --confirm {}", "0".repeat(64));
    ev.denies(ward.line(&all).result(), |e| *e == Refused(26));
    ward.write(IN_FORCE, &own);
    ev.allows(opens(&ward));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)"],
    claim = "an altered policy is noticed, and under it nothing is opened",
    polarity = deny,
)]
fn altered_policy_is_refused(ev: Ev) -> Proven {
    let ward = sealed();
    let own = ward.read(IN_FORCE);
    let text = String::from_utf8(own.clone()).unwrap();
    ward.write(IN_FORCE, text.replace("\"clinician\"", "\"auditor\"").as_bytes());
    ev.denies(opens(&ward), |e| *e == Refused(26));
    ward.write(IN_FORCE, b"medsec policy bundle v1\n");
    ev.denies(opens(&ward), |e| *e == Refused(26));
    ward.write(IN_FORCE, &own);
    ev.allows(opens(&ward));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)"],
    claim = "an older policy put in the place of the one in force is refused until an administrator accepts it by its hash",
    polarity = deny,
)]
fn rolled_back_policy_is_refused(ev: Ev) -> Proven {
    let ward = sealed();
    let old = superseded(&ward);
    ward.write(IN_FORCE, &old);
    ev.denies(opens(&ward), |e| *e == Refused(26));
    ev.denies(ward.line("policy sign").result(), |e| *e == Refused(26));
    // It is shown to whoever has to find out.
    let shown = ward.line("policy show --json");
    ev.denies(shown.result(), |e| *e == Refused(26));
    ev.holds("what is remembered says otherwise", shown.json()["mark"] == "disagrees");
    ev.denies(ward.line("policy accept").result(), |e| *e == Refused(2));
    let other = format!("policy accept --confirm {}", "0".repeat(64));
    ev.denies(ward.line(&other).result(), |e| *e == Refused(2));
    ev.denies(opens(&ward), |e| *e == Refused(26));
    ev.allows(ward.line(&format!("policy accept --confirm {}", hash(&ward))).result());
    ev.holds("it is recorded", changes(&ward).len() == 2);
    ev.allows(opens(&ward));
    ev.proven()
}

#[test]
fn accepting_needs_an_administrator() {
    let ward = sealed();
    add_user(&ward, "bela", "");
    let old = superseded(&ward);
    ward.write(IN_FORCE, &old);
    let line = format!("policy accept --confirm {} {}", hash(&ward), who("bela"));
    refused(&ward, &line, 15);
    assert_eq!(opens(&ward), Err(Refused(26)));
}

#[test]
fn damaged_mark_is_made_good_by_accepting() {
    let ward = sealed();
    ward.write(MARK, b"medsec seen-policy v1\nhash: 0\n");
    assert_eq!(opens(&ward), Err(Refused(26)));
    refused(&ward, "policy sign", 26);
    refused(&ward, "policy accept", 2);
    ward.line(&format!("policy accept --confirm {}", hash(&ward))).ok();
    assert_eq!(opens(&ward), Ok(()));
    assert!(ward.line("policy accept").text().contains("nothing was changed"));
}

#[test]
fn policy_that_was_taken_away_is_followed_only_by_its_successor() {
    let ward = sealed();
    let first = hash(&ward);
    std::fs::remove_file(ward.path(IN_FORCE)).unwrap();
    assert_eq!(opens(&ward), Err(Refused(26)));
    edit(&ward, POLICY, "idle = \"15m\"", "idle = \"5m\"");
    let run = ward.line("policy sign");
    assert_eq!(run.code, 26);
    let stated = format!("sequence = 2` and `supersedes = [\"{first}\"]");
    assert!(run.stderr.contains(&stated), "{}", run.stderr);
    assert!(!ward.exists(IN_FORCE));
    edit(&ward, POLICY, "name = ", &format!("sequence = 2\nsupersedes = [\"{first}\"]\nname = "));
    sign(&ward);
    assert_eq!(opens(&ward), Ok(()));
}

#[test]
fn policy_that_was_taken_away_is_made_again_of_its_source() {
    let ward = sealed();
    let first = hash(&ward);
    std::fs::remove_file(ward.path(IN_FORCE)).unwrap();
    sign(&ward);
    assert_eq!(hash(&ward), first);
    assert_eq!(opens(&ward), Ok(()));
}

#[test]
fn policy_of_a_dismissed_administrator_is_signed_anew() {
    let ward = sealed();
    add_user(&ward, "bela", "--administrator");
    add_person(&ward, "bela", "\"administrator\"");
    sign(&ward);
    edit(&ward, POLICY, "idle = \"15m\"", "idle = \"5m\"");
    ward.line(&format!("policy sign {}", who("bela"))).ok();
    assert_eq!(opens(&ward), Ok(()));
    ward.line("user dismiss bela").ok();
    assert_eq!(opens(&ward), Err(Refused(26)));
    // Nothing has to be edited for that.
    sign(&ward);
    assert_eq!(opens(&ward), Ok(()));
    let shown = ward.line("policy show --json").json();
    assert_eq!((shown["sequence"].as_u64(), shown["supersedes"].as_u64()), (Some(4), Some(3)));
}
