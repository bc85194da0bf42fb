//! Programs of the system, and Debian's packages where it is Debian and we may install them.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// A program on the path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Installs packages.
///
/// # Errors
/// This is not Debian, we are not root, or a package cannot be had.
pub(crate) fn install(ws: &Workspace, packages: &[&str]) -> Result<()> {
    ready(ws, packages)?;
    add(ws, packages)
}

/// Sees to it that packages can be installed, and asks Debian which there are.
///
/// # Errors
/// This is not Debian, or we are not root: then all of `packages` are named.
pub(crate) fn ready(ws: &Workspace, packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let root = process::read(process::command("id", &ws.root).arg("-u"))?.trim() == "0";
    if !root || program("apt-get").is_none() {
        bail!("missing: {list}. On Debian: apt-get install {list}");
    }
    apt(ws, &["update", "-q"])
}

/// Installs packages for which everything is [`ready`].
///
/// # Errors
/// A package cannot be had.
pub(crate) fn add(ws: &Workspace, packages: &[&str]) -> Result<()> {
    apt(ws, &[&["install", "-q", "-y", "--no-install-recommends"][..], packages].concat())
}

fn apt(ws: &Workspace, arguments: &[&str]) -> Result<()> {
    let mut apt = process::command("apt-get", &ws.root);
    process::run(apt.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
}
