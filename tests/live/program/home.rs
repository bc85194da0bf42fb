//! A home of the program, with key services in its settings.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::vault::{Api, Scene};

pub(crate) const CONTENT: &[u8] = b"KOWALSKA^JADWIGA, of whom nothing may be seen";

/// A home of the user `ada` whose settings name a transit mount with the key `ct` as `bao`.
pub(crate) struct Home {
    /// The working folder, with the home in it.
    folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
    pub(crate) scene: Scene,
    /// Variables besides the program's own.
    pub(crate) environment: Vec<(String, String)>,
}

/// One finished run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

/// Exit code, and what was said.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Option<i32>, pub(crate) String);

impl Home {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let home = Self::of(temporary.path().to_owned(), Some(temporary));
        home.settings(&home.section(&["ct"]));
        home
    }

    /// In that folder, with no service in the settings.
    pub(crate) fn within(folder: &Path) -> Self {
        Self::of(folder.to_owned(), None)
    }

    fn of(folder: PathBuf, temporary: Option<tempfile::TempDir>) -> Self {
        let scene = Api::live().scene();
        let home = Self { folder, _temporary: temporary, scene, environment: Vec::new() };
        home.done("init --user ada --no-passphrase --no-anchor");
        std::fs::write(home.path("scan"), CONTENT).unwrap();
        home.secret("bao.token", &home.scene.api.token);
        home
    }

    /// What the settings say of the service.
    pub(crate) fn section(&self, keys: &[&str]) -> String {
        self.section_at(&self.scene.api.address.to_string(), keys)
    }

    /// The same, where somebody stands in between.
    pub(crate) fn section_at(&self, address: &str, keys: &[&str]) -> String {
        let mount = &self.scene.mount;
        format!(
            "[[service]]\nkind = \"vault\"\nname = \"bao\"\naddress = \"http://{address}\"\nplain_loopback = true\n\
             mount = \"{mount}\"\nkeys = {}\nlogin = {{ method = \"token\", file = \"bao.token\" }}\n\
             patience_seconds = 5\n",
            json!(keys)
        )
    }

    /// Puts services in the place of those that the settings name.
    pub(crate) fn settings(&self, sections: &str) {
        let file = self.path("home/config.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let before = text.split("[[service]]").next().unwrap();
        std::fs::write(file, format!("{before}{sections}")).unwrap();
    }

    /// A file in the home that is its owner's alone.
    pub(crate) fn secret(&self, file: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.path("home").join(file);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        let done = self.command(line).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        Run { code: done.status.code(), said: String::from_utf8_lossy(&said).into_owned() }
    }

    /// The document of a run with `--json`, and its exit code.
    pub(crate) fn json(&self, line: &str) -> (Option<i32>, Value) {
        let done = self.command(&format!("{line} --json")).output().unwrap();
        (done.status.code(), serde_json::from_slice(&done.stdout).unwrap())
    }

    /// The program with these arguments, not started yet.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_medsec-live-program"));
        program.args(line.split(' ')).current_dir(&self.folder);
        program.env_clear().env("MEDSEC_HOME", self.path("home"));
        program
            .env("MEDSEC_PURPOSE", "TREAT")
            .env("XDG_STATE_HOME", self.path("state"))
            .env("HOME", &self.folder);
        program.envs(self.environment.iter().map(|(name, value)| (name, value)));
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
