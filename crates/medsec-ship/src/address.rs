//! Where a server listens.

use std::fmt;
use std::str::FromStr;

use rustls::pki_types::ServerName;

/// A host, by name or IP address, and a port: `siem.example:6514`, `[2001:db8::7]:5432`. The certificate of the server
/// must be for exactly this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    // INVARIANT: a name or IP address that a certificate can be for.
    host: String,
    port: u16,
}

/// The text is no host and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no valid host and port")]
pub struct InvalidAddress;

impl Address {
    /// Checks a host. An IPv6 address has no brackets here.
    ///
    /// # Errors
    /// [`InvalidAddress`] if no certificate can be for it, or the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, InvalidAddress> {
        let named = ServerName::try_from(host).is_ok();
        (named && port != 0).then(|| Self { host: host.to_owned(), port }).ok_or(InvalidAddress)
    }

    /// The host, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What the certificate must be for.
    #[cfg(any(feature = "http", feature = "syslog"))]
    pub(crate) fn server_name(&self) -> Result<ServerName<'static>, InvalidAddress> {
        ServerName::try_from(self.host.clone()).map_err(|_| InvalidAddress)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let (host, port) = text.rsplit_once(':').ok_or(InvalidAddress)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // Without brackets, nobody knows where an IPv6 address ends.
        if bare.is_none() && host.contains(':') {
            return Err(InvalidAddress);
        }
        Self::new(bare.unwrap_or(host), port.parse().map_err(|_| InvalidAddress)?)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_rejects_what_no_certificate_is_for() {
        for bad in ["", "host", ":1", "host:", "host:0", "host:65536", "ho st:1", "::1:1", "[::1:1"]
        {
            assert_eq!(bad.parse::<Address>(), Err(InvalidAddress), "{bad}");
        }
    }

    #[test]
    fn address_reads_back_as_written() {
        for good in ["siem.example:6514", "127.0.0.1:1", "[2001:db8::7]:5432"] {
            assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        }
    }
}
