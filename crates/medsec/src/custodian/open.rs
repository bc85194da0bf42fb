//! Opening and reading.

use std::sync::Arc;

use medsec_audit::{Action, Outcome, Patient, Recipients, Subject};
use medsec_crypto::{
    Context, Expectation, Header, HeaderError, KeyRef, Limits, OpenError, PolicyExpectation,
    SignerExpectation, StanzaKind, Unlocked,
};
use medsec_policy::{DatasetId, EmergencyId, PackageId, Purpose, Resource, Signature};

use super::access::{admitted, context_of, unwrap};
use super::{Custodian, Question};
use crate::account::Account;
use crate::conclusion::Conclusion;
use crate::error::{Demand, Refused};
use crate::gate::{self, Admission, Permit};
use crate::grant::{Bounds, Grant};
use crate::journal::JournalError;
use crate::login::{LoggedIn, Login};

/// What a package is opened for. The policy asks the same of all; the log tells them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aim {
    /// Its whole content.
    #[default]
    Content,
    /// Parts of its content.
    Ranges,
    /// To find out whether it opens; nothing is released.
    Verification,
}

/// Whether a package under this organisation's keys may be bound to no policy that is known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Unbound {
    /// It may not.
    #[default]
    Refused,
    /// It may: for what was sealed before there was a policy.
    Accepted,
}

/// What whoever opens wants and expects. What stands here can be stricter than the policy, never laxer.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct OpenWish {
    /// What for.
    pub aim: Aim,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Who must have signed.
    pub signer: SignerExpectation,
    /// The reproduced context.
    pub reproduced: Context,
    /// Further limits.
    pub limits: Limits,
    /// The patient it is about, for the log and for emergencies, if that is known.
    pub patient: Option<Patient>,
    /// Whether a package that is bound to no known policy is accepted.
    pub unbound: Unbound,
    /// Under which of this organisation's data sets a partner's package is opened: what the package itself says
    /// there is the partner's name for it. Of packages that were sealed under a policy known here, or to a key
    /// service's key, it changes nothing.
    pub filed_under: Option<medsec_crypto::DatasetId>,
}

/// One package to open.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct OpenRequest<'a> {
    /// What reading its header gave: what cannot be read is recorded too.
    pub header: Result<Header, HeaderError>,
    /// What is wanted of it.
    pub wish: &'a OpenWish,
}

/// A package that is the one expected, and may be opened once that is on record.
struct Cleared {
    header: Header,
    expectation: Expectation,
    bounds: Bounds,
    /// The emergency that alone permits it.
    emergency: Option<EmergencyId>,
    account: Account,
    permit: Permit,
}

impl Custodian {
    /// Decides whether a package may be opened, records that it will be, and gets its data key.
    ///
    /// # Errors
    /// [`Refused`]; nothing was opened, and that is on record where it can be.
    pub async fn open(
        &self,
        login: &dyn Login,
        header: Result<Header, HeaderError>,
        wish: &OpenWish,
    ) -> Result<Grant, Refused> {
        let granted = self.open_all(login, vec![OpenRequest { header, wish }]).await;
        granted.into_iter().next().unwrap_or(Err(Refused::Unrecordable))
    }

    /// Does the same for several packages, each by itself, and records them together: one wait for the disk
    /// instead of many. The results are in the order of the requests.
    pub async fn open_all(
        &self,
        login: &dyn Login,
        requests: Vec<OpenRequest<'_>>,
    ) -> Vec<Result<Grant, Refused>> {
        let mut cleared = Vec::with_capacity(requests.len());
        for request in requests {
            cleared.push(self.clear(login, request).await);
        }
        let mut receipts = self.announce(&cleared).await.map(Vec::into_iter);
        // All of them, before the first key is asked for: whoever gives up meanwhile owes the log an end of each.
        let admitted = cleared.into_iter().map(|one| {
            let Cleared { header, expectation, bounds, account, permit, .. } = one?;
            let receipts = receipts.as_mut().map_err(|error| *error)?;
            let admission = Admission::new(permit, receipts.next().ok_or(JournalError::Stopped)?);
            let conclusion = Conclusion::new(Arc::clone(&self.recorder), account, admission);
            Ok((header, expectation, bounds, conclusion))
        });
        let admitted: Vec<Result<_, Refused>> = admitted.collect();
        let mut granted = Vec::with_capacity(admitted.len());
        for one in admitted {
            granted.push(match one {
                Ok((header, expectation, bounds, conclusion)) => {
                    unlock(login, header, expectation, bounds, conclusion).await
                }
                Err(refused) => Err(refused),
            });
        }
        granted
    }

    async fn announce(
        &self,
        cleared: &[Result<Cleared, Refused>],
    ) -> Result<Vec<gate::Receipt>, JournalError> {
        let intents = cleared.iter().flatten().map(|one| {
            let account = &one.account;
            let mut events = vec![account.intent()];
            if one.emergency.is_some() {
                events.insert(0, emergency_use(account));
            }
            (account.request, events)
        });
        let intents: Vec<_> = intents.collect();
        if intents.is_empty() {
            return Ok(Vec::new());
        }
        gate::announce(&self.recorder, intents).await
    }

    async fn clear(&self, login: &dyn Login, request: OpenRequest<'_>) -> Result<Cleared, Refused> {
        let OpenRequest { header, wish } = request;
        let mut subject = subject_of(header.as_ref().ok(), wish.patient);
        let dataset = header.as_ref().ok().and_then(|header| self.dataset_of(login, header, wish));
        subject.dataset = dataset.and_then(|d| medsec_audit::DatasetId::new(d.as_str()).ok());
        let mut account = self.account(action_of(wish.aim), subject)?;
        match self.examine(login, &mut account, header, wish) {
            Ok((header, expectation, emergency, permit)) => {
                let bounds = Bounds {
                    releases_nothing: wish.aim == Aim::Verification,
                    signature_first: self.policy.settings.opening == Signature::Required,
                };
                Ok(Cleared { header, expectation, bounds, emergency, account, permit })
            }
            Err(refused) => {
                self.refuse(&account, &refused).await;
                Err(refused)
            }
        }
    }

    /// Everything that needs no key and no record.
    fn examine(
        &self,
        login: &dyn Login,
        account: &mut Account,
        header: Result<Header, HeaderError>,
        wish: &OpenWish,
    ) -> Result<(Header, Expectation, Option<EmergencyId>, Permit), Refused> {
        // Who asks belongs into the record of a malformed package too.
        let admitted = self.admit(login);
        if let Ok((who, _)) = &admitted {
            account.by(who).map_err(|_| Refused::Unrecordable)?;
        }
        let header = header?;
        let (who, now) = admitted?;
        let dataset = self.dataset_of(login, &header, wish);
        let dataset = dataset.and_then(|d| DatasetId::new(d.as_str()).ok());
        let emergency = self.emergency(&who, dataset.as_ref(), wish, now);
        let resource = self.filed(&header, dataset);
        let question = Question {
            action: medsec_policy::Action::Open,
            resource: &resource,
            purpose: wish.purpose,
            emergency,
        };
        let permit = self.decide(account, &who, question)?;
        let expectation = self.expectation(login, &header, wish)?;
        header.clone().check(expectation.clone())?;
        Ok((header, expectation, emergency, permit))
    }

    fn emergency(
        &self,
        who: &LoggedIn,
        dataset: Option<&DatasetId>,
        wish: &OpenWish,
        now: std::time::SystemTime,
    ) -> Option<EmergencyId> {
        let claimed =
            matches!(wish.purpose, Some(Purpose::BreakTheGlass | Purpose::EmergencyTreatment));
        claimed.then(|| {
            let patient = wish.patient.as_ref();
            self.emergencies.covering(&who.principal.id, dataset, patient, now)
        })?
    }

    /// The data set that the package is opened under: its own, or, of a partner's package, the one that is wished.
    fn dataset_of<'d>(
        &self,
        login: &dyn Login,
        header: &'d Header,
        wish: &'d OpenWish,
    ) -> Option<&'d medsec_crypto::DatasetId> {
        let filed_under = wish.filed_under.as_ref().filter(|_| {
            let keys = admitted(login.keys(), header);
            keys.is_ok_and(|keys| !self.knows_policy_of(header) && is_from_partner(&keys))
        });
        filed_under.or(header.core().dataset.as_ref())
    }

    pub(super) fn resource_of(&self, header: &Header) -> Resource {
        let dataset = header.core().dataset.as_ref();
        self.filed(header, dataset.and_then(|d| DatasetId::new(d.as_str()).ok()))
    }

    fn filed(&self, header: &Header, dataset: Option<DatasetId>) -> Resource {
        let core = header.core();
        Resource::Package {
            id: PackageId::from_bytes(*core.package_id.as_bytes()),
            dataset,
            sealed_by: core.signer.as_ref().and_then(|key| self.policy.signer(key)),
        }
    }

    /// What the package must be: what is wished, and what the policy demands.
    fn expectation(
        &self,
        login: &dyn Login,
        header: &Header,
        wish: &OpenWish,
    ) -> Result<Expectation, Refused> {
        if self.policy.settings.opening == Signature::Required
            && matches!(wish.signer, SignerExpectation::NotRequired)
        {
            return Err(Refused::Demand(Demand::Signature));
        }
        let keys = admitted(login.keys(), header)?;
        self.check_signer(header, &keys)?;
        if wish.unbound == Unbound::Refused {
            self.check_bound(header, &keys)?;
        }
        Ok(Expectation {
            policy: PolicyExpectation::Any,
            signer: wish.signer.clone(),
            keys,
            reproduced: wish.reproduced.clone(),
            limits: wish.limits.clone(),
        })
    }

    /// Where signatures are required, packages of this organisation must be signed by somebody whom the policy knows;
    /// who must have signed a partner's is for whoever opens it to say.
    fn check_signer(&self, header: &Header, keys: &[KeyRef]) -> Result<(), Refused> {
        let required = self.policy.settings.opening == Signature::Required;
        let known = header.core().signer.as_ref().and_then(|key| self.policy.signer(key));
        match !required || known.is_some() || is_from_partner(keys) {
            true => Ok(()),
            false => Err(Refused::Demand(Demand::Signature)),
        }
    }

    /// A package under a key service's key is this organisation's, and was sealed under a policy of this one. What
    /// a partner sealed to a public key is bound to the partner's.
    fn check_bound(&self, header: &Header, keys: &[KeyRef]) -> Result<(), Refused> {
        match is_from_partner(keys) || self.knows_policy_of(header) {
            true => Ok(()),
            false => Err(Refused::Demand(Demand::Bound)),
        }
    }

    fn knows_policy_of(&self, header: &Header) -> bool {
        header.core().policy.is_some_and(|policy| self.policy.knows(&policy))
    }
}

/// Whether a package is open to us by public keys only, as what partners seal is.
fn is_from_partner(keys: &[KeyRef]) -> bool {
    let hpke = |key: &KeyRef| matches!(key.kind(), StanzaKind::HpkeX25519 | StanzaKind::HpkeXWing);
    keys.iter().all(hpke)
}

/// What an emergency permits is told in a record of its own, beside what is about to be done.
fn emergency_use(account: &Account) -> medsec_audit::Event {
    Account { action: Action::EmergencyUse, ..account.clone() }.single(Outcome::Success)
}

async fn unlock(
    login: &dyn Login,
    header: Header,
    expectation: Expectation,
    bounds: Bounds,
    conclusion: Conclusion,
) -> Result<Grant, Refused> {
    match unlocked(login, header, expectation.clone(), conclusion.admission()).await {
        Ok(unlocked) => Ok(Grant::new(unlocked, expectation, bounds, conclusion)),
        Err(refused) => {
            conclusion.fail_later(refused.outcome()).await;
            Err(refused)
        }
    }
}

async fn unlocked(
    login: &dyn Login,
    header: Header,
    expectation: Expectation,
    admission: &Admission,
) -> Result<Unlocked, Refused> {
    let context = context_of(&header);
    let checked = header.check(expectation)?;
    let candidates: Vec<_> = checked.candidates().cloned().collect();
    let dek = unwrap(admission, login.keys(), candidates, &context).await?;
    Ok(checked.unlock(dek).map_err(OpenError::from)?)
}

const fn action_of(aim: Aim) -> Action {
    match aim {
        Aim::Content => Action::Open,
        Aim::Ranges => Action::ReadRange,
        Aim::Verification => Action::Verify,
    }
}

pub(super) fn subject_of(header: Option<&Header>, patient: Option<Patient>) -> Subject {
    let mut subject = Subject::default();
    subject.patient = patient;
    let Some(header) = header else { return subject };
    let core = header.core();
    subject.package = Some(medsec_audit::PackageId::from_bytes(*core.package_id.as_bytes()));
    subject.dataset =
        core.dataset.as_ref().and_then(|d| medsec_audit::DatasetId::new(d.as_str()).ok());
    subject.recipients =
        medsec_audit::Count::new(header.generation()).ok().map(|generation| Recipients {
            generation,
            slot: medsec_audit::SlotDigest::from_bytes(*header.slot_digest().as_bytes()),
        });
    subject
}
