//! What is held, how old it is, and whether it is time to ask again.

use std::sync::Arc;
use std::time::Duration;

use medsec_policy::{KeySet, Moment};

use super::KeySetLimits;
use super::client::Fetched;
use super::error::KeySetFetchError;

/// A set is fresh for at least so long, whatever the provider says: it must not make us ask all the time.
pub(super) const MIN_FRESH: Duration = Duration::from_secs(60);
/// Where it says nothing.
pub(super) const USUAL_FRESH: Duration = Duration::from_secs(15 * 60);
/// And at most so long: while the provider answers, a key that it withdraws is out of use here after this. While it does
/// not, the set counts for as long as the limits say.
pub(super) const MAX_FRESH: Duration = Duration::from_secs(60 * 60);

/// A set that was fetched.
#[derive(Debug)]
struct Held {
    keys: Arc<KeySet>,
    at: Moment,
    fresh_for: Duration,
}

#[derive(Debug, Default)]
pub(super) struct State {
    held: Option<Held>,
    /// When a fetch last began, or, once it is over, when it ended.
    tried: Option<Moment>,
    /// How many have ended.
    fetches: u64,
    /// Somebody named a key that is not in the set.
    wanted: bool,
    /// Why the last fetch failed, if it did.
    failed: Option<KeySetFetchError>,
}

impl State {
    /// The set, unless it is older than it may be.
    pub(super) fn usable(&self, now: Moment, limits: &KeySetLimits) -> Option<&Arc<KeySet>> {
        let held = self.held.as_ref()?;
        (now.since(held.at) < limits.usable_for).then_some(&held.keys)
    }

    /// Whether the provider need not be asked for the set's age alone.
    pub(super) fn is_fresh(&self, now: Moment) -> bool {
        self.held.as_ref().is_some_and(|held| now.since(held.at) < held.fresh_for)
    }

    pub(super) const fn want(&mut self) {
        self.wanted = true;
    }

    /// How long until a fetch is due; none of what is asked shortens the interval between two.
    pub(super) fn until_due(&self, now: Moment, limits: &KeySetLimits) -> Duration {
        let left = |since: Moment, span: Duration| span.saturating_sub(now.since(since));
        let interval = self.tried.map_or(Duration::ZERO, |at| left(at, limits.refresh_interval));
        let age = self.held.as_ref().map_or(Duration::ZERO, |held| left(held.at, held.fresh_for));
        if self.wanted { interval } else { interval.max(age) }
    }

    /// Notes that a fetch begins, if one is due.
    pub(super) fn begin(&mut self, now: Moment, limits: &KeySetLimits) -> bool {
        let due = self.until_due(now, limits).is_zero();
        if due {
            (self.tried, self.wanted) = (Some(now), false);
        }
        due
    }

    /// Takes what came. A set that could not be had leaves the last one.
    pub(super) fn end(
        &mut self,
        fetched: Result<Fetched, KeySetFetchError>,
        now: Moment,
    ) -> Result<(), KeySetFetchError> {
        self.failed = fetched.as_ref().err().copied();
        self.tried = Some(now);
        self.fetches = self.fetches.wrapping_add(1);
        let Fetched { keys, max_age } = fetched?;
        let fresh_for = max_age.unwrap_or(USUAL_FRESH).clamp(MIN_FRESH, MAX_FRESH);
        self.held = Some(Held { keys: Arc::new(keys), at: now, fresh_for });
        Ok(())
    }

    /// How many fetches have ended.
    pub(super) const fn fetches(&self) -> u64 {
        self.fetches
    }

    /// What came of the last one.
    pub(super) const fn outcome(&self) -> Result<(), KeySetFetchError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Whether there is a set to go on with, or why not.
    pub(super) fn standing(
        &self,
        now: Moment,
        limits: &KeySetLimits,
    ) -> Result<(), KeySetFetchError> {
        let failed = self.failed.unwrap_or(KeySetFetchError::Unreachable);
        self.usable(now, limits).map(drop).ok_or(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn at(seconds: u64) -> Moment {
        Moment::after_boot(Duration::from_secs(seconds))
    }

    fn fetched(max_age: Option<u64>) -> Result<Fetched, KeySetFetchError> {
        let keys = KeySet::parse(SET.as_bytes()).unwrap();
        Ok(Fetched { keys, max_age: max_age.map(Duration::from_secs) })
    }

    fn with_set(max_age: Option<u64>) -> (State, KeySetLimits) {
        let (mut state, limits) = (State::default(), KeySetLimits::default());
        assert!(state.begin(at(1000), &limits));
        state.end(fetched(max_age), at(1000)).unwrap();
        (state, limits)
    }

    #[test]
    fn nothing_asked_makes_two_fetches_within_the_interval() {
        let (mut state, limits) = with_set(None);
        state.want();
        for second in 1000..1010 {
            assert!(!state.begin(at(second), &limits), "{second}");
        }
        assert!(state.begin(at(1010), &limits));
        assert!(!state.begin(at(1011), &limits));
    }

    #[test]
    fn failed_fetch_is_not_repeated_at_once() {
        let (mut state, limits) = (State::default(), KeySetLimits::default());
        assert!(state.begin(at(0), &limits));
        assert!(state.end(Err(KeySetFetchError::Late), at(5)).is_err());
        // However long it took: whoever waited for it does not wait for another one.
        assert!(!state.begin(at(14), &limits));
        assert_eq!(state.standing(at(14), &limits), Err(KeySetFetchError::Late));
        assert_eq!((state.fetches(), state.outcome()), (1, Err(KeySetFetchError::Late)));
        assert!(state.begin(at(15), &limits));
    }

    #[test]
    fn age_that_the_provider_states_counts_within_bounds() {
        for (said, expected) in [(None, 900), (Some(0), 60), (Some(120), 120), (Some(86_400), 3600)]
        {
            let (mut state, limits) = with_set(said);
            assert!(state.is_fresh(at(1000 + expected - 1)), "{said:?}");
            assert!(!state.is_fresh(at(1000 + expected)), "{said:?}");
            assert!(!state.begin(at(1000 + expected - 1), &limits));
            assert!(state.begin(at(1000 + expected), &limits));
        }
    }

    #[test]
    fn last_good_set_is_used_until_its_end_and_not_longer() {
        let (mut state, limits) = with_set(None);
        let end = 1000 + limits.usable_for.as_secs();
        state.begin(at(end - 5), &limits);
        assert!(state.end(Err(KeySetFetchError::Unreachable), at(end - 4)).is_err());
        assert!(state.usable(at(end - 1), &limits).is_some());
        assert!(state.standing(at(end - 1), &limits).is_ok());
        assert!(state.usable(at(end), &limits).is_none());
        assert_eq!(state.standing(at(end), &limits), Err(KeySetFetchError::Unreachable));
    }
}
