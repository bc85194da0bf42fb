//! Tokens that were used.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::authenticate::RefusedBecause;

/// Remembers each token that was used, until it would be refused for its age.
///
/// It holds so many at most. When it is full it refuses further tokens and never forgets one early. It lives in
/// memory: what was used before the program started is not known, so tokens should live for minutes.
#[derive(Debug)]
pub struct ReplayGuard {
    capacity: NonZeroUsize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    tokens: HashSet<TokenMark>,
    /// The same, by the second in which they die.
    by_end: BTreeMap<u64, Vec<TokenMark>>,
    /// All that died by this second may have been forgotten.
    forgotten: u64,
}

/// SHA-256 of issuer and token identifier.
type TokenMark = [u8; 32];

impl ReplayGuard {
    /// Room for a busy day of a large hospital: 65,536 tokens, some 8 MiB.
    pub const USUAL_CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

    /// Remembers at most `capacity` tokens.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity, used: Mutex::default() }
    }

    /// Takes note of a token that dies in the second `end`.
    pub(crate) fn use_once(
        &self,
        (issuer, id): (&str, &str),
        end: u64,
        now: u64,
    ) -> Result<(), RefusedBecause> {
        let mark = mark(issuer, id);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.forget_until(now);
        if end <= used.forgotten {
            // Nobody knows any more whether it was used.
            return Err(RefusedBecause::ClockSetBack);
        }
        if used.tokens.contains(&mark) {
            return Err(RefusedBecause::Replayed);
        }
        if used.tokens.len() >= self.capacity.get() {
            return Err(RefusedBecause::ReplayMemoryFull);
        }
        used.tokens.insert(mark);
        used.by_end.entry(end).or_default().push(mark);
        Ok(())
    }
}

impl Used {
    /// Forgets what is dead at `now`.
    fn forget_until(&mut self, now: u64) {
        self.forgotten = self.forgotten.max(now);
        let alive = self.by_end.split_off(&self.forgotten.saturating_add(1));
        let dead = std::mem::replace(&mut self.by_end, alive);
        for mark in dead.into_values().flatten() {
            self.tokens.remove(&mark);
        }
    }
}

/// The length of the issuer goes first: no other pair gives the same bytes.
fn mark(issuer: &str, id: &str) -> TokenMark {
    let len = u64::try_from(issuer.len()).unwrap_or(u64::MAX);
    let hash = Sha256::new().chain_update(len.to_be_bytes());
    hash.chain_update(issuer).chain_update(id).finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guard(capacity: usize) -> ReplayGuard {
        ReplayGuard::new(NonZeroUsize::new(capacity).unwrap())
    }

    #[test]
    fn token_is_remembered_to_the_last_second_of_its_life() {
        let guard = guard(10);
        assert_eq!(guard.use_once(("i", "1"), 100, 50), Ok(()));
        assert_eq!(guard.use_once(("i", "1"), 100, 99), Err(RefusedBecause::Replayed));
        assert_eq!(guard.use_once(("i", "1"), 100, 100), Err(RefusedBecause::ClockSetBack));
        assert_eq!(guard.use_once(("i", "1"), 100, 60), Err(RefusedBecause::ClockSetBack));
    }

    #[test]
    fn full_guard_refuses_and_forgets_nothing() {
        let guard = guard(2);
        assert_eq!(guard.use_once(("i", "1"), 100, 50), Ok(()));
        assert_eq!(guard.use_once(("i", "2"), 200, 50), Ok(()));
        assert_eq!(guard.use_once(("i", "3"), 300, 50), Err(RefusedBecause::ReplayMemoryFull));
        assert_eq!(guard.use_once(("i", "1"), 100, 50), Err(RefusedBecause::Replayed));
        assert_eq!(guard.use_once(("i", "3"), 300, 100), Ok(()));
        assert_eq!(guard.use_once(("i", "2"), 200, 100), Err(RefusedBecause::Replayed));
    }

    #[test]
    fn issuers_have_tokens_of_their_own() {
        let guard = guard(10);
        for pair in [("a", "bc"), ("ab", "c"), ("", "abc")] {
            assert_eq!(guard.use_once(pair, 100, 50), Ok(()));
        }
    }

    #[test]
    fn of_many_threads_with_one_token_one_succeeds() {
        let guard = guard(10);
        let uses = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| guard.use_once(("i", "1"), 100, 50).is_ok()))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).filter(|ok| *ok).count()
        });
        assert_eq!(uses, 1);
    }

    proptest! {
        /// Against a list that forgets nothing at all.
        #[test]
        fn no_token_is_used_twice(
            tries in proptest::collection::vec((0u8..6, 1u64..40, 0u64..40), 0..80),
            capacity in 1usize..6,
        ) {
            let guard = guard(capacity);
            let mut ends = std::collections::HashMap::new();
            let mut used = HashSet::new();
            for (id, end, now) in tries {
                let end = *ends.entry(id).or_insert(end);
                let answer = guard.use_once(("i", &id.to_string()), end, now);
                prop_assert!(answer.is_err() || used.insert(id));
            }
        }
    }
}
