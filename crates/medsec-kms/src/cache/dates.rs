//! When keys were made.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::SharedKeyLimits;
use crate::decorate::Turns;
use crate::name::KeyName;
use crate::service::{KeyService, KeyServiceError};
use crate::timer::Timer;
use crate::utc::UtcTime;

/// Remembers when the newest versions of the keys of one service were made, so that a limit on their age does not cost a
/// call for every package: what was told is believed for as long as a shared data key may be used.
pub struct KeyDates {
    limits: SharedKeyLimits,
    timer: Arc<dyn Timer>,
    /// When a key was made, and when that was asked.
    told: Mutex<BTreeMap<KeyName, (UtcTime, Duration)>>,
    /// One caller at a time asks; the others find it then.
    asking: Turns,
}

impl KeyDates {
    /// Most keys that are remembered; of others it is asked each time.
    pub const MAX_KEYS: usize = 1024;

    /// Remembers none yet.
    #[must_use]
    pub fn new(limits: SharedKeyLimits, timer: Arc<dyn Timer>) -> Self {
        let (told, asking) = (Mutex::default(), Turns::new(NonZeroUsize::MIN));
        Self { limits, timer, told, asking }
    }

    /// When the newest version of a key was made; nothing if the service does not tell it, and then it is asked again.
    /// `service` is always the same one.
    ///
    /// # Errors
    /// [`KeyServiceError`] of `service`.
    pub async fn made(
        &self,
        service: &dyn KeyService,
        key: &KeyName,
    ) -> Result<Option<UtcTime>, KeyServiceError> {
        if let Some(made) = self.find(key) {
            return Ok(Some(made));
        }
        let _turn = self.asking.take().await;
        if let Some(made) = self.find(key) {
            return Ok(Some(made));
        }
        let asked = self.timer.now();
        let made = service.describe_key(key).await?.newest_made();
        if let Some(made) = made {
            self.remember(key, made, asked);
        }
        Ok(made)
    }

    fn find(&self, key: &KeyName) -> Option<UtcTime> {
        let (made, asked) = *self.told().get(key)?;
        let age = self.timer.now().saturating_sub(asked);
        (age < self.limits.age()).then_some(made)
    }

    fn remember(&self, key: &KeyName, made: UtcTime, asked: Duration) {
        let mut told = self.told();
        if told.len() < Self::MAX_KEYS || told.contains_key(key) {
            told.insert(key.clone(), (made, asked));
        }
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<KeyName, (UtcTime, Duration)>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeyDates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyDates").field("keys", &self.told().len()).finish_non_exhaustive()
    }
}
