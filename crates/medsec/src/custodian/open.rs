//! Opening and reading.

use std::sync::Arc;

use medsec_audit::{Action, KekName, KekVersion, Outcome, Patient, Recipients, Subject};
use medsec_crypto::{
    Checked, Context, DekId, Expectation, Header, HeaderError, Limits, OpenError,
    PolicyExpectation, Recipient, SharedDataKey, SignerExpectation, Unlocked,
};
use medsec_policy::{
    DatasetId, EmergencyId, PackageId, Purpose, Resource, SharedDataKeys, Signature,
    UnboundPackages,
};

use super::access::{OwnKeys, own_keys, unwrap_or_kept};
use super::clearance::Cleared;
use super::duties::named;
use super::{Custodian, Question};
use crate::account::Account;
use crate::conclusion::Conclusion;
use crate::error::{Demand, Refused};
use crate::gate::{Admission, Permit};
use crate::grant::{Bounds, Grant};
use crate::hold::{Hold, Kept, Tether};
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
    /// It may, unless the policy refuses that: for what was sealed before there was a policy. What opens by a public key
    /// alone is a partner's, and is not asked. Where content is to leave,
    /// the log tells of it with a record of its own: a `verify` of the package that failed, for it is not the one expected.
    /// To verify one, no policy refuses: nothing leaves.
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

/// A package of which nothing is decided yet.
struct Package {
    header: Header,
    /// Those of its recipients that are asked for its key, or why none is.
    own: Result<OwnKeys, Refused>,
    /// The data set that it is opened under.
    dataset: Option<medsec_crypto::DatasetId>,
}

/// A package that is the one expected.
struct Expected {
    checked: Checked,
    expectation: Expectation,
    bounds: Bounds,
    /// It is bound to no policy that is known, and content is to leave nevertheless.
    unbound: bool,
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
        // Of the session that there is now: whoever is logged in later is somebody else.
        let hold = login.hold();
        let mut cleared = Vec::with_capacity(requests.len());
        for request in requests {
            cleared.push(self.clear(login, &hold, request).await);
        }
        let announced = self.announce(cleared).await;
        let mut granted = Vec::with_capacity(announced.len());
        for one in announced {
            granted.push(match one {
                Ok((expected, conclusion)) => unlock(login, expected, conclusion).await,
                Err(refused) => Err(refused),
            });
        }
        granted
    }

    async fn clear(
        &self,
        login: &dyn Login,
        hold: &Arc<dyn Hold>,
        request: OpenRequest<'_>,
    ) -> Result<Cleared<Expected>, Refused> {
        let tether = Tether::new(hold);
        let OpenRequest { header, wish } = request;
        let package = header.map(|header| self.package(login, header, wish));
        let mut subject = subject_of(package.as_ref().ok().map(|p| &p.header), wish.patient);
        let dataset = package.as_ref().ok().and_then(|package| package.dataset.as_ref());
        subject.dataset = dataset.and_then(|d| medsec_audit::DatasetId::new(d.as_str()).ok());
        let mut account = self.account(action_of(wish.aim), subject)?;
        let examined = self.examine(login, &mut account, package, wish);
        let (what, permit) = self.or_refuse(&account, examined).await?;
        let used = account.subject.emergency.map(|_| emergency_use(&account));
        let beside = used.into_iter().chain(what.unbound.then(|| unbound(&account))).collect();
        Ok(Cleared { what, account, permit, tether, beside })
    }

    /// Everything that needs no key and no record.
    fn examine(
        &self,
        login: &dyn Login,
        account: &mut Account,
        package: Result<Package, HeaderError>,
        wish: &OpenWish,
    ) -> Result<(Expected, Permit), Refused> {
        // Who asks belongs into the record of a malformed package too.
        let admitted = self.admit(login);
        if let Ok((who, _)) = &admitted {
            account.by(who)?;
        }
        let Package { header, own, dataset } = package?;
        let (who, now) = admitted?;
        let dataset = dataset.and_then(|d| DatasetId::new(d.as_str()).ok());
        let emergency = self.emergency(&who, (&header, dataset.as_ref()), wish, now);
        account.subject.emergency = emergency.map(named);
        let resource = self.filed(&header, dataset);
        let question = Question {
            action: medsec_policy::Action::Open,
            resource: &resource,
            purpose: wish.purpose,
            emergency,
        };
        let permit = self.decide(account, &who, question)?;
        let tells = own.as_ref().is_ok_and(|own| self.tells_unbound(&header, own));
        let unbound = tells && wish.aim != Aim::Verification;
        let expectation = self.expectation(&header, own, wish)?;
        let bounds = Bounds {
            releases_nothing: wish.aim == Aim::Verification,
            signature_first: self.policy.settings.opening.signature == Signature::Required,
        };
        let checked = header.check(expectation.clone())?;
        Ok((Expected { checked, expectation, bounds, unbound }, permit))
    }

    /// Whoever opens says of which patient the package is. Where it says so itself, it counts for no other: an altered
    /// context is found out before anything is released.
    fn emergency(
        &self,
        who: &LoggedIn,
        (header, dataset): (&Header, Option<&DatasetId>),
        wish: &OpenWish,
        now: std::time::SystemTime,
    ) -> Option<EmergencyId> {
        let claimed =
            matches!(wish.purpose, Some(Purpose::BreakTheGlass | Purpose::EmergencyTreatment));
        let own = patient_of(header, &wish.reproduced);
        let patient = wish.patient.as_ref();
        let patient = patient.filter(|stated| own.is_none_or(|own| own == **stated));
        claimed.then(|| self.emergencies.covering(&who.principal.id, dataset, patient, now))?
    }

    /// The data set is the package's own, or, of a partner's package, the one that is wished.
    fn package(&self, login: &dyn Login, header: Header, wish: &OpenWish) -> Package {
        let own = own_keys(login.keys(), &header);
        let filed_under = wish.filed_under.as_ref().filter(|_| {
            let partner = own.as_ref().is_ok_and(|own| own.from_partner);
            partner && !self.knows_policy_of(&header)
        });
        let dataset = filed_under.or(header.core().dataset.as_ref()).cloned();
        Package { header, own, dataset }
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
        header: &Header,
        own: Result<OwnKeys, Refused>,
        wish: &OpenWish,
    ) -> Result<Expectation, Refused> {
        if self.policy.settings.opening.signature == Signature::Required
            && matches!(wish.signer, SignerExpectation::NotRequired)
        {
            return Err(Refused::Demand(Demand::Signature));
        }
        let own = own?;
        self.check_signer(header, &own)?;
        self.check_bound(header, &own, wish)?;
        let mut limits = wish.limits.clone();
        if self.policy.settings.sealing.shared_data_keys == SharedDataKeys::Forbidden {
            limits.shared_data_key = SharedDataKey::Refused;
        }
        Ok(Expectation {
            policy: PolicyExpectation::Any,
            signer: wish.signer.clone(),
            keys: own.refs,
            reproduced: wish.reproduced.clone(),
            limits,
        })
    }

    /// Where signatures are required, packages of this organisation must be signed by somebody whom the policy knows;
    /// who must have signed a partner's is for whoever opens it to say.
    fn check_signer(&self, header: &Header, own: &OwnKeys) -> Result<(), Refused> {
        let required = self.policy.settings.opening.signature == Signature::Required;
        let known = header.core().signer.as_ref().and_then(|key| self.policy.signer(key));
        match !required || known.is_some() || own.from_partner {
            true => Ok(()),
            false => Err(Refused::Demand(Demand::Signature)),
        }
    }

    /// Whoever opens may accept what is bound to no known policy, if the policy does too. What is verified goes nowhere.
    fn check_bound(&self, header: &Header, own: &OwnKeys, wish: &OpenWish) -> Result<(), Refused> {
        let refused = self.policy.settings.opening.unbound_packages == UnboundPackages::Refused;
        match (self.is_bound(header, own), wish.unbound) {
            (true, _) => Ok(()),
            (false, _) if refused && wish.aim != Aim::Verification => {
                Err(Refused::Demand(Demand::AlwaysBound))
            }
            (false, Unbound::Refused) => Err(Refused::Demand(Demand::Bound)),
            (false, Unbound::Accepted) => Ok(()),
        }
    }

    /// A package under a key service's key is this organisation's, and was sealed under a policy of this one. What
    /// a partner sealed to a public key is bound to the partner's.
    fn is_bound(&self, header: &Header, own: &OwnKeys) -> bool {
        own.from_partner || self.knows_policy_of(header)
    }

    /// Whether it is to be told that a package was opened which is bound to no known policy: one of ours, as far as that can
    /// be seen. One with a recipient that this policy demands is, though it opened by that public key alone, as in an
    /// emergency.
    fn tells_unbound(&self, header: &Header, own: &OwnKeys) -> bool {
        let demanded =
            || self.demanded().map(Recipient::key_ref).any(|key| own.refs.contains(&key));
        !self.knows_policy_of(header) && (!own.from_partner || demanded())
    }

    fn knows_policy_of(&self, header: &Header) -> bool {
        header.core().policy.is_some_and(|policy| self.policy.knows(&policy))
    }
}

/// The name of the pair of a package's context that says of which patient it is, in the words of the log.
const PATIENT: &str = "patient";

/// Of which patient a package is, where its context says it by the pseudonym or commitment of the log: in clear, or in a
/// pair that whoever opens it must reproduce.
fn patient_of(header: &Header, reproduced: &Context) -> Option<Patient> {
    let core = header.core();
    let named = core.reproduced_names.iter().any(|name| name.as_str() == PATIENT);
    let of = |context: &Context| {
        let (_, value) = context.iter().find(|(key, _)| key.as_str() == PATIENT)?;
        value.parse().ok()
    };
    of(&core.stored).or_else(|| named.then(|| of(reproduced)).flatten())
}

/// That a package is opened which is bound to no policy that is known is told beside it.
fn unbound(account: &Account) -> medsec_audit::Event {
    let outcome = Outcome::Failure(medsec_audit::Failure::Expectation);
    Account { action: Action::Verify, ..account.clone() }.single(outcome)
}

/// What an emergency permits is told in a record of its own, beside what is about to be done.
fn emergency_use(account: &Account) -> medsec_audit::Event {
    Account { action: Action::EmergencyUse, ..account.clone() }.single(Outcome::Success)
}

async fn unlock(
    login: &dyn Login,
    expected: Expected,
    conclusion: Conclusion,
) -> Result<Grant, Refused> {
    let Expected { checked, expectation, bounds, .. } = expected;
    let header = checked.header().clone();
    let unlocked = unlocked(login, checked, conclusion.admission()).await;
    let kept = unlocked.and_then(|open| Ok(Kept::new(conclusion.tether(), open)?));
    let (kept, conclusion) = conclusion.or_fail(kept).await?;
    Ok(Grant::new(header, kept, expectation, bounds, conclusion))
}

async fn unlocked(
    login: &dyn Login,
    checked: Checked,
    admission: &Admission,
) -> Result<Unlocked, Refused> {
    let candidates: Vec<_> = checked.candidates().cloned().collect();
    let dek = unwrap_or_kept(admission, login, candidates, checked.header()).await?;
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
    subject.key = core.dek_id.as_ref().and_then(shared_key);
    subject.recipients =
        medsec_audit::Count::new(header.generation()).ok().map(|generation| Recipients {
            generation,
            slot: medsec_audit::SlotDigest::from_bytes(*header.slot_digest().as_bytes()),
        });
    subject
}

/// How the log calls a data key of several packages, by which they are found together.
pub(super) fn shared_key(name: &DekId) -> Option<KekVersion> {
    let name = KekName::new(&format!("shared:{name}")).ok()?;
    Some(KekVersion { name, version: None })
}
