//! What the receiver of an event is told about its sender.

use std::fmt;

use crate::text::{InvalidValue, identifier};

identifier!(
    /// Names the site that the log is of, as the organisation calls it. 1 to 64 of `A-Z a-z 0-9 . _ -`.
    SiteName, 64, "site",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);

/// What a record does not say because it is the same for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct SourceInfo {
    /// The site, if there are several.
    pub site: Option<SiteName>,
    /// Whose identifiers these are.
    pub namespace: Namespace,
}

/// The start of the URIs that name the systems of our identifiers: `<namespace>/package`,
/// `<namespace>/principal` and so on. It is chosen once by the organisation, and nothing need answer there.
///
/// `https://`, then 1 to 120 of `A-Z a-z 0-9 . _ / -`, the first and the last a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace(String);

impl Namespace {
    const SCHEME: &'static str = "https://";
    const MAX_REST_LEN: usize = 120;

    /// Checks the form.
    ///
    /// # Errors
    /// [`InvalidValue`] if it is none of the form above.
    pub fn new(text: &str) -> Result<Self, InvalidValue> {
        let rest = text.strip_prefix(Self::SCHEME).unwrap_or_default().as_bytes();
        let fits = (1..=Self::MAX_REST_LEN).contains(&rest.len());
        let ends = [rest.first(), rest.last()];
        let named = ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric));
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._/-".contains(byte);
        (fits && named && rest.iter().all(allowed))
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidValue { field: "namespace" })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URI of one system of identifiers.
    pub(super) fn system(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Namespace {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespace_rejects_other_forms() {
        let long = format!("https://{}", "a".repeat(121));
        for bad in [
            "",
            "https://",
            "http://clinic.example",
            "urn:oid:1.2.3",
            "https:///audit",
            "https://clinic.example/",
            "https://clinic.example/a b",
            "https://clinic.example/a\"b",
            "https://clinic.example/a&b",
            "https://clinic.example?a",
            &long,
        ] {
            assert!(Namespace::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn systems_stand_behind_the_namespace() {
        let namespace: Namespace = "https://clinic.example/audit".parse().unwrap();
        assert_eq!(namespace.system("package"), "https://clinic.example/audit/package");
        assert_eq!(namespace.to_string(), namespace.as_str());
    }
}
