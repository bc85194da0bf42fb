//! Getting at a data key: the only place of this crate that asks a key service to unwrap, and it takes an
//! [`Admission`].

use medsec_crypto::{Dek, Header, KeyRef, NotAuthentic, Stanza, StanzaKind};
use medsec_kms::{KeyContext, KeyService, KeyServiceError, OpeningCache};

use super::Custodian;
use crate::error::Refused;
use crate::gate::Admission;
use crate::login::Login;
use crate::shared::caches_of;

/// The recipients of a package that these keys may be asked for.
pub(super) struct OwnKeys {
    pub(super) refs: Vec<KeyRef>,
    /// Whether all that is ours are public keys, as what partners seal to. A key of the service is ours too where it is
    /// of no use now, or not to this login.
    pub(super) from_partner: bool,
}

/// Finds them.
///
/// # Errors
/// Why none is: a key of this service is of no use now, or there is none.
pub(super) fn own_keys(keys: &dyn KeyService, header: &Header) -> Result<OwnKeys, Refused> {
    let mut own = OwnKeys { refs: Vec::new(), from_partner: true };
    let mut why = None;
    for key_ref in header.stanzas().iter().map(Stanza::key_ref) {
        match keys.admits(key_ref) {
            Ok(()) => own.refs.push(key_ref.clone()),
            Err(KeyServiceError::ForeignStanza) => continue,
            Err(error) => why = Some(error),
        }
        own.from_partner &= is_public_key(key_ref);
    }
    match (own.refs.is_empty(), why) {
        (false, _) => Ok(own),
        (true, Some(error)) => Err(error.into()),
        (true, None) => Err(medsec_crypto::ExpectationError::NotARecipient.into()),
    }
}

/// Whether a recipient is somebody's public key, and no key of a key service.
pub(super) const fn is_public_key(key: &KeyRef) -> bool {
    matches!(key.kind(), StanzaKind::HpkeX25519 | StanzaKind::HpkeXWing)
}

impl Custodian {
    /// Whether a login has a key for a package: to tell before anything is asked for. Nothing is decided, unwrapped or
    /// recorded.
    ///
    /// # Errors
    /// Why it has none: a key of its service is of no use now, or the package is for others.
    pub fn find_key(login: &dyn Login, header: &Header) -> Result<(), Refused> {
        own_keys(login.keys(), header).map(drop)
    }
}

/// What a data key of that package is bound to.
pub(super) fn context_of(header: &Header) -> KeyContext {
    KeyContext { bind: header.bind(), dataset: header.core().dataset.clone() }
}

/// Unwraps one of the stanzas: one that fails as not authentic moves on, the first that yields a key decides.
pub(super) async fn unwrap(
    _admission: &Admission,
    keys: &dyn KeyService,
    stanzas: Vec<Stanza>,
    context: &KeyContext,
) -> Result<Dek, Refused> {
    tried(keys, stanzas, context, None).await
}

/// The same of a package that is opened. A data key of several packages that the session keeps is not asked for again.
pub(super) async fn unwrap_or_kept(
    _admission: &Admission,
    login: &dyn Login,
    stanzas: Vec<Stanza>,
    header: &Header,
) -> Result<Dek, Refused> {
    let caches = caches_of(login)?;
    let kept = caches.as_ref().and_then(|caches| caches.opening());
    let kept = kept.map(|kept| (kept, header));
    tried(login.keys(), stanzas, &context_of(header), kept).await
}

async fn tried(
    keys: &dyn KeyService,
    stanzas: Vec<Stanza>,
    context: &KeyContext,
    kept: Option<(&OpeningCache, &Header)>,
) -> Result<Dek, Refused> {
    let mut why = None;
    for stanza in stanzas {
        let unwrapped = match kept {
            Some((kept, header)) => kept.unwrap_dek(keys, header, &stanza).await,
            None => keys.unwrap_dek(&stanza, context).await,
        };
        match unwrapped {
            Ok(dek) => return Ok(dek),
            Err(KeyServiceError::NotAuthentic) => why = why.or(Some(NotAuthentic.into())),
            Err(error) => why = Some(error.into()),
        }
    }
    Err(why.unwrap_or_else(|| NotAuthentic.into()))
}
