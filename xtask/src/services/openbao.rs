//! OpenBao: one node with raft storage, TLS, an audit device of its configuration, initialised and unsealed.
//!
//! It has three listeners on loopback: TLS, TLS that asks for a client certificate of our authority, and plain HTTP,
//! which only the tests of the refusal of plain HTTP and the recording of clear text need.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::certificates::Certificates;
use super::{Record, free_port, live, private, settle, wait};
use crate::process;
use crate::workspace::Workspace;

/// How long a start may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What the server is made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) ws: &'a Workspace,
    /// The program.
    pub(super) bao: &'a Path,
    pub(super) certificates: &'a Certificates,
}

/// Ports of loopback.
#[derive(Debug, Clone, Copy)]
struct Ports {
    tls: u16,
    mutual: u16,
    plain: u16,
    cluster: u16,
}

/// Starts it, makes it usable and returns the variables for tests.
///
/// # Errors
/// It does not start, or does not let itself be initialised and unsealed.
pub(super) fn start(
    place: &Place<'_>,
    run: &Path,
    record: Record<'_>,
) -> Result<Vec<(String, String)>> {
    let folder = run.join("openbao");
    std::fs::create_dir(&folder)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    std::fs::create_dir(folder.join("raft"))?;
    let ports = Ports {
        tls: free_port()?,
        mutual: free_port()?,
        plain: free_port()?,
        cluster: free_port()?,
    };
    let configuration = folder.join("openbao.hcl");
    std::fs::write(&configuration, text(&folder, place.certificates, ports))?;
    let mut command = process::command(place.bao, &folder);
    without_settings(&mut command).arg("server").arg("-config").arg(&configuration);
    let server = live::spawn(&mut command, "openbao", ports.tls, &folder.join("log"))?;
    settle(&server, LIMIT, place.ws, record, || true)?;
    let client = Client { place, folder: &folder, port: ports.tls };
    let token = client.unsealed().or_else(|why| live::kill(&server, &folder).and(Err(why)))?;
    let variables = [
        ("MEDSEC_LIVE_VAULT", format!("https://127.0.0.1:{}", ports.tls)),
        ("MEDSEC_LIVE_VAULT_MUTUAL", format!("https://127.0.0.1:{}", ports.mutual)),
        ("MEDSEC_LIVE_VAULT_PLAIN", format!("http://127.0.0.1:{}", ports.plain)),
        ("MEDSEC_LIVE_VAULT_TOKEN", token),
        ("MEDSEC_LIVE_VAULT_AUDIT", folder.join("audit.log").display().to_string()),
        ("MEDSEC_LIVE_VAULT_PROGRAM", place.bao.display().to_string()),
    ];
    Ok(variables.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

/// Takes away what a user's environment says to `bao`.
fn without_settings(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("BAO_") || name.starts_with("VAULT_"))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Its configuration.
fn text(folder: &Path, certificates: &Certificates, ports: Ports) -> String {
    let Ports { tls, mutual, plain, cluster } = ports;
    let (certificate, key) = (certificates.certificate("server"), certificates.key("server"));
    let ca = certificates.certificate("ca");
    let (certificate, key, ca) = (certificate.display(), key.display(), ca.display());
    let identity = format!(
        "  tls_cert_file = \"{certificate}\"\n  tls_key_file = \"{key}\"\n  \
         tls_min_version = \"tls12\"\n"
    );
    let folder = folder.display();
    format!(
        "ui = false\n\
         log_level = \"warn\"\n\
         api_addr = \"https://127.0.0.1:{tls}\"\n\
         cluster_addr = \"https://127.0.0.1:{cluster}\"\n\
         storage \"raft\" {{\n  path = \"{folder}/raft\"\n  node_id = \"live\"\n  \
         performance_multiplier = 1\n}}\n\
         listener \"tcp\" {{\n  address = \"127.0.0.1:{tls}\"\n  \
         cluster_address = \"127.0.0.1:{cluster}\"\n{identity}}}\n\
         listener \"tcp\" {{\n  address = \"127.0.0.1:{mutual}\"\n{identity}  \
         tls_client_ca_file = \"{ca}\"\n  tls_require_and_verify_client_cert = true\n}}\n\
         listener \"tcp\" {{\n  address = \"127.0.0.1:{plain}\"\n  tls_disable = true\n}}\n\
         audit \"file\" \"file\" {{\n  options {{\n    file_path = \"{folder}/audit.log\"\n  }}\n}}\n"
    )
}

/// `bao` as a client of the server.
struct Client<'a> {
    place: &'a Place<'a>,
    folder: &'a Path,
    port: u16,
}

impl Client<'_> {
    /// Initialises and unseals the server, and returns the root token. It stands in the private state file; the key
    /// that unseals stands in the server's own private folder.
    fn unsealed(&self) -> Result<String> {
        // It listens before its storage is ready.
        let mut told = None;
        wait("an initialised OpenBao", LIMIT, || {
            told = process::read(self.command().args(INITIALISE)).ok();
            told.is_some()
        })?;
        let told: Value = serde_json::from_str(&told.unwrap_or_default())?;
        let word = |pointer: &str| told.pointer(pointer).and_then(Value::as_str);
        let key = word("/unseal_keys_b64/0").context("no key to unseal with")?;
        let token = word("/root_token").context("no root token")?;
        private::write(&self.folder.join("unseal"), key)?;
        // From the file: a command line is everybody's to read.
        let key = format!("key=@{}", self.folder.join("unseal").display());
        process::read(self.command().args(["write", "sys/unseal", &key]))?;
        wait("an active OpenBao", LIMIT, || self.is_active())?;
        Ok(token.to_owned())
    }

    fn is_active(&self) -> bool {
        let mut health = self.command();
        process::read(health.args(["read", "-format=json", "sys/health"])).is_ok()
    }

    fn command(&self) -> Command {
        let mut command = process::command(self.place.bao, self.folder);
        without_settings(&mut command);
        command.env("BAO_ADDR", format!("https://127.0.0.1:{}", self.port));
        command.env("BAO_CACERT", self.place.certificates.certificate("ca"));
        // Else it would look for a token in the home folder.
        command.env("HOME", self.folder);
        command
    }
}

const INITIALISE: [&str; 5] =
    ["operator", "init", "-format=json", "-key-shares=1", "-key-threshold=1"];
