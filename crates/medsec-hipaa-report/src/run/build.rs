//! What a build gets besides the source: nothing that the environment adds, the versions of the lock file, and a note of
//! what Cargo's settings outside of the repository say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::LOCK;
use crate::digest::sha256;
use crate::error::{ReportError, read_limited};
use crate::git;
use crate::program;

const LONGEST: u64 = 16 << 20;

/// Tables of Cargo's settings in which a key can change what is built or how a test runs.
const TELLING: [&str; 7] = ["build", "env", "patch", "paths", "profile", "target", "unstable"];
/// Keys in them that cannot.
const HARMLESS: [&str; 4] =
    ["build.jobs", "build.target-dir", "build.build-dir", "build.incremental"];

/// How a project is built.
#[derive(Debug, Clone, Default)]
pub(super) struct Build {
    root: PathBuf,
    /// The lock file is in the commit.
    locked: bool,
    settings: BTreeSet<String>,
}

impl Build {
    pub(super) fn of(root: &Path) -> Result<Self, ReportError> {
        let around = root.ancestors().skip(1).map(|folder| folder.join(".cargo"));
        let home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
        let folders: BTreeSet<_> = around.chain(home).collect();
        let mut settings = BTreeSet::new();
        for folder in folders {
            for name in ["config.toml", "config"] {
                let bytes = read_limited(&folder.join(name), LONGEST).unwrap_or_default();
                settings.extend(telling(&String::from_utf8_lossy(&bytes)));
            }
        }
        let locked = git::holds(root, LOCK)?;
        Ok(Self { root: root.to_path_buf(), locked, settings })
    }

    /// Keys that are set outside of the repository, if any.
    pub(super) fn settings(&self) -> Option<String> {
        let keys: Vec<_> = self.settings.iter().map(String::as_str).collect();
        (!keys.is_empty()).then(|| keys.join(", "))
    }

    /// Takes variables away that exchange the compiler, its flags or what starts a test; and holds on to the lock file.
    pub(super) fn rule(&self, command: &mut Command) {
        program::without(command, meddles);
        if self.locked {
            command.arg("--locked");
        }
    }

    /// The digest of the lock file, with its name.
    pub(super) fn lock(&self) -> Result<Option<(String, String)>, ReportError> {
        let path = self.root.join(LOCK);
        if !path.is_file() {
            return Ok(None);
        }
        Ok(Some((LOCK.to_owned(), format!("SHA-256 {}", sha256(&read_limited(&path, LONGEST)?)))))
    }
}

/// Whether a variable changes what is built from a source, or how a test is started.
fn meddles(name: &str) -> bool {
    const EXACT: [&str; 6] = [
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC",
        "RUSTC_BOOTSTRAP",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTFLAGS",
    ];
    const SETTINGS: [&str; 4] =
        ["CARGO_BUILD_RUST", "CARGO_PROFILE_", "CARGO_UNSTABLE_", "NEXTEST_"];
    let target = name.starts_with("CARGO_TARGET_")
        && (name.ends_with("_RUNNER") || name.ends_with("_RUSTFLAGS"));
    EXACT.contains(&name) || target || SETTINGS.iter().any(|start| name.starts_with(start))
}

/// The keys of a settings file that can matter, without their values: those can hold paths of the machine.
fn telling(text: &str) -> Vec<String> {
    let Ok(settings) = text.parse::<toml::Table>() else { return Vec::new() };
    let tables = settings.iter().filter(|(name, _)| TELLING.contains(&name.as_str()));
    let keys = tables.flat_map(|(name, value)| match value.as_table() {
        Some(table) => table.keys().map(|key| format!("{name}.{key}")).collect(),
        None => vec![name.clone()],
    });
    keys.filter(|key| !HARMLESS.contains(&key.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_exchange_compiler_or_runner_are_taken_away() {
        for name in [
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "CARGO_BUILD_RUSTC",
            "CARGO_TARGET_X_RUNNER",
            "NEXTEST_RETRIES",
        ] {
            assert!(meddles(name), "{name}");
        }
        for name in ["CARGO_TARGET_DIR", "CARGO_HOME", "CARGO_NET_OFFLINE", "PATH", "RUSTUP_HOME"] {
            assert!(!meddles(name), "{name}");
        }
    }

    #[test]
    fn settings_are_named_without_their_values() {
        let text = "[build]\nrustflags = ['--cfg=x']\njobs = 2\n[target.x]\nrunner = '/opt/r'\n[http]\ntimeout = 9";
        assert_eq!(telling(text), ["build.rustflags", "target.x"]);
        assert_eq!(telling("["), Vec::<String>::new());
    }
}
