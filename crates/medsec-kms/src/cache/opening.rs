//! The opening side.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use medsec_crypto::{Dek, Header, Stanza};
use sha2::{Digest as _, Sha256};

use super::SharedKeyLimits;
use crate::decorate::Turns;
use crate::secret::copy;
use crate::service::{KeyContext, KeyService, KeyServiceError};
use crate::timer::Timer;

const LABEL: &[u8] = b"medsec/opening-cache/v1\0";

/// Keeps unwrapped shared data keys for a while. Keys of single packages pass through and are not kept.
///
/// A key is found again by the whole stanza and by what it is bound to, so that only who was let unwrap that very stanza
/// is spared the asking. Make one for each session, and [`end`](Self::end) it with the session: what is kept here opens
/// packages without the key service, for at most the age. A key whose time is over is erased when this is next asked for
/// anything; where nobody asks, by [`end`](Self::end) and with this.
pub struct OpeningCache {
    limits: SharedKeyLimits,
    timer: Arc<dyn Timer>,
    /// Nothing once it was ended.
    kept: Mutex<Option<BTreeMap<[u8; 32], Kept>>>,
    /// One caller at a time asks for a key that is not there; the others find it then.
    asking: Turns,
}

struct Kept {
    dek: Dek,
    since: Duration,
    uses: u64,
}

impl OpeningCache {
    /// Most keys at a time. The one that is there longest makes room.
    pub const MAX_KEYS: usize = 64;

    /// With limits on the age of a key and on how many packages it opens; those on bytes are the sealer's.
    #[must_use]
    pub fn new(limits: SharedKeyLimits, timer: Arc<dyn Timer>) -> Self {
        let (kept, asking) = (Mutex::new(Some(BTreeMap::new())), Turns::new(NonZeroUsize::MIN));
        Self { limits, timer, kept, asking }
    }

    /// Unwraps a stanza of that header: the caller has compared the header with what it expects, shared data keys
    /// allowed among it, and the stanza with its allow-list.
    ///
    /// # Errors
    /// [`KeyServiceError`] of `service`.
    pub async fn unwrap_dek(
        &self,
        service: &dyn KeyService,
        header: &Header,
        stanza: &Stanza,
    ) -> Result<Dek, KeyServiceError> {
        self.erase_what_ended();
        let core = header.core();
        let context = KeyContext { bind: header.bind(), dataset: core.dataset.clone() };
        if core.dek_id.is_none() {
            return service.unwrap_dek(stanza, &context).await;
        }
        let place = place_of(stanza, &context);
        if let Some(dek) = self.find(&place)? {
            return Ok(dek);
        }
        let _turn = self.asking.take().await;
        if let Some(dek) = self.find(&place)? {
            return Ok(dek);
        }
        let since = self.timer.now();
        let dek = service.unwrap_dek(stanza, &context).await?;
        self.keep(place, Kept { dek: copy(&dek)?, since, uses: 1 });
        Ok(dek)
    }

    /// Erases all keys and keeps none any more.
    pub fn end(&self) {
        *self.kept() = None;
    }

    fn kept(&self) -> MutexGuard<'_, Option<BTreeMap<[u8; 32], Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Erases every key that is too old or was used as often as it may be.
    fn erase_what_ended(&self) {
        let now = self.timer.now();
        let mut kept = self.kept();
        let Some(all) = kept.as_mut() else { return };
        all.retain(|_, kept| {
            now.saturating_sub(kept.since) < self.limits.age() && kept.uses < self.limits.packages()
        });
    }

    fn find(&self, place: &[u8; 32]) -> Result<Option<Dek>, KeyServiceError> {
        let mut kept = self.kept();
        let Some(all) = kept.as_mut() else { return Ok(None) };
        let Some(found) = all.get_mut(place) else { return Ok(None) };
        found.uses = found.uses.saturating_add(1);
        copy(&found.dek).map(Some)
    }

    fn keep(&self, place: [u8; 32], new: Kept) {
        let mut kept = self.kept();
        let Some(all) = kept.as_mut() else { return };
        if all.len() >= Self::MAX_KEYS {
            let oldest = all.iter().min_by_key(|(_, kept)| kept.since).map(|(place, _)| *place);
            oldest.and_then(|place| all.remove(&place));
        }
        all.insert(place, new);
    }
}

/// `SHA-256(label ‖ bind ‖ kind ‖ len u16 ‖ key_ref ‖ wrapped)`.
fn place_of(stanza: &Stanza, context: &KeyContext) -> [u8; 32] {
    let key_ref = stanza.key_ref();
    let len = u16::try_from(key_ref.as_bytes().len()).unwrap_or(u16::MAX);
    let hash = Sha256::new_with_prefix(LABEL)
        .chain_update(context.bind.as_bytes())
        .chain_update([key_ref.kind().number()])
        .chain_update(len.to_be_bytes())
        .chain_update(key_ref.as_bytes())
        .chain_update(stanza.wrapped());
    hash.finalize().into()
}

impl fmt::Debug for OpeningCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept().as_ref().map_or(0, BTreeMap::len);
        let mut shown = f.debug_struct("OpeningCache");
        shown.field("limits", &self.limits).field("kept", &kept).finish_non_exhaustive()
    }
}
