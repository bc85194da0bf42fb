//! Who puts a policy in force, and when it stays as it is.

use medsec_evidence::{Ev, Proven, evidence};

use super::{
    IN_FORCE, POLICY, ROLES, add_person, add_user, changes, edit, hash, refused, sign, who,
};
use crate::ward::{Refused, Ward};

/// A home whose source was edited.
fn edited() -> Ward {
    let ward = Ward::with_home();
    edit(&ward, POLICY, "idle = \"15m\"", "idle = \"5m\"");
    ward
}

#[test]
fn unchanged_source_is_not_signed() {
    let ward = Ward::with_home();
    let run = refused(&ward, "policy sign", 26);
    assert!(run.stderr.contains("says what the policy in force says"), "{}", run.stderr);
    assert!(changes(&ward).is_empty());
}

#[test]
fn dry_run_changes_nothing_and_needs_no_key() {
    let ward = edited();
    std::fs::remove_file(ward.path("home/identities/ada.signer")).unwrap();
    let run = refused(&ward, "policy sign --dry-run", 0);
    assert!(run.text().contains("sessions.idle: 15m → 5m"), "{}", run.text());
    assert!(changes(&ward).is_empty());
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "who is permitted by the policy but does not administer the key store changes no policy",
    polarity = deny,
)]
fn not_administrator_of_the_store_signs_nothing(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    add_user(&ward, "bela", "");
    add_person(&ward, "bela", "\"administrator\"");
    sign(&ward);
    edit(&ward, POLICY, "idle = \"15m\"", "idle = \"5m\"");
    let (before, told) = (ward.read(IN_FORCE), changes(&ward).len());
    ev.denies(ward.line(&format!("policy sign {}", who("bela"))).result(), |e| *e == Refused(15));
    let refused = changes(&ward).split_off(told);
    ev.holds("it is recorded", refused.len() == 1 && refused[0].contains("bela"));
    ev.holds("as refused", !refused[0].contains(",ok"));
    // The identity of one with the signer key of another.
    let mixed = "policy sign --sign-with home/identities/bela.signer";
    ev.denies(ward.line(mixed).result(), |e| *e == Refused(15));
    ev.equal_bytes("the policy is as it was", &ward.read(IN_FORCE), &before);
    ev.allows(ward.line("policy sign").result());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "who administers the key store but is not permitted by the policy changes no policy, and that is recorded",
    polarity = deny,
)]
fn administrator_without_the_role_signs_nothing(ev: Ev) -> Proven {
    let ward = edited();
    add_user(&ward, "cara", "--administrator");
    let before = ward.read(IN_FORCE);
    ev.denies(ward.line(&format!("policy sign {}", who("cara"))).result(), |e| *e == Refused(24));
    ev.equal_bytes("the policy is as it was", &ward.read(IN_FORCE), &before);
    let told = changes(&ward);
    ev.holds("it is recorded", told.len() == 1 && told[0].contains("cara"));
    ev.holds("as refused", !told[0].contains(",ok"));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "an administrator puts a policy in force, decided and recorded before it counts",
    polarity = allow,
)]
fn administrator_puts_a_policy_in_force(ev: Ev) -> Proven {
    let ward = edited();
    let first = hash(&ward);
    ev.allows(ward.line("policy sign").result());
    let shown = ward.line("policy show --json").json();
    ev.holds("the number is the next", shown["sequence"] == 2);
    ev.holds("the setting counts", shown["settings"]["sessions.idle"] == "5m");
    ev.holds("signed by its administrator", shown["signers"][0]["user"] == "ada");
    let history = ward.line("policy history --json").json();
    ev.holds("it follows the first", history["supersedes"][0] == first.as_str());
    let told = changes(&ward);
    ev.holds("it is recorded", told.len() == 1 && told[0].contains("ada"));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "a policy that nobody could ever change again is not put in force unasked",
    polarity = deny,
)]
fn lock_out_is_refused(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    edit(&ward, ROLES, "roles = [\"administrator\", ", "roles = [");
    ev.denies(ward.line("policy sign").result(), |e| *e == Refused(26));
    // A person with the role who does not administer the key store is no help.
    add_person(&ward, "bela", "\"administrator\"");
    ev.denies(ward.line("policy sign").result(), |e| *e == Refused(26));
    ev.holds("nothing is recorded", changes(&ward).is_empty());
    ev.allows(ward.line("policy sign --allow-lockout").result());
    edit(&ward, POLICY, "idle = \"15m\"", "idle = \"5m\"");
    ev.denies(ward.line("policy sign --allow-lockout").result(), |e| *e == Refused(24));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a change of the policy that cannot be recorded does not happen",
    polarity = deny,
)]
fn what_cannot_be_recorded_is_not_put_in_force(ev: Ev) -> Proven {
    let ward = edited();
    let before = ward.read(IN_FORCE);
    std::fs::rename(ward.path("home/audit"), ward.path("home/away")).unwrap();
    ev.denies(ward.line("policy sign").result(), |e| *e == Refused(17));
    ev.equal_bytes("the policy is as it was", &ward.read(IN_FORCE), &before);
    std::fs::rename(ward.path("home/away"), ward.path("home/audit")).unwrap();
    ev.allows(ward.line("policy sign").result());
    ev.proven()
}

#[test]
fn policy_that_asks_for_two_factors_is_changed_with_a_passphrase_only() {
    let plain = Ward::new();
    plain.line("init --user ada --policy strict --no-passphrase --no-anchor").ok();
    edit(&plain, POLICY, "idle = \"5m\"", "idle = \"4m\"");
    refused(&plain, "policy sign", 24);
    let ward = Ward::new();
    let (init, passphrase) =
        ("init --user ada --policy strict --no-anchor --passphrase-fd 0", b"correct horse\n");
    ward.piped(init, passphrase).ok();
    edit(&ward, POLICY, "idle = \"5m\"", "idle = \"4m\"");
    refused(&ward, "policy sign", 2);
    assert_eq!(ward.piped("policy sign --passphrase-fd 0", b"wrong\n").code, 11);
    ward.piped("policy sign --passphrase-fd 0", passphrase).ok();
}

#[test]
fn policies_are_changed_one_at_a_time() {
    let ward = edited();
    let folder = std::fs::File::open(ward.path("home/policy")).unwrap();
    folder.try_lock().unwrap();
    refused(&ward, "policy sign", 9);
    drop(folder);
    sign(&ward);
}

#[test]
fn source_that_states_another_place_in_the_line_is_not_signed() {
    let ward = edited();
    edit(&ward, POLICY, "name = ", "sequence = 7\nsupersedes = []\nname = ");
    refused(&ward, "policy sign", 26);
}

#[test]
fn mode_for_a_group_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = edited();
    let mode =
        |ward: &Ward| std::fs::metadata(ward.path(IN_FORCE)).unwrap().permissions().mode() & 0o777;
    sign(&ward);
    assert_eq!(mode(&ward), 0o600);
    std::fs::set_permissions(ward.path(IN_FORCE), std::fs::Permissions::from_mode(0o644)).unwrap();
    edit(&ward, POLICY, "idle = \"5m\"", "idle = \"6m\"");
    sign(&ward);
    assert_eq!(mode(&ward), 0o640);
}
