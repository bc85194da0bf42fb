//! The program as it is released: no stand-in for a key service is in it.
//!
//! The names of a program's functions stand in its symbol table, and what it says in its data: both are bytes of the
//! file. Of the names that belong to this workspace none may say that it is not the real thing.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process;
use crate::tidy::says_double;
use crate::workspace::Workspace;

/// The crate of the tests' doubles.
const DOUBLES: &str = "medsec_testkit";
/// Crates that must be found: else the file has no names, and finding nothing means nothing.
const PRESENT: [&str; 3] = ["medsec_kms", "medsec_cli", "medsec_crypto"];

/// Builds it with all that it can be built with, and looks.
///
/// # Errors
/// It does not build, has no names, or has one of a double.
pub(super) fn check(ws: &Workspace) -> Result<()> {
    let mut build = process::cargo(&ws.root);
    build.args(["build", "--release", "-p", "medsec-cli", "--bin", "medsec"]).args(super::WHOLE);
    process::run(&mut build)?;
    look(ws)
}

/// Looks at the one that was built last.
///
/// # Errors
/// It has no names, or one of a double.
pub(super) fn look(ws: &Workspace) -> Result<()> {
    let file = program(ws);
    let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let found = doubles(&bytes)?;
    ensure!(found.is_empty(), "stand-ins in the released program: {}", found.join(", "));
    println!("    no stand-in among the names of {} bytes", bytes.len());
    Ok(())
}

fn program(ws: &Workspace) -> PathBuf {
    ws.target.join("release").join(format!("medsec{}", std::env::consts::EXE_SUFFIX))
}

/// Names of this workspace that say that they are doubles.
fn doubles(bytes: &[u8]) -> Result<Vec<String>> {
    let names: Vec<&str> = names(bytes).collect();
    for present in PRESENT {
        if !names.iter().any(|name| name.contains(present)) {
            bail!("the program has no names of {present}: it was stripped");
        }
    }
    let is_double = |name: &&str| name.contains(DOUBLES) || says_double(&words(name));
    let mut found: Vec<String> = names.into_iter().filter(is_double).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// Names that have a crate of this workspace in them.
fn names(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$.:".contains(byte);
    let runs = bytes.split(move |byte| !is_of_name(byte));
    let texts = runs.filter_map(|run| std::str::from_utf8(run).ok());
    texts.filter(|text| text.contains("medsec_"))
}

/// In a symbol each name has its length before it: `7service4mock`.
fn words(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphabetic(), "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: &[u8] =
        b"\0_ZN10medsec_kms7service4wrap17h0E\0medsec_cli::run\0_RNvC13medsec_crypto4open\0";

    #[test]
    fn names_of_doubles_are_found() {
        assert!(doubles(CLEAN).unwrap().is_empty());
        for bad in [
            "_ZN14medsec_testkit8counting12CountingKeys3new17h1E",
            "_ZN10medsec_kms7service4mock17h2E",
            "_RNvNtC10medsec_kms7service8FakeKeys",
            "medsec_kms::dev_key",
        ] {
            let bytes = [CLEAN, bad.as_bytes(), b"\0"].concat();
            assert_eq!(doubles(&bytes).unwrap(), [bad], "{bad}");
        }
    }

    #[test]
    fn others_may_call_theirs_what_they_like() {
        let bytes = [CLEAN, b"_ZN10aws_smithy4mock17h3E\0"].concat();
        assert!(doubles(&bytes).unwrap().is_empty());
    }

    #[test]
    fn program_without_names_shows_nothing() {
        assert!(doubles(b"\0medsec_kms\0").is_err());
    }
}
