//! Keys: made, rotated, disabled, destroyed.

use medsec_crypto::Timestamp;

use super::Change;
use crate::name::{KeyId, KeyName, UserName};
use crate::service::KeySpec;
use crate::store::error::ChangeError;
use crate::store::state::{Condition, Key, MAX_KEYS, MAX_VERSIONS, Version};
use crate::store::wrap::Place;
use crate::utc::UtcTime;

impl Change<'_> {
    /// Makes a key with one version, held by the administrators.
    ///
    /// # Errors
    /// [`ChangeError::KeyExists`], [`ChangeError::Name`].
    pub fn create_key(&mut self, spec: &KeySpec) -> Result<(), ChangeError> {
        if !spec.name.is_local() {
            return Err(ChangeError::Name);
        }
        if self.state.keys.contains_key(&spec.name) {
            return Err(ChangeError::KeyExists);
        }
        if self.state.keys.len() >= MAX_KEYS {
            return Err(ChangeError::Full { what: "keys" });
        }
        let id = KeyId::generate()?;
        let administrators: Vec<UserName> = self.administrator_names();
        let place = Place { store: self.state.store, key: id, version: 1 };
        let first = self.new_version(&place, administrators.iter())?;
        let key = Key {
            id,
            created: self.clock,
            max_age_days: spec.max_age_days,
            condition: Condition::Enabled {},
            next_version: 2,
            versions: vec![first],
        };
        self.state.keys.insert(spec.name.clone(), key);
        Ok(())
    }

    /// Gives a key a new version for the same users; older versions still open packages. In one change a key
    /// gets one new version at most: what asks for another has the new one drawn again.
    ///
    /// # Errors
    /// [`ChangeError::State`] unless the key is enabled.
    pub fn rotate_key(&mut self, name: &KeyName) -> Result<(), ChangeError> {
        let key = self.key_ref(name)?;
        if !matches!(key.condition, Condition::Enabled {}) {
            return Err(wrong_state(key));
        }
        self.renew(name)
    }

    /// Enabled keys whose newest version is older than it should be.
    #[must_use]
    pub fn overdue_keys(&self) -> Vec<KeyName> {
        let now = self.clock.timestamp();
        let overdue = |name: &KeyName, key: &Key| {
            matches!(key.condition, Condition::Enabled {}) && key.describe(name).is_overdue(now)
        };
        let keys = self.state.keys.iter().filter(|(name, key)| overdue(name, key));
        keys.map(|(name, _)| name.clone()).collect()
    }

    /// States after how many days a version should be replaced.
    ///
    /// # Errors
    /// [`ChangeError::NoSuchKey`].
    pub fn set_max_age(&mut self, name: &KeyName, days: Option<u32>) -> Result<(), ChangeError> {
        self.key_mut(name)?.max_age_days = days;
        Ok(())
    }

    /// Stops the use of a key. This crate refuses it from then on; who holds a copy of the store and
    /// another program is not kept from using it.
    ///
    /// # Errors
    /// [`ChangeError::State`] unless the key is enabled.
    pub fn disable_key(&mut self, name: &KeyName) -> Result<(), ChangeError> {
        self.turn(name, Condition::Disabled {}, |from| matches!(from, Condition::Enabled {}))
    }

    /// Lets a disabled key be used again.
    ///
    /// # Errors
    /// [`ChangeError::State`] unless the key is disabled.
    pub fn enable_key(&mut self, name: &KeyName) -> Result<(), ChangeError> {
        self.turn(name, Condition::Enabled {}, |from| matches!(from, Condition::Disabled {}))
    }

    /// Stops the use of a key and has it destroyed by the first change after that time, by the clock that is
    /// handed to that change. [`LocalStore::due_for_destruction`](crate::LocalStore::due_for_destruction)
    /// tells what waits for one, [`Self::carry_out`] is one.
    ///
    /// # Errors
    /// [`ChangeError::State`] if it is condemned or destroyed already.
    pub fn schedule_destruction(
        &mut self,
        name: &KeyName,
        destroy_after: Timestamp,
    ) -> Result<(), ChangeError> {
        let destroy_after = UtcTime::from(destroy_after);
        let usable = |from| matches!(from, Condition::Enabled {} | Condition::Disabled {});
        self.turn(name, Condition::Condemned { destroy_after }, usable)?;
        self.destroy_due();
        Ok(())
    }

    /// Takes a planned destruction back; the key is disabled then.
    ///
    /// # Errors
    /// [`ChangeError::State`] unless the key is waiting to be destroyed.
    pub fn cancel_destruction(&mut self, name: &KeyName) -> Result<(), ChangeError> {
        self.turn(name, Condition::Disabled {}, |from| matches!(from, Condition::Condemned { .. }))
    }

    /// Destroys a key now: no wrap of any version stays in the store, and packages sealed under it open no
    /// more. The replaced state file is overwritten, and so are states that a restore set aside, which reaches
    /// the disk's own cells only where nothing below keeps old blocks: not with snapshots, copy-on-write,
    /// journalled data, or flash. Backups of the store that were made before still hold the key; they are to
    /// be destroyed too.
    ///
    /// # Errors
    /// [`ChangeError::State`] if it is destroyed already.
    pub fn destroy_key(&mut self, name: &KeyName) -> Result<(), ChangeError> {
        ensure_exists(self.key_ref(name)?)?;
        let now = self.now;
        shred(self.key_mut(name)?, now);
        self.shreds = true;
        Ok(())
    }

    /// Destroys one old version, once everything under it was rewrapped or is to be closed for ever.
    ///
    /// # Errors
    /// [`ChangeError::NoSuchVersion`] if it is the newest, gone already, or never was.
    pub fn destroy_version(&mut self, name: &KeyName, number: u32) -> Result<(), ChangeError> {
        let now = self.now;
        let key = self.key_mut(name)?;
        let newest = key.newest();
        let version = key.version_mut(number);
        let version = version.filter(|v| number < newest && v.destroyed.is_none());
        shred_version(version.ok_or(ChangeError::NoSuchVersion)?, now);
        self.shreds = true;
        Ok(())
    }

    /// A new version for those who hold the newest one. A key that is gone is left alone.
    pub(super) fn renew(&mut self, name: &KeyName) -> Result<(), ChangeError> {
        let key = self.key_ref(name)?;
        if ensure_exists(key).is_err() {
            return Ok(());
        }
        let holders = key.versions.last().into_iter().flat_map(|version| version.wraps.keys());
        // A new one that nobody has seen gives way, with its number: so each change makes one version at
        // most, and a restore knows how many may have been made since its copy.
        let again = self.is_new(name, key.newest());
        if key.versions.len() >= MAX_VERSIONS && !again {
            return Err(ChangeError::Full { what: "versions" });
        }
        let number = if again { key.newest() } else { key.next_version };
        let next = number.checked_add(1).ok_or(ChangeError::Full { what: "versions" })?;
        let version = self.new_version(&self.place(key, number), holders)?;
        let key = self.key_mut(name)?;
        if again {
            key.versions.pop();
        } else {
            key.next_version = next;
        }
        key.versions.push(version);
        Ok(())
    }

    /// Whether a version of that number was made in this change.
    pub(super) fn is_new(&self, name: &KeyName, number: u32) -> bool {
        self.store.state.keys.get(name).is_none_or(|before| number >= before.next_version)
    }

    fn turn(
        &mut self,
        name: &KeyName,
        to: Condition,
        permitted: impl Fn(Condition) -> bool,
    ) -> Result<(), ChangeError> {
        let key = self.key_mut(name)?;
        if !permitted(key.condition) {
            return Err(wrong_state(key));
        }
        key.condition = to;
        Ok(())
    }

    fn administrator_names(&self) -> Vec<UserName> {
        let administrators =
            self.state.active().filter(|(_, user)| self.state.is_administrator(user));
        administrators.map(|(name, _)| name.clone()).collect()
    }
}

pub(super) fn ensure_exists(key: &Key) -> Result<(), ChangeError> {
    let gone = matches!(key.condition, Condition::Destroyed { .. });
    if gone { Err(wrong_state(key)) } else { Ok(()) }
}

fn wrong_state(key: &Key) -> ChangeError {
    let state = match key.condition {
        Condition::Enabled {} => "enabled",
        Condition::Disabled {} => "disabled",
        Condition::Condemned { .. } => "due to be destroyed",
        Condition::Destroyed { .. } => "destroyed",
    };
    ChangeError::State { state }
}

/// Leaves no wrap of any version.
pub(super) fn shred(key: &mut Key, now: UtcTime) {
    key.condition = Condition::Destroyed { at: now };
    key.versions.iter_mut().filter(|v| v.destroyed.is_none()).for_each(|v| shred_version(v, now));
}

fn shred_version(version: &mut Version, now: UtcTime) {
    version.destroyed = Some(now);
    version.wraps.clear();
}
