//! Changing the recipients of a package.

mod batch;
mod grant;
mod list;
mod unseen;

use medsec_audit::Action;
use medsec_crypto::{
    Context, Expectation, Header, HeaderError, KeyRef, Limits, MAX_UNWRAP_ATTEMPTS, OpenError,
    PolicyExpectation, RecipientProfile, RewrapError, SignerExpectation, Stanza,
    UnlockedRecipients,
};
use medsec_policy::Purpose;

pub use self::batch::{EndedRewraps, RewrapBatch};
pub use self::grant::{Confirmed, RewrapGrant};
pub use self::list::{NewList, WantedRecipients};
pub use self::unseen::{UnseenRequest, UnseenWish};
use super::access::{context_of, own_keys, unwrap};
use super::clearance::Cleared;
use super::open::subject_of;
use super::{Custodian, Question};
use crate::account::Account;
use crate::error::Refused;
use crate::gate::{Admission, Permit};
use crate::hold::{Kept, Tether};
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
        let tether = Tether::new(&login.hold());
        let subject = subject_of(header.as_ref().ok(), None);
        let mut account = self.account(Action::Rewrap, subject)?;
        let examined = self.examine_rewrap(login, &mut account, header, wish.purpose);
        let (what, permit) = self.or_refuse(&account, examined).await?;
        let cleared = Cleared { what, account, permit, tether, beside: Vec::new() };
        let (package, conclusion) = self.announce_one(cleared).await?;
        let header = package.header.clone();
        let unlocked = unlocked(login, package, wish, conclusion.admission()).await;
        let kept = unlocked.and_then(|open| Ok(Kept::new(conclusion.tether(), open)?));
        let (kept, conclusion) = conclusion.or_fail(kept).await?;
        Ok(RewrapGrant::new(header, Some(kept), conclusion))
    }

    fn examine_rewrap(
        &self,
        login: &dyn Login,
        account: &mut Account,
        header: Result<Header, HeaderError>,
        purpose: Option<Purpose>,
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
            purpose,
            emergency: None,
        };
        let permit = self.decide(account, &who, question)?;
        let own = own_keys(login.keys(), &header)?.refs;
        Ok((Package { header, own }, permit))
    }
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
