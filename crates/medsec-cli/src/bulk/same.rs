//! Whether a file is what a package holds.

use std::fs::File;
use std::io::{self, Read};

use medsec_crypto::{Backend, OpenError, Opened, Unlocked};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::session::Interrupt;

/// Both are read once, side by side. Gives what was opened if they are the same and the package was verified to
/// its end; nothing of it leaves memory.
pub(super) fn same_content(
    unlocked: &Unlocked,
    package: File,
    file: &mut File,
    interrupt: &Interrupt,
) -> Result<Option<Opened>, Failure> {
    let mut content = unlocked.danger_release_unverified(package, Backend::default())?;
    match is_same(&mut content, file, interrupt)? {
        true => Ok(Some(content.finish()?)),
        false => Ok(None),
    }
}

fn is_same(
    content: &mut impl Read,
    file: &mut File,
    interrupt: &Interrupt,
) -> Result<bool, Failure> {
    let failed = |error: io::Error| match error.downcast::<OpenError>() {
        Ok(error) => error.into(),
        Err(error) => Failure::io("the file could not be compared with its package", &error),
    };
    let mut buffer = Zeroizing::new(vec![0; 64 * 1024]);
    let mut other = Zeroizing::new(vec![0; 64 * 1024]);
    loop {
        if interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        let read = content.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            return Ok(file.read(&mut other).map_err(failed)? == 0);
        }
        let part = other.get_mut(..read).unwrap_or_default();
        match file.read_exact(part) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            result => result.map_err(failed)?,
        }
        if buffer.get(..read) != other.get(..read) {
            return Ok(false);
        }
    }
}
