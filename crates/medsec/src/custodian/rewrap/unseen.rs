//! Other wraps without a data key: the key service makes them, and shows the key to nobody.
//!
//! That is for packages with a blind recipient list. Nothing here asks for a data key to be unwrapped, so that whoever
//! rotates keys needs no right to open anything.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use medsec_audit::Action;
use medsec_crypto::{Header, HeaderError, Recipient, RecipientProfile, Stanza};
use medsec_kms::{KeyContext, KeyName, KeyService, KeyServiceError};
use medsec_policy::Purpose;

use super::list::has;
use super::{NewList, Package, RewrapGrant};
use crate::conclusion::Conclusion;
use crate::custodian::Custodian;
use crate::custodian::access::context_of;
use crate::custodian::clearance::Cleared;
use crate::custodian::open::subject_of;
use crate::error::{Demand, Refused};
use crate::hold::{Hold, Tether};
use crate::login::Login;

/// Under which key packages are to stand, and why.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct UnseenWish<'a> {
    /// Why.
    pub purpose: Option<Purpose>,
    /// The key, in its newest version.
    pub key: &'a KeyName,
    /// The version that the key is known to have: a wrap under an older one is not taken. `None` where versions are not
    /// told.
    pub newest: Option<u32>,
    /// Data keys that the key service is asked for in one call: servers limit what a request may hold.
    pub in_one_call: NonZeroUsize,
}

/// One package to rewrap without its data key.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct UnseenRequest {
    /// What reading its header gave: what cannot be read is recorded too.
    pub header: Result<Header, HeaderError>,
    /// Those of its recipients that are kept beside the key. None can be added.
    pub kept: Vec<Stanza>,
}

/// What the key service is asked of one package.
struct Work {
    header: Header,
    from: Stanza,
    kept: Vec<Stanza>,
}

const MISSING: KeyServiceError = KeyServiceError::Answer("fewer answers than were asked for");

/// Whether the key is one to seal under, found out once for all packages.
type Fitness = Option<Result<(), Refused>>;

impl Custodian {
    /// Whether a package can be rewrapped without its data key: its recipient list is blind, the service of one of its
    /// keys wraps anew under `key` by itself, and no recipient is missing that the policy demands. Nothing is decided,
    /// asked for or recorded.
    #[must_use]
    pub fn rewraps_unseen(&self, login: &dyn Login, header: &Header, key: &KeyName) -> bool {
        self.has_demanded(header.stanzas()) && source(login.keys(), header, key).is_some()
    }

    /// Decides for each package whether its recipients may be changed, records that they will be, of all together, and
    /// has the key service wrap their data keys anew, many in one call. No data key is unwrapped, and none gets into this
    /// process; so nobody can try the new recipients, and the word of the key service is taken.
    ///
    /// The results are in the order of the requests, at most 4,096. What is refused hurts no other.
    ///
    /// # Errors
    /// [`Refused::NeedsDataKey`] for a package that cannot be rewrapped so; [`Refused::Demand`] if one is to go that
    /// the policy demands, or the key is not one to seal under; other [`Refused`]. The package was not changed, and that
    /// is on record where it can be.
    pub async fn rewrap_unseen(
        &self,
        login: &dyn Login,
        requests: Vec<UnseenRequest>,
        wish: &UnseenWish<'_>,
    ) -> Vec<Result<(RewrapGrant, NewList), Refused>> {
        let hold = login.hold();
        let mut fitness = None;
        let mut cleared = Vec::with_capacity(requests.len());
        for request in requests {
            cleared.push(self.clear_unseen((login, &hold), request, wish, &mut fitness).await);
        }
        let announced = self.announce(cleared).await;
        let items = announced.iter().flatten().map(|(work, _)| work.item());
        let items: Vec<(Stanza, KeyContext)> = items.collect();
        let mut answers = Vec::with_capacity(items.len());
        for some in items.chunks(wish.in_one_call.get()) {
            let mut given = login.keys().rewrap_deks(some, wish.key).await;
            given.resize_with(some.len(), || Err(MISSING));
            answers.extend(given);
        }
        refuse_repeated(&mut answers);
        let mut answers = answers.into_iter();
        let mut granted = Vec::with_capacity(announced.len());
        for one in announced {
            granted.push(match one {
                Ok((work, conclusion)) => {
                    let answer = answers.next().unwrap_or(Err(MISSING));
                    grant(login.keys(), work, answer, wish, conclusion).await
                }
                Err(refused) => Err(refused),
            });
        }
        granted
    }

    async fn clear_unseen(
        &self,
        (login, hold): (&dyn Login, &Arc<dyn Hold>),
        request: UnseenRequest,
        wish: &UnseenWish<'_>,
        fitness: &mut Fitness,
    ) -> Result<Cleared<Work>, Refused> {
        let tether = Tether::new(hold);
        let UnseenRequest { header, kept } = request;
        let subject = subject_of(header.as_ref().ok(), None);
        let mut account = self.account(Action::Rewrap, subject)?;
        let examined = self.examine_rewrap(login, &mut account, header, wish.purpose);
        let examined = match examined {
            Ok((Package { header, .. }, permit)) => {
                let fits = self.fits(login.keys(), wish.key, fitness).await;
                let work = fits.and_then(|()| self.work(login.keys(), header, kept, wish.key));
                work.map(|work| (work, permit))
            }
            Err(refused) => Err(refused),
        };
        let (what, permit) = self.or_refuse(&account, examined).await?;
        Ok(Cleared { what, account, permit, tether, beside: Vec::new() })
    }

    /// Asked for the first package that the policy permits, which may take a call, and remembered for the others.
    async fn fits(
        &self,
        keys: &dyn KeyService,
        key: &KeyName,
        fitness: &mut Fitness,
    ) -> Result<(), Refused> {
        if fitness.is_none() {
            *fitness = Some(match self.now() {
                Ok(now) => self.check_keys(keys, now, &[key]).await,
                Err(refused) => Err(refused),
            });
        }
        match fitness {
            Some(Err(Refused::Demand(demand))) => Err(Refused::Demand(*demand)),
            Some(Err(Refused::Clock(fault))) => Err(Refused::Clock(*fault)),
            Some(Err(Refused::Key(error))) => Err(Refused::Key(error.again())),
            Some(Err(_)) => Err(Refused::Demand(Demand::Key)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn work(
        &self,
        keys: &dyn KeyService,
        header: Header,
        mut kept: Vec<Stanza>,
        key: &KeyName,
    ) -> Result<Work, Refused> {
        let present = header.stanzas();
        // Only what the package has can be kept.
        kept.retain(|stanza| present.contains(stanza));
        for demanded in self.demanded().map(Recipient::key_ref) {
            match (has(present, &demanded), has(&kept, &demanded)) {
                (_, true) => {}
                (true, false) => return Err(Refused::Demand(Demand::Recipient)),
                (false, false) => return Err(Refused::NeedsDataKey),
            }
        }
        let from = source(keys, &header, key).ok_or(Refused::NeedsDataKey)?.clone();
        Ok(Work { header, from, kept })
    }
}

impl Work {
    fn item(&self) -> (Stanza, KeyContext) {
        (self.from.clone(), context_of(&self.header))
    }

    /// The list with what the key service gave. Nobody sees what it wrapped; what can be seen is that it is another wrap,
    /// of the key that was asked for, and of no older version than that has.
    fn list(
        &self,
        keys: &dyn KeyService,
        stanza: Stanza,
        wish: &UnseenWish<'_>,
    ) -> Result<NewList, KeyServiceError> {
        let standing = keys.standing(&stanza).filter(|standing| standing.key == *wish.key);
        let standing =
            standing.ok_or(KeyServiceError::Answer("it is wrapped under another key"))?;
        if stanza == self.from {
            return Err(KeyServiceError::Answer("it is the wrap that was there before"));
        }
        let before = keys.standing(&self.from).filter(|before| before.key == *wish.key);
        let least = before.and_then(|before| before.version).max(wish.newest);
        // A service that tells versions tells that of what it made.
        if least.is_some() && standing.version < least {
            return Err(KeyServiceError::Answer("it is wrapped under an older version"));
        }
        let mut stanzas = self.kept.clone();
        stanzas.retain(|old| old.key_ref() != stanza.key_ref());
        stanzas.push(stanza);
        Ok(NewList { of: self.header.hash(), stanzas })
    }
}

/// The recipient whose service wraps its data key anew under `key` and shows it to nobody; one of `key` itself first.
fn source<'h>(keys: &dyn KeyService, header: &'h Header, key: &KeyName) -> Option<&'h Stanza> {
    if header.core().profile != RecipientProfile::Blind {
        return None;
    }
    let is_able = |stanza: &&Stanza| {
        keys.admits(stanza.key_ref()).is_ok() && keys.rewraps_unseen(stanza.key_ref(), key)
    };
    let is_of_key =
        |stanza: &&Stanza| keys.standing(stanza).is_some_and(|standing| standing.key == *key);
    let mut able = header.stanzas().iter().filter(is_able);
    let first = able.clone().next();
    able.find(is_of_key).or(first)
}

/// No two data keys have the same wrap: an answer that came twice is no answer to either.
fn refuse_repeated(answers: &mut [Result<Stanza, KeyServiceError>]) {
    let mut met: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for stanza in answers.iter().flatten() {
        let times = met.entry(stanza.wrapped().to_vec()).or_default();
        *times = times.saturating_add(1);
    }
    for answer in answers {
        let repeated = answer.as_ref().ok().and_then(|stanza| met.get(stanza.wrapped()));
        if repeated.is_some_and(|times| *times > 1) {
            *answer = Err(KeyServiceError::Answer("it gave several packages the same wrap"));
        }
    }
}

async fn grant(
    keys: &dyn KeyService,
    work: Work,
    answer: Result<Stanza, KeyServiceError>,
    wish: &UnseenWish<'_>,
    conclusion: Conclusion,
) -> Result<(RewrapGrant, NewList), Refused> {
    let list = answer.and_then(|stanza| work.list(keys, stanza, wish)).map_err(Refused::from);
    let list = list.and_then(|list| conclusion.tether().check().map(|()| list).map_err(Into::into));
    let (list, conclusion) = conclusion.or_fail(list).await?;
    Ok((RewrapGrant::new(work.header, None, conclusion), list))
}
