//! The policies, as the server reads them.

use crate::name::KeyName;

/// What everybody may do with the own token: look at it, renew it and revoke it.
const OWN_TOKEN: [(&str, &str); 3] = [
    ("auth/token/lookup-self", "read"),
    ("auth/token/renew-self", "update"),
    ("auth/token/revoke-self", "update"),
];

fn permission(path: &str, capability: &str) -> String {
    format!("path \"{path}\" {{ capabilities = [\"{capability}\"] }}")
}

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

    /// The present text with what these keys need besides; nothing is taken from it. `None` if it is not wholly of the
    /// form that [`Self::policy`] writes for this role, of whichever mount and keys.
    pub(super) fn extended(self, present: &str, mount: &str, keys: &[KeyName]) -> Option<String> {
        let mut lines = present.lines();
        let is_ours = lines.next() == Some(&*self.head()) && lines.all(|line| self.is_line(line));
        if !is_ours {
            return None;
        }
        let mut text = present.lines().map(|line| format!("{line}\n")).collect::<String>();
        for line in self.policy(mount, keys).lines() {
            if !present.lines().any(|has| has == line) {
                text.push_str(line);
                text.push('\n');
            }
        }
        Some(text)
    }

    fn head(self) -> String {
        format!("# Made by medsec: {} with the keys named here.", self.name())
    }

    /// Whether a policy of this role can have that line.
    fn is_line(self, line: &str) -> bool {
        let own = OWN_TOKEN.map(|(path, capability)| permission(path, capability));
        own.iter().any(|own| own == line) || self.is_of_key(line)
    }

    /// Whether it permits something of this role with one key.
    fn is_of_key(self, line: &str) -> bool {
        let parts = line.strip_prefix("path \"").and_then(|rest| {
            let (path, capability) = rest.split_once("\" { capabilities = [\"")?;
            Some((path.rsplit_once('/')?, capability.strip_suffix("\"] }")?))
        });
        let Some(((above, key), capability)) = parts else { return false };
        let mount = match capability {
            "read" => above.strip_suffix("/keys"),
            "update" => self.mount_of(above),
            _ => None,
        };
        mount.is_some_and(is_transit) && !key.contains(['*', '+']) && KeyName::new(key).is_ok()
    }

    fn mount_of(self, above: &str) -> Option<&str> {
        let mut mounts =
            self.operations().iter().map(|one| above.strip_suffix(one)?.strip_suffix('/'));
        mounts.find_map(|mount| mount)
    }

    /// The text of a policy for these keys. Everybody reads what a key is (never the key), and looks at, renews and
    /// revokes the own token.
    pub(super) fn policy(self, mount: &str, keys: &[KeyName]) -> String {
        let mut text = format!("{}\n", self.head());
        let mut permit = |path: &str, capability: &str| {
            text.push_str(&permission(path, capability));
            text.push('\n');
        };
        for (path, capability) in OWN_TOKEN {
            permit(path, capability);
        }
        for key in keys {
            permit(&format!("{mount}/keys/{key}"), "read");
            for operation in self.operations() {
                permit(&format!("{mount}/{operation}/{key}"), "update");
            }
        }
        text
    }
}

/// Whether a mount can be one of transit, and is named in full.
fn is_transit(mount: &str) -> bool {
    let is_plain = !mount.is_empty() && !mount.contains(['"', '*', '+']);
    is_plain && !mount.starts_with("sys") && !mount.starts_with("auth/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys<const N: usize>(names: [&str; N]) -> [KeyName; N] {
        names.map(|name| KeyName::new(name).unwrap())
    }

    #[test]
    fn policy_gets_what_is_missing_and_loses_nothing() {
        for role in [Role::Seal, Role::Open, Role::Rewrap, Role::Own] {
            let one = role.policy("transit", &keys(["ct"]));
            let both = role.policy("transit", &keys(["ct", "mri"]));
            assert_eq!(role.extended(&one, "transit", &keys(["mri"])), Some(both.clone()));
            assert_eq!(role.extended(&both, "transit", &keys(["mri"])), Some(both.clone()));
            let elsewhere = role.extended(&one, "clinic", &keys(["ct"])).unwrap();
            assert!(elsewhere.starts_with(&one) && elsewhere.contains("clinic/keys/ct"));
        }
    }

    #[test]
    fn text_with_anything_else_in_it_is_not_extended() {
        let present = Role::Seal.policy("transit", &keys(["ct"]));
        let foreign = [
            "path \"*\" { capabilities = [\"sudo\"] }",
            "path \"transit/decrypt/ct\" { capabilities = [\"update\"] }",
            "path \"transit/encrypt/*\" { capabilities = [\"update\"] }",
            "path \"+/encrypt/ct\" { capabilities = [\"update\"] }",
            "path \"sys/keys/ct\" { capabilities = [\"read\"] }",
            "path \"transit/encrypt/ct\" { capabilities = [\"update\", \"create\"] }",
            "path \"transit/keys/ct\" { capabilities = [\"update\"] }",
            "# a word",
            "",
        ];
        for line in foreign {
            let text = format!("{present}{line}\n");
            assert_eq!(Role::Seal.extended(&text, "transit", &keys(["ct"])), None, "{line}");
        }
        assert_eq!(Role::Open.extended(&present, "transit", &keys(["ct"])), None);
        assert_eq!(Role::Seal.extended("", "transit", &keys(["ct"])), None);
    }
}
