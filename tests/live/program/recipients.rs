//! Packages under keys of several services at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyAdmin as _, KeySpec};
use medsec_testkit::proxy::{Front, Proxy, Upstream};
use serde_json::Value;

use super::home::{CONTENT, Home, Refused};
use crate::aws::emulator::{Emulator, Kind, REGION, plain_url};
use crate::pkcs11::token::{PIN, Token, module};
use crate::support::variable;
use crate::support::vault::{name, wait};

/// A home with a key in OpenBao, in moto, on a token of SoftHSM and in its own store; what goes over a network passes
/// proxies that record it.
struct Places {
    home: Home,
    bao: Proxy,
    aws: Proxy,
    arn: String,
    token: Token,
}

impl Places {
    fn new() -> Self {
        let token = Token::new();
        let spec = KeySpec { name: name("ct"), max_age_days: None };
        pollster::block_on(token.admin().create_key(&spec)).unwrap();
        module();
        // SoftHSM finds its tokens from the working folder.
        let mut home = Home::within(&std::env::current_dir().unwrap());
        home.secret("hsm.pin", PIN);
        let emulator = Emulator::new(Kind::Moto);
        home.environment = emulator.environment();
        home.environment.push(("SOFTHSM2_CONF".to_owned(), variable("SOFTHSM2_CONF")));
        let arn = emulator.create("ct").name.to_string();
        let upstream = Upstream::Plain(home.scene.api.address);
        let bao = Proxy::http(Front::Plain, upstream, Vec::new());
        let places = Self { bao, aws: emulator.proxy(), arn, token, home };
        places.home.settings(&[places.vault(), places.kms(), places.hsm()].concat());
        places
    }

    fn vault(&self) -> String {
        self.home.section_at(&self.bao.address().to_string(), &["ct"])
    }

    fn kms(&self) -> String {
        format!(
            "[[service]]\nkind = \"aws-kms\"\nname = \"aws\"\nregion = \"{REGION}\"\nendpoint = \"{}\"\n\
             plain_loopback = true\nkeys = [\"{}\"]\n",
            plain_url(&self.aws),
            self.arn
        )
    }

    fn hsm(&self) -> String {
        format!(
            "[[service]]\nkind = \"pkcs11\"\nname = \"hsm\"\nmodule = \"{}\"\ntoken = \"{}\"\n\
             pin_file = \"hsm.pin\"\nkeys = [\"ct\"]\n",
            module().display(),
            self.token.0.as_str()
        )
    }

    /// How often the data key that OpenBao made stands in what passed each of the proxies.
    fn crossings(&self) -> (usize, usize) {
        let made = self.bao.recording().exchanges_of("/datakey/plaintext/");
        let answer = &made[0].answer;
        let begin = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let said: Value = serde_json::from_slice(&answer[begin..]).unwrap();
        let text = said["data"]["plaintext"].as_str().unwrap();
        let bytes = STANDARD.decode(text).unwrap();
        let count = |proxy: &Proxy| {
            proxy.recording().count(text.as_bytes()) + proxy.recording().count(&bytes)
        };
        (count(&self.bao), count(&self.aws))
    }
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "one package under keys in OpenBao, AWS KMS, an HSM and the local store opens through each of them alone, the others being neither configured nor asked",
    polarity = allow,
)]
fn package_opens_through_each_key_alone(ev: Ev) -> Proven {
    let places = Places::new();
    let Places { home, arn, .. } = &places;
    let keys = format!("--key default --key bao:ct --key aws:{arn} --key hsm:ct");
    let sealed = ev.allows(home.tried(&format!("seal scan {keys} -o scan.msp")));
    ev.holds("for all of them", sealed.contains("for 4 recipients"));
    home.settings("");
    ev.equal("the store alone", &home.opened("scan.msp"), &CONTENT.to_vec());
    home.done("key disable default");
    ev.denies(home.tried("open scan.msp -o out2"), |Refused(code, _)| *code == Some(15));
    let alone = [("OpenBao", places.vault()), ("KMS", places.kms()), ("the token", places.hsm())];
    for (whose, section) in alone {
        places.bao.recording().clear();
        places.aws.recording().clear();
        home.settings(&section);
        ev.equal("one service alone", &home.opened("scan.msp"), &CONTENT.to_vec());
        let asked =
            [&places.bao, &places.aws].map(|proxy| !proxy.recording().exchanges().is_empty());
        let expected = [whose == "OpenBao", whose == "KMS"];
        ev.equal("and nobody else is asked", &asked, &expected);
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(e)(1)"],
    claim = "sealing under keys of several services, the data key crosses the wire once for the service that makes it and once more for each further one on the network",
    polarity = allow,
)]
fn data_key_crosses_the_wire_once_for_each_service(ev: Ev) -> Proven {
    let places = Places::new();
    let keys = format!("--key bao:ct --key hsm:ct --key aws:{}", places.arn);
    ev.allows(places.home.tried(&format!("seal scan {keys} -o scan.msp")));
    ev.equal("once at each", &places.crossings(), &(1, 1));
    ev.proven()
}

#[test]
fn data_key_crosses_the_wire_once_for_one_service() {
    let places = Places::new();
    places.home.done("seal scan --key bao:ct --key default -o scan.msp");
    assert_eq!(places.crossings(), (1, 0));
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)"],
    claim = "if one of several keys cannot be used nothing is sealed, and none of the others stands in for it",
    polarity = deny,
)]
fn nothing_is_sealed_if_one_of_the_keys_cannot_be_used(ev: Ev) -> Proven {
    let places = Places::new();
    wait(places.home.scene.admin.disable_key(&name("ct"))).unwrap();
    let line = "seal scan --key default --key hsm:ct --key bao:ct -o scan.msp";
    ev.denies(places.home.tried(line), |Refused(code, said)| {
        *code == Some(15) && said.contains("disabled")
    });
    ev.holds("nothing was made", !places.home.path("scan.msp").exists());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(a)(1)"],
    claim = "a package that names keys which the settings do not name has no service asked for anything",
    polarity = deny,
)]
fn no_service_is_asked_for_keys_that_only_a_package_names(ev: Ev) -> Proven {
    let places = Places::new();
    let Places { home, arn, .. } = &places;
    let keys = format!("--key bao:ct --key aws:{arn}");
    home.done(&format!("seal scan {keys} -o scan.msp"));
    let emulator = Emulator::new(Kind::Moto);
    let other = places.kms().replace(arn, emulator.create("other").name.as_str());
    home.scene.key("mri");
    let mri = home.section_at(&places.bao.address().to_string(), &["mri"]);
    home.settings(&[mri, other].concat());
    places.bao.recording().clear();
    places.aws.recording().clear();
    ev.denies(home.tried("open scan.msp -o out"), |Refused(code, _)| *code == Some(4));
    let asked = [&places.bao, &places.aws].map(|proxy| proxy.recording().exchanges().len());
    ev.equal("nothing went over the wire", &asked, &[0, 0]);
    ev.proven()
}
