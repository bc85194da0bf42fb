//! Who did it.

use super::{PrincipalId, RoleName};
use crate::text::codes;

codes!(
    /// How a principal proved to be who they are.
    Authentication, "authentication" {
        /// Used a private key of their own.
        PrivateKey => "private-key",
        /// Is the user whom the operating system names.
        OperatingSystem => "os-user",
        /// Gave a passphrase.
        Passphrase => "passphrase",
        /// Showed a signed token of an identity provider.
        Token => "token",
        /// Showed a signed token that states a second factor.
        TokenTwoFactors => "token-2f",
        /// Showed a certificate.
        Certificate => "certificate",
        /// Used a card or another hardware key.
        HardwareKey => "hardware-key",
    }
);

/// A principal who is known and was authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Principal {
    /// Who.
    pub id: PrincipalId,
    /// How that is known.
    pub authentication: Authentication,
    /// The role they acted in.
    pub role: Option<RoleName>,
    /// Whom they acted for.
    pub on_behalf_of: Option<PrincipalId>,
}

/// Who did it.
///
/// A name that somebody typed and that belongs to nobody has no place here: people type passwords, and names of
/// patients, into that field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "reviewers must tell these four apart")]
pub enum Actor {
    /// A person.
    Person(Principal),
    /// A program with an account of its own.
    Service(Principal),
    /// medsec by itself: the clock, a start, a stop.
    System,
    /// Somebody who was not recognised.
    Unknown,
}

impl Actor {
    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Person(_) => Self::PERSON,
            Self::Service(_) => Self::SERVICE,
            Self::System => Self::SYSTEM,
            Self::Unknown => Self::UNKNOWN,
        }
    }

    /// The principal, if it is one.
    #[must_use]
    pub const fn principal(&self) -> Option<&Principal> {
        match self {
            Self::Person(principal) | Self::Service(principal) => Some(principal),
            Self::System | Self::Unknown => None,
        }
    }

    pub(super) const PERSON: &'static str = "person";
    pub(super) const SERVICE: &'static str = "service";
    pub(super) const SYSTEM: &'static str = "system";
    pub(super) const UNKNOWN: &'static str = "unknown";
}
