//! What a restored state takes from the copy, and what from all else that is known of the store.

use std::collections::BTreeSet;

use medsec_crypto::Timestamp;

use super::Present;
use crate::name::StoreId;
use crate::public_key::PublicKey;
use crate::store::administrators::{MAX_STEPS, Step};
use crate::store::change::Administrator;
use crate::store::error::{ChangeError, CopyError};
use crate::store::mark::{Chain, Mark};
use crate::store::state::State;

/// How many changes are taken to be lost besides those that are known: what stood there may be gone or older
/// than it was, and the mark may not have seen what others changed.
const UNSEEN: u64 = 1000;

/// What is known of a store besides a copy of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// The state that is there, verified.
    pub(super) there: Option<&'a State>,
    /// The mark.
    pub(super) seen: Option<&'a Mark>,
    /// The store it must be.
    pub(super) expected: Option<StoreId>,
}

impl Known<'_> {
    /// The last change that is known.
    fn generation(&self) -> u64 {
        let there = self.there.map_or(0, |there| there.generation);
        there.max(self.seen.map_or(0, Mark::generation))
    }

    fn lost(&self, copy: &State) -> u64 {
        self.generation().saturating_sub(copy.generation)
    }

    /// Refuses a copy of another store, and one that loses more than may be lost. Tells how many changes
    /// that is.
    pub(super) fn admit(&self, copy: &State, present: Present) -> Result<u64, ChangeError> {
        let there = self.there.map(|there| there.store);
        let known = [self.expected, there, self.seen.map(Mark::store)];
        if let Some(expected) = known.into_iter().flatten().find(|id| *id != copy.store) {
            return Err(CopyError::OtherStore { expected, found: copy.store }.into());
        }
        let lost = self.lost(copy);
        if present == Present::Keep && (self.there.is_some() || lost > 0) {
            let (present, copy) = (self.generation(), copy.generation);
            return Err(ChangeError::NotOlder { present, copy });
        }
        Ok(lost)
    }

    /// The state that is put back.
    pub(super) fn merge(
        &self,
        mut copy: State,
        present: Present,
        administrator: Administrator<'_>,
        now: Timestamp,
    ) -> Result<State, ChangeError> {
        let generation = self.generation().max(copy.generation).saturating_add(1);
        self.skip_numbers(&mut copy)?;
        self.keep_administrators(&mut copy, present)?;
        administrator.name_in(&copy).ok_or(ChangeError::NotAdministrator)?;
        drop_strangers(&mut copy, generation, administrator)?;
        copy.generation = generation;
        copy.changed = copy.changed.max(now.into());
        copy.changed = self.there.map_or(copy.changed, |there| copy.changed.max(there.changed));
        // It follows from no state that anyone has seen.
        copy.recent.clear();
        copy.signed_by = administrator.signer.verifying_key().into();
        if copy.is_sound() { Ok(copy) } else { Err(ChangeError::Full { what: "changes" }) }
    }

    /// Leaves out all numbers that lost changes may have given to versions: each gives a key one at most.
    fn skip_numbers(&self, copy: &mut State) -> Result<(), ChangeError> {
        let lost = self.lost(copy).saturating_add(UNSEEN);
        let lost = u32::try_from(lost).unwrap_or(u32::MAX);
        for (name, key) in &mut copy.keys {
            let there = self.there.and_then(|there| there.keys.get(name));
            let there = there.filter(|there| there.id == key.id);
            let next = key.next_version.checked_add(lost);
            let next = next.ok_or(ChangeError::Full { what: "versions" })?;
            key.next_version = next.max(there.map_or(0, |there| there.next_version));
        }
        Ok(())
    }

    /// Who was dismissed since the copy was made stays dismissed, as far as that is known.
    fn keep_administrators(&self, copy: &mut State, present: Present) -> Result<(), ChangeError> {
        if let Some(there) = self.there {
            if there.administrators.starts_with(&copy.administrators) {
                copy.administrators.clone_from(&there.administrators);
            } else if !copy.administrators.starts_with(&there.administrators) {
                return Err(CopyError::Forked.into());
            }
        }
        match self.seen.map(|seen| seen.compare_chain(&copy.administrators)) {
            None | Some(Chain::Continued) => Ok(()),
            Some(Chain::Shorter) if present == Present::GiveUpAll => Ok(()),
            Some(Chain::Shorter) => Err(ChangeError::AdministratorsChanged),
            Some(Chain::Other) => Err(CopyError::Forked.into()),
        }
    }
}

/// Takes the administration from keys that are no present user's: whoever was appointed after the copy was
/// made is no user in it.
fn drop_strangers(
    state: &mut State,
    generation: u64,
    administrator: Administrator<'_>,
) -> Result<(), ChangeError> {
    let signers: BTreeSet<String> = state.signers().map(PublicKey::to_string).collect();
    let named = state.administrators.last().map_or(&[][..], Step::keys);
    let known = |key: &&PublicKey| signers.contains(&key.to_string());
    let kept: Vec<PublicKey> = named.iter().filter(known).cloned().collect();
    if kept.len() == named.len() {
        return Ok(());
    }
    if state.administrators.len() >= MAX_STEPS {
        return Err(ChangeError::Full { what: "administrators" });
    }
    let step = Step::next(&state.administrators, generation, kept, administrator.signer);
    state.administrators.push(step);
    Ok(())
}
