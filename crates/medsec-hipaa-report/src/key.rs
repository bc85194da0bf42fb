//! The name of a test: binary and path.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A test as nextest names it: the binary's id and the path of the test in it.
///
/// Written as one text, `medsec-crypto::it controls::altered_content_is_refused`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct TestId {
    /// The binary, such as `medsec-crypto::it`.
    pub binary: String,
    /// The path, such as `controls::altered_content_is_refused`.
    pub test: String,
}

impl TestId {
    /// Puts a name together.
    pub fn new(binary: impl Into<String>, test: impl Into<String>) -> Self {
        Self { binary: binary.into(), test: test.into() }
    }

    /// The function's name without modules.
    #[must_use]
    pub fn function(&self) -> &str {
        self.test.rsplit("::").next().unwrap_or(&self.test)
    }
}

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.binary, self.test)
    }
}

impl Serialize for TestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = text.split_once(' ').filter(|(b, t)| !b.is_empty() && !t.is_empty());
        let (binary, test) = parts.ok_or_else(|| serde::de::Error::custom("not `binary test`"))?;
        Ok(Self::new(binary, test))
    }
}
