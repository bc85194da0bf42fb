//! What a key store knows, as it stands in its file. Pure data: no key is in clear here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::administrators::Step;
use crate::name::{Digest, KeyId, KeyName, StoreId, UserName};
use crate::public_key::PublicKey;
use crate::service::{KeyDescription, KeyState};
use crate::text_value::Base64;
use crate::utc::UtcTime;

/// Most users, removed ones included.
pub(super) const MAX_USERS: usize = 4096;
/// Most keys, destroyed ones included.
pub(super) const MAX_KEYS: usize = 65_536;
/// Most versions of a key.
pub(super) const MAX_VERSIONS: usize = 65_536;
/// Most changes of a store: what every JSON reader can count to.
pub(super) const MAX_GENERATION: u64 = 1 << 53;
/// How many former states a state names.
pub(super) const MAX_RECENT: usize = 64;

/// The state of a store after one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) store: StoreId,
    /// Counts the changes, from 1.
    pub(super) generation: u64,
    /// SHA-256 of the files before this change, newest first, back to the last restore: who has seen one
    /// of them can tell that this state follows from it.
    pub(super) recent: Vec<Digest>,
    pub(super) changed: UtcTime,
    /// The administrator who signed this state.
    pub(super) signed_by: PublicKey,
    /// Who may sign, from the founding on.
    pub(super) administrators: Vec<Step>,
    pub(super) users: BTreeMap<UserName, User>,
    pub(super) keys: BTreeMap<KeyName, Key>,
}

/// A user, present or past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    /// Opens what is wrapped for the user.
    pub(super) recipient: PublicKey,
    /// Verifies what the user signs.
    pub(super) signer: Option<PublicKey>,
    pub(super) added: UtcTime,
    pub(super) offboarded: Option<UtcTime>,
}

/// A key encryption key with all its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) created: UtcTime,
    /// Days after which its newest version should be replaced.
    pub(super) max_age_days: Option<u32>,
    pub(super) condition: Condition,
    /// The number that the next version gets: above all that were ever given, and above those that may have
    /// been given in changes that a restore lost.
    pub(super) next_version: u32,
    /// By number, ascending, with gaps.
    pub(super) versions: Vec<Version>,
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", deny_unknown_fields)]
pub(super) enum Condition {
    Enabled {},
    Disabled {},
    /// Not to be used, and due to be destroyed at that time.
    Condemned {
        destroy_after: UtcTime,
    },
    Destroyed {
        at: UtcTime,
    },
}

/// One version of a key: the same 32 bytes wrapped for every user who was granted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Version {
    /// Never given to another version of the key.
    pub(super) number: u32,
    pub(super) created: UtcTime,
    pub(super) destroyed: Option<UtcTime>,
    pub(super) wraps: BTreeMap<UserName, Base64>,
}

impl State {
    /// The users who may use the store now.
    pub(super) fn active(&self) -> impl Iterator<Item = (&UserName, &User)> {
        self.users.iter().filter(|(_, user)| user.offboarded.is_none())
    }

    /// Whether the user's signature counts for changes of the store.
    pub(super) fn is_administrator(&self, user: &User) -> bool {
        let present = self.administrators.last();
        user.signer.as_ref().is_some_and(|key| present.is_some_and(|step| step.names(key)))
    }

    /// What holds in every state that this crate writes and that parsing alone does not show.
    pub(super) fn is_sound(&self) -> bool {
        let bounded = self.users.len() <= MAX_USERS && self.keys.len() <= MAX_KEYS;
        let users = self.users.values().all(User::is_sound);
        let keys =
            self.keys.iter().all(|(name, key)| key.is_sound(name) && self.knows_holders(key));
        let counted = (1..=MAX_GENERATION).contains(&self.generation);
        let recent = self.recent.len() <= MAX_RECENT && self.recent.len() as u64 <= self.generation;
        let named = self.is_unambiguous() && self.knows_administrators();
        bounded && users && keys && counted && recent && named
    }

    /// Whether every key that may sign is the signer of a present user: a key that belongs to nobody could
    /// change the store, and no list of users would show it.
    fn knows_administrators(&self) -> bool {
        let signers: BTreeSet<String> = self.signers().map(PublicKey::to_string).collect();
        let present = self.administrators.last().map_or(&[][..], Step::keys);
        present.iter().all(|key| signers.contains(&key.to_string()))
    }

    /// Keys that present users sign with.
    pub(super) fn signers(&self) -> impl Iterator<Item = &PublicKey> {
        self.active().filter_map(|(_, user)| user.signer.as_ref())
    }

    fn knows_holders(&self, key: &Key) -> bool {
        let mut holders = key.versions.iter().flat_map(|version| version.wraps.keys());
        holders.all(|name| self.users.get(name).is_some_and(|user| user.offboarded.is_none()))
    }

    /// No two keys share an id, no two users a public key.
    fn is_unambiguous(&self) -> bool {
        let ids: BTreeSet<KeyId> = self.keys.values().map(|key| key.id).collect();
        let keys = |user: &'_ User| {
            [Some(user.recipient.to_string()), user.signer.as_ref().map(PublicKey::to_string)]
        };
        let mut seen = BTreeSet::new();
        let distinct = self.users.values().flat_map(keys).flatten().all(|key| seen.insert(key));
        ids.len() == self.keys.len() && distinct
    }

    /// Digest of the state so many changes before the one before this; none if it is not known any more.
    pub(super) fn recent(&self, before: u64) -> Option<Digest> {
        self.recent.get(usize::try_from(before).ok()?).copied()
    }
}

impl User {
    fn is_sound(&self) -> bool {
        let signer = self.signer.as_ref().is_none_or(|key| key.as_signer().is_some());
        self.recipient.as_recipient().is_some() && signer
    }
}

impl Key {
    fn is_sound(&self, name: &KeyName) -> bool {
        let destroyed = matches!(self.condition, Condition::Destroyed { .. });
        let shredded = |version: &Version| version.destroyed.is_none() || version.wraps.is_empty();
        let whole = !destroyed || self.versions.iter().all(|version| version.destroyed.is_some());
        let bounded = (1..=MAX_VERSIONS).contains(&self.versions.len());
        let newest = self.versions.last().is_some_and(|version| version.destroyed.is_none());
        let alive = destroyed || newest;
        let shape = name.is_local() && bounded && whole && alive && self.is_numbered();
        shape && self.versions.iter().all(shredded)
    }

    fn is_numbered(&self) -> bool {
        let first = self.versions.first().is_some_and(|version| version.number > 0);
        let ascending = self.versions.is_sorted_by(|a, b| a.number < b.number);
        first && ascending && self.newest() < self.next_version
    }

    /// A version by its number.
    pub(super) fn version(&self, number: u32) -> Option<&Version> {
        self.versions.get(self.position(number)?)
    }

    /// The same, to be changed.
    pub(super) fn version_mut(&mut self, number: u32) -> Option<&mut Version> {
        let position = self.position(number)?;
        self.versions.get_mut(position)
    }

    fn position(&self, number: u32) -> Option<usize> {
        self.versions.binary_search_by_key(&number, |version| version.number).ok()
    }

    /// Number of the newest version.
    pub(super) fn newest(&self) -> u32 {
        self.versions.last().map_or(0, |version| version.number)
    }

    /// Whether its time to be destroyed has come.
    pub(super) fn is_due(&self, now: UtcTime) -> bool {
        matches!(self.condition, Condition::Condemned { destroy_after } if destroy_after <= now)
    }

    /// Whether the user holds the newest version, so that what is sealed next is open to them.
    pub(super) fn is_granted(&self, user: &UserName) -> bool {
        self.versions.last().is_some_and(|version| version.wraps.contains_key(user))
    }

    pub(super) fn describe(&self, name: &KeyName) -> KeyDescription {
        let newest = self.versions.last();
        let rotated = newest.map_or(self.created, |version| version.created);
        let rotation_due = self.max_age_days.map(|days| rotated.plus_days(days));
        let state = match self.condition {
            Condition::Enabled {} => KeyState::Enabled,
            Condition::Disabled {} => KeyState::Disabled,
            Condition::Condemned { destroy_after } => {
                KeyState::PendingDestruction { destroy_after }
            }
            Condition::Destroyed { at } => KeyState::Destroyed { at: Some(at) },
        };
        KeyDescription {
            name: name.clone(),
            state,
            version: Some(self.newest()),
            oldest: self.versions.iter().find(|one| one.destroyed.is_none()).map(|one| one.number),
            created: Some(self.created),
            rotated: Some(rotated),
            rotation_due,
        }
    }
}
