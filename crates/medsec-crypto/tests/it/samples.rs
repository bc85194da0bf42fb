//! Real DICOM files: those that pydicom carries, downloaded by `cargo xtask samples`.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::Plan;

/// DICOM files that pydicom 3.0.2 carries; nothing else is unpacked.
const SAMPLES: usize = 192;

/// The folder of samples, or a line that says why there is none.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("MEDSEC_SAMPLES").map(PathBuf::from);
    if folder.is_none() {
        println!(
            "not run: MEDSEC_SAMPLES is not set; `cargo xtask test` downloads samples and sets it"
        );
    }
    folder
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files_under(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn real_dicom_files_survive_sealing_and_opening() {
    let Some(folder) = folder() else { return };
    let mut files = Vec::new();
    files_under(&folder, &mut files);
    let mut bytes = 0;
    for path in &files {
        let content = fs::read(path).unwrap();
        let plan = Plan::new(content.len()).signed().with_metadata();
        let package = plan.sealer().seal_bytes(&content).unwrap();
        let (opened, _) = plan.open(&package).unwrap();
        assert!(opened == content, "a sample came back changed");
        bytes += content.len();
    }
    println!("{} DICOM files of {bytes} bytes came back identical", files.len());
    assert_eq!(files.len(), SAMPLES);
}
