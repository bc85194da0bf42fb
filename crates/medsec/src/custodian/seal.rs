//! Sealing.

mod demands;
mod sharing;

use std::collections::BTreeSet;
use std::sync::Arc;

use medsec_audit::{Action, KekName, KekVersion, Patient, Subject};
use medsec_crypto::{Dek, Draft, PackageId, PackageSpec, Recipient, Sealer, Stanza, Timestamp};
use medsec_kms::{KeyContext, KeyName, KeyService};
use medsec_policy::{DatasetId, Purpose, Resource};

use self::demands::{lent, signer};
use self::sharing::{refused, shared_seal};
use super::clearance::Cleared;
use super::open::shared_key;
use super::{Custodian, Question};
use crate::account::Account;
use crate::conclusion::Conclusion;
use crate::error::{Demand, Refused};
use crate::gate::{Admission, Permit};
use crate::hold::{Hold, Kept, Tether};
use crate::login::Login;
use crate::sealing::SealGrant;

/// For whom and why packages are sealed. The policy's own recipients are added to those named here.
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
#[derive(Clone, Copy)]
pub struct SealWish<'a> {
    /// Why.
    pub purpose: Option<Purpose>,
    /// The keys of the key service to seal under: the first makes the data key, each further one wraps it, once. None
    /// is asked for if there are only other recipients.
    pub keys: &'a [&'a KeyName],
    /// Further recipients.
    pub recipients: &'a [&'a dyn Recipient],
    /// Whether it is signed, with the key of who is logged in.
    pub sign: bool,
    /// The patient it is about, for the log, if that is known.
    pub patient: Option<Patient>,
}

/// One package to seal.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct SealRequest {
    /// What it is to be. Its policy is set by the Custodian.
    pub spec: PackageSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// How long its content will be at most, where that is known before. Under a data key that the session shares
    /// between packages it must be; see [`Sharing`](crate::Sharing).
    pub content_len: Option<u64>,
}

/// A package of which nothing is on record yet.
struct Wanted {
    draft: Draft,
    content_len: Option<u64>,
}

impl Custodian {
    /// Decides whether a package may be sealed, records that it will be, and gets its data key.
    ///
    /// # Errors
    /// [`Refused`]; nothing was sealed, and that is on record where it can be.
    pub async fn seal(
        &self,
        login: &dyn Login,
        request: SealRequest,
        wish: &SealWish<'_>,
    ) -> Result<SealGrant, Refused> {
        let granted = self.seal_all(login, vec![request], wish).await;
        granted.into_iter().next().unwrap_or(Err(Refused::Unrecordable))
    }

    /// Does the same for several packages, each by itself, and records them together.
    pub async fn seal_all(
        &self,
        login: &dyn Login,
        requests: Vec<SealRequest>,
        wish: &SealWish<'_>,
    ) -> Vec<Result<SealGrant, Refused>> {
        // Of the session that there is now: whoever is logged in later is somebody else.
        let hold = login.hold();
        let mut cleared = Vec::with_capacity(requests.len());
        for request in requests {
            cleared.push(self.clear_seal(login, &hold, request, wish).await);
        }
        let announced = self.announce(cleared).await;
        let mut granted = Vec::with_capacity(announced.len());
        for one in announced {
            granted.push(match one {
                Ok((draft, conclusion)) => self.address(login, draft, conclusion, wish).await,
                Err(refused) => Err(refused),
            });
        }
        granted
    }

    async fn clear_seal(
        &self,
        login: &dyn Login,
        hold: &Arc<dyn Hold>,
        request: SealRequest,
        wish: &SealWish<'_>,
    ) -> Result<Cleared<Kept<Wanted>>, Refused> {
        let tether = Tether::new(hold);
        let mut subject = Subject::default();
        let dataset = request.spec.dataset.as_ref();
        subject.dataset = dataset.and_then(|d| medsec_audit::DatasetId::new(d.as_str()).ok());
        subject.patient = wish.patient;
        subject.key = wish.keys.first().and_then(|key| {
            let name = KekName::new(key.as_str()).ok()?;
            Some(KekVersion { name, version: None })
        });
        let mut account = self.account(Action::Seal, subject)?;
        let examined = self.examine_seal(login, &mut account, request, wish).await;
        // Signing keys are in it: it waits for its record no longer than the session lasts.
        let kept = examined.and_then(|(wanted, permit)| Ok((Kept::new(&tether, wanted)?, permit)));
        let (what, permit) = self.or_refuse(&account, kept).await?;
        Ok(Cleared { what, account, permit, tether, beside: Vec::new() })
    }

    async fn examine_seal(
        &self,
        login: &dyn Login,
        account: &mut Account,
        request: SealRequest,
        wish: &SealWish<'_>,
    ) -> Result<(Wanted, Permit), Refused> {
        let (who, now) = self.identify(login, account)?;
        let SealRequest { mut spec, created_at, content_len } = request;
        let dataset = spec.dataset.as_ref().and_then(|d| DatasetId::new(d.as_str()).ok());
        let resource = Resource::Dataset(dataset.ok_or(Refused::Demand(Demand::Dataset))?);
        let question = Question {
            action: medsec_policy::Action::Seal,
            resource: &resource,
            purpose: wish.purpose,
            emergency: None,
        };
        let permit = self.decide(account, &who, question)?;
        let signer = signer(login, wish)?;
        self.check_demands(login, &who.principal.id, now, (wish, signer.as_ref())).await?;
        spec.policy = Some(self.policy.hash());
        let draft = Draft::new(spec, created_at, lent(login, signer)?)?;
        let id = draft.core().package_id;
        account.subject.package = Some(medsec_audit::PackageId::from_bytes(*id.as_bytes()));
        Ok((Wanted { draft, content_len }, permit))
    }

    async fn address(
        &self,
        login: &dyn Login,
        wanted: Kept<Wanted>,
        mut conclusion: Conclusion,
        wish: &SealWish<'_>,
    ) -> Result<SealGrant, Refused> {
        let addressed = self.addressed(login, wanted, &mut conclusion, wish).await;
        let ((id, sealer), conclusion) = conclusion.or_fail(addressed).await?;
        Ok(SealGrant::new(id, sealer, conclusion))
    }

    async fn addressed(
        &self,
        login: &dyn Login,
        wanted: Kept<Wanted>,
        conclusion: &mut Conclusion,
        wish: &SealWish<'_>,
    ) -> Result<(PackageId, Kept<Sealer>), Refused> {
        let caches = self.sealing_caches(login)?;
        // What is looked at is given back before the key service is waited for: keys are in it.
        let (scope, context) = {
            let wanted = wanted.look()?;
            let draft = &wanted.draft;
            let context = KeyContext { bind: draft.bind(), dataset: draft.core().dataset.clone() };
            (caches.and_then(|caches| Some((caches, self.scope(&wanted, wish)?))), context)
        };
        let shared = match scope {
            Some((caches, scope)) => {
                shared_seal(login, &caches, scope, conclusion.admission()).await?
            }
            None => None,
        };
        let sealer = match shared {
            Some(shared) => {
                conclusion.account_mut().subject.key = shared_key(&shared.dek_id());
                let draft = wanted.take()?.draft.under_shared_key(shared.dek_id())?;
                shared.address(draft).map_err(refused)?
            }
            None => {
                let wrapped = self.wrapped(login.keys(), &context, conclusion.admission(), wish);
                let (dek, stanzas) = wrapped.await?;
                wanted.take()?.draft.address(dek, stanzas)?
            }
        };
        Ok((sealer.package_id(), Kept::new(conclusion.tether(), sealer)?))
    }

    /// The data key, from the first key of the key service where one is named, wrapped for everybody.
    async fn wrapped(
        &self,
        keys: &dyn KeyService,
        context: &KeyContext,
        _admission: &Admission,
        wish: &SealWish<'_>,
    ) -> Result<(Dek, Vec<Stanza>), Refused> {
        let (dek, mut stanzas) = match wish.keys.split_first() {
            Some((first, further)) => {
                let (dek, stanza) = keys.generate_dek(first, context).await?;
                let mut stanzas = vec![stanza];
                let mut wrapped = BTreeSet::from([first.as_str()]);
                for key in further {
                    if wrapped.insert(key.as_str()) {
                        stanzas.push(keys.wrap_dek(key, &dek, context).await?);
                    }
                }
                (dek, stanzas)
            }
            None => (Dek::generate().map_err(medsec_crypto::SealError::from)?, Vec::new()),
        };
        let added = self.demanded().map(|key| key as &dyn Recipient);
        // Those of the policy first: nobody else's stanza stands in the place of one.
        for recipient in added.chain(wish.recipients.iter().copied()) {
            let is_there = stanzas.iter().any(|s: &Stanza| *s.key_ref() == recipient.key_ref());
            if !is_there {
                let stanza = recipient.wrap_dek(&dek, &context.bind);
                stanzas.push(stanza.map_err(medsec_crypto::SealError::from)?);
            }
        }
        Ok((dek, stanzas))
    }
}

impl std::fmt::Debug for SealWish<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealWish")
            .field("purpose", &self.purpose)
            .field("keys", &self.keys)
            .field("recipients", &self.recipients.len())
            .finish_non_exhaustive()
    }
}
