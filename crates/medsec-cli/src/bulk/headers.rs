//! The headers of a folder's packages, which everybody can read.

use std::path::Path;

use medsec_crypto::Header;

use super::open::packages;
use super::walk;
use crate::failure::Failure;
use crate::session::Session;

/// Shows every header; nothing of it is authentic. Tells how many files are called packages and are none, or cannot be
/// read.
pub(crate) fn each(
    session: &Session,
    folder: &Path,
    mut show: impl FnMut(&Header),
) -> Result<u64, Failure> {
    session.interrupt.arm();
    let mut unread = 0_u64;
    for one in packages(folder)? {
        if session.interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        match walk::header(folder, &one.path) {
            Ok((_, header)) => show(&header),
            Err(_) => unread = unread.saturating_add(1),
        }
    }
    Ok(unread)
}
