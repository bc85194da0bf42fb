//! moto's S3: buckets in memory, with versions and object lock.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::installed::Installed;
use super::{Record, free_port, live, settle};
use crate::process;
use crate::workspace::Workspace;

/// Starts it on a free port. Returns the variables for tests.
pub(super) fn start(
    ws: &Workspace,
    installed: &Installed,
    run: &Path,
    record: Record<'_>,
) -> Result<Vec<(String, String)>> {
    let port = free_port()?;
    let mut command = process::command(&installed.python, &ws.root);
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    let server = live::spawn(&mut command, "s3", port, &run.join("s3.log"))?;
    settle(&server, Duration::from_secs(60), ws, record, || true)?;
    Ok(vec![("MEDSEC_LIVE_S3".to_owned(), format!("http://127.0.0.1:{port}"))])
}
