//! Where it was done.

use std::fmt;
use std::net::IpAddr;

use super::{HostId, ProcessName};
use crate::text::{InvalidValue, Word};

/// Where it was done, and where the request came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Place {
    /// The machine that did it.
    pub host: HostId,
    /// The program that did it.
    pub process: ProcessName,
    /// Its process number.
    pub pid: Option<u32>,
    /// Where the request came from.
    pub origin: Origin,
}

/// Where a request came from.
///
/// Where patients themselves connect, their address identifies them: record [`Remote`](Self::Remote) there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "from here, from elsewhere, or from elsewhere and told"
)]
pub enum Origin {
    /// From the same machine.
    Local,
    /// Over a network, the address not recorded.
    Remote,
    /// Over a network, from this address.
    Address(IpAddr),
}

impl Origin {
    const LOCAL: &'static str = "local";
    const REMOTE: &'static str = "remote";
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str(Self::LOCAL),
            Self::Remote => f.write_str(Self::REMOTE),
            Self::Address(IpAddr::V4(address)) => write!(f, "ip4:{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "ip6:{address}"),
        }
    }
}

impl std::str::FromStr for Origin {
    type Err = InvalidValue;

    /// Accepts exactly the form that `Display` writes.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let address = |text: &str, v4: bool| {
            let address: IpAddr = text.parse().ok()?;
            let one_form = address.is_ipv4() == v4 && address.to_string() == text;
            one_form.then_some(Self::Address(address))
        };
        let origin = match text.split_once(':') {
            None if text == Self::LOCAL => Some(Self::Local),
            None if text == Self::REMOTE => Some(Self::Remote),
            Some(("ip4", rest)) => address(rest, true),
            Some(("ip6", rest)) => address(rest, false),
            _ => None,
        };
        origin.ok_or(InvalidValue { field: "origin" })
    }
}

impl Word for Origin {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_rejects_other_spellings() {
        for bad in ["", "Local", "ip4:", "ip4:::1", "ip6:10.0.0.1", "ip4:010.0.0.1", "ip6:0:0::1"] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        // No zone: the name of an interface is text that somebody chose.
        assert!("ip6:fe80::1%eth0".parse::<Origin>().is_err());
        for good in ["local", "remote", "ip4:10.0.0.1", "ip6:2001:db8::1", "ip6:::ffff:1.2.3.4"] {
            assert_eq!(good.parse::<Origin>().unwrap().to_string(), good);
        }
    }
}
