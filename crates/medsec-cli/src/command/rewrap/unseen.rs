//! Rewrapping without data keys: what the key service does by itself.

use medsec::{NewList, Refused, RewrapGrant, UnseenRequest};
use medsec_crypto::Header;

use super::{Job, has};
use crate::failure::Failure;

impl Job<'_> {
    /// Whether the package needs no data key: it may be rewrapped without, and no public key is added to it.
    pub(super) fn goes_unseen(&self, header: &Header) -> bool {
        self.to_key.as_ref().is_some_and(|key| {
            self.added.iter().all(|added| has(header, added))
                && self.custody.rewraps_unseen(header, key.name())
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
        // What is to be added is there already.
        let request =
            |header: Header| UnseenRequest { kept: self.kept(&header, &[]), header: Ok(header) };
        let requests = headers.into_iter().map(request).collect();
        self.custody.rewrap_unseen(requests, key, self.options.pace.in_one_call())
    }
}
