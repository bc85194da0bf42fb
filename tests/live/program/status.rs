//! `medsec key status` of keys elsewhere.

use std::sync::Arc;
use std::time::Duration;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyAdmin as _, KeySpec};
use medsec_testkit::proxy::{Action, Front, Proxy, Rule, Upstream};
use serde_json::Value;

use super::home::{Home, Refused};
use crate::aws::emulator::{Emulator, Kind, REGION, wait as aws_wait};
use crate::pkcs11::token::{PIN, Token, module};
use crate::support::variable;
use crate::support::vault::{name, wait};

fn of<'v>(told: &'v Value, key: &str) -> &'v Value {
    told["keys"].as_array().unwrap().iter().find(|one| one["name"] == key).unwrap()
}

#[test]
fn keys_here_and_elsewhere_are_shown_together() {
    let home = Home::new();
    let (code, told) = home.json("key status --check");
    assert_eq!((code, &told["not_in_order"]), (Some(0), &Value::from(0)));
    let ct = of(&told, "bao:ct");
    assert_eq!((&ct["state"], &ct["version"]), (&"enabled".into(), &1.into()));
    assert_eq!((&ct["age_days"], &ct["service"]), (&0.into(), &"bao".into()));
    assert_eq!(of(&told, "default")["holders"][0], "ada");
    assert_eq!(told["max_key_age_days"], 365);
}

#[test]
fn key_that_nobody_knows_is_an_error() {
    let home = Home::new();
    for other in ["mri", "bao:mri", "aws:ct"] {
        let Refused(code, said) = home.tried(&format!("key status {other}")).unwrap_err();
        assert!(code == Some(15) && said.contains("KEY no. 1"), "{said}");
    }
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "it is told which packages a rotation of a key in OpenBao has reached and which not",
    polarity = allow,
)]
fn what_a_rotation_has_reached_is_told(ev: Ev) -> Proven {
    let home = Home::new();
    std::fs::create_dir(home.path("packages")).unwrap();
    for number in 0..3 {
        home.done(&format!("seal scan --key bao:ct -o packages/{number}.msp"));
    }
    wait(home.scene.admin.rotate_key(&name("ct"))).unwrap();
    home.done("rewrap packages/0.msp --to-key bao:ct");
    home.done("seal scan --key default -o packages/other.msp");
    let shown = home.done("key status --packages packages");
    let line = "2 packages under version 1; 1 package under version 2, the newest";
    ev.holds("which versions", shown.contains(line));
    ev.holds("and of the store", shown.contains("1 package under version 1, the newest"));
    ev.holds("and all", shown.contains("4 packages, 0 under none of these keys"));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "a check of the keys fails for packages under a version that OpenBao no longer unwraps",
    polarity = deny,
)]
fn packages_below_the_minimum_version_are_not_in_order(ev: Ev) -> Proven {
    const CHECK: &str = "key status bao:ct --check --packages packages";
    let home = Home::new();
    std::fs::create_dir(home.path("packages")).unwrap();
    home.done("seal scan --key bao:ct -o packages/1.msp");
    wait(home.scene.admin.rotate_key(&name("ct"))).unwrap();
    ev.allows(home.tried(CHECK));
    wait(home.scene.admin.raise_minimum(&name("ct"), 2)).unwrap();
    let told = |Refused(code, said): &Refused| {
        *code == Some(15) && said.contains("not in order: 1 package")
    };
    ev.denies(home.tried(CHECK), told);
    wait(home.scene.admin.raise_minimum(&name("ct"), 1)).unwrap();
    home.done("rewrap packages --to-key bao:ct");
    wait(home.scene.admin.raise_minimum(&name("ct"), 2)).unwrap();
    ev.allows(home.tried(CHECK));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "a check of the keys fails for one that is disabled, overdue, or of which its service does not tell, and says which it is",
    polarity = deny,
)]
fn check_tells_apart_what_is_wrong(ev: Ev) -> Proven {
    let home = Home::new();
    ev.allows(home.tried("key status --check"));

    let old = |_: &medsec_testkit::proxy::Request, answer: Vec<u8>| {
        let text = String::from_utf8(answer).unwrap();
        let begin = "\"keys\":{\"1\":";
        let made = text.find(begin).unwrap() + begin.len();
        [&text.as_bytes()[..made], b"1500000000", &text.as_bytes()[made + 10..]].concat()
    };
    let rules = vec![Rule::on("/keys/ct", Action::Edit(Arc::new(old)))];
    let aged = Proxy::http(Front::Plain, Upstream::Plain(home.scene.api.address), rules);
    home.settings(&home.section_at(&aged.address().to_string(), &["ct"]));
    let overdue =
        |Refused(code, said): &Refused| *code == Some(15) && said.contains("rotation overdue");
    ev.denies(home.tried("key status bao:ct --check"), overdue);
    ev.allows(home.tried("key status default --check"));

    home.settings(&home.section(&["ct"]));
    wait(home.scene.admin.disable_key(&name("ct"))).unwrap();
    let disabled = |Refused(code, said): &Refused| *code == Some(15) && said.contains("disabled");
    ev.denies(home.tried("key status --check"), disabled);
    wait(home.scene.admin.enable_key(&name("ct"))).unwrap();

    home.settings(&home.section_at("127.0.0.1:9", &["ct"]));
    let begun = std::time::Instant::now();
    let away = |Refused(code, said): &Refused| {
        *code == Some(9)
            && said.contains("bao:ct: not told: the key service cannot be reached")
            && said.contains("default: version 1")
    };
    ev.denies(home.tried("key status --check"), away);
    ev.holds("in time", begun.elapsed() < Duration::from_secs(30));
    ev.allows(home.tried("key status"));

    home.settings(&home.section(&["ct", "missing"]));
    let missing = |Refused(code, said): &Refused| {
        *code == Some(15)
            && said.contains("bao:missing: not told: the key service knows no such key")
    };
    ev.denies(home.tried("key status --check"), missing);

    home.settings(&home.section(&["ct"]));
    home.secret("bao.token", "s.nobody");
    let unknown = |Refused(_, said): &Refused| {
        said.contains("bao:ct: not told: the key service does not accept")
    };
    ev.denies(home.tried("key status --check"), unknown);
    ev.proven()
}

#[test]
fn keys_of_kms_are_told_apart_by_their_states() {
    let mut home = Home::new();
    let emulator = Emulator::new(Kind::Moto);
    home.environment = emulator.environment();
    let keys = ["a", "b", "c"].map(|label| emulator.create(label).name);
    aws_wait(emulator.admin().disable_key(&keys[1])).unwrap();
    let week = Duration::from_secs(7 * 86_400);
    aws_wait(emulator.admin().schedule_destruction(&keys[2], week)).unwrap();
    home.settings(&format!(
        "[[service]]\nkind = \"aws-kms\"\nname = \"aws\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\n\
         plain_loopback = true\nkeys = [\"{}\", \"{}\", \"{}\"]\n",
        emulator.address(),
        keys[0],
        keys[1],
        keys[2]
    ));
    let (code, told) = home.json("key status --check");
    let state = |at: usize| of(&told, &format!("aws:{}", keys[at]))["state"].clone();
    assert_eq!([state(0), state(1), state(2)], ["enabled", "disabled", "pending destruction"]);
    assert_eq!((code, &told["not_in_order"]), (Some(15), &Value::from(2)));
}

#[test]
fn keys_of_a_token_are_told() {
    let token = Token::new();
    for text in ["ct", "mri"] {
        let spec = KeySpec { name: name(text), max_age_days: Some(90) };
        pollster::block_on(token.admin().create_key(&spec)).unwrap();
    }
    pollster::block_on(token.admin().rotate_key(&name("ct"))).unwrap();
    pollster::block_on(token.admin().disable_key(&name("mri"))).unwrap();
    let library = module();
    let mut home = Home::within(&std::env::current_dir().unwrap());
    home.secret("hsm.pin", PIN);
    home.environment.push(("SOFTHSM2_CONF".to_owned(), variable("SOFTHSM2_CONF")));
    home.settings(&format!(
        "[[service]]\nkind = \"pkcs11\"\nname = \"hsm\"\nmodule = \"{}\"\ntoken = \"{}\"\n\
         pin_file = \"hsm.pin\"\nkeys = [\"ct\", \"mri\"]\n",
        library.display(),
        token.0.as_str()
    ));
    let (code, told) = home.json("key status --check");
    let (ct, mri) = (of(&told, "hsm:ct"), of(&told, "hsm:mri"));
    assert_eq!((&ct["state"], &ct["version"]), (&"enabled".into(), &2.into()), "{told}");
    assert!(ct["rotation_due"].is_string() && ct["in_order"] == true, "{told}");
    assert_eq!((&mri["state"], code), (&"disabled".into(), Some(15)), "{told}");
}
