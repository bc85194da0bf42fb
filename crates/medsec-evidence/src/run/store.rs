//! Witness files: whole or absent, and never one in place of another.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::witness::BodyHash;

/// Distinct for every test of every process: the reader must see a test that ran twice as two files.
/// A reader takes nothing from the name.
pub(super) fn file_name(function: &str, body: BodyHash, serial: u64) -> String {
    let test: String = function.chars().filter(char::is_ascii).take(80).collect();
    let body: String = body.to_string().chars().take(8).collect();
    // A clock before 1970 still leaves process and serial to tell files apart.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{test}-{body}-{nanos:x}-{}-{serial}.json", process::id())
}

/// Writes beside the final name and then names it. Not synced to disk: a witness lost with the power is
/// missing evidence, which is the safe side.
pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = folder.join(format!(".{name}.unfinished"));
    let written =
        write_new(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, folder.join(name)));
    if written.is_err() {
        // The first error is the one that counts.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.flush()
}
