//! AWS's services as two emulators have them: moto (S3 with versions and object lock, KMS with encryption contexts and
//! IAM), and LocalStack's core (KMS with the states of keys). Both keep everything in memory.
//!
//! Requests say by their access key which account they are for, so that each test can have one of its own.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::installed::Installed;
use super::{Record, free_port, live, settle};
use crate::process;
use crate::workspace::Workspace;

/// LocalStack loads for about two seconds; on a cold disk longer.
const LIMIT: Duration = Duration::from_secs(120);

/// Starts moto twice: for everybody, and for the one test that turns IAM on, which holds for a whole server. Returns
/// the variables for tests.
pub(super) fn moto(
    ws: &Workspace,
    installed: &Installed,
    run: &Path,
    record: Record<'_>,
) -> Result<Vec<(String, String)>> {
    let address = moto_server(ws, installed, run, "moto", record)?;
    let guarded = moto_server(ws, installed, run, "moto-iam", record)?;
    let variables = [
        ("MEDSEC_LIVE_S3", address.clone()),
        ("MEDSEC_LIVE_MOTO", address),
        ("MEDSEC_LIVE_MOTO_IAM", guarded),
    ];
    Ok(variables.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

fn moto_server(
    ws: &Workspace,
    installed: &Installed,
    run: &Path,
    name: &str,
    record: Record<'_>,
) -> Result<String> {
    let port = free_port()?;
    let mut command = process::command(&installed.python, &ws.root);
    without_settings(&mut command);
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    let server = live::spawn(&mut command, name, port, &run.join(format!("{name}.log")))?;
    settle(&server, LIMIT, ws, record, || true)?;
    Ok(format!("http://127.0.0.1:{port}"))
}

/// Starts LocalStack's KMS on a free port, without its DNS server. Returns the variables for tests.
pub(super) fn localstack(
    ws: &Workspace,
    installed: &Installed,
    run: &Path,
    record: Record<'_>,
) -> Result<Vec<(String, String)>> {
    let port = free_port()?;
    let folder = run.join("localstack");
    std::fs::create_dir(&folder)?;
    let mut command = process::command(&installed.localstack, &folder);
    without_settings(&mut command);
    command.args(["-m", "localstack.runtime.main"]);
    // The gateway that it starts by itself, and its DNS server, listen on every interface.
    command.env("GATEWAY_SERVER", "hypercorn").env("GATEWAY_LISTEN", format!("127.0.0.1:{port}"));
    command.env("DNS_ADDRESS", "0").env("SERVICES", "kms").env("EAGER_SERVICE_LOADING", "1");
    // No word to its makers, and no download.
    command.env("DISABLE_EVENTS", "1").env("SKIP_SSL_CERT_DOWNLOAD", "1");
    command.env("LOCALSTACK_VOLUME_DIR", folder.join("volume")).env("TMPDIR", &folder);
    command.env("FILESYSTEM_ROOT", folder.join("files"));
    let server = live::spawn(&mut command, "localstack", port, &folder.join("log"))?;
    settle(&server, LIMIT, ws, record, || true)?;
    Ok(vec![("MEDSEC_LIVE_LOCALSTACK".to_owned(), format!("http://127.0.0.1:{port}"))])
}

/// Takes away what a user's environment says to AWS's tools.
fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
    }
}
