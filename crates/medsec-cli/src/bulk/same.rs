//! Whether a file is what a package holds.

use std::fs::File;

use medsec_crypto::{Execution, OpenError, Opened, Unlocked};

use crate::failure::Failure;

/// Both are read once, side by side. Gives what was opened if they are the same and the package was verified to
/// its end; nothing of it leaves memory.
pub(super) fn same_content(
    unlocked: &Unlocked,
    package: File,
    file: &mut File,
    execution: &Execution<'_>,
) -> Result<Option<Opened>, Failure> {
    unlocked.compare(package, file, execution).map_err(|error| match error {
        OpenError::Content(error) => {
            Failure::io("the file could not be compared with its package", &error)
        }
        error => error.into(),
    })
}
