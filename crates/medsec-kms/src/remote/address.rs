//! Where a key service is. Over the network only with TLS.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// The address of a key service: HTTPS, or where it is said explicitly, HTTP on this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceAddress(Url);

impl ServiceAddress {
    /// `https://host[:port][/path]`.
    ///
    /// # Errors
    /// [`InvalidAddress`] if it is another kind of address, or has a user, a password, a query or a fragment.
    pub fn new(text: &str) -> Result<Self, InvalidAddress> {
        let url = parse(text)?;
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" => Err(InvalidAddress::Plain),
            _ => Err(InvalidAddress::Scheme),
        }
    }

    /// The same, and `http://` to an address of this machine too: `localhost`, `127.0.0.0/8` or `[::1]`.
    ///
    /// # Errors
    /// [`InvalidAddress`] as with [`Self::new`], and [`InvalidAddress::NotLoopback`].
    pub fn allowing_plain_loopback(text: &str) -> Result<Self, InvalidAddress> {
        let url = parse(text)?;
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err(InvalidAddress::NotLoopback),
            _ => Err(InvalidAddress::Scheme),
        }
    }

    /// Whether what is sent there is encrypted on the way.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

fn parse(text: &str) -> Result<Url, InvalidAddress> {
    let url = Url::parse(text).map_err(|_| InvalidAddress::Syntax)?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (bare && url.has_host()).then_some(url).ok_or(InvalidAddress::Syntax)
}

/// Decided from the text alone: a name that a resolver answers could come to mean another machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

impl fmt::Display for ServiceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ServiceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceAddress({self})")
    }
}

/// Why that is no address of a key service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// It is no address, or has parts that an address here does not have.
    #[error("it is not an address of the form https://host:port")]
    Syntax,
    /// It is an address of another protocol.
    #[error("only https addresses are taken")]
    Scheme,
    /// It would send everything in clear.
    #[error("it has no TLS; plain HTTP has to be allowed explicitly, and only to this machine")]
    Plain,
    /// It would send everything in clear to another machine.
    #[error("it has no TLS, and is not on this machine (localhost, 127.0.0.1 or [::1])")]
    NotLoopback,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_without_tls_are_refused() {
        for text in ["http://vault.example:8200", "http://127.0.0.1:8200", "http://localhost"] {
            assert_eq!(ServiceAddress::new(text).unwrap_err(), InvalidAddress::Plain, "{text}");
        }
    }

    #[test]
    fn plain_addresses_elsewhere_are_refused_even_if_plain_ones_are_allowed() {
        for text in [
            "http://vault.example:8200",
            "http://10.0.0.1",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://0.0.0.0:8200",
            "http://[::2]:8200",
            "http://[::ffff:10.0.0.1]",
        ] {
            let refused = ServiceAddress::allowing_plain_loopback(text).unwrap_err();
            assert_eq!(refused, InvalidAddress::NotLoopback, "{text}");
        }
    }

    #[test]
    fn plain_addresses_of_this_machine_are_taken_where_allowed() {
        for text in ["http://127.0.0.1:8200", "http://localhost:1", "http://[::1]:8200"] {
            assert_eq!(ServiceAddress::allowing_plain_loopback(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_bare_address_is_refused() {
        for text in [
            "",
            "vault.example",
            "ftp://vault.example",
            "https://",
            "https://user@vault.example",
            "https://user:word@vault.example",
            "https://vault.example/?token=1",
            "https://vault.example/#part",
            "file:///etc/passwd",
            "unix:/run/vault.sock",
        ] {
            assert!(ServiceAddress::new(text).is_err(), "{text}");
            assert!(ServiceAddress::allowing_plain_loopback(text).is_err(), "{text}");
        }
    }

    #[test]
    fn address_ends_without_a_slash() {
        for text in ["https://vault.example:8200/", "https://vault.example:8200"] {
            assert_eq!(ServiceAddress::new(text).unwrap().as_str(), "https://vault.example:8200");
        }
        let path = ServiceAddress::new("https://proxy.example/vault/").unwrap();
        assert_eq!(path.as_str(), "https://proxy.example/vault");
    }
}
