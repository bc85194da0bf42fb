//! `cargo xtask samples`: real DICOM files for the tests.
//!
//! PyPI's `pydicom` carries its own test files. One pinned wheel is downloaded with pip, compared
//! with the pinned hash, and its DICOM files are unpacked under `target/samples`. Nothing of it is
//! ever committed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::workspace::Workspace;
use crate::{process, python};

const REQUIREMENTS: &str = "xtask/requirements/samples.txt";
const UNPACK: &str = "xtask/src/samples/unpack.py";
/// DICOM files in the pinned wheel.
const FILES: usize = 192;

/// Makes sure that the samples are there and returns their folder; tests get it as
/// `MEDSEC_SAMPLES`.
///
/// # Errors
/// pip is missing, PyPI cannot be reached, or the wheel is not the pinned one.
pub(crate) fn fetch(ws: &Workspace) -> Result<PathBuf> {
    let pin = Pin::parse(&std::fs::read_to_string(ws.root.join(REQUIREMENTS))?)?;
    let home = ws.target.join("samples");
    let folder = home.join(format!("{}-{}", pin.package, pin.version));
    let wheel = home.join(pin.wheel());
    if is_pinned(&wheel, &pin) && count(&folder)? == FILES {
        println!("    {FILES} DICOM files of {} {} are there", pin.package, pin.version);
        return Ok(folder);
    }
    std::fs::create_dir_all(&home)?;
    download(ws, &home)?;
    if !is_pinned(&wheel, &pin) {
        bail!("pip did not leave a wheel with the pinned hash at {}", wheel.display());
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut unpack = process::command("python3", &ws.root);
    process::read(unpack.arg(UNPACK).arg(&wheel).arg(&folder))?;
    match count(&folder)? {
        FILES => println!("    {FILES} DICOM files unpacked into {}", folder.display()),
        other => bail!("{other} DICOM files in the wheel where {FILES} are expected"),
    }
    Ok(folder)
}

fn download(ws: &Workspace, home: &Path) -> Result<()> {
    let python = Path::new("python3");
    if !python::has_pip(python, &ws.root) {
        bail!("`python3 -m pip` does not work: install Python 3 with pip to get the samples");
    }
    let mut pip = process::command(python, &ws.root);
    pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]);
    pip.args(["--require-hashes", "--only-binary", ":all:", "-r", REQUIREMENTS, "-d"]);
    process::run(pip.arg(home))
}

/// One line of a requirements file: `package==version --hash=sha256:…`.
#[derive(Debug, PartialEq, Eq)]
struct Pin {
    package: String,
    version: String,
    sha256: String,
}

impl Pin {
    fn parse(text: &str) -> Result<Self> {
        let line = text.lines().find(|line| line.contains("==")).context("nothing is pinned")?;
        let (package, rest) = line.split_once("==").context("no version")?;
        let (version, hash) = rest.split_once(" --hash=sha256:").context("no hash")?;
        let [package, version, sha256] = [package, version, hash].map(|s| s.trim().to_owned());
        Ok(Self { package, version, sha256 })
    }

    fn wheel(&self) -> String {
        format!("{}-{}-py3-none-any.whl", self.package, self.version)
    }
}

fn is_pinned(wheel: &Path, pin: &Pin) -> bool {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    std::fs::read(wheel).is_ok_and(|bytes| hex(&Sha256::digest(bytes)) == pin.sha256)
}

/// Files below a folder; none where it does not exist.
fn count(folder: &Path) -> Result<usize> {
    if !folder.exists() {
        return Ok(0);
    }
    let mut total: usize = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let inside = if entry.file_type()?.is_dir() { count(&entry.path())? } else { 1 };
        total = total.saturating_add(inside);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_wheel_is_read_from_requirements() {
        let pin = Pin::parse("# why\npydicom==3.0.2 --hash=sha256:ab12\n").unwrap();
        assert_eq!(pin.wheel(), "pydicom-3.0.2-py3-none-any.whl");
        assert_eq!(pin.sha256, "ab12");
        assert!(Pin::parse("pydicom==3.0.2").is_err());
        assert!(Pin::parse("").is_err());
    }

    #[test]
    fn wheel_with_another_hash_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let wheel = dir.path().join("a.whl");
        std::fs::write(&wheel, b"abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let pin = |sha256: &str| Pin {
            package: "a".into(),
            version: "1".into(),
            sha256: sha256.to_owned(),
        };
        assert!(is_pinned(&wheel, &pin(abc)));
        assert!(!is_pinned(&wheel, &pin(&abc.replace('b', "c"))));
        assert!(!is_pinned(&dir.path().join("missing"), &pin(abc)));
    }

    #[test]
    fn files_are_counted_through_folders() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("inner")).unwrap();
        std::fs::write(dir.path().join("inner/one"), "").unwrap();
        std::fs::write(dir.path().join("two"), "").unwrap();
        assert_eq!(count(dir.path()).unwrap(), 2);
        assert_eq!(count(&dir.path().join("missing")).unwrap(), 0);
    }
}
