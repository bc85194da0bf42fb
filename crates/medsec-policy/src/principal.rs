//! Who somebody was found to be.

use std::collections::BTreeSet;
use std::time::SystemTime;

use crate::ids::{GroupName, PrincipalId};
use crate::text::codes;

codes!(
    /// How a principal proved to be who they are.
    Method, "authentication method" {
        /// Used a private key of their own, as users of the local key store do.
        PrivateKey => "private-key",
        /// Showed a signed token of an identity provider.
        Token => "token",
        /// Showed a certificate and used its key.
        Certificate => "certificate",
    }
);

/// A person or a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "rules must tell these two apart")]
pub enum PrincipalKind {
    /// A person.
    Person,
    /// A program with an account of its own.
    Service,
}

/// How many different things were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "rules ask for these two")]
pub enum Factors {
    /// One, as far as is known.
    One,
    /// At least two of different kinds.
    Two,
}

/// A principal who was authenticated. What an authenticator answers; a policy gives it its roles.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Principal {
    /// Who.
    pub id: PrincipalId,
    /// A person or a program.
    pub kind: PrincipalKind,
    /// How that is known.
    pub method: Method,
    /// How strongly.
    pub factors: Factors,
    /// When the principal was last asked to prove it, by whoever asked; 1970, if nobody says.
    pub authenticated_at: SystemTime,
    /// The groups that whoever asked says they belong to. A policy heeds those it knows.
    pub groups: BTreeSet<GroupName>,
}
