//! What the server says of a key, and whether it can be used here.

use std::collections::BTreeMap;
use std::time::Duration;

use medsec_crypto::Timestamp;
use serde::Deserialize;

use crate::name::KeyName;
use crate::service::{KeyDescription, KeyServiceError, KeyState};
use crate::utc::UtcTime;

/// Authenticated ciphers of 256 bits that can be derived. AES first: it is what is made here.
const TYPES: [&str; 3] = ["aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"];

/// A key as `keys/<name>` shows it.
#[derive(Debug, Deserialize)]
pub(super) struct KeyFacts {
    #[serde(rename = "type")]
    kind: String,
    derived: bool,
    exportable: bool,
    allow_plaintext_backup: bool,
    #[serde(default)]
    convergent_encryption: bool,
    /// OpenBao alone has it.
    #[serde(default)]
    pub(super) soft_deleted: bool,
    pub(super) latest_version: u32,
    pub(super) min_decryption_version: u32,
    #[serde(default)]
    pub(super) min_encryption_version: u32,
    /// Older ones were destroyed; 0 where none was.
    #[serde(default)]
    pub(super) min_available_version: u32,
    /// Seconds; 0 for never.
    #[serde(default)]
    pub(super) auto_rotate_period: u64,
    /// Seconds since 1970 at which each version was made, from the minimum version on.
    #[serde(default)]
    keys: BTreeMap<u32, serde_json::Value>,
}

impl KeyFacts {
    /// Whether the key binds data keys, and stays in the server.
    ///
    /// # Errors
    /// [`KeyServiceError::Unsuitable`] with the reason.
    pub(super) fn check(&self) -> Result<(), KeyServiceError> {
        let unsuitable = |reason| Err(KeyServiceError::Unsuitable(reason));
        if !TYPES.contains(&self.kind.as_str()) {
            return unsuitable("it is not of a type that is used here");
        }
        if !self.derived {
            return unsuitable(
                "it was not made with `derived`, and would ignore what it is bound to",
            );
        }
        if self.exportable {
            return unsuitable("it can be exported");
        }
        if self.allow_plaintext_backup {
            return unsuitable("it can be backed up in clear");
        }
        if self.convergent_encryption {
            return unsuitable("it encrypts equal data keys to equal texts");
        }
        Ok(())
    }

    pub(super) fn describe(&self, name: &KeyName) -> KeyDescription {
        let made = |version: u32| {
            let seconds = self.keys.get(&version)?.as_u64()?;
            Some(UtcTime::from(Timestamp::from_unix_seconds(seconds)))
        };
        let rotated = made(self.latest_version);
        let due = (self.auto_rotate_period > 0).then_some(rotated).flatten();
        let due = due.map(|rotated| {
            let seconds = rotated.timestamp().unix_seconds();
            let due = seconds.saturating_add(self.auto_rotate_period);
            UtcTime::from(Timestamp::from_unix_seconds(due))
        });
        KeyDescription {
            name: name.clone(),
            state: if self.soft_deleted { KeyState::Disabled } else { KeyState::Enabled },
            version: Some(self.latest_version),
            oldest: Some(self.min_decryption_version),
            // Versions below the minimum are not shown.
            created: made(1),
            rotated,
            rotation_due: due,
        }
    }
}

/// An age limit: the server rotates the key by itself when that is over.
pub(super) fn auto_rotate(days: u32) -> Duration {
    Duration::from_secs(u64::from(days).saturating_mul(86_400))
}

/// A time as the server takes it.
pub(super) fn told(time: Duration) -> String {
    format!("{}s", time.as_secs())
}
