//! What anchors that keep files or objects call them: `<origin>/<size, 20 digits>`, so that they sort by size.

use std::fmt::{self, Write as _};

use crate::checkpoint::LogOrigin;

/// Digits of a size.
const DIGITS: usize = 20;

impl LogOrigin {
    /// The origin as the name of one file, one folder or one part of an object's key: letters, digits, `_` and `-` as they
    /// are, and `.` too unless it is the first byte, because a name of dots alone leads elsewhere; every other byte as `%`
    /// and two hexadecimal digits. At most three times as long as the origin.
    #[must_use]
    pub fn to_file_name(&self) -> String {
        let mut name = String::new();
        for byte in self.as_str().bytes() {
            let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if plain || (byte == b'.' && !name.is_empty()) {
                name.push(char::from(byte));
            } else {
                // A String takes whatever is written to it.
                let _ = write!(name, "%{byte:02X}");
            }
        }
        name
    }
}

/// The name of a kept checkpoint among those of its origin: its size in 20 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckpointName(u64);

impl CheckpointName {
    /// Of a checkpoint of so many records.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self(size)
    }

    /// The name of a file, if it is that of a checkpoint.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let shaped = name.len() == DIGITS && name.bytes().all(|byte| byte.is_ascii_digit());
        shaped.then(|| name.parse().ok()).flatten().map(Self)
    }

    /// Number of records.
    #[must_use]
    pub const fn size(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CheckpointName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_origin_makes_a_name_that_leads_elsewhere() {
        for (origin, expected) in [
            (".", "%2E"),
            ("..", "%2E."),
            ("../x", "%2E.%2Fx"),
            ("clinic.example/log/main", "clinic.example%2Flog%2Fmain"),
            ("a%2Fb", "a%252Fb"),
            ("ä b:c", "%C3%A4%20b%3Ac"),
        ] {
            assert_eq!(LogOrigin::new(origin).unwrap().to_file_name(), expected, "{origin}");
        }
    }

    #[test]
    fn only_names_of_twenty_digits_count() {
        let long = "99999999999999999999";
        for bad in ["", "1", "0000000000000000000x", "000000000000000000001", "LOCK", long] {
            assert_eq!(CheckpointName::parse(bad), None, "{bad}");
        }
        let name = CheckpointName::new(7);
        assert_eq!(CheckpointName::parse(&name.to_string()), Some(name));
    }
}
