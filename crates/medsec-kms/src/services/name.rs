//! What a key service is called among others.

use std::fmt;
use std::str::FromStr;

/// Names a key service among those that are joined: 1 to 32 of `a-z 0-9 -`, beginning with a letter. Not `arn`, with
/// which Amazon resource names begin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceName(String);

impl ServiceName {
    /// Longest name in bytes.
    pub const MAX_LEN: usize = 32;
    /// Taken by names of keys that begin so.
    const RESERVED: &'static str = "arn";

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidService`] if it is empty, too long, has another character, or is reserved.
    pub fn new(name: &str) -> Result<Self, InvalidService> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=Self::MAX_LEN).contains(&name.len()) && name.bytes().all(allowed);
        if !fits || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(InvalidService::Name);
        }
        if name == Self::RESERVED {
            return Err(InvalidService::Reserved);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceName {
    type Err = InvalidService;

    fn from_str(text: &str) -> Result<Self, InvalidService> {
        Self::new(text)
    }
}

/// Why a key service cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidService {
    /// It cannot be called that.
    #[error("a key service is named by 1 to 32 of a-z, 0-9 and -, beginning with a letter")]
    Name,
    /// The name begins those of other things.
    #[error("`arn` names no key service: Amazon resource names begin so")]
    Reserved,
    /// There is one of that name.
    #[error("there is a key service of that name already")]
    Twice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_name_rejects_other_shapes() {
        let long = "a".repeat(33);
        for bad in ["", "A", "1a", "-a", "a.b", "a:b", "a b", "ä", &long] {
            assert_eq!(ServiceName::new(bad), Err(InvalidService::Name), "{bad}");
        }
        assert_eq!(ServiceName::new("arn"), Err(InvalidService::Reserved));
        assert_eq!("aws-eu1".parse::<ServiceName>().unwrap().to_string(), "aws-eu1");
    }
}
