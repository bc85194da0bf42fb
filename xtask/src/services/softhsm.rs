//! SoftHSM2: a PKCS#11 module, which is no process of its own. A test loads it.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::installed::Installed;

/// Tokens lie below the folder that a test process works in, so that every process has its own.
const SETTINGS: &str =
    "directories.tokendir = tokens\nobjectstore.backend = file\nlog.level = ERROR\n";

/// Writes its settings and tells tests where they and the module are.
pub(super) fn prepare(installed: &Installed, run: &Path) -> Result<Vec<(String, String)>> {
    let settings = run.join("softhsm2.conf");
    std::fs::write(&settings, SETTINGS).context("writing the settings of SoftHSM2")?;
    Ok(vec![
        ("SOFTHSM2_CONF".to_owned(), settings.display().to_string()),
        ("MEDSEC_LIVE_PKCS11".to_owned(), installed.softhsm.display().to_string()),
    ])
}
