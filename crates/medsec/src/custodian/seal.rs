//! Sealing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use medsec_audit::{Action, KekName, KekVersion, Patient, Subject};
use medsec_crypto::{Dek, Draft, PackageSpec, Recipient, SigningKey, Stanza, Timestamp};
use medsec_kms::{KeyContext, KeyName, KeyService};
use medsec_policy::{DatasetId, PrincipalId, Purpose, Resource, Signature};

use super::clearance::Cleared;
use super::{Custodian, Question};
use crate::account::Account;
use crate::conclusion::Conclusion;
use crate::error::{Demand, Refused};
use crate::gate::{Admission, Permit};
use crate::login::Login;
use crate::sealing::SealGrant;

const DAY: Duration = Duration::from_secs(86_400);

/// For whom and why packages are sealed. The policy's own recipients are added to those named here.
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
#[derive(Clone, Copy)]
pub struct SealWish<'a> {
    /// Why.
    pub purpose: Option<Purpose>,
    /// The key of the key service to seal under.
    pub key: Option<&'a KeyName>,
    /// Further recipients.
    pub recipients: &'a [&'a dyn Recipient],
    /// Who signs.
    pub signer: Option<&'a Arc<SigningKey>>,
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
        let mut cleared = Vec::with_capacity(requests.len());
        for request in requests {
            cleared.push(self.clear_seal(login, request, wish).await);
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
        request: SealRequest,
        wish: &SealWish<'_>,
    ) -> Result<Cleared<Draft>, Refused> {
        let mut subject = Subject::default();
        let dataset = request.spec.dataset.as_ref();
        subject.dataset = dataset.and_then(|d| medsec_audit::DatasetId::new(d.as_str()).ok());
        subject.patient = wish.patient;
        subject.key = wish.key.and_then(|key| {
            let name = KekName::new(key.as_str()).ok()?;
            Some(KekVersion { name, version: None })
        });
        let mut account = self.account(Action::Seal, subject)?;
        let examined = self.examine_seal(login, &mut account, request, wish).await;
        let (what, permit) = self.or_refuse(&account, examined).await?;
        Ok(Cleared { what, account, permit, beside: None })
    }

    async fn examine_seal(
        &self,
        login: &dyn Login,
        account: &mut Account,
        request: SealRequest,
        wish: &SealWish<'_>,
    ) -> Result<(Draft, Permit), Refused> {
        let (who, now) = self.identify(login, account)?;
        let SealRequest { mut spec, created_at } = request;
        let dataset = spec.dataset.as_ref().and_then(|d| DatasetId::new(d.as_str()).ok());
        let resource = Resource::Dataset(dataset.ok_or(Refused::Demand(Demand::Dataset))?);
        let question = Question {
            action: medsec_policy::Action::Seal,
            resource: &resource,
            purpose: wish.purpose,
            emergency: None,
        };
        let permit = self.decide(account, &who, question)?;
        self.check_demands(login.keys(), &who.principal.id, now, wish).await?;
        spec.policy = Some(self.policy.hash());
        let draft = Draft::new(spec, created_at, wish.signer.cloned())?;
        let id = draft.core().package_id;
        account.subject.package = Some(medsec_audit::PackageId::from_bytes(*id.as_bytes()));
        Ok((draft, permit))
    }

    async fn check_demands(
        &self,
        keys: &dyn KeyService,
        who: &PrincipalId,
        now: SystemTime,
        wish: &SealWish<'_>,
    ) -> Result<(), Refused> {
        let sealing = &self.policy.settings.sealing;
        if sealing.signature == Signature::Required {
            // Not anybody's: that of who is logged in.
            let key = wish.signer.map(|signer| signer.verifying_key());
            let whose = key.and_then(|key| self.policy.signer(&key));
            if whose.as_ref() != Some(who) {
                return Err(Refused::Demand(Demand::Signature));
            }
        }
        self.check_key(keys, now, wish.key).await
    }

    /// Whether the key is one that the policy permits to seal under, and not too old.
    pub(super) async fn check_key(
        &self,
        keys: &dyn KeyService,
        now: SystemTime,
        key: Option<&KeyName>,
    ) -> Result<(), Refused> {
        let sealing = &self.policy.settings.sealing;
        if let Some(allowed) = &sealing.allowed_keys {
            let named = key.and_then(|key| medsec_policy::KeyName::new(key.as_str()).ok());
            if !named.is_some_and(|key| allowed.contains(&key)) {
                return Err(Refused::Demand(Demand::Key));
            }
        }
        let Some((key, days)) = key.zip(sealing.max_key_age_days) else { return Ok(()) };
        let about = keys.describe_key(key).await?;
        let made = about.rotated.or(about.created).ok_or(Refused::Demand(Demand::KeyAge))?;
        let made = Duration::from_secs(made.timestamp().unix_seconds());
        let oldest = SystemTime::UNIX_EPOCH
            .checked_add(made)
            .and_then(|made| made.checked_add(DAY.saturating_mul(days)))
            .ok_or(Refused::Demand(Demand::KeyAge))?;
        (now <= oldest).then_some(()).ok_or(Refused::Demand(Demand::KeyAge))
    }

    async fn address(
        &self,
        login: &dyn Login,
        draft: Draft,
        conclusion: Conclusion,
        wish: &SealWish<'_>,
    ) -> Result<SealGrant, Refused> {
        let wrapped = self.wrapped(login.keys(), &draft, conclusion.admission(), wish).await;
        let addressed = wrapped.and_then(|(dek, stanzas)| Ok(draft.address(dek, stanzas)?));
        let (sealer, conclusion) = conclusion.or_fail(addressed).await?;
        Ok(SealGrant::new(sealer, conclusion))
    }

    /// The data key, from the key service where one is named, wrapped for everybody.
    async fn wrapped(
        &self,
        keys: &dyn KeyService,
        draft: &Draft,
        _admission: &Admission,
        wish: &SealWish<'_>,
    ) -> Result<(Dek, Vec<Stanza>), Refused> {
        let bind = draft.bind();
        let mut stanzas = Vec::new();
        let dek = match wish.key {
            Some(key) => {
                let context = KeyContext { bind, dataset: draft.core().dataset.clone() };
                let (dek, stanza) = keys.generate_dek(key, &context).await?;
                stanzas.push(stanza);
                dek
            }
            None => Dek::generate().map_err(medsec_crypto::SealError::from)?,
        };
        let added = self.added.iter().filter_map(|key| key.as_recipient());
        let added = added.map(|key| key as &dyn Recipient);
        // Those of the policy first: nobody else's stanza stands in the place of one.
        for recipient in added.chain(wish.recipients.iter().copied()) {
            let is_there = stanzas.iter().any(|s: &Stanza| *s.key_ref() == recipient.key_ref());
            if !is_there {
                let stanza = recipient.wrap_dek(&dek, &bind);
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
            .field("key", &self.key)
            .field("recipients", &self.recipients.len())
            .finish_non_exhaustive()
    }
}
