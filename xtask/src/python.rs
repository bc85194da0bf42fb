//! Python environments under the build folder, with pinned and hashed packages from PyPI.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Installed packages and the interpreter that sees them.
#[derive(Debug)]
pub(crate) struct Environment {
    /// The interpreter.
    pub(crate) python: PathBuf,
    /// Folder of the interpreter and of the programs the packages bring.
    pub(crate) bin: PathBuf,
}

/// Installs what `requirements` pins into `target/python/<name>`; does nothing where it already is.
///
/// # Errors
/// Python or pip is missing, a package cannot be had, or its hash is not the pinned one.
pub(crate) fn environment(ws: &Workspace, name: &str, requirements: &Path) -> Result<Environment> {
    let wanted = std::fs::read_to_string(requirements)
        .with_context(|| format!("reading {}", requirements.display()))?;
    let home = ws.target.join("python").join(name);
    let bin = home.join("bin");
    let environment = Environment { python: bin.join("python3"), bin };
    let stamp = home.join("installed.txt");
    let present = std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted);
    if present && environment.python.exists() {
        return Ok(environment);
    }
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    std::fs::create_dir_all(&home)?;
    install(ws, &home, &environment, requirements)?;
    std::fs::write(stamp, wanted)?;
    Ok(environment)
}

/// A virtual environment, or where this Python has none (Debian without python3-venv) a plain
/// folder of packages.
fn install(ws: &Workspace, home: &Path, env: &Environment, requirements: &Path) -> Result<()> {
    let mut venv = process::command("python3", &ws.root);
    if process::read(venv.args(["-m", "venv"]).arg(home)).is_ok() {
        return process::run(pip(&env.python, &ws.root).arg("-r").arg(requirements));
    }
    println!("    `python3 -m venv` does not work here: installing into a plain folder");
    std::fs::remove_dir_all(home)?;
    std::fs::create_dir_all(home)?;
    if !has_pip(Path::new("python3"), &ws.root) {
        bail!("neither `python3 -m venv` nor `python3 -m pip` works: install python3-venv");
    }
    let mut plain = pip(Path::new("python3"), &ws.root);
    process::run(plain.arg("--target").arg(home).arg("-r").arg(requirements))?;
    wrapper(env, home)
}

/// `pip install` that takes wheels only, and only with the pinned hash.
fn pip(python: &Path, dir: &Path) -> std::process::Command {
    let mut pip = process::command(python, dir);
    pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install"]);
    pip.args(["--require-hashes", "--only-binary", ":all:"]);
    pip
}

/// Fetches wheels into a folder without installing them or what they depend on.
///
/// # Errors
/// pip is missing, a package cannot be had, or its hash is not the pinned one.
pub(crate) fn download(ws: &Workspace, requirements: &Path, into: &Path) -> Result<()> {
    let mut pip = process::command("python3", &ws.root);
    pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]);
    pip.args(["--require-hashes", "--only-binary", ":all:", "-d"]).arg(into);
    process::run(pip.arg("-r").arg(requirements))
}

/// An interpreter that finds the packages of a plain folder.
fn wrapper(env: &Environment, home: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::create_dir_all(&env.bin)?;
    let script = format!("#!/bin/sh\nPYTHONPATH='{}' exec python3 \"$@\"\n", home.display());
    std::fs::write(&env.python, script)?;
    Ok(std::fs::set_permissions(&env.python, std::fs::Permissions::from_mode(0o755))?)
}

/// Whether this interpreter has pip.
pub(crate) fn has_pip(python: &Path, dir: &Path) -> bool {
    process::read(process::command(python, dir).args(["-m", "pip", "--version"])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_python_finds_packages_of_its_folder() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("sealed_here.py"), "WORD = 'found'").unwrap();
        let bin = home.path().join("bin");
        let env = Environment { python: bin.join("python3"), bin };
        wrapper(&env, home.path()).unwrap();
        let mut python = process::command(&env.python, home.path().parent().unwrap());
        let said = process::read(python.args(["-c", "import sealed_here as s; print(s.WORD)"]));
        assert_eq!(said.unwrap().trim(), "found");
    }
}
