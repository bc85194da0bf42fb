//! A clinic: ada administers and seals, bela may claim emergencies and works with no data set, cara and dora audit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::ward::{Run, Ward, finished};

const PEOPLE: &str = r#"
[groups.team]
roles = []

[people."ada"]
roles = ["administrator", "clinician", "data-steward", "emergency-initiator"]
groups = ["team"]

[people."bela"]
roles = ["clinician", "emergency-initiator"]
groups = []

[people."cara"]
roles = ["auditor"]
groups = []

[people."dora"]
roles = ["auditor"]
groups = []

[datasets."default"]
within = []
purposes = "any"
groups = ["team"]
"#;

/// What the reason and the finding are called; no run may print it.
pub(crate) const REASON: &[u8] = b"KOWALSKA is unconscious, nobody of the team answers\n";

pub(crate) struct Clinic {
    pub(crate) ward: Ward,
}

impl Clinic {
    /// With the package `scan.msp` of ada's in the data set `default`.
    pub(crate) fn new() -> Self {
        let clinic = Self::without_home();
        clinic.write_source();
        clinic.begin()
    }

    pub(crate) fn without_home() -> Self {
        let ward = Ward::new();
        ward.write("reason", REASON);
        Self { ward }
    }

    /// The source of the policy, in the folder `source`.
    pub(crate) fn write_source(&self) {
        let ready =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../medsec-policy/bundles/hipaa-default");
        crate::audit_log::copy_folder(&ready, &self.ward.path("source"));
        let roles = String::from_utf8(self.ward.read("source/roles.toml")).unwrap();
        self.ward.write("source/roles.toml", format!("{roles}{PEOPLE}").as_bytes());
    }

    /// Makes the homes by the policy in `source`, and seals.
    pub(crate) fn begin(self) -> Self {
        self.ward.line("init --user ada --no-passphrase --no-anchor --policy source").ok();
        for name in ["bela", "cara", "dora"] {
            let line = format!(
                "init --join home/store --home {name} --user {name} --no-passphrase --json"
            );
            let made = self.ward.line(&line).json();
            let [recipient, signer] = ["recipient", "signer"].map(|k| made[k].as_str().unwrap());
            let line = format!(
                "user add {name} --recipient {recipient} --signer {signer} --grant default"
            );
            self.ward.line(&line).ok();
        }
        self.seal("scan.msp");
        self
    }

    pub(crate) fn seal(&self, out: &str) {
        let line = format!(
            "seal {} --key default --purpose TREAT --sign-with home/identities/ada.signer -o {out}",
            crate::ward::SCAN
        );
        self.ward.line(&line).ok();
    }

    /// A hook that keeps what it is told in `told`.
    pub(crate) fn hook(&self, script: &str) {
        self.ward.write("hook", format!("#!/bin/sh\n{script}\n").as_bytes());
        fs::set_permissions(self.ward.path("hook"), fs::Permissions::from_mode(0o700)).unwrap();
        let config = String::from_utf8(self.ward.read("bela/config.toml")).unwrap();
        let hook = self.ward.path("hook");
        let section = format!("\n[emergency]\nhook = \"{}\"\n", hook.display());
        self.ward.write("bela/config.toml", format!("{config}{section}").as_bytes());
    }

    /// Somebody's command, from their own home.
    pub(crate) fn by(&self, name: &str, line: &str) -> Run {
        let home = if name == "ada" { "home" } else { name };
        self.ward.line(&format!("{line} --home {home}"))
    }

    /// bela claims; gives the id.
    pub(crate) fn claim(&self, more: &str) -> String {
        let line =
            "emergency open --reason patient-safety --dataset default --text-file reason --json";
        let run = self.by("bela", &format!("{line} {more}"));
        run.ok();
        run.json()["emergency"].as_str().unwrap().to_owned()
    }

    /// Opens `scan.msp` under the purpose of an emergency.
    pub(crate) fn break_glass(&self, name: &str) -> Run {
        let _ = fs::remove_file(self.ward.path("out"));
        self.by(name, "open scan.msp --purpose BTG -o out")
    }

    pub(crate) fn review(&self, name: &str, id: &str) -> Run {
        let line = format!("emergency review {id} --finding justified --text-file reason");
        self.by(name, &line)
    }

    /// Action and outcome of all records of the log that are no ones of its own, in their order, with who it was.
    pub(crate) fn records(&self) -> Vec<(String, String, String)> {
        let shown = self.ward.audit("show --last 10000 --log-records --json").json();
        let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let records = shown["records"].as_array().unwrap().iter();
        records.map(|r| (text(r, "who"), text(r, "action"), text(r, "outcome"))).collect()
    }

    pub(crate) fn has_record(&self, who: &str, action: &str, outcome: &str) -> bool {
        let wanted = (who.to_owned(), action.to_owned(), outcome.to_owned());
        self.records().contains(&wanted)
    }

    /// Runs a command whose `--passphrase-fds 3,4,…` are these passphrases.
    pub(crate) fn typed(&self, name: &str, line: &str, passphrases: &[&str]) -> Run {
        let home = if name == "ada" { "home" } else { name };
        let line = format!("{line} --home {home}");
        let mut script = "exec \"$@\"".to_owned();
        let mut descriptors = Vec::new();
        for (at, passphrase) in passphrases.iter().enumerate() {
            let (file, descriptor) = (format!("passphrase-{at}"), at + 3);
            self.ward.write(&file, format!("{passphrase}\n").as_bytes());
            script = format!("{script} {descriptor}<{file}");
            descriptors.push(descriptor.to_string());
        }
        let mut arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if !descriptors.is_empty() {
            arguments.extend(["--passphrase-fds".to_owned(), descriptors.join(",")]);
        }
        let mut shell = self.ward.shell(&script);
        shell.arg("sh").arg(env!("CARGO_BIN_EXE_medsec")).args(arguments);
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        finished(shell.spawn())
    }
}
