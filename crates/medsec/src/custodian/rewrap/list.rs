//! The list of recipients that a package is to get.

use std::fmt;

use medsec_crypto::{HeaderHash, HpkeRecipient, KeyRef, Recipient, SealError, Stanza};
use medsec_kms::{KeyName, KeyService};

use super::RewrapGrant;
use crate::custodian::Custodian;
use crate::custodian::access::{context_of, is_public_key};
use crate::error::{Demand, Refused};
use crate::login::Login;

/// Who is to be able to open a package.
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct WantedRecipients<'a> {
    /// Of those it has.
    pub kept: Vec<Stanza>,
    /// Public keys to add.
    pub added: Vec<&'a dyn Recipient>,
    /// Keys of the key service to add, each in its newest version, and each once.
    pub keys: &'a [&'a KeyName],
}

/// A list of recipients of one package that fits the policy.
#[derive(Clone, Debug)]
pub struct NewList {
    /// The package that it was made for.
    pub(super) of: HeaderHash,
    pub(super) stanzas: Vec<Stanza>,
}

impl NewList {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.stanzas.len()
    }

    /// Whether nobody would be left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.stanzas.is_empty()
    }
}

impl Custodian {
    /// The list of recipients that a package is to get: those of its own that are kept, those that are added, keys of
    /// the key service, and those that the policy demands of every package.
    ///
    /// # Errors
    /// [`Refused::Demand`] if one that the policy demands is to go, a key is not one to seal under, or keys are to go and
    /// none of those that the policy permits would be left;
    /// [`Refused::Key`] if the key service does not wrap; [`Refused::NeedsDataKey`] for a grant that goes without one;
    /// [`Refused::Login`] if the grant's session is over. Nothing was changed; [`RewrapGrant::refuse`] records it.
    pub async fn list_for(
        &self,
        login: &dyn Login,
        grant: &RewrapGrant,
        wanted: WantedRecipients<'_>,
    ) -> Result<NewList, Refused> {
        let WantedRecipients { kept, added, keys } = wanted;
        let unlocked = grant.unlocked()?;
        let of = unlocked.header().hash();
        let present = unlocked.header().stanzas();
        let demanded: Vec<&HpkeRecipient> = self.demanded().collect();
        let goes = |key: &KeyRef| has(present, key) && !has(&kept, key);
        if demanded.iter().any(|recipient| goes(&recipient.key_ref())) {
            return Err(Refused::Demand(Demand::Recipient));
        }
        // Only what the package has can be kept.
        let mut stanzas: Vec<Stanza> = kept;
        stanzas.retain(|stanza| present.contains(stanza));
        for recipient in demanded.into_iter().map(|key| key as &dyn Recipient).chain(added) {
            if !has(&stanzas, &recipient.key_ref()) {
                stanzas.extend(unlocked.wrap_for(&[recipient]).map_err(SealError::from)?);
            }
        }
        if keys.is_empty() {
            self.check_left(login.keys(), present, &stanzas)?;
            return Ok(NewList { of, stanzas });
        }
        self.check_keys(login.keys(), self.now()?, keys).await?;
        let context = context_of(unlocked.header());
        for (at, key) in keys.iter().enumerate() {
            if keys.iter().take(at).any(|before| before == key) {
                continue;
            }
            let stanza = login.keys().wrap_dek(key, unlocked.dek(), &context).await?;
            stanzas.retain(|old| old.key_ref() != stanza.key_ref());
            stanzas.push(stanza);
        }
        Ok(NewList { of, stanzas })
    }

    /// Where the policy names the keys to seal under, whoever takes keys away leaves one of them. Which key a recipient
    /// is, its service tells; where it cannot, the recipient does not count.
    fn check_left(
        &self,
        keys: &dyn KeyService,
        present: &[Stanza],
        left: &[Stanza],
    ) -> Result<(), Refused> {
        let Some(allowed) = &self.policy.settings.sealing.allowed_keys else { return Ok(()) };
        let goes = |old: &Stanza| !is_public_key(old.key_ref()) && !has(left, old.key_ref());
        let is_allowed = |stanza: &Stanza| {
            let key = keys.standing(stanza).map(|standing| standing.key);
            let key = key.and_then(|key| medsec_policy::KeyName::new(key.as_str()).ok());
            key.is_some_and(|key| allowed.contains(&key))
        };
        match !present.iter().any(goes) || left.iter().any(is_allowed) {
            true => Ok(()),
            false => Err(Refused::Demand(Demand::LastKey)),
        }
    }

    /// Whether a list of recipients has all those that the policy demands.
    #[must_use]
    pub fn has_demanded(&self, stanzas: &[Stanza]) -> bool {
        self.demanded().all(|key| has(stanzas, &key.key_ref()))
    }
}

pub(super) fn has(list: &[Stanza], key: &KeyRef) -> bool {
    list.iter().any(|stanza| stanza.key_ref() == key)
}

impl fmt::Debug for WantedRecipients<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WantedRecipients")
            .field("kept", &self.kept.len())
            .field("added", &self.added.len())
            .field("keys", &self.keys)
            .finish()
    }
}
