//! FHIR's own examples, and a validator of FHIR: what the tests of medsec-audit hold exported events against.
//!
//! Both are packages of the npm registry.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::node::{Node, Package};
use crate::workspace::Workspace;

const VALIDATE: &str = "testdata/oracle/fhir/validate.js";

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

/// A program that starts the words given.
fn write_program(program: &Path, words: &[&Path]) -> Result<()> {
    let words: Vec<_> = words.iter().map(|word| format!("'{}'", word.display())).collect();
    std::fs::write(program, format!("#!/bin/sh\nexec {}\n", words.join(" ")))?;
    Ok(std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;

    #[test]
    fn program_starts_the_words() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("say");
        write_program(&program, &[Path::new("/bin/echo"), Path::new("two words")]).unwrap();
        let said = process::read(&mut process::command(&program, dir.path())).unwrap();
        assert_eq!(said, "two words\n");
    }
}
