//! The program with keys of services elsewhere.

mod agent;
mod bootstrap;
mod home;
mod recipients;
mod shared_keys;
mod status;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::KeyAdmin as _;
use serde_json::json;

pub(crate) use self::home::{CONTENT, Home, Refused};
use crate::support::vault::{name, wait};
use crate::support::{certificate_file, variable};

const SEAL: &str = "seal scan --key bao:ct -o scan.msp";

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "the program seals under a key of OpenBao, and what it sealed opens through that key alone",
    polarity = allow,
)]
fn package_under_transit_opens_through_it(ev: Ev) -> Proven {
    let home = Home::new();
    ev.allows(home.tried(SEAL));
    let package = std::fs::read(home.path("scan.msp")).unwrap();
    let clear = package.windows(8).any(|part| part == &CONTENT[..8]);
    ev.holds("nothing of the content is in the package", !clear);
    ev.equal("the content comes back", &home.opened("scan.msp"), &CONTENT.to_vec());
    let shown = home.done("inspect scan.msp");
    ev.holds("the key is named by the package", shown.contains("vault-transit"));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(a)(1)"],
    claim = "a key that the settings do not name is not asked for, whatever a package says",
    polarity = deny,
)]
fn key_that_is_not_named_is_not_asked_for(ev: Ev) -> Proven {
    let home = Home::new();
    home.done(SEAL);
    home.scene.key("mri");
    home.settings(&home.section(&["mri"]));
    ev.denies(home.tried("open scan.msp -o out"), |Refused(code, _)| *code == Some(4));
    ev.holds("nothing was opened", !home.path("out").exists());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "without its key service nothing is sealed or opened, and no other key stands in for its key",
    polarity = deny,
)]
fn nothing_is_sealed_or_opened_without_the_service(ev: Ev) -> Proven {
    let home = Home::new();
    home.done(SEAL);
    // Nobody listens there.
    let away = home.section(&["ct"]).replace(&home.scene.api.address.to_string(), "127.0.0.1:9");
    home.settings(&away);
    let unreachable = |Refused(_, said): &Refused| said.contains("cannot be reached");
    ev.denies(home.tried("seal scan --key bao:ct -o other.msp"), unreachable);
    ev.denies(home.tried("open scan.msp -o out"), unreachable);
    ev.holds("nothing was made", !home.path("other.msp").exists() && !home.path("out").exists());
    ev.proven()
}

#[test]
fn revoked_token_is_told() {
    let home = Home::new();
    home.done(SEAL);
    let token = home.scene.api.token("path \"*\" { capabilities = [\"update\"] }", &json!({}));
    home.secret("bao.token", &token);
    home.scene.api.must("POST", "auth/token/revoke", &json!({"token": token}));
    let Refused(_, said) = home.tried("open scan.msp -o out").unwrap_err();
    assert!(said.contains("credentials"), "{said}");
    assert!(!said.contains(&token));
}

#[test]
fn token_that_others_can_read_is_refused() {
    let home = Home::new();
    std::fs::remove_file(home.path("home/bao.token")).unwrap();
    std::fs::write(home.path("home/bao.token"), &home.scene.api.token).unwrap();
    let Refused(code, said) = home.tried(SEAL).unwrap_err();
    assert!(code == Some(2) && said.contains("can be read by other users"), "{said}");
}

#[test]
fn local_keys_work_while_the_service_is_away() {
    let home = Home::new();
    home.settings(&home.section_at("127.0.0.1:9", &["ct"]));
    home.done("seal scan --key default -o scan.msp");
    assert_eq!(home.opened("scan.msp"), CONTENT);
}

#[test]
fn rotated_key_opens_what_its_older_version_sealed() {
    let home = Home::new();
    home.done(SEAL);
    wait(home.scene.admin.rotate_key(&name("ct"))).unwrap();
    assert_eq!(home.opened("scan.msp"), CONTENT);
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "the program moves a folder of packages to a key of OpenBao, and after a rotation to its newest version",
    polarity = allow,
)]
fn folder_is_moved_to_a_key_elsewhere_and_to_its_newest_version(ev: Ev) -> Proven {
    let home = Home::new();
    std::fs::create_dir(home.path("packages")).unwrap();
    for number in 0..5 {
        home.done(&format!("seal scan --key default -o packages/{number}.msp"));
    }
    let moved = home.done("rewrap packages --to-key bao:ct");
    ev.holds("all were moved", moved.contains("rewrapped 5 files"));
    let again = home.done("rewrap packages --to-key bao:ct");
    ev.holds("a second run changes nothing", again.contains("5 had these recipients already"));
    wait(home.scene.admin.rotate_key(&name("ct"))).unwrap();
    let rotated = home.done("rewrap packages --to-key bao:ct");
    ev.holds("the new version is a reason", rotated.contains("rewrapped 5 files"));
    ev.equal("the content comes back", &home.opened("packages/3.msp"), &CONTENT.to_vec());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(e)(1)", "164.312(e)(2)(ii)"],
    claim = "no variable of the environment has the program trust a server whose certificate the settings do not trust",
    polarity = deny,
)]
fn environment_does_not_turn_verification_off(ev: Ev) -> Proven {
    let mut home = Home::new();
    let plain = format!("http://{}\"\nplain_loopback = true", home.scene.api.address);
    let over_tls = |roots: &str| {
        let address = variable("MEDSEC_LIVE_VAULT");
        let roots = certificate_file(roots).display().to_string();
        home.section(&["ct"]).replace(&plain, &format!("{address}\"\nroots = \"{roots}\""))
    };
    let [trusted, foreign] = ["ca.pem", "stranger-ca.pem"].map(over_tls);
    for name in ["VAULT_SKIP_VERIFY", "BAO_SKIP_VERIFY"] {
        home.environment.push((name.to_owned(), "1".to_owned()));
    }
    home.environment.push(("VAULT_ADDR".to_owned(), "http://127.0.0.1:9".to_owned()));
    home.settings(&foreign);
    let untrusted = |Refused(_, said): &Refused| said.contains("is not to be trusted");
    ev.denies(home.tried(SEAL), untrusted);
    home.settings(&trusted);
    ev.allows(home.tried(SEAL));
    ev.proven()
}
