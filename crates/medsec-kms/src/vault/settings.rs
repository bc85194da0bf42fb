//! Where the service is, whom to trust there, and as whom to come.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::login::VaultLogin;
use super::place::VaultPlace;
use crate::remote::ServiceAddress;

/// How a server is reached. Nothing of it has a default, and nothing is read from the environment.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving one out must not compile")]
pub struct VaultSettings {
    /// Where it is. With TLS, but for this machine where that is said.
    pub address: ServiceAddress,
    /// The mount whose keys are used.
    pub place: VaultPlace,
    /// Certificates of the authorities that may have issued the server's, in PEM. No others are trusted, those of the
    /// system neither. Not used without TLS.
    pub roots: Vec<u8>,
    /// A certificate to show to the server, if it asks for one.
    pub identity: Option<VaultIdentity>,
    /// As whom to come.
    pub login: VaultLogin,
    /// How long to wait.
    pub patience: Patience,
}

/// A client certificate and its key.
#[derive(Clone)]
pub struct VaultIdentity {
    pub(super) certificates: Vec<u8>,
    pub(super) key: Zeroizing<Vec<u8>>,
}

impl VaultIdentity {
    /// The chain and the key, both in PEM.
    #[must_use]
    pub fn new(certificates: Vec<u8>, key: Vec<u8>) -> Self {
        Self { certificates, key: Zeroizing::new(key) }
    }
}

impl fmt::Debug for VaultIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultIdentity(..)")
    }
}

/// How long to wait for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// For a connection with TLS. 5 s: a server in reach takes milliseconds.
    pub connect: Duration,
    /// For a whole call, connection included. 30 s: a busy server answers within seconds.
    pub call: Duration,
    /// For how long what was read of a key (that it is `derived`, and of a kind that is used here) is believed. 5
    /// minutes: it changes only when a key is deleted and made anew, or opened for export.
    pub belief: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            call: Duration::from_secs(30),
            belief: Duration::from_secs(300),
        }
    }
}
