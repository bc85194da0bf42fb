//! What a grant to rewrap permits: other recipients of one package.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use medsec_audit::{Count, Outcome, Recipients, SlotDigest};
use medsec_crypto::{
    Confirmation, Dek, Header, LockedPackage, NewRecipients, OutputOptions, PackageFile,
    RecipientProfile, RewrapError, Rewrapped, StartedRewrap, UnlockedRecipients,
};
use zeroize::Zeroizing;

use super::{NewList, own_stanzas};
use crate::conclusion::Conclusion;
use crate::custodian::access::{context_of, own_keys, unwrap};
use crate::error::{Refused, ReleaseError, UseError};
use crate::gate::Admission;
use crate::hold::Kept;
use crate::login::{Login, NotLoggedIn};

/// One package whose recipients may be changed. It is on record that this is about to happen; how it ends is
/// recorded when it ends, or when this is dropped.
///
/// It ends with the session that it was granted in: its key is erased then, and recipients that are not confirmed by
/// then do not come into force.
pub struct RewrapGrant {
    header: Header,
    /// The data key, unless the package is rewrapped without it.
    kept: Option<Kept<UnlockedRecipients>>,
    conclusion: Conclusion,
}

/// What trying new recipients has shown. It is for the rewrap that asked, and tells nobody the key.
pub struct Confirmed(pub(super) Confirmation);

impl fmt::Debug for Confirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confirmed(redacted)")
    }
}

impl RewrapGrant {
    pub(super) const fn new(
        header: Header,
        kept: Option<Kept<UnlockedRecipients>>,
        conclusion: Conclusion,
    ) -> Self {
        Self { header, kept, conclusion }
    }

    /// The package's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What was permitted and recorded.
    #[must_use]
    pub const fn admission(&self) -> &Admission {
        self.conclusion.admission()
    }

    /// Whether it goes without the data key: granted by [`Custodian::rewrap_unseen`](crate::Custodian::rewrap_unseen).
    #[must_use]
    pub const fn is_unseen(&self) -> bool {
        self.kept.is_none()
    }

    /// Tries new recipients of this very package, if this login is one of them. Of a grant without a data key none is
    /// tried, and the key service's word is taken: nothing is unwrapped.
    pub async fn confirm(&self, login: &dyn Login, header: &Header) -> Confirmed {
        Confirmed(self.tried(login, header).await)
    }

    async fn tried(&self, login: &dyn Login, header: &Header) -> Confirmation {
        if header.hash() != self.header().hash() {
            return Confirmation::Failed;
        }
        if self.is_unseen() {
            return Confirmation::NotPermitted;
        }
        let keys = login.keys();
        let Ok(own) = own_keys(keys, header) else { return Confirmation::NotPermitted };
        let stanzas = own_stanzas(header, &own.refs);
        let context = context_of(header);
        let Ok(dek) = unwrap(self.conclusion.admission(), keys, stanzas, &context).await else {
            return Confirmation::Failed;
        };
        let mut copy = Zeroizing::new(*dek.expose_secret());
        let Ok(copy) = Dek::take_from(copy.as_mut_slice()) else {
            return Confirmation::Failed;
        };
        let authentic = header.core().profile == RecipientProfile::Blind
            || header.clone().unlock_recipients(copy).is_ok();
        if authentic { Confirmation::Unwrapped(dek) } else { Confirmation::Failed }
    }

    /// Replaces the recipients in place; see [`LockedPackage::rewrap`].
    ///
    /// # Errors
    /// [`UseError::Rewrap`], whose variants say which recipients are in force; [`UseError::Login`] if the session is
    /// over: the recipients are as they were.
    pub fn rewrap<F: PackageFile>(
        &self,
        package: &mut LockedPackage<F>,
        list: &NewList,
        confirm: impl FnOnce(&Header) -> Confirmed,
    ) -> Result<Rewrapped, UseError> {
        let unlocked = self.begin()?;
        let recipients = self.new_recipients(package, unlocked.as_deref(), list)?;
        let done = package.rewrap(&recipients, |header| self.confirmed(confirm, header));
        done.map_err(|error| self.told(error))
    }

    /// Writes a copy with the new recipients; see [`LockedPackage::rewrap_into_copy`].
    ///
    /// # Errors
    /// [`UseError`]; the package is as it was.
    pub fn rewrap_into_copy<F: PackageFile>(
        &self,
        package: &mut LockedPackage<F>,
        list: &NewList,
        target: &Path,
        options: OutputOptions,
        confirm: impl FnOnce(&Header) -> Confirmed,
    ) -> Result<Rewrapped, UseError> {
        let unlocked = self.begin()?;
        let recipients = self.new_recipients(package, unlocked.as_deref(), list)?;
        let confirm = |header: &Header| self.confirmed(confirm, header);
        let done = package.rewrap_into_copy(&recipients, target, options, confirm);
        done.map_err(|error| self.told(error))
    }

    /// Writes the new list, to be made durable together with others in a [`RewrapBatch`](super::RewrapBatch).
    ///
    /// # Errors
    /// [`UseError`]; the recipients are as they were.
    pub fn start<F: PackageFile>(
        &self,
        package: LockedPackage<F>,
        list: &NewList,
    ) -> Result<StartedRewrap<F>, UseError> {
        let unlocked = self.begin()?;
        let recipients = self.new_recipients(&package, unlocked.as_deref(), list)?;
        Ok(package.start_rewrap(&recipients)?)
    }

    /// Whether that is the package of this grant, as it was when it was granted, and the list was made for it.
    fn is_of<F: PackageFile>(
        &self,
        package: &LockedPackage<F>,
        list: &NewList,
    ) -> Result<(), RewrapError> {
        let (found, granted) = (package.header(), &self.header);
        let same = found.hash() == granted.hash()
            && found.slot_digest() == granted.slot_digest()
            && list.of == granted.hash();
        same.then_some(()).ok_or(RewrapError::Changed)
    }

    /// Begins a use, with the data key where there is one.
    fn begin(&self) -> Result<Option<Arc<UnlockedRecipients>>, NotLoggedIn> {
        match &self.kept {
            Some(kept) => kept.begin().map(Some),
            None => self.conclusion.tether().check().map(|()| None),
        }
    }

    /// Begins a use that needs the data key.
    pub(super) fn unlocked(&self) -> Result<Arc<UnlockedRecipients>, Refused> {
        Ok(self.kept.as_ref().ok_or(Refused::NeedsDataKey)?.begin()?)
    }

    /// What that package is to get, if it is the one of this grant.
    fn new_recipients<'u, F: PackageFile>(
        &self,
        package: &LockedPackage<F>,
        unlocked: Option<&'u UnlockedRecipients>,
        list: &NewList,
    ) -> Result<NewRecipients<'u>, RewrapError> {
        self.is_of(package, list)?;
        let stanzas = list.stanzas.clone();
        match (self.header().core().profile, unlocked) {
            (RecipientProfile::Blind, _) => Ok(NewRecipients::Blind { stanzas }),
            (_, Some(unlocked)) => Ok(NewRecipients::Authenticated { unlocked, stanzas }),
            (_, None) => Err(RewrapError::Profile),
        }
    }

    /// The last question before the new recipients are in force: it is asked anew.
    pub(super) fn confirmed(
        &self,
        confirm: impl FnOnce(&Header) -> Confirmed,
        header: &Header,
    ) -> Confirmation {
        let confirmation = confirm(header).0;
        match self.conclusion.tether().check() {
            Ok(()) => confirmation,
            Err(_) => Confirmation::Failed,
        }
    }

    /// What was not confirmed because the session is over is told as that.
    pub(super) fn told(&self, error: RewrapError) -> UseError {
        match (error, self.over()) {
            (RewrapError::NotConfirmed, Some(why)) => why.into(),
            (error, _) => error.into(),
        }
    }

    fn over(&self) -> Option<NotLoggedIn> {
        self.conclusion.tether().over()
    }

    /// Records that it was refused after all, and nothing was changed.
    pub fn refuse(self, refused: &Refused) {
        self.conclusion.fail(refused.outcome());
    }

    /// Records how it ended: also after the session, for the recipients are as `result` says. No use of it.
    ///
    /// # Errors
    /// [`ReleaseError::Record`] if that could not be recorded.
    pub fn finish(self, result: Result<&Rewrapped, &UseError>) -> Result<(), ReleaseError> {
        let (conclusion, outcome) = self.ended(result);
        Ok(conclusion.conclude_done(outcome)?)
    }

    /// Records how several ended, together.
    pub(super) fn finish_all<'r>(
        ended: impl IntoIterator<Item = (Self, Result<&'r Rewrapped, &'r UseError>)>,
    ) -> Result<(), ReleaseError> {
        let (mut done, mut recorded) = (Vec::new(), Ok(()));
        for (grant, result) in ended {
            match grant.ended(result) {
                (conclusion, Outcome::Success) => done.push(conclusion),
                (conclusion, outcome) => recorded = recorded.and(conclusion.conclude_done(outcome)),
            }
        }
        let all = Conclusion::conclude_all_done(done.iter_mut(), Outcome::Success);
        Ok(recorded.and(all)?)
    }

    fn ended(self, result: Result<&Rewrapped, &UseError>) -> (Conclusion, Outcome) {
        let mut conclusion = self.conclusion;
        let rewrapped = match result {
            Ok(rewrapped) => Some(rewrapped),
            // They are in force; what is left of the old list goes with the next rewrap.
            Err(UseError::Rewrap(RewrapError::NotScrubbed(rewrapped, _))) => Some(rewrapped),
            Err(_) => None,
        };
        if let Some(rewrapped) = rewrapped {
            conclusion.account_mut().subject.recipients = recipients_of(rewrapped);
        }
        let outcome = result.map_or_else(UseError::outcome, |_| Outcome::Success);
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

impl fmt::Debug for RewrapGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RewrapGrant").field("admission", self.admission()).finish_non_exhaustive()
    }
}
