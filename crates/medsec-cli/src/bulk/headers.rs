//! The headers of a folder's packages, which everybody can read.

use std::path::Path;

use medsec_crypto::Header;

use super::open::packages;
use super::walk;
use crate::failure::Failure;
use crate::session::Session;

/// What was not read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Files that are called packages and are none, or cannot be read.
    pub(crate) unread: u64,
}

/// Shows every header; nothing of it is authentic.
pub(crate) fn each(
    session: &Session,
    folder: &Path,
    mut show: impl FnMut(&Header),
) -> Result<Seen, Failure> {
    session.interrupt.arm();
    let mut seen = Seen::default();
    for one in packages(folder)? {
        if session.interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        let opened = walk::open(folder, &one.path).ok();
        let header = opened.and_then(|mut opened| Header::read_patiently(&mut opened.file).ok());
        match header {
            Some(header) => show(&header),
            None => seen.unread = seen.unread.saturating_add(1),
        }
    }
    Ok(seen)
}
