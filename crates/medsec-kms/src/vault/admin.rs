//! Transit keys made and changed.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::fault::Asked;
use super::link::{Link, Repeat};
use super::place::transit_name;
use super::reply::data;
use super::settings::VaultSettings;
use super::suitability::{KeyFacts, auto_rotate, told};
use crate::name::KeyName;
use crate::service::{KeyAdmin, KeyDescription, KeyFuture, KeyServiceError, KeySpec};

/// Makes and changes the keys of one mount.
///
/// Transit destroys a key at once or not at all: [`KeyAdmin::schedule_destruction`] and
/// [`KeyAdmin::cancel_destruction`] are refused as [`KeyServiceError::NotOffered`]; see
/// [`danger_destroy_key`](Self::danger_destroy_key). A key is disabled by OpenBao's soft deletion, which is what it
/// takes back; Vault has nothing of the kind, and refuses. An age limit is kept by the server, which rotates the key
/// by itself.
pub struct VaultAdmin {
    pub(super) link: Link,
}

#[derive(Serialize)]
struct New {
    #[serde(rename = "type")]
    kind: &'static str,
    derived: bool,
    exportable: bool,
    allow_plaintext_backup: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_rotate_period: Option<String>,
}

#[derive(Default, Serialize)]
struct Configuration {
    #[serde(skip_serializing_if = "Option::is_none")]
    min_decryption_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_encryption_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_allowed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_rotate_period: Option<String>,
}

#[derive(Serialize)]
struct Trim {
    min_available_version: u32,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Names {
    keys: Vec<String>,
}

const NOTHING: Option<&Nothing> = Some(&Nothing {});
const NEVER_LATER: &str = "transit destroys a key at once, and not after a time";
const NO_SWITCH: &str = "it has no way to disable a key (OpenBao has)";

impl VaultAdmin {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// [`KeyServiceError::Unacceptable`] for settings that cannot be used.
    pub fn new(settings: VaultSettings) -> Result<Self, KeyServiceError> {
        Ok(Self { link: Link::new(settings)? })
    }

    /// Refuses from now on to open what versions of `key` older than `version` wrapped; can be taken back with a
    /// lower number.
    ///
    /// # Errors
    /// [`KeyServiceError::NoSuchVersion`] if there is no such version; others as with every call.
    pub async fn raise_minimum(
        &self,
        key: &KeyName,
        version: u32,
    ) -> Result<KeyDescription, KeyServiceError> {
        let facts = self.usable(key).await?;
        if version == 0 || version > facts.latest_version {
            return Err(KeyServiceError::NoSuchVersion);
        }
        let minimum = Configuration { min_decryption_version: Some(version), ..Default::default() };
        self.configure(key, &minimum).await?;
        self.known(key, |facts| facts.min_decryption_version == version).await
    }

    /// Destroys the versions of `key` that are older than its minimum version: what only they could unwrap stays
    /// closed for ever. Backups of the server may still hold them.
    ///
    /// # Errors
    /// [`KeyServiceError`] as with every call; nothing was destroyed, or whether it was is not known.
    pub async fn danger_trim(&self, key: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        let facts = self.usable(key).await?;
        let oldest = facts.min_decryption_version;
        if facts.min_encryption_version < oldest {
            let minimum =
                Configuration { min_encryption_version: Some(oldest), ..Default::default() };
            self.configure(key, &minimum).await?;
        }
        let path = format!("keys/{}/trim", transit_name(key)?);
        let trim = Trim { min_available_version: oldest };
        self.link.change(Method::POST, &path, Some(&trim)).await?;
        self.known(key, |_| true).await
    }

    /// Destroys `key` at once, with all that only it could unwrap. Backups of the server may still hold it.
    ///
    /// # Errors
    /// [`KeyServiceError`] as with every call; nothing was destroyed, or whether it was is not known.
    pub async fn danger_destroy_key(&self, key: &KeyName) -> Result<(), KeyServiceError> {
        self.link.key(key).await?;
        let allowed = Configuration { deletion_allowed: Some(true), ..Default::default() };
        self.configure(key, &allowed).await?;
        let path = format!("keys/{}", transit_name(key)?);
        self.link.change(Method::DELETE, &path, None::<&Nothing>).await?;
        match self.link.key(key).await {
            Err(KeyServiceError::NoSuchKey) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(KeyServiceError::Answer("the key is still there")),
        }
    }

    /// Has the server rotate a key that is there after so many days.
    pub(super) async fn rotate_after(
        &self,
        key: &KeyName,
        days: u32,
    ) -> Result<(), KeyServiceError> {
        let period = auto_rotate(days);
        let wanted = Configuration { auto_rotate_period: Some(told(period)), ..Default::default() };
        self.configure(key, &wanted).await?;
        self.known(key, |facts| facts.auto_rotate_period == period.as_secs()).await.map(drop)
    }

    async fn configure(
        &self,
        key: &KeyName,
        configuration: &Configuration,
    ) -> Result<(), KeyServiceError> {
        let path = format!("keys/{}/config", transit_name(key)?);
        self.link.change(Method::POST, &path, Some(configuration)).await
    }

    /// The key, if it is not disabled.
    async fn usable(&self, key: &KeyName) -> Result<KeyFacts, KeyServiceError> {
        let facts = self.link.key(key).await?;
        if facts.soft_deleted { Err(KeyServiceError::State) } else { Ok(facts) }
    }

    /// What the key is after a change: a server may accept a request and do nothing.
    async fn known(
        &self,
        key: &KeyName,
        changed: impl Fn(&KeyFacts) -> bool,
    ) -> Result<KeyDescription, KeyServiceError> {
        let facts = self.link.key(key).await?;
        if !changed(&facts) {
            return Err(KeyServiceError::Answer("it accepted a change and did not make it"));
        }
        Ok(facts.describe(key))
    }

    async fn create(&self, spec: &KeySpec) -> Result<KeyDescription, KeyServiceError> {
        // Making a key that is there is no error for the server. Who makes one between the two calls makes the same.
        match self.link.key(&spec.name).await {
            Ok(_) => return Err(KeyServiceError::KeyExists),
            Err(KeyServiceError::NoSuchKey) => {}
            Err(error) => return Err(error),
        }
        let new = New {
            kind: "aes256-gcm96",
            derived: true,
            exportable: false,
            allow_plaintext_backup: false,
            auto_rotate_period: spec.max_age_days.map(|days| told(auto_rotate(days))),
        };
        let path = format!("keys/{}", transit_name(&spec.name)?);
        self.link.change(Method::POST, &path, Some(&new)).await?;
        let facts = self.link.key(&spec.name).await?;
        facts.check()?;
        Ok(facts.describe(&spec.name))
    }

    async fn rotate(&self, key: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        let before = self.usable(key).await?.latest_version;
        let path = format!("keys/{}/rotate", transit_name(key)?);
        self.link.change(Method::POST, &path, NOTHING).await?;
        self.known(key, |facts| facts.latest_version > before).await
    }

    async fn disable(&self, key: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        self.usable(key).await?;
        let path = format!("keys/{}/soft-delete", transit_name(key)?);
        let done = self.link.change(Method::DELETE, &path, None::<&Nothing>).await;
        switched(done)?;
        self.known(key, |facts| facts.soft_deleted).await
    }

    async fn enable(&self, key: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        if !self.link.key(key).await?.soft_deleted {
            return Err(KeyServiceError::State);
        }
        let path = format!("keys/{}/soft-delete-restore", transit_name(key)?);
        switched(self.link.change(Method::POST, &path, NOTHING).await)?;
        self.known(key, |facts| !facts.soft_deleted).await
    }

    async fn list(&self) -> Result<Vec<KeyDescription>, KeyServiceError> {
        let said = self.link.ask(Method::GET, "keys?list=true", None, Repeat::Allowed).await?;
        let names = match data::<Names>(&said, Asked::Key) {
            // A mount without keys says that there is no list.
            Err(KeyServiceError::NoSuchKey) => return Ok(Vec::new()),
            names => names?.keys,
        };
        let mut keys = Vec::with_capacity(names.len());
        for name in names {
            // One whose name can be no key's here is somebody else's, as is one that is not of the kind used here.
            let Ok(name) = KeyName::new(&name) else { continue };
            if transit_name(&name).is_err() {
                continue;
            }
            match self.link.key(&name).await {
                Ok(facts) if facts.check().is_ok() => keys.push(facts.describe(&name)),
                // Deleted since it was listed.
                Ok(_) | Err(KeyServiceError::NoSuchKey) => {}
                Err(error) => return Err(error),
            }
        }
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(keys)
    }
}

/// The key is known to be there: a server that finds nothing at that path has no such switch.
fn switched(done: Result<(), KeyServiceError>) -> Result<(), KeyServiceError> {
    done.map_err(|error| match error {
        KeyServiceError::NoSuchKey | KeyServiceError::NotOffered(_) => {
            KeyServiceError::NotOffered(NO_SWITCH)
        }
        other => other,
    })
}

impl KeyAdmin for VaultAdmin {
    fn create_key<'a>(&'a self, spec: &'a KeySpec) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.create(spec))
    }

    fn rotate_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.rotate(key))
    }

    fn disable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.disable(key))
    }

    fn enable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.enable(key))
    }

    fn schedule_destruction<'a>(
        &'a self,
        key: &'a KeyName,
        _waiting: Duration,
    ) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            self.link.key(key).await?;
            Err(KeyServiceError::NotOffered(NEVER_LATER))
        })
    }

    fn cancel_destruction<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            self.link.key(key).await?;
            Err(KeyServiceError::NotOffered(NEVER_LATER))
        })
    }

    fn list_keys(&self) -> KeyFuture<'_, Vec<KeyDescription>> {
        Box::pin(self.list())
    }
}

impl fmt::Debug for VaultAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultAdmin(..)")
    }
}
