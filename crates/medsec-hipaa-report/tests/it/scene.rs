//! A copy of the fixture: a repository of its own, with a run of its tests.
//!
//! All copies share one target folder, so that only the two small crates are built for each. The honest run is recorded
//! once; what needs no other build starts from a copy of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use medsec_hipaa_report::{Lock, PrivateKey, Recorder, Report, ReportError, assemble};
use sha2::{Digest as _, Sha256};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixture");
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/hospital-service");
const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
const LOCKFILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
/// What the scenes take from this workspace, as a repository of its own: one that is clean while somebody works here.
const BORROWED: [&str; 2] = ["medsec-evidence", "medsec-evidence-macros"];
/// Counts up when a run leaves other files behind, so that the honest one is recorded anew.
const RECORD: &str = "2";
/// The report date of all scenes.
pub(crate) const DATE: &str = "2026-06-01";
pub(crate) const SESSION: &str = "clinic/tests/it/session.rs";
/// The test that most lies are about.
pub(crate) const IDLE: &str = "clinic::it session::idle_session_cannot_open";
pub(crate) const LOGOFF: &str = "164.312(a)(2)(iii)";

/// A repository and the folder of its run.
pub(crate) struct Scene {
    pub(crate) root: PathBuf,
    runs: PathBuf,
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("lies")
}

/// One folder for all scenes, and nothing in it that a test has no use for.
fn small_builds() -> [(&'static str, PathBuf); 3] {
    let off = || PathBuf::from("0");
    let target = home().join("target");
    [("CARGO_TARGET_DIR", target), ("CARGO_INCREMENTAL", off()), ("CARGO_PROFILE_DEV_DEBUG", off())]
}

fn fresh(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("an old scene can be removed");
    }
    fs::create_dir_all(folder).expect("a scene has a folder");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be listed") {
        let entry = entry.expect("an entry can be read");
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &place);
        } else {
            fs::copy(&path, &place).expect("a file can be copied");
        }
    }
}

/// A digest of what scenes borrow, and of the format of what a run leaves behind.
fn evidence_state() -> String {
    let sources = BORROWED.map(|name| state_of(&Path::new(CRATES).join(name).join("src")));
    sources.concat() + RECORD
}

/// The folder of medsec-evidence in the repository that scenes borrow it from.
fn evidence() -> String {
    let root = home().join("evidence");
    fs::create_dir_all(home()).expect("a folder");
    let lock = fs::File::create(home().join("evidence.lock")).expect("a lock");
    lock.lock().expect("the lock");
    let stamp = home().join("evidence.stamp");
    if fs::read_to_string(&stamp).ok() != Some(evidence_state()) {
        fresh(&root);
        for name in BORROWED {
            copy(&Path::new(CRATES).join(name), &root.join("crates").join(name));
        }
        let scene = Scene { runs: root.clone(), root: root.clone() };
        let manifest = fs::read_to_string(WORKSPACE).expect("a manifest");
        let members =
            |line: &&str| !line.starts_with("members = ") && !line.starts_with("exclude = ");
        let lines: Vec<_> = manifest.lines().filter(members).collect();
        let lines =
            lines.join("\n").replacen("[workspace]", "[workspace]\nmembers = [\"crates/*\"]", 1);
        scene.put("Cargo.toml", &lines);
        scene.git(&["init", "-q"]);
        scene.commit();
        fs::write(&stamp, evidence_state()).expect("a stamp");
    }
    root.join("crates/medsec-evidence").display().to_string()
}

impl Scene {
    /// The fixture as it is, committed, with nothing run.
    fn honest(name: &str) -> Self {
        let root = home().join(name);
        fresh(&root);
        copy(Path::new(FIXTURE), &root);
        fs::copy(LOCKFILE, root.join("Cargo.lock")).expect("the versions of this workspace");
        let scene = Self { runs: root.join("target/evidence"), root };
        let manifest = fs::read_to_string(FIXTURE.to_owned() + "/Cargo.toml").expect("a manifest");
        scene.put("Cargo.toml", &manifest.replace("EVIDENCE", &evidence()));
        for package in ["clinic", "ward"] {
            // Cargo takes two packages at one place in their workspaces for the same, unless their versions differ.
            let version = format!("version = \"0.1.0+{name}\"");
            scene.edit(&format!("{package}/Cargo.toml"), "version = \"0.1.0\"", &version);
        }
        scene.sign();
        scene.git(&["init", "-q"]);
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&scene.root).args(["metadata", "--offline", "--format-version", "1"]);
        assert!(cargo.output().expect("cargo").status.success());
        scene.commit();
        scene
    }

    /// A copy of `examples/hospital-service`, committed, with nothing run.
    pub(crate) fn example(name: &str) -> Self {
        let root = home().join(name);
        fresh(&root);
        copy(Path::new(EXAMPLE), &root);
        fs::copy(LOCKFILE, root.join("Cargo.lock")).expect("the versions of this workspace");
        let scene = Self { runs: root.join("target/evidence"), root };
        scene.edit("Cargo.toml", "../../crates/medsec-evidence", &evidence());
        scene.git(&["init", "-q"]);
        scene.commit();
        scene
    }

    /// Forgets all commits but one of what is there now.
    pub(crate) fn begin_anew(&self) {
        fs::remove_dir_all(self.root.join(".git")).expect("the old repository");
        self.git(&["init", "-q"]);
        self.commit();
    }

    /// The environment of programs that build in a scene.
    pub(crate) fn quiet<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NEXTEST")) {
            command.env_remove(name);
        }
        command.current_dir(&self.root).envs(small_builds()).env("CARGO_NET_OFFLINE", "true")
    }

    /// Signs the fixture's statement with a key that its settings name.
    pub(crate) fn sign(&self) {
        let file = self.root.join("key.pem");
        let key = if file.exists() { PrivateKey::load(&file) } else { PrivateKey::create(&file) };
        let key = key.expect("a key");
        let (settings, statement) =
            ("compliance/report.toml", "compliance/attestations/official.toml");
        let public = key.public().to_string();
        self.edit(settings, "SIGNER", &public);
        let letter = fs::read(self.root.join("letter.txt")).expect("a letter");
        self.edit(statement, "LETTER", &hex(&letter));
        self.sign_again();
    }

    /// Signs the statement again after it was edited.
    pub(crate) fn sign_again(&self) {
        self.sign_as("compliance/attestations/official.toml");
    }

    /// Signs a statement.
    pub(crate) fn sign_as(&self, statement: &str) {
        let key = PrivateKey::load(&self.root.join("key.pem")).expect("a key");
        let signature =
            key.sign("application/vnd.medsec.attestation+toml", self.text(statement).as_bytes());
        self.put(&format!("{statement}.sig"), &signature.to_string());
    }

    /// A copy in which something was done to the source, run anew.
    pub(crate) fn lying(name: &str, lie: impl FnOnce(&Self)) -> Self {
        let mut scene = Self::honest(name);
        lie(&scene);
        scene.commit();
        scene.run().expect("the tests run");
        scene
    }

    /// A copy that does not build: what the compiler says about it.
    pub(crate) fn broken(name: &str, lie: impl FnOnce(&Self)) -> String {
        let mut scene = Self::honest(name);
        lie(&scene);
        scene.commit();
        assert!(scene.run().is_err(), "a run that does not build gives no report");
        let output = scene.cargo(&["check", "--tests", "--offline"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A copy of the honest run, to which something is done afterwards.
    pub(crate) fn recorded(name: &str) -> Self {
        let honest = home().join("honest");
        fs::create_dir_all(home()).expect("a folder");
        let lock = fs::File::create(home().join("honest.lock")).expect("a lock");
        lock.lock().expect("the lock");
        let stamp = home().join("honest.stamp");
        let now = state_of(Path::new(FIXTURE)) + &evidence_state();
        if fs::read_to_string(&stamp).ok().as_ref() != Some(&now) {
            let mut scene = Self::honest("honest");
            scene.run().expect("the honest tests run");
            fs::write(&stamp, now).expect("a stamp");
        }
        let root = home().join(name);
        fresh(&root);
        copy(&honest, &root);
        drop(lock);
        let runs = only(&root.join("target/evidence"));
        Self { root, runs }
    }

    /// A copy of the honest repository at another path, whose tests run anew.
    pub(crate) fn run_again(name: &str) -> Self {
        let mut scene = Self::recorded(name);
        fs::remove_dir_all(scene.root.join("target/evidence")).expect("the first run goes");
        scene.run().expect("the tests run");
        scene
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root).envs(small_builds());
        cargo.args(arguments).output().expect("cargo")
    }

    fn run(&mut self) -> Result<(), ReportError> {
        let recorder =
            Recorder::start(&self.root, &self.root.join("target/evidence"), &["default"])?;
        let configuration = recorder.configuration("default", &["--workspace"])?;
        let profile = self.root.join("target/nextest.toml");
        fs::write(&profile, "[profile.default.junit]\npath = \"junit.xml\"\n").expect("a profile");
        let junit = self.root.join("target/nextest/default/junit.xml");
        configuration.record(&junit, |what| {
            let mut nextest = Command::new("cargo");
            nextest.args(["nextest", what, "--offline", "--config-file"]).arg(&profile);
            self.quiet(&mut nextest);
            nextest
        })?;
        self.runs = recorder.folder().to_path_buf();
        Ok(())
    }

    pub(crate) fn put(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file can be written");
    }

    pub(crate) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).expect("a file can be read")
    }

    /// Replaces a text that must be there.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.text(file);
        assert!(text.contains(from), "{file} has no `{from}`");
        self.put(file, &text.replacen(from, to, 1));
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(&self.root).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        git.env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z");
        let output = git.args(arguments).output().expect("git");
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "state"]);
    }

    /// Files of the one configuration, to be edited.
    pub(crate) fn results(&self) -> PathBuf {
        self.runs.join("default")
    }

    pub(crate) fn runs(&self) -> &Path {
        &self.runs
    }

    /// Says that these configurations were to run.
    pub(crate) fn plan(&self, names: &[&str]) {
        let run = self.runs.file_name().expect("a name").to_string_lossy().into_owned();
        let plan = serde_json::json!({
            "schema": "medsec-test-plan/v1", "run": run, "configurations": names,
        });
        fs::write(self.runs.join("plan.json"), plan.to_string()).expect("a plan");
    }

    /// The same files in a folder of a repository that holds a crate beside it.
    pub(crate) fn nested(&self) -> Self {
        let around = self.root.with_file_name(format!(
            "{}-around",
            self.root.file_name().expect("a name").to_string_lossy()
        ));
        fresh(&around);
        let root = around.join("service");
        copy(&self.root, &root);
        fs::remove_dir_all(root.join(".git")).expect("the old repository");
        let scene = Self { runs: only(&root.join("target/evidence")), root };
        scene.put("../shelf/src/lib.rs", "");
        let outer = Self { root: around, runs: scene.runs.clone() };
        outer.git(&["init", "-q"]);
        outer.commit();
        scene.reseal();
        scene
    }

    /// Takes a crate of another repository by its path, and returns the folder of that.
    pub(crate) fn borrowed(&self) -> PathBuf {
        let name = self.root.file_name().expect("a name").to_string_lossy().into_owned();
        let shelf = self.root.with_file_name(format!("{name}-shelf"));
        fresh(&shelf);
        let other = Self { root: shelf.clone(), runs: shelf.clone() };
        other.put(
            "Cargo.toml",
            "[package]\nname = \"shelf\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
        );
        other.put("src/lib.rs", "");
        other.git(&["init", "-q"]);
        other.commit();
        let dependency =
            format!("[dev-dependencies]\nshelf = {{ path = \"{}\" }}\n", shelf.display());
        self.edit("clinic/Cargo.toml", "[dev-dependencies]\n", &dependency);
        assert!(self.cargo(&["metadata", "--offline", "--format-version", "1"]).status.success());
        self.commit();
        self.reseal();
        shelf
    }

    /// What the program of this crate prints about the run that was recorded.
    pub(crate) fn program(&self, arguments: &[&str], adjust: impl FnOnce(&mut Command)) -> String {
        let mut program = Command::new(env!("CARGO_BIN_EXE_medsec-hipaa-report"));
        let (command, rest) = arguments.split_first().expect("a command");
        program.arg("--root").arg(&self.root).arg(command).args(rest);
        program.arg("--out").arg(self.root.join("target/compliance")).arg("--runs").arg(&self.runs);
        program.env("SOURCE_DATE_EPOCH", "1780272000");
        self.quiet(&mut program);
        adjust(&mut program);
        let output = program.output().expect("the program");
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Makes `run.json` vouch for what lies there now, at the commit of now.
    pub(crate) fn reseal(&self) {
        let folder = self.results();
        let mut facts: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join("run.json")).expect("facts"))
                .expect("JSON");
        let mut files = serde_json::Map::new();
        let mut add = |name: String, path: &Path| {
            files.insert(name, hex(&fs::read(path).expect("a file")).into());
        };
        add("junit.xml".to_owned(), &folder.join("junit.xml"));
        add("list.json".to_owned(), &folder.join("list.json"));
        for path in self.witnesses() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            add(format!("witnesses/{name}"), &path);
        }
        facts["files"] = files.into();
        let output =
            Command::new("git").current_dir(&self.root).args(["rev-parse", "HEAD"]).output();
        let commit = String::from_utf8(output.expect("git").stdout).expect("a commit");
        facts["commit"] = commit.trim().into();
        fs::write(folder.join("run.json"), facts.to_string()).expect("facts");
    }

    pub(crate) fn witnesses(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.results().join("witnesses")).expect("witnesses");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    /// The witness of the test that most lies are about.
    pub(crate) fn idle_witness(&self) -> PathBuf {
        let of_idle = |path: &PathBuf| {
            let text = fs::read_to_string(path).expect("a witness");
            text.contains("\"clinic::it\"") && text.contains("idle_session_cannot_open")
        };
        self.witnesses().into_iter().find(of_idle).expect("its witness")
    }

    pub(crate) fn report(&self) -> Report {
        let date = DATE.parse().expect("a day");
        assemble(&self.root, &self.runs, date).expect("a report").0
    }

    /// What a bless would lock.
    pub(crate) fn bless(&self) {
        let date = DATE.parse().expect("a day");
        let (_, joined) = assemble(&self.root, &self.runs, date).expect("a report");
        Lock::of(&joined).save(&self.root).expect("a lock");
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn only(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).expect("a run");
    entries.next().expect("a run").expect("a run").path()
}

/// A digest of all files below a folder.
fn state_of(folder: &Path) -> String {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    let states = entries.iter().map(|path| {
        if path.is_dir() { state_of(path) } else { hex(&fs::read(path).expect("a file")) }
    });
    hex(states.collect::<String>().as_bytes())
}

/// Asserts that some problem has all these words, and returns it.
#[track_caller]
pub(crate) fn named(report: &Report, words: &[&str]) {
    let texts: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    let found = texts.iter().any(|text| words.iter().all(|word| text.contains(word)));
    assert!(found, "no problem has {words:?}:\n{}", texts.join("\n"));
}

/// The key of an item's status.
#[track_caller]
pub(crate) fn status(report: &Report, citation: &str) -> &'static str {
    report.row(citation).expect("an item").status.key()
}
