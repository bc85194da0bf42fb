//! How far a follower is that cannot say so itself: a small file beside the log.
//!
//! Four lines: what it is, the stream's origin, the number of records shipped, and the root of their tree, so that
//! another history of the stream is noticed.

use std::path::Path;

use medsec_audit::{Hash, LogOrigin, MAX_TREE_SIZE};

use super::{Cause, small_file};

const HEADING: &str = "medsec ship cursor v1";
/// More than an origin of 255 bytes and the rest need.
const MAX_LEN: usize = 512;

/// A commit up to which everything was shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) size: u64,
    pub(super) root: Hash,
}

impl Cursor {
    /// What was remembered; nothing before the first shipment.
    pub(super) fn load(path: &Path, origin: &LogOrigin) -> Result<Option<Self>, Cause> {
        let bytes = small_file::read(path, MAX_LEN).map_err(|_| Cause::Local)?;
        bytes.map(|bytes| Self::parse(&bytes, origin).ok_or(Cause::Local)).transpose()
    }

    pub(super) fn save(&self, path: &Path, origin: &LogOrigin) -> Result<(), Cause> {
        let text = format!("{HEADING}\n{origin}\n{}\n{}\n", self.size, self.root);
        small_file::replace(path, text.as_bytes()).map_err(|_| Cause::Local)
    }

    fn parse(bytes: &[u8], origin: &LogOrigin) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let mut is = |expected: &str| lines.next() == Some(expected);
        let ours = is(HEADING) && is(origin.as_str());
        let (size, root) = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
        (ours && lines.next().is_none() && size <= MAX_TREE_SIZE).then_some(Self { size, root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_refuses_what_save_has_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cursor");
        let origin = LogOrigin::new("clinic.example/log/main").unwrap();
        assert_eq!(Cursor::load(&path, &origin), Ok(None));
        let cursor = Cursor { size: 7, root: Hash::from_bytes([3; 32]) };
        cursor.save(&path, &origin).unwrap();
        assert_eq!(Cursor::load(&path, &origin), Ok(Some(cursor)));
        let good = std::fs::read_to_string(&path).unwrap();
        let other = LogOrigin::new("clinic.example/log/other").unwrap();
        assert_eq!(Cursor::load(&path, &other), Err(Cause::Local), "another stream's");
        for bad in [
            String::new(),
            good.replace("v1", "v2"),
            good.replace("\n7\n", "\n-7\n"),
            good.replace("\n7\n", "\n18446744073709551615\n"),
            format!("{good}more\n"),
            good.trim_end().to_owned(),
            "x".repeat(1 << 20),
        ] {
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(Cursor::load(&path, &origin), Err(Cause::Local));
        }
    }
}
