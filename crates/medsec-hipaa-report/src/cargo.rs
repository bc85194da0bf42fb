//! What Cargo says about a workspace: its members, and the packages of its lock file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{ReportError, parsed};
use crate::program;

/// The lock file, from the root of the workspace.
pub(crate) const LOCK: &str = "Cargo.lock";

/// A package of the lock file.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Nothing for one that is taken by its path.
    pub(crate) source: Option<String>,
    /// SHA-256 of one that comes from a registry.
    pub(crate) checksum: Option<String>,
}

/// A package of the workspace itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Member>,
}

/// The packages of the lock file, which is read up to `limit` bytes.
pub(crate) fn locked(root: &Path, limit: u64) -> Result<Vec<Package>, ReportError> {
    Ok(parsed::<Lock>(LOCK, &root.join(LOCK), limit)?.package)
}

/// The packages of the workspace.
pub(crate) fn members(root: &Path) -> Result<Vec<Member>, ReportError> {
    let metadata: Metadata = serde_json::from_str(&metadata(root)?)
        .map_err(|error| ReportError::content("cargo metadata", error))?;
    Ok(metadata.packages)
}

/// What `cargo metadata` prints about the workspace without anything that it needs.
pub(crate) fn metadata(root: &Path) -> Result<String, ReportError> {
    let mut cargo = program::command("cargo", root);
    program::read(cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]))
}
