//! The policies, as the server reads them.

use crate::name::KeyName;

/// What somebody may do with keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Get data keys and have them wrapped. Not open anything.
    Seal,
    /// Unwrap.
    Open,
    /// Wrap anew within the server. See nothing.
    Rewrap,
    /// What the owner of a key may: seal and open.
    Own,
}

impl Role {
    /// Those over many keys.
    pub(super) const ALL: [Self; 3] = [Self::Seal, Self::Open, Self::Rewrap];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Open => "open",
            Self::Rewrap => "rewrap",
            Self::Own => "own",
        }
    }

    /// Operations of transit. All are `update`: with `create`, a server would make keys that are missing, and not
    /// such as are used here.
    const fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Seal => &["datakey/plaintext", "encrypt"],
            Self::Open => &["decrypt"],
            Self::Rewrap => &["rewrap"],
            Self::Own => &["datakey/plaintext", "encrypt", "decrypt"],
        }
    }

    /// The text of a policy for these keys. Everybody reads what a key is (never the key), and looks at, renews and
    /// revokes the own token.
    pub(super) fn policy(self, mount: &str, keys: &[KeyName]) -> String {
        let mut text = format!("# Made by medsec: {} with the keys named here.\n", self.name());
        let mut permit = |path: &str, capability: &str| {
            text.push_str(&format!("path \"{path}\" {{ capabilities = [\"{capability}\"] }}\n"));
        };
        permit("auth/token/lookup-self", "read");
        permit("auth/token/renew-self", "update");
        permit("auth/token/revoke-self", "update");
        for key in keys {
            permit(&format!("{mount}/keys/{key}"), "read");
            for operation in self.operations() {
                permit(&format!("{mount}/{operation}/{key}"), "update");
            }
        }
        text
    }
}
