//! The program with keys of services elsewhere.

use std::path::PathBuf;
use std::process::Command;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::KeyAdmin as _;
use serde_json::json;

use crate::support::vault::{Api, Scene, name, wait};

const CONTENT: &[u8] = b"KOWALSKA^JADWIGA, of whom nothing may be seen";

/// A home of the user `ada` whose settings name a transit mount with the key `ct` as `bao`.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    pub(crate) scene: Scene,
}

/// One finished run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Option<i32>, pub(crate) String);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), scene: Api::live().scene() };
        home.done("init --user ada --no-passphrase --no-anchor");
        std::fs::write(home.path("scan"), CONTENT).unwrap();
        home.secret("bao.token", &home.scene.api.token);
        home.settings(&home.section(&["ct"]));
        home
    }

    /// What the settings say of the service.
    pub(crate) fn section(&self, keys: &[&str]) -> String {
        let Scene { api, mount, .. } = &self.scene;
        format!(
            "[[service]]\nkind = \"vault\"\nname = \"bao\"\naddress = \"http://{}\"\nplain_loopback = true\n\
             mount = \"{mount}\"\nkeys = {}\nlogin = {{ method = \"token\", file = \"bao.token\" }}\n\
             patience_seconds = 5\n",
            api.address,
            json!(keys)
        )
    }

    /// Puts a service in the place of those that the settings name.
    pub(crate) fn settings(&self, section: &str) {
        let file = self.path("home/config.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let before = text.split("[[service]]").next().unwrap();
        std::fs::write(file, format!("{before}{section}")).unwrap();
    }

    /// A file in the home that is its owner's alone.
    pub(crate) fn secret(&self, file: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.path("home").join(file);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        let done = self.command(line).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        Run { code: done.status.code(), said: String::from_utf8_lossy(&said).into_owned() }
    }

    /// The program with these arguments, not started yet.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_medsec-live-program"));
        program.args(line.split(' ')).current_dir(self.folder.path());
        program.env_clear().env("MEDSEC_HOME", self.path("home"));
        program
            .env("MEDSEC_PURPOSE", "TREAT")
            .env("XDG_STATE_HOME", self.path("state"))
            .env("HOME", self.folder.path());
        program
    }

    #[track_caller]
    pub(crate) fn done(&self, line: &str) -> String {
        self.tried(line).unwrap()
    }

    pub(crate) fn tried(&self, line: &str) -> Result<String, Refused> {
        let run = self.run(line);
        match run.code {
            Some(0) => Ok(run.said),
            code => Err(Refused(code, run.said)),
        }
    }

    pub(crate) fn opened(&self, package: &str) -> Vec<u8> {
        let _ = std::fs::remove_file(self.path("out"));
        self.done(&format!("open {package} -o out"));
        std::fs::read(self.path("out")).unwrap()
    }
}

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
    assert!(code == Some(2) && said.contains("other users can read"), "{said}");
}

#[test]
fn local_keys_work_while_the_service_is_away() {
    let home = Home::new();
    let away = home.section(&["ct"]).replace(&home.scene.api.address.to_string(), "127.0.0.1:9");
    home.settings(&away);
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

/// The ready policies limit a key's age, which the agent does not tell of keys elsewhere.
#[test]
fn agent_opens_with_keys_elsewhere_and_seals_with_none_of_unknown_age() {
    let home = Home::new();
    home.done(SEAL);
    home.done("login");
    let through =
        (home.tried("seal scan --key bao:ct -o other.msp"), home.tried("open scan.msp -o out"));
    home.done("logout");
    let Refused(_, said) = through.0.unwrap_err();
    assert!(said.contains("--no-agent") && !home.path("other.msp").exists(), "{said}");
    through.1.unwrap();
    assert_eq!(std::fs::read(home.path("out")).unwrap(), CONTENT);
}
