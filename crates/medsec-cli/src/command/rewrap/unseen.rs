//! Rewrapping without data keys: what the key service does by itself.

use medsec::{NewList, Refused, RewrapGrant, UnseenRequest};
use medsec_crypto::{Header, KeyRef, Stanza};

use super::Job;
use crate::failure::Failure;

impl Job<'_> {
    /// Whether the package needs no data key: it may be rewrapped without, and no public key is added to it.
    pub(super) fn goes_unseen(&self, header: &Header) -> bool {
        let present = |key: &KeyRef| header.stanzas().iter().any(|s| s.key_ref() == key);
        self.to_key.as_ref().is_some_and(|key| {
            self.added().iter().all(present) && self.custody.rewraps_unseen(header, key.name())
        })
    }

    /// Asks for all of them at once. What is refused is on record.
    pub(super) fn granted_unseen(
        &self,
        headers: Vec<Header>,
    ) -> Vec<Result<(RewrapGrant, NewList), Failure>> {
        let Some(key) = &self.to_key else {
            return headers.iter().map(|_| Err(Refused::NeedsDataKey.into())).collect();
        };
        let request =
            |header: Header| UnseenRequest { kept: self.kept_unseen(&header), header: Ok(header) };
        let requests = headers.into_iter().map(request).collect();
        self.custody.rewrap_unseen(requests, key, self.options.pace.in_one_call())
    }

    /// All but those that are removed and other versions of the key; what is to be added is there already.
    fn kept_unseen(&self, header: &Header) -> Vec<Stanza> {
        let goes = |stanza: &Stanza| self.is_removed(stanza) || self.is_of_key(stanza);
        header.stanzas().iter().filter(|stanza| !goes(stanza)).cloned().collect()
    }
}
