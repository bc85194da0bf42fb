//! Where an identity provider is. Over the network only with TLS.
//!
//! Addresses of key services (`medsec-kms`) are alike, but have no query; some providers' key sets do.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// An address of an identity provider: HTTPS, or where it is said explicitly, HTTP on this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderAddress {
    /// As it was written: issuers are compared byte by byte.
    text: String,
    url: Url,
}

impl ProviderAddress {
    /// Longest address in bytes.
    pub const MAX_LEN: usize = 2048;

    /// `https://host[:port][/path][?query]`.
    ///
    /// # Errors
    /// [`InvalidProviderAddress`] if it is another kind of address, or has a user, a password or a fragment.
    pub fn new(text: &str) -> Result<Self, InvalidProviderAddress> {
        let address = Self::parse(text)?;
        match address.url.scheme() {
            "https" => Ok(address),
            "http" => Err(InvalidProviderAddress::Plain),
            _ => Err(InvalidProviderAddress::Scheme),
        }
    }

    /// The same, and `http://` to an address of this machine too: `127.0.0.0/8` or `[::1]`.
    ///
    /// # Errors
    /// [`InvalidProviderAddress`] as with [`Self::new`], and [`InvalidProviderAddress::NotLoopback`].
    pub fn allowing_plain_loopback(text: &str) -> Result<Self, InvalidProviderAddress> {
        let address = Self::parse(text)?;
        match address.url.scheme() {
            "https" => Ok(address),
            "http" if address.is_loopback() => Ok(address),
            "http" => Err(InvalidProviderAddress::NotLoopback),
            _ => Err(InvalidProviderAddress::Scheme),
        }
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn parse(text: &str) -> Result<Self, InvalidProviderAddress> {
        if text.len() > Self::MAX_LEN {
            return Err(InvalidProviderAddress::Syntax);
        }
        let url = Url::parse(text).map_err(|_| InvalidProviderAddress::Syntax)?;
        let bare =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        // A parser of addresses forgives blanks and line ends. Here they would be another issuer.
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = bare && plain && url.has_host();
        fits.then(|| Self { text: text.to_owned(), url }).ok_or(InvalidProviderAddress::Syntax)
    }

    /// Decided from the text alone: a name that a resolver answers could come to mean another machine.
    fn is_loopback(&self) -> bool {
        let host = self.url.host_str().map(|host| host.trim_matches(['[', ']']));
        host.and_then(|host| host.parse::<IpAddr>().ok()).is_some_and(|host| host.is_loopback())
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// Where the provider's discovery document is; none for an address that cannot be an issuer's
    /// (OpenID Connect Discovery 1.0 section 4: no query).
    pub(super) fn discovery(&self) -> Option<Url> {
        let base = self.text.trim_end_matches('/');
        let url = Url::parse(&format!("{base}/.well-known/openid-configuration")).ok()?;
        self.url.query().is_none().then_some(url)
    }

    /// An address that this provider names: with TLS, unless the provider itself is on this machine without.
    pub(super) fn named_here(&self, text: &str) -> Result<Self, InvalidProviderAddress> {
        match self.url.scheme() {
            "http" => Self::allowing_plain_loopback(text),
            _ => Self::new(text),
        }
    }
}

impl fmt::Display for ProviderAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ProviderAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProviderAddress({self})")
    }
}

/// Why that is no address of an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProviderAddress {
    /// It is no address, or has parts that an address here does not have.
    #[error("it is not an address of the form https://host:port/path")]
    Syntax,
    /// It is an address of another protocol.
    #[error("only https addresses are taken")]
    Scheme,
    /// Anybody on the way could put other keys there.
    #[error("it has no TLS; plain HTTP has to be allowed explicitly, and only to this machine")]
    Plain,
    /// Anybody on the way could put other keys there.
    #[error("it has no TLS, and is not on this machine (127.0.0.1 or [::1])")]
    NotLoopback,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_without_tls_are_refused() {
        for text in ["http://idp.example", "http://127.0.0.1:80", "http://[::1]/"] {
            let refused = ProviderAddress::new(text).unwrap_err();
            assert_eq!(refused, InvalidProviderAddress::Plain, "{text}");
        }
    }

    #[test]
    fn plain_addresses_elsewhere_are_refused_even_if_plain_ones_are_allowed() {
        for text in [
            "http://idp.example",
            "http://10.0.0.1",
            "http://localhost",
            "http://127.0.0.1.example",
            "http://0.0.0.0",
            "http://[::ffff:10.0.0.1]",
        ] {
            let refused = ProviderAddress::allowing_plain_loopback(text).unwrap_err();
            assert_eq!(refused, InvalidProviderAddress::NotLoopback, "{text}");
        }
        for text in ["http://127.0.0.1:8080/keys", "http://[::1]:1/", "https://idp.example"] {
            assert!(ProviderAddress::allowing_plain_loopback(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_bare_address_is_refused() {
        let long = format!("https://idp.example/{}", "x".repeat(ProviderAddress::MAX_LEN));
        for text in [
            "",
            "idp.example",
            "https://",
            "https://user@idp.example",
            "https://user:word@idp.example",
            "https://idp.example/#part",
            " https://idp.example",
            "https://idp.example/a\nb",
            "file:///etc/passwd",
            &long,
        ] {
            assert!(ProviderAddress::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn discovery_is_below_the_issuer_and_has_no_query() {
        let of = |text| ProviderAddress::new(text).unwrap().discovery().map(String::from);
        let expected = "https://idp.example/realm/.well-known/openid-configuration";
        assert_eq!(of("https://idp.example/realm/").as_deref(), Some(expected));
        assert_eq!(of("https://idp.example/realm").as_deref(), Some(expected));
        assert_eq!(of("https://idp.example/?p=1"), None);
    }

    #[test]
    fn provider_with_tls_names_no_address_without() {
        let provider = ProviderAddress::new("https://idp.example").unwrap();
        let named = provider.named_here("http://127.0.0.1/keys");
        assert_eq!(named.unwrap_err(), InvalidProviderAddress::Plain);
    }
}
