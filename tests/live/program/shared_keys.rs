//! Shared data keys: how often the service is asked, and what the package and the log say.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::proxy::{Front, Proxy, Upstream};

use super::home::{CONTENT, Home, Refused};
use crate::support::copy_folder;

const ON: &str = "[shared_data_keys]\nseal = true\nopen = true\n";
const POLICY: &str = "home/policy/source/policy.toml";

/// A home whose policy permits shared data keys, and what stands between it and the server.
struct Ward {
    home: Home,
    proxy: Proxy,
}

impl Ward {
    fn new() -> Self {
        let home = Home::new();
        let policy = std::fs::read_to_string(home.path(POLICY)).unwrap();
        let line = "max_key_age_days = 365";
        assert!(policy.contains(line));
        let policy = policy.replace(line, &format!("{line}\nshared_data_keys = \"permitted\""));
        std::fs::write(home.path(POLICY), policy).unwrap();
        home.done("policy sign");
        let upstream = Upstream::Plain(home.scene.api.address);
        let proxy = Proxy::http(Front::Plain, upstream, Vec::new());
        let ward = Self { home, proxy };
        ward.settings(ON);
        ward
    }

    fn settings(&self, shared: &str) {
        let address = self.proxy.address().to_string();
        self.home.settings(&format!("{}{shared}", self.home.section_at(&address, &["ct"])));
    }

    /// A folder with so many files.
    fn study(&self, name: &str, files: usize) {
        std::fs::create_dir(self.home.path(name)).unwrap();
        for number in 0..files {
            let content = [CONTENT, &[u8::try_from(number).unwrap()]].concat();
            std::fs::write(self.home.path(&format!("{name}/{number}")), content).unwrap();
        }
    }

    /// Requests of a run to the keys; those about its token depend on the time.
    fn requests(&self, line: &str) -> usize {
        self.proxy.recording().clear();
        self.home.done(line);
        self.proxy.recording().exchanges_of(&self.home.scene.mount).len()
    }
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "with shared data keys OpenBao is asked as often for sixty packages as for two: once to seal, once to open",
    polarity = allow,
)]
fn openbao_is_asked_as_often_for_many_packages_as_for_few(ev: Ev) -> Proven {
    let ward = Ward::new();
    for (name, files) in [("few", 2), ("many", 60)] {
        ward.study(name, files);
    }
    let seal =
        |name: &str| ward.requests(&format!("seal {name} --key bao:ct --out-dir {name}.sealed"));
    let sealed = [seal("few"), seal("many")];
    ev.equal("to seal", &sealed[0], &sealed[1]);
    let of = |part: &str| ward.proxy.recording().exchanges_of(part).len();
    ev.equal("one data key", &of("/datakey/plaintext/"), &1);
    let open = |name: &str| ward.requests(&format!("open {name}.sealed --out-dir {name}.out"));
    let opened = [open("few"), open("many")];
    ev.equal("to open", &opened[0], &opened[1]);
    ev.equal("unwrapped once", &of("/decrypt/"), &1);
    let first = std::fs::read(ward.home.path("many.out/7")).unwrap();
    ev.equal("the content comes back", &first, &[CONTENT, &[7]].concat());
    ev.proven()
}

#[test]
fn package_and_log_name_the_shared_data_key() {
    let ward = Ward::new();
    ward.home.done("seal scan --key bao:ct -o scan.msp");
    let (_, shown) = ward.home.json("inspect scan.msp");
    let name = shown["results"][0]["dek_id"].as_str().unwrap().to_owned();
    assert_eq!(ward.home.opened("scan.msp"), CONTENT);
    // Of a copy no policy is asked.
    copy_folder(&ward.home.path("home/audit"), &ward.home.path("copy"));
    let log = ward.home.done("audit show --log copy --pin home/audit.pin --last 4 --json");
    assert!(log.matches(&format!("shared:{name}")).count() >= 2, "{log}");
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(a)(1)"],
    claim = "a home that wants shared data keys seals nothing under a policy that does not permit them, and opens nothing under one",
    polarity = deny,
)]
fn policy_that_does_not_permit_them_refuses_shared_data_keys(ev: Ev) -> Proven {
    let ward = Ward::new();
    ward.home.done("seal scan --key bao:ct -o scan.msp");
    let policy = std::fs::read_to_string(ward.home.path(POLICY)).unwrap();
    let strict = policy.replace("\nshared_data_keys = \"permitted\"", "");
    std::fs::write(ward.home.path(POLICY), strict).unwrap();
    ward.home.done("policy sign");
    let refused = |Refused(code, _): &Refused| *code == Some(24);
    ev.denies(ward.home.tried("seal scan --key bao:ct -o other.msp"), refused);
    let expected = |Refused(code, _): &Refused| *code == Some(4);
    ev.denies(ward.home.tried("open scan.msp -o out"), expected);
    ev.holds("nothing was made", !ward.home.path("other.msp").exists());
    ward.settings("");
    ev.allows(ward.home.tried("seal scan --key bao:ct -o other.msp"));
    ev.proven()
}

#[test]
fn shared_data_keys_go_through_the_agent_too() {
    let ward = Ward::new();
    ward.study("study", 20);
    ward.home.done("login");
    let sealed = ward.home.tried("seal study --key bao:ct --out-dir sealed");
    let made = ward.proxy.recording().exchanges_of("/encrypt/").len();
    let opened = ward.home.tried("open sealed --out-dir out");
    let unwrapped = ward.proxy.recording().exchanges_of("/decrypt/").len();
    ward.home.done("logout");
    sealed.unwrap();
    opened.unwrap();
    assert_eq!((made, unwrapped), (1, 1));
}
