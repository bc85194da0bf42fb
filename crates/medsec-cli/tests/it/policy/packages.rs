//! Packages and the policies that they were sealed under.

use std::process::Stdio;

use medsec_evidence::{Ev, Proven, evidence};

use super::{POLICY, ROLES, edit, sign};
use crate::ward::{Refused, Run, SCAN, Ward, finished};

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "a package opens by the rules of the policy in force, whichever older one it was sealed under",
    polarity = allow,
)]
fn package_of_a_superseded_policy_opens(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    ward.line(&format!("seal {SCAN} --key default --purpose TREAT -o a.msp")).ok();
    for (from, to) in [("\"15m\"", "\"5m\""), ("\"5m\"", "\"6m\"")] {
        edit(&ward, POLICY, &format!("idle = {from}"), &format!("idle = {to}"));
        sign(&ward);
    }
    ev.allows(ward.line("open a.msp --purpose TREAT -o opened").result());
    ev.equal_bytes("what was sealed", &ward.read("opened"), &ward.content);
    // The new rules count for it.
    edit(&ward, ROLES, "\"clinician\", ", "");
    sign(&ward);
    ev.denies(ward.line("open a.msp --purpose TREAT -o again").result(), |e| *e == Refused(24));
    ev.holds("nothing is written", !ward.exists("again"));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "a package that was sealed under a foreign policy is not opened",
    polarity = deny,
)]
fn package_of_a_foreign_policy_does_not_open(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    ward.line("policy new strict other --owner ada --dataset default").ok();
    edit(&ward, "other/policy.toml", "two_factors = [\"change-policy\", ", "two_factors = [");
    // The same user, key store and key, and a policy that follows no other.
    elsewhere(&ward, "policy sign other").ok();
    elsewhere(&ward, &format!("seal {SCAN} --key default --purpose TREAT -o a.msp")).ok();
    let run = ward.line("open a.msp --purpose TREAT -o opened");
    ev.denies(run.result(), |e| *e == Refused(24));
    ev.holds("nothing is written", !ward.exists("opened"));
    ward.line(&format!("seal {SCAN} --key default --purpose TREAT -o b.msp")).ok();
    ev.allows(ward.line("open b.msp --purpose TREAT -o opened").result());
    ev.proven()
}

/// Runs the line with the policy in another folder.
fn elsewhere(ward: &Ward, line: &str) -> Run {
    let mut command = ward.command(line.split_whitespace());
    command.env("MEDSEC_POLICY", ward.path("elsewhere"));
    command.env("MEDSEC_POLICY_MARK", ward.path("elsewhere.mark"));
    finished(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())
}
