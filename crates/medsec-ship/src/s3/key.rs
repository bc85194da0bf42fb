//! Names of objects: `<origin>/<size>`, as every anchor that keeps checkpoints calls them.

use std::fmt::Write as _;

use medsec_audit::{CheckpointName, LogOrigin};
use object_store::path::Path;

/// The name of a checkpoint's object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn of(origin: &LogOrigin, size: u64) -> Self {
        Self(format!("{}{}", folder(origin), CheckpointName::new(size)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As object_store wants it; the name has nothing that it would change.
    pub(super) fn path(&self) -> Option<Path> {
        Path::parse(&self.0).ok()
    }

    /// The size that an object's name says, if it is one of ours.
    pub(super) fn size_of(origin: &LogOrigin, key: &str) -> Option<u64> {
        let name = key.strip_prefix(&folder(origin))?;
        CheckpointName::parse(name).map(CheckpointName::size)
    }
}

/// What the names of all checkpoints of an origin start with.
pub(super) fn folder(origin: &LogOrigin) -> String {
    let mut folder = origin.to_file_name();
    folder.push('/');
    folder
}

/// A text as a part of a query: everything but letters, digits, `-` and `_` as `%` and two digits.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            encoded.push(byte.into());
        } else {
            // A String takes whatever is written to it.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_one_segment_and_digits() {
        let origin = LogOrigin::new("clinic.example/log é").unwrap();
        let key = Key::of(&origin, 42);
        assert_eq!(key.as_str(), "clinic.example%2Flog%20%C3%A9/00000000000000000042");
        assert_eq!(key.path().unwrap().as_ref(), key.as_str());
        assert_eq!(Key::size_of(&origin, key.as_str()), Some(42));
    }

    #[test]
    fn names_of_others_have_no_size() {
        let origin = LogOrigin::new("a").unwrap();
        for other in ["a/42", "b/00000000000000000042", "a/0000000000000000004x", "a/", "a"] {
            assert_eq!(Key::size_of(&origin, other), None, "{other}");
        }
        assert_eq!(Key::size_of(&origin, "a/99999999999999999999"), None);
    }
}
