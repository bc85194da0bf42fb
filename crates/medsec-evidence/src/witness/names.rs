//! The names by which a witness is joined to a test run.

use core::fmt;
use core::str::FromStr;

use super::field::{FieldProblem, line};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = FieldProblem;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                line(text, $max)?;
                let allowed: fn(char) -> bool = $allowed;
                if text.chars().all(allowed) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(FieldProblem::Character)
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// One run of the tests: 1 to 64 ASCII letters, digits, `.`, `_`, `-`.
    RunId, 64, |c| c.is_ascii_alphanumeric() || ".-_".contains(c)
}

name! {
    /// One test binary, such as `medsec-policy::it`: up to 256 bytes, no blanks.
    BinaryId, 256, |c| !c.is_whitespace()
}

name! {
    /// One test as libtest prints it, such as `session::idle_session_cannot_open`: up to 512 bytes, no
    /// blanks.
    TestName, 512, |c| !c.is_whitespace()
}
