//! The file `config.toml`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use medsec_kms::StoreId;
use serde::Deserialize;

use super::services::ServiceSection;
use super::shared::SharedSection;
use crate::failure::Failure;

/// Its name in the home.
pub(crate) const FILE_NAME: &str = "config.toml";
const MAX_LEN: u64 = 64 * 1024;

/// Where a new home has its audit log, the log's pin, and its key.
pub(crate) const AUDIT_FOLDER: &str = "audit";
pub(crate) const AUDIT_PIN: &str = "audit.pin";
pub(crate) const AUDIT_KEY: &str = "identities/audit.key";
/// Where a new home has the policy in force, and its source.
pub(crate) const POLICY_FOLDER: &str = "policy";

/// What can be written there. Unknown names are refused, so that a slip of the pen does not silently
/// turn a protection off.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfigFile {
    pub(super) store: StoreSection,
    pub(super) user: UserSection,
    pub(super) work: WorkSection,
    pub(super) audit: AuditSection,
    pub(super) policy: PolicySection,
    pub(super) emergency: EmergencySection,
    pub(super) service: Vec<ServiceSection>,
    pub(super) shared_data_keys: Option<SharedSection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoreSection {
    pub(super) folder: Option<PathBuf>,
    pub(super) mark: Option<PathBuf>,
    pub(super) id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UserSection {
    pub(super) identity: Option<PathBuf>,
    pub(super) signer: Option<PathBuf>,
    pub(super) purpose: Option<String>,
    pub(super) dataset: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WorkSection {
    pub(super) threads: Option<u16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AuditSection {
    pub(super) folder: Option<PathBuf>,
    pub(super) pin: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) anchor: Option<PathBuf>,
    pub(super) stream: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PolicySection {
    pub(super) folder: Option<PathBuf>,
    pub(super) mark: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EmergencySection {
    pub(super) folder: Option<PathBuf>,
    pub(super) hook: Option<PathBuf>,
}

impl ConfigFile {
    /// Reads the file; without one everything is as by default.
    pub(super) fn load(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::io("the configuration file cannot be read", &error);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        let about = file.metadata().map_err(failed)?;
        refuse_writable(&about)?;
        if about.len() > MAX_LEN {
            return Err(Failure::usage("the configuration file is larger than 64 KiB"));
        }
        let mut text = String::new();
        file.take(MAX_LEN).read_to_string(&mut text).map_err(failed)?;
        toml::from_str(&text).map_err(|error| malformed(&text, &error))
    }
}

/// Who can change the file can put another store in the place of the user's.
#[cfg(unix)]
fn refuse_writable(about: &std::fs::Metadata) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = about.mode() & 0o777;
    if mode & 0o022 == 0 {
        return Ok(());
    }
    let message = format!("other users can change the configuration file (mode {mode:04o})");
    Err(Failure::usage(message)
        .next("run `chmod go-w` on it, and look whether it is as you left it"))
}

#[cfg(not(unix))]
fn refuse_writable(_: &std::fs::Metadata) -> Result<(), Failure> {
    Ok(())
}

/// Where it is malformed, without repeating what stands there.
fn malformed(text: &str, error: &toml::de::Error) -> Failure {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    Failure::usage(format!("line {line} of the configuration file is not understood"))
        .next("docs/cli.md lists the settings; `medsec config show` shows them once it is mended")
}

/// Where the parts of a new home are, as its file says it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template<'a> {
    pub(crate) store: &'a Path,
    pub(crate) mark: &'a Path,
    pub(crate) id: StoreId,
    pub(crate) user: &'a str,
    /// The data set that is sealed into where nothing else is said.
    pub(crate) dataset: Option<&'a str>,
    /// The policy, if it is another home's.
    pub(crate) policy: Option<&'a Path>,
    /// The audit log, if it is known.
    pub(crate) audit: Option<AuditTemplate<'a>>,
}

/// The audit log of a new home.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuditTemplate<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) pin: &'a Path,
    /// The log key, if the home has it.
    pub(crate) key: Option<&'a Path>,
    /// The folder of its anchor, unless that was refused.
    pub(crate) anchor: Option<&'a Path>,
}

/// The file that `medsec init` writes.
pub(crate) fn template(parts: Template<'_>) -> String {
    let Template { store, mark, id, user, dataset, policy, audit } = parts;
    let [store, mark] = [store, mark].map(quoted);
    let audit = audit.map_or_else(String::new, audit_section);
    let dataset = dataset.map_or_else(String::new, |name| {
        format!(
            "# The data set that is sealed into unless another is named.\ndataset = \"{name}\"\n"
        )
    });
    let policy = policy
        .map_or_else(String::new, |folder| format!("\n[policy]\nfolder = {}\n", quoted(folder)));
    format!(
        "# Settings of medsec. The environment and the command line go before them;
# `medsec config show` shows what holds and why. Paths start at this folder.

[store]
folder = {store}
# Remembers the store's last state, so that an older copy in its place is noticed.
mark = {mark}
# Another store in this place is refused.
id = \"{id}\"

[user]
identity = \"identities/{user}.identity\"
signer = \"identities/{user}.signer\"
{dataset}# Why packages are sealed and opened, unless --purpose says something else.
# purpose = \"TREAT\"
{policy}{audit}"
    )
}

fn audit_section(audit: AuditTemplate<'_>) -> String {
    let AuditTemplate { folder, pin, key, anchor } = audit;
    let anchor = anchor.map_or_else(
        || "# There is no anchor: records cut off at the end show only by their age.\n".to_owned(),
        |folder| {
            let folder = quoted(folder);
            format!(
                "# Remembers how far the log was. Best on a disk of its own, or another machine's.\nanchor = {folder}\n"
            )
        },
    );
    let key = key.map_or_else(String::new, |key| {
        let key = quoted(key);
        format!(
            "# Signs checkpoints. Best kept where whoever can write the log cannot read it.\nkey = {key}\n"
        )
    });
    let [folder, pin] = [folder, pin].map(quoted);
    format!(
        "
[audit]
folder = {folder}
# What the log is verified with. Keep a copy elsewhere.
pin = {pin}
{key}{anchor}"
    )
}

fn quoted(path: &Path) -> toml::Value {
    toml::Value::from(path.to_string_lossy().into_owned())
}
