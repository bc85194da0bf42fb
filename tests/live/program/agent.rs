//! Keys elsewhere through the agent, which holds the connection.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::KeyAdmin as _;

use super::home::{CONTENT, Home};
use crate::support::vault::{name, wait};

/// The ready policies limit a key's age, which only its service knows.
#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "through the agent packages are sealed, opened and moved with keys of OpenBao, and the policy's limit on a key's age holds there too",
    polarity = allow,
)]
fn agent_seals_opens_and_moves_with_keys_elsewhere(ev: Ev) -> Proven {
    let home = Home::new();
    std::fs::create_dir(home.path("packages")).unwrap();
    home.done("login");
    let sealed = home.tried("seal scan --key bao:ct -o packages/scan.msp");
    let opened = home.tried("open packages/scan.msp -o out");
    let before = home.tried("rewrap packages --to-key bao:ct");
    wait(home.scene.admin.rotate_key(&name("ct"))).unwrap();
    let after = home.tried("rewrap packages --to-key bao:ct");
    home.done("logout");
    ev.allows(sealed);
    ev.allows(opened);
    let before = ev.allows(before);
    ev.holds("what is under the newest version stays", before.contains("1 had these recipients"));
    let after = ev.allows(after);
    ev.holds("what is under an older one is moved", after.contains("rewrapped 1 file"));
    ev.equal("the content", &std::fs::read(home.path("out")).unwrap(), &CONTENT.to_vec());
    ev.equal("and after the move", &home.opened("packages/scan.msp"), &CONTENT.to_vec());
    ev.proven()
}

#[test]
fn agent_tells_what_is_wrong_with_a_key_elsewhere() {
    let home = Home::new();
    home.done("login");
    wait(home.scene.admin.disable_key(&name("ct"))).unwrap();
    let refused = home.tried("seal scan --key bao:ct -o scan.msp");
    home.done("logout");
    let super::Refused(code, said) = refused.unwrap_err();
    assert!(code == Some(15) && said.contains("disabled"), "{said}");
    assert!(!home.path("scan.msp").exists());
}
