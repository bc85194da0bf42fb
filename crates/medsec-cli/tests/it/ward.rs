//! A folder with keys, a patient's file and its context, a home where one is needed, and runs of the program in it.
//!
//! All that a patient could be known by is called KOWALSKA or JADWIGA, and no run may print either.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use medsec_policy::{DatasetId, PrincipalId, Ready};
use serde_json::Value;

/// The patient's file.
pub(crate) const SCAN: &str = "KOWALSKA_JADWIGA_19700131.dcm";
/// The patient's context.
pub(crate) const CONTEXT: &str = "KOWALSKA.ctx";
/// Another patient's context.
pub(crate) const OTHER_CONTEXT: &str = "KOWALSKA_JAN.ctx";

pub(crate) struct Ward {
    folder: tempfile::TempDir,
    pub(crate) content: Vec<u8>,
}

/// One finished run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// The program refused, with this code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) i32);

impl Ward {
    /// Keys `own`, `partner`, `stranger` and the signer's `sign`, all plain, and a file of 200,000 bytes.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0_u32..200_000).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        let ward = Self { folder, content };
        for key in ["own", "partner", "stranger"] {
            let out = format!("{key}.key");
            ward.run(["identity", "new", "--no-passphrase", "--out", &out]).ok();
        }
        ward.run("identity new --no-passphrase --kind signer --out sign.key".split(' ')).ok();
        ward.write(SCAN, &ward.content);
        ward.write(CONTEXT, b"patient = KOWALSKA^JADWIGA\nbirth = 19700131\n");
        ward.write(OTHER_CONTEXT, b"patient = KOWALSKA^JAN\nbirth = 19700131\n");
        ward
    }

    /// An empty folder.
    #[cfg(target_os = "linux")]
    pub(crate) fn bare() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), content: Vec::new() }
    }

    /// With a home of the user `ada` under the policy `hipaa-default`, which wants signatures of users; `sign` is
    /// the signer of ada.
    pub(crate) fn with_home() -> Self {
        let ward = Self::new();
        ward.line("init --user ada --no-passphrase --no-anchor").ok();
        fs::copy(ward.path("home/identities/ada.signer"), ward.path("sign.key")).unwrap();
        ward
    }

    /// With a home of the user `ada` under a policy that does without signatures, in which ann and ben may do what
    /// ada may, and several data sets are.
    pub(crate) fn with_lax_home() -> Self {
        let ward = Self::new();
        ward.write_policy("policy", lax);
        ward.line("init --user ada --no-passphrase --no-anchor --policy policy").ok();
        fs::remove_dir_all(ward.path("policy")).unwrap();
        ward
    }

    /// Makes a home of ada with these options, under a policy in which she audits too: of somebody who works alone.
    pub(crate) fn init_alone(&self, options: &str) {
        self.write_policy("policy", alone);
        self.line(&format!("init --user ada --no-passphrase --policy policy {options}")).ok();
        fs::remove_dir_all(self.path("policy")).unwrap();
    }

    /// Writes the source of `hipaa-default` for ada into a new folder. `edit` gets path and text of each file.
    pub(crate) fn write_policy(&self, folder: &str, edit: impl Fn(&str, String) -> String) {
        let (ada, dataset) = (PrincipalId::new("ada").unwrap(), DatasetId::new("default").unwrap());
        fs::create_dir_all(self.path(&format!("{folder}/rules"))).unwrap();
        for file in Ready::HipaaDefault.for_owner(&ada, &dataset) {
            let text = edit(file.path, file.text);
            self.write(&format!("{folder}/{}", file.path), text.as_bytes());
        }
    }

    /// With the package `scan.msp`: for `own`, signed, bound to the patient; in a home as of [`Self::with_home`].
    pub(crate) fn with_package() -> Self {
        let ward = Self::with_home();
        ward.line(&format!(
            "seal {SCAN} --to own.key --sign-with sign.key --context-file {CONTEXT} -o scan.msp"
        ))
        .ok();
        ward
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// A file that its owner alone can read.
    #[cfg(unix)]
    pub(crate) fn write_private(&self, name: &str, bytes: &[u8]) {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(name, bytes);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Names of all files beside the home and the state folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entry = |entry: std::io::Result<fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let mut names: Vec<String> = fs::read_dir(self.folder.path()).unwrap().map(entry).collect();
        names.retain(|name| name != "home" && name != "state");
        names.sort();
        names
    }

    /// Flips a bit of a file, counted from its end.
    pub(crate) fn flip_from_end(&self, name: &str, back: usize) {
        let mut bytes = self.read(name);
        let at = bytes.len() - back;
        bytes[at] ^= 1;
        self.write(name, &bytes);
    }

    /// A command of the shell in the folder, for what only a shell can set up.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut command = self.equipped(Command::new("sh"));
        command.args(["-c", script]);
        command
    }

    /// In the folder, with the ward's home and purpose, and never with the settings of whoever runs the tests.
    fn equipped(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MEDSEC_") {
                command.env_remove(name);
            }
        }
        command.env("MEDSEC_HOME", self.path("home")).env("MEDSEC_PURPOSE", "TREAT");
        // Else the agent's socket would lie there.
        command.env("XDG_STATE_HOME", self.path("state")).env_remove("XDG_RUNTIME_DIR");
        command
    }

    pub(crate) fn command<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.equipped(Command::new(env!("CARGO_BIN_EXE_medsec")));
        for argument in arguments {
            command.arg(argument.as_ref());
        }
        command
    }

    pub(crate) fn run<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        let run =
            finished(self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn());
        let printed = String::from_utf8_lossy(&run.stdout).into_owned();
        run.names_nobody(&printed);
        assert!(!printed.contains('\u{1b}'), "no terminal, no colours");
        run
    }

    /// Arguments without blanks, as one line.
    pub(crate) fn line(&self, line: &str) -> Run {
        self.run(line.split_whitespace())
    }

    /// Like [`Self::line`], with other settings in the environment; an empty one counts as none.
    pub(crate) fn line_with(&self, environment: &[(&str, &str)], line: &str) -> Run {
        let mut command = self.command(line.split_whitespace());
        command.envs(environment.iter().copied());
        finished(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())
    }

    /// `audit` with this line on a copy of the home's log, of which no policy is asked: what a test looks at must not
    /// depend on who may look.
    pub(crate) fn audit(&self, line: &str) -> Run {
        let copy = tempfile::tempdir().unwrap();
        copy_all(&self.path("home/audit"), copy.path());
        let pin = self.path("home/audit.pin");
        self.line(&format!("audit {line} --log {} --pin {}", copy.path().display(), pin.display()))
    }

    /// The access records of the audit log, oldest first.
    pub(crate) fn records(&self) -> Vec<Value> {
        let document = self.audit("show --kind access --json").json();
        document["records"].as_array().unwrap().clone()
    }

    /// Action, outcome and reason of the newest access record.
    pub(crate) fn newest(&self) -> [String; 3] {
        let newest = self.records().pop().unwrap_or_default();
        ["action", "outcome", "reason"].map(|name| newest[name].as_str().unwrap_or("").to_owned())
    }

    /// Like [`Self::line`], with standard input, and with content as standard output.
    pub(crate) fn piped(&self, line: &str, input: &[u8]) -> Run {
        let mut child = self.spawn(line);
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // A program that fails early closes its end.
            let _ = stdin.write_all(&input);
        });
        let run = finished(Ok(child));
        writer.join().unwrap();
        run
    }

    /// Starts the program with pipes at all three ends.
    pub(crate) fn spawn(&self, line: &str) -> Child {
        self.command(line.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Opens `package` for `own` with the patient's context into `out`.
    pub(crate) fn open(&self, package: &str, out: &str) -> Run {
        self.line(&format!(
            "open {package} --identity own.key --signer sign.key --context-file {CONTEXT} -o {out}"
        ))
    }

    /// Whether `own` opens `package` to the very content.
    pub(crate) fn opens(&self, package: &str) -> bool {
        self.open(package, "checked").code == 0 && {
            let same = self.read("checked") == self.content;
            fs::remove_file(self.path("checked")).unwrap();
            same
        }
    }
}

/// Copies a folder of a log. The marks come first: what a writer adds meanwhile is beyond them.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let mut entries: Vec<_> = fs::read_dir(from).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(|entry| (entry.path().is_dir(), entry.file_name() != "hwm"));
    for entry in entries {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_all(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to)),
        }
    }
}

/// [`Ward::write_policy`]'s edit for a policy that does without signatures, with more people and data sets.
pub(crate) fn lax(path: &str, text: String) -> String {
    match path {
        "policy.toml" => text.replacen("signature = \"required\"", "signature = \"optional\"", 1),
        "roles.toml" => {
            let (rest, ada) = text.split_once("[people.\"ada\"]").unwrap();
            let (ada, dataset) = ada.split_once("[datasets.\"default\"]").unwrap();
            let people = ["ada", "ann", "ben"].map(|name| format!("[people.\"{name}\"]{ada}"));
            let datasets = ["default", "ct", "old", "other", "study-7"];
            let datasets = datasets.map(|name| format!("[datasets.\"{name}\"]{dataset}"));
            [rest.to_owned(), people.concat(), datasets.concat()].concat()
        }
        _ => text,
    }
}

/// [`Ward::write_policy`]'s edit for a policy in which nobody else audits.
fn alone(path: &str, text: String) -> String {
    match path {
        "roles.toml" => text
            .replacen("separated = [[\"administrator\", \"auditor\"]]", "separated = []", 1)
            .replacen(
                "roles = [\"administrator\", ",
                "roles = [\"administrator\", \"auditor\", ",
                1,
            ),
        _ => text,
    }
}

pub(crate) fn finished(child: std::io::Result<Child>) -> Run {
    let output = child.unwrap().wait_with_output().unwrap();
    let run = Run {
        code: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    run.names_nobody(&run.stderr);
    run.says_what_next();
    run
}

impl Run {
    fn names_nobody(&self, text: &str) {
        let text = text.to_uppercase();
        assert!(
            !text.contains("KOWALSKA") && !text.contains("JADWIGA") && !text.contains("19700131"),
            "{text}"
        );
    }

    /// Every complaint comes with advice, and nothing is coloured.
    fn says_what_next(&self) {
        let count = |word: &str| self.stderr.matches(word).count();
        assert_eq!(count("medsec: "), count("\n  → "), "{}", self.stderr);
        assert_eq!(count("\u{1b}"), 0);
    }

    /// The run succeeded.
    #[track_caller]
    pub(crate) fn ok(&self) {
        assert_eq!(self.code, 0, "{}", self.stderr);
    }

    /// The run ended with that code.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn code_is(&self, code: i32) {
        assert_eq!(self.code, code, "{}", self.stderr);
    }

    /// The run failed, whatever its code.
    #[track_caller]
    pub(crate) fn code_is_not_zero(&self) {
        assert_ne!(self.code, 0, "{}", self.stderr);
    }

    /// The run as a result, for evidence.
    pub(crate) fn result(&self) -> Result<(), Refused> {
        if self.code == 0 { Ok(()) } else { Err(Refused(self.code)) }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap()
    }
}
