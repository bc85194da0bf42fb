//! Users: added, granted keys, revoked, removed.

use medsec_crypto::{Bind, Dek, HpkeRecipient, Recipient as _, VerifyingKey, WrapError};

use super::Change;
use super::keys::ensure_exists;
use crate::name::{KeyName, UserName};
use crate::public_key::PublicKey;
use crate::store::administrators::{MAX_ADMINISTRATORS, MAX_STEPS, Step};
use crate::store::error::ChangeError;
use crate::store::state::{MAX_USERS, User};
use crate::text_value::Base64;

/// A user to be added.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "all parts are required; leaving one out must not compile"
)]
pub struct NewUser {
    /// The name, never used in this store before.
    pub name: UserName,
    /// The public key that keys are wrapped to.
    pub recipient: HpkeRecipient,
    /// What the user's signatures verify with; needed by administrators.
    pub signer: Option<VerifyingKey>,
    /// What the user may do.
    pub role: Role,
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Uses the keys granted.
    User,
    /// Holds all keys and changes the store.
    Administrator,
}

impl Change<'_> {
    /// Adds a user. An administrator gets all keys at once, a user none.
    ///
    /// # Errors
    /// [`ChangeError::UserExists`] if name or key are, or were, somebody's; [`ChangeError::NoSigner`];
    /// [`ChangeError::PublicKey`] if nothing can be wrapped to the key.
    pub fn add_user(&mut self, new: NewUser) -> Result<(), ChangeError> {
        ensure_usable(&new.recipient)?;
        let recipient = PublicKey::from(new.recipient);
        let signer = new.signer.map(PublicKey::from);
        let taken = |user: &User| {
            user.recipient == recipient || (signer.is_some() && user.signer == signer)
        };
        if self.state.users.contains_key(&new.name) || self.state.users.values().any(taken) {
            return Err(ChangeError::UserExists);
        }
        if self.state.users.len() >= MAX_USERS {
            return Err(ChangeError::Full { what: "users" });
        }
        let user = User { recipient, signer, added: self.now, offboarded: None };
        self.whole(|change| {
            change.state.users.insert(new.name.clone(), user);
            match new.role {
                Role::User => Ok(()),
                Role::Administrator => change.appoint(&new.name),
            }
        })
    }

    /// Makes a user an administrator, who gets all keys.
    ///
    /// # Errors
    /// [`ChangeError::NoSigner`] if the user has no key to sign with.
    pub fn appoint(&mut self, name: &UserName) -> Result<(), ChangeError> {
        let user = self.user(name)?.clone();
        let signer = user.signer.clone().ok_or(ChangeError::NoSigner)?;
        self.whole(|change| change.appoint_as(name, &user, signer))
    }

    fn appoint_as(
        &mut self,
        name: &UserName,
        user: &User,
        signer: PublicKey,
    ) -> Result<(), ChangeError> {
        if !self.state.is_administrator(user) {
            let mut keys = self.administrators();
            keys.push(signer);
            self.set_administrators(keys)?;
        }
        let names: Vec<KeyName> = self.state.keys.keys().cloned().collect();
        names.iter().try_for_each(|key| match self.grant(name, key) {
            Err(ChangeError::AlreadyGranted | ChangeError::State { .. }) => Ok(()),
            granted => granted,
        })
    }

    /// Takes the administration from a user, who keeps the keys until they are revoked.
    ///
    /// # Errors
    /// [`ChangeError::Oneself`], [`ChangeError::NotAdministrator`].
    pub fn dismiss(&mut self, name: &UserName) -> Result<(), ChangeError> {
        let user = self.user(name)?.clone();
        if *name == self.by {
            return Err(ChangeError::Oneself);
        }
        if !self.state.is_administrator(&user) {
            return Err(ChangeError::NotAdministrator);
        }
        let mut keys = self.administrators();
        keys.retain(|key| Some(key) != user.signer.as_ref());
        self.set_administrators(keys)
    }

    /// Wraps every version of a key, old ones too, for the user.
    ///
    /// # Errors
    /// [`ChangeError::AlreadyGranted`]; [`ChangeError::State`] if the key is destroyed.
    pub fn grant(&mut self, user: &UserName, key: &KeyName) -> Result<(), ChangeError> {
        self.user(user)?;
        let found = self.key_ref(key)?;
        ensure_exists(found)?;
        if found.is_granted(user) {
            return Err(ChangeError::AlreadyGranted);
        }
        let mut wraps: Vec<Option<Base64>> = Vec::with_capacity(found.versions.len());
        for version in &found.versions {
            let place = self.place(found, version.number);
            let wrap = || self.wrap_for(&self.unwrap(version, &place)?, &place, user);
            wraps.push(version.destroyed.is_none().then(wrap).transpose()?);
        }
        for (version, wrap) in self.key_mut(key)?.versions.iter_mut().zip(wraps) {
            if let Some(wrap) = wrap {
                version.wraps.insert(user.clone(), wrap);
            }
        }
        Ok(())
    }

    /// Takes a key from a user: removes all wraps, and gives the key a new version, so that nothing
    /// sealed from now on opens for the user. Returns the versions that the user held and may have kept:
    /// what was sealed under them stays open to a copy.
    ///
    /// # Errors
    /// [`ChangeError::NotGranted`]; [`ChangeError::HoldsAll`] for an administrator.
    pub fn revoke(&mut self, user: &UserName, key: &KeyName) -> Result<Vec<u32>, ChangeError> {
        let administrator = self.state.is_administrator(self.user(user)?);
        if administrator {
            return Err(ChangeError::HoldsAll);
        }
        self.whole(|change| change.take_from(user, key))
    }

    fn take_from(&mut self, user: &UserName, key: &KeyName) -> Result<Vec<u32>, ChangeError> {
        let mut held = Vec::new();
        for version in &mut self.key_mut(key)?.versions {
            if version.wraps.remove(user).is_some() {
                held.push(version.number);
            }
        }
        if held.is_empty() {
            return Err(ChangeError::NotGranted);
        }
        // What was made in this very change nobody has seen.
        held.retain(|number| !self.is_new(key, *number));
        self.renew(key)?;
        Ok(held)
    }

    /// Removes a user: all keys are revoked as by [`Self::revoke`]. Name and public keys stay known, so
    /// that old signatures keep a name and neither is used again. Returns the keys and versions held.
    ///
    /// # Errors
    /// [`ChangeError::NoSuchUser`], [`ChangeError::Oneself`].
    pub fn offboard(&mut self, name: &UserName) -> Result<Vec<(KeyName, Vec<u32>)>, ChangeError> {
        self.user(name)?;
        self.whole(|change| change.remove(name))
    }

    fn remove(&mut self, name: &UserName) -> Result<Vec<(KeyName, Vec<u32>)>, ChangeError> {
        if self.state.is_administrator(self.user(name)?) {
            self.dismiss(name)?;
        }
        let names: Vec<KeyName> = self.state.keys.keys().cloned().collect();
        let mut held = Vec::new();
        for key in names {
            match self.take_from(name, &key) {
                Ok(versions) => held.push((key, versions)),
                Err(ChangeError::NotGranted) => {}
                Err(error) => return Err(error),
            }
        }
        let now = self.now;
        if let Some(user) = self.state.users.get_mut(name) {
            user.offboarded = Some(now);
        }
        Ok(held)
    }

    fn administrators(&self) -> Vec<PublicKey> {
        self.state.administrators.last().map_or_else(Vec::new, |step| step.keys().to_vec())
    }

    fn set_administrators(&mut self, keys: Vec<PublicKey>) -> Result<(), ChangeError> {
        let since = self.state.generation.saturating_add(1);
        // Several changes of administrators in one change of the store become one step.
        let steps = &mut self.state.administrators;
        if steps.last().is_some_and(|step| step.since() == since) {
            steps.pop();
        }
        if keys.len() > MAX_ADMINISTRATORS || steps.len() >= MAX_STEPS {
            return Err(ChangeError::Full { what: "administrators" });
        }
        let step = Step::next(steps, since, keys, self.administrator.signer);
        steps.push(step);
        Ok(())
    }
}

/// Tries the key on a secret that is thrown away: one of low order takes part in no key agreement, and would
/// keep every key from being made that its owner is to hold.
fn ensure_usable(recipient: &HpkeRecipient) -> Result<(), ChangeError> {
    let wrapped = recipient.wrap_dek(&Dek::generate()?, &Bind::from_bytes([0; 32]));
    wrapped.map(|_| ()).map_err(|error| match error {
        WrapError::Random(error) => ChangeError::Random(error),
        _ => ChangeError::PublicKey,
    })
}
