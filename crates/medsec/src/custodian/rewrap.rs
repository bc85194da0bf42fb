//! Changing the recipients of a package.

use std::fmt;
use std::fs::File;
use std::path::Path;

use medsec_audit::{Action, Count, Outcome, Recipients, SlotDigest};
use medsec_crypto::{
    Confirmation, Context, Expectation, GroupLimits, Header, HeaderError, HpkeRecipient, KeyRef,
    Limits, LockedPackage, MAX_UNWRAP_ATTEMPTS, NewRecipients, OpenError, OutputOptions,
    PackageFile, PolicyExpectation, Recipient, RecipientProfile, RewrapError, RewrapGroup,
    Rewrapped, SealError, SignerExpectation, Stanza, StartedRewrap, UnlockedRecipients,
};
use medsec_kms::{KeyName, PublicKey};
use medsec_policy::Purpose;

use super::access::{context_of, own_keys, unwrap};
use super::clearance::Cleared;
use super::open::subject_of;
use super::{Custodian, Question};
use crate::account::Account;
use crate::conclusion::Conclusion;
use crate::error::{Demand, Refused, ReleaseError, of_rewrap};
use crate::gate::{Admission, Permit};
use crate::login::Login;

/// Why recipients are changed.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct RewrapWish {
    /// Why.
    pub purpose: Option<Purpose>,
    /// For packages with a blind recipient list only: the context they were sealed with. All others need none.
    pub reproduced: Context,
}

/// One package whose recipients may be changed. It is on record that this is about to happen; how it ends is
/// recorded when it ends, or when this is dropped.
#[derive(Debug)]
pub struct RewrapGrant {
    unlocked: UnlockedRecipients,
    conclusion: Conclusion,
}

/// A package, and those of its recipients that are asked for its key.
struct Package {
    header: Header,
    own: Vec<KeyRef>,
}

impl Custodian {
    /// Decides whether the recipients of a package may be changed, records that they will be, and gets its data
    /// key.
    ///
    /// # Errors
    /// [`Refused`]; nothing was changed, and that is on record where it can be.
    pub async fn rewrap(
        &self,
        login: &dyn Login,
        header: Result<Header, HeaderError>,
        wish: &RewrapWish,
    ) -> Result<RewrapGrant, Refused> {
        let subject = subject_of(header.as_ref().ok(), None);
        let mut account = self.account(Action::Rewrap, subject)?;
        let examined = self.examine_rewrap(login, &mut account, header, wish);
        let (what, permit) = self.or_refuse(&account, examined).await?;
        let cleared = Cleared { what, account, permit, beside: None };
        let (package, conclusion) = self.announce_one(cleared).await?;
        let unlocked = unlocked(login, package, wish, conclusion.admission()).await;
        let (unlocked, conclusion) = conclusion.or_fail(unlocked).await?;
        Ok(RewrapGrant { unlocked, conclusion })
    }

    fn examine_rewrap(
        &self,
        login: &dyn Login,
        account: &mut Account,
        header: Result<Header, HeaderError>,
        wish: &RewrapWish,
    ) -> Result<(Package, Permit), Refused> {
        let admitted = self.admit(login);
        if let Ok((who, _)) = &admitted {
            account.by(who)?;
        }
        let header = header?;
        let (who, _) = admitted?;
        let resource = self.resource_of(&header);
        let question = Question {
            action: medsec_policy::Action::Rewrap,
            resource: &resource,
            purpose: wish.purpose,
            emergency: None,
        };
        let permit = self.decide(account, &who, question)?;
        let own = own_keys(login.keys(), &header)?;
        Ok((Package { header, own }, permit))
    }

    /// The list of recipients that a package is to get: those of its own that are kept, those that are added, a key of
    /// the key service, and those that the policy demands of every package.
    ///
    /// # Errors
    /// [`Refused::Demand`] if one that the policy demands is to go, or the key is not one to seal under;
    /// [`Refused::Key`] if the key service does not wrap. Nothing was changed; [`RewrapGrant::refuse`] records it.
    pub async fn list_for(
        &self,
        login: &dyn Login,
        grant: &RewrapGrant,
        wanted: WantedRecipients<'_>,
    ) -> Result<NewList, Refused> {
        let WantedRecipients { kept, added, key } = wanted;
        let unlocked = &grant.unlocked;
        let present = unlocked.header().stanzas();
        let has = |list: &[Stanza], key: &KeyRef| list.iter().any(|s| s.key_ref() == key);
        let demanded: Vec<&HpkeRecipient> =
            self.added.iter().filter_map(PublicKey::as_recipient).collect();
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
        if let Some(key) = key {
            self.check_key(login.keys(), self.now()?, Some(key)).await?;
            let context = context_of(unlocked.header());
            let stanza = login.keys().wrap_dek(key, unlocked.dek(), &context).await?;
            stanzas.retain(|old| old.key_ref() != stanza.key_ref());
            stanzas.push(stanza);
        }
        Ok(NewList(stanzas))
    }
}

impl Custodian {
    /// Whether a list of recipients has all those that the policy demands.
    #[must_use]
    pub fn has_demanded(&self, stanzas: &[Stanza]) -> bool {
        let has = |key: &KeyRef| stanzas.iter().any(|stanza| stanza.key_ref() == key);
        let mut demanded = self.added.iter().filter_map(PublicKey::as_recipient);
        demanded.all(|key| has(&key.key_ref()))
    }
}

/// Who is to be able to open a package.
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct WantedRecipients<'a> {
    /// Of those it has.
    pub kept: Vec<Stanza>,
    /// Public keys to add.
    pub added: Vec<&'a dyn Recipient>,
    /// A key of the key service to add, in its newest version.
    pub key: Option<&'a KeyName>,
}

impl fmt::Debug for WantedRecipients<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WantedRecipients")
            .field("kept", &self.kept.len())
            .field("added", &self.added.len())
            .field("key", &self.key)
            .finish()
    }
}

/// A list of recipients that fits the policy.
#[derive(Clone, Debug)]
pub struct NewList(Vec<Stanza>);

impl NewList {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody would be left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What trying new recipients has shown. It is for the rewrap that asked, and tells nobody the key.
pub struct Confirmed(Confirmation);

impl fmt::Debug for Confirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confirmed(redacted)")
    }
}

impl RewrapGrant {
    /// The package's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        self.unlocked.header()
    }

    /// What was permitted and recorded.
    #[must_use]
    pub const fn admission(&self) -> &Admission {
        self.conclusion.admission()
    }

    /// Tries new recipients of this very package, if this login is one of them.
    pub async fn confirm(&self, login: &dyn Login, header: &Header) -> Confirmed {
        Confirmed(self.tried(login, header).await)
    }

    async fn tried(&self, login: &dyn Login, header: &Header) -> Confirmation {
        if header.hash() != self.header().hash() {
            return Confirmation::Failed;
        }
        let keys = login.keys();
        let Ok(own) = own_keys(keys, header) else { return Confirmation::NotPermitted };
        let stanzas = own_stanzas(header, &own);
        let context = context_of(header);
        let Ok(dek) = unwrap(self.conclusion.admission(), keys, stanzas, &context).await else {
            return Confirmation::Failed;
        };
        let mut copy = zeroize::Zeroizing::new(*dek.expose_secret());
        let Ok(copy) = medsec_crypto::Dek::take_from(copy.as_mut_slice()) else {
            return Confirmation::Failed;
        };
        let authentic = header.core().profile == RecipientProfile::Blind
            || header.clone().unlock_recipients(copy).is_ok();
        if authentic { Confirmation::Unwrapped(dek) } else { Confirmation::Failed }
    }

    /// Replaces the recipients in place; see [`LockedPackage::rewrap`].
    ///
    /// # Errors
    /// [`RewrapError`], whose variants say which recipients are in force.
    pub fn rewrap<F: PackageFile>(
        &self,
        package: &mut LockedPackage<F>,
        list: &NewList,
        confirm: impl FnOnce(&Header) -> Confirmed,
    ) -> Result<Rewrapped, RewrapError> {
        package.rewrap(&self.new_recipients(list), |header| confirm(header).0)
    }

    /// Writes a copy with the new recipients; see [`LockedPackage::rewrap_into_copy`].
    ///
    /// # Errors
    /// [`RewrapError`]; the package is as it was.
    pub fn rewrap_into_copy<F: PackageFile>(
        &self,
        package: &mut LockedPackage<F>,
        list: &NewList,
        target: &Path,
        options: OutputOptions,
        confirm: impl FnOnce(&Header) -> Confirmed,
    ) -> Result<Rewrapped, RewrapError> {
        let recipients = self.new_recipients(list);
        package.rewrap_into_copy(&recipients, target, options, |header| confirm(header).0)
    }

    /// Writes the new list, to be made durable together with others in a [`RewrapBatch`].
    ///
    /// # Errors
    /// [`RewrapError`]; the recipients are as they were.
    pub fn start<F: PackageFile>(
        &self,
        package: LockedPackage<F>,
        list: &NewList,
    ) -> Result<StartedRewrap<F>, RewrapError> {
        package.start_rewrap(&self.new_recipients(list))
    }

    fn new_recipients(&self, list: &NewList) -> NewRecipients<'_> {
        let stanzas = list.0.clone();
        match self.header().core().profile {
            RecipientProfile::Blind => NewRecipients::Blind { stanzas },
            _ => NewRecipients::Authenticated { unlocked: &self.unlocked, stanzas },
        }
    }

    /// Records that it was refused after all, and nothing was changed.
    pub fn refuse(self, refused: &Refused) {
        self.conclusion.fail(refused.outcome());
    }

    /// Records how it ended.
    ///
    /// # Errors
    /// [`ReleaseError::Record`] if that could not be recorded; the recipients are as `result` says.
    pub fn finish(self, result: Result<&Rewrapped, &RewrapError>) -> Result<(), ReleaseError> {
        let (conclusion, outcome) = self.ended(result);
        Ok(conclusion.conclude(outcome)?)
    }

    /// Records how several ended, together.
    fn finish_all<'r>(
        ended: impl IntoIterator<Item = (Self, Result<&'r Rewrapped, &'r RewrapError>)>,
    ) -> Result<(), ReleaseError> {
        let mut done = Vec::new();
        for (grant, result) in ended {
            match grant.ended(result) {
                (conclusion, Outcome::Success) => done.push(conclusion),
                (conclusion, outcome) => conclusion.fail(outcome),
            }
        }
        Ok(Conclusion::conclude_all(done.iter_mut(), Outcome::Success)?)
    }

    fn ended(self, result: Result<&Rewrapped, &RewrapError>) -> (Conclusion, Outcome) {
        let mut conclusion = self.conclusion;
        let rewrapped = match result {
            Ok(rewrapped) => Some(rewrapped),
            // They are in force; what is left of the old list goes with the next rewrap.
            Err(RewrapError::NotScrubbed(rewrapped, _)) => Some(rewrapped),
            Err(_) => None,
        };
        if let Some(rewrapped) = rewrapped {
            conclusion.account_mut().subject.recipients = recipients_of(rewrapped);
        }
        let outcome = match result {
            Ok(_) => Outcome::Success,
            Err(error) => Outcome::Failure(of_rewrap(error)),
        };
        (conclusion, outcome)
    }

    /// Nothing had to be changed.
    ///
    /// # Errors
    /// [`ReleaseError::Record`] if that could not be recorded.
    pub fn nothing_to_do(self) -> Result<(), ReleaseError> {
        Ok(self.conclusion.conclude(Outcome::Success)?)
    }
}

fn recipients_of(rewrapped: &Rewrapped) -> Option<Recipients> {
    let generation = Count::new(rewrapped.generation).ok()?;
    let slot = SlotDigest::from_bytes(*rewrapped.new_slot.as_bytes());
    Some(Recipients { generation, slot })
}

/// In a blind package only the payload shows, to who knows the context, that the data key is its own.
async fn unlocked(
    login: &dyn Login,
    package: Package,
    wish: &RewrapWish,
    admission: &Admission,
) -> Result<UnlockedRecipients, Refused> {
    let Package { header, own } = package;
    let keys = login.keys();
    let context = context_of(&header);
    if header.core().profile == RecipientProfile::Blind {
        let checked = header.check(Expectation {
            policy: PolicyExpectation::Any,
            signer: SignerExpectation::NotRequired,
            keys: own,
            reproduced: wish.reproduced.clone(),
            limits: Limits::default(),
        })?;
        let candidates = checked.candidates().cloned().collect();
        let dek = unwrap(admission, keys, candidates, &context).await?;
        return Ok(checked.unlock(dek).map_err(OpenError::from)?.into());
    }
    let dek = unwrap(admission, keys, own_stanzas(&header, &own), &context).await?;
    Ok(header.unlock_recipients(dek).map_err(RewrapError::from)?)
}

/// Those that may be tried, in file order.
fn own_stanzas(header: &Header, own: &[KeyRef]) -> Vec<Stanza> {
    let stanzas = header.stanzas().iter().filter(|stanza| own.contains(stanza.key_ref()));
    stanzas.take(MAX_UNWRAP_ATTEMPTS).cloned().collect()
}

/// What became of a [`RewrapBatch`].
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "it tells which packages have their new recipients"]
pub struct EndedRewraps<T> {
    /// Each, with the caller's value, in the order in which they were added.
    pub results: Vec<(T, Result<Rewrapped, RewrapError>)>,
    /// [`ReleaseError::Record`] if an outcome could not be recorded. The recipients are as the results say.
    pub recorded: Result<(), ReleaseError>,
}

/// Rewraps that become durable, are tried and are recorded together.
pub struct RewrapBatch<T>(RewrapGroup<(RewrapGrant, T)>);

impl<T> RewrapBatch<T> {
    /// An empty batch.
    #[must_use]
    pub fn new(limits: GroupLimits) -> Self {
        Self(RewrapGroup::new(limits))
    }

    /// Adds one whose new list is written, with a value of the caller's.
    pub fn add(&mut self, started: StartedRewrap<File>, grant: RewrapGrant, value: T) {
        self.0.add(started, (grant, value));
    }

    /// Whether it is time to commit.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// Takes what waits and leaves an empty batch.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// Makes all of them durable, tries each, scrubs the old lists, and records how each ended.
    pub fn commit(self, confirm: impl Fn(&RewrapGrant, &Header) -> Confirmed) -> EndedRewraps<T> {
        let ended = self.0.commit(|(grant, _), header| confirm(grant, header).0);
        let (mut grants, mut results) = (Vec::new(), Vec::new());
        for ((grant, value), result) in ended {
            grants.push(grant);
            results.push((value, result));
        }
        let outcomes = results.iter().map(|(_, result)| result.as_ref());
        let recorded = RewrapGrant::finish_all(grants.into_iter().zip(outcomes));
        EndedRewraps { results, recorded }
    }
}

impl<T> fmt::Debug for RewrapBatch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RewrapBatch").field(&self.0.is_full()).finish()
    }
}
