//! A token and its time.

use std::time::{Duration, Instant};

use super::Pass;
use crate::vault::secret::SecretText;

/// A token that the server gave, or was given to us.
pub(super) struct Held {
    token: SecretText,
    pub(super) number: u64,
    pub(super) renewable: bool,
    /// What it was given for; zero for ever.
    pub(super) lease: Duration,
    expires: Option<Instant>,
    renew: Option<Instant>,
}

/// What is to be done before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing.
    Nothing,
    /// It is renewed, or replaced.
    Renewal,
    /// It is over.
    Another,
}

impl Held {
    /// Renewed when two thirds of the time are over: a try that fails leaves time for others.
    pub(super) fn new(token: SecretText, number: u64, renewable: bool, lease: Duration) -> Self {
        let now = Instant::now();
        let limited = !lease.is_zero();
        let expires = limited.then(|| now.checked_add(lease)).flatten();
        let renew = limited.then(|| now.checked_add(lease.mul_f32(2.0 / 3.0))).flatten();
        Self { token, number, renewable, lease, expires, renew }
    }

    pub(super) const fn token(&self) -> &SecretText {
        &self.token
    }

    pub(super) fn pass(&self) -> Pass {
        Pass { token: self.token.clone(), number: self.number }
    }

    pub(super) fn due(&self, now: Instant) -> Due {
        match (self.renew, self.expires) {
            (_, Some(expires)) if now >= expires => Due::Another,
            (Some(renew), _) if now >= renew => Due::Renewal,
            _ => Due::Nothing,
        }
    }

    pub(super) const fn ends(&self) -> bool {
        self.expires.is_some()
    }

    /// How long until it is to be renewed; nothing if it is not any more.
    pub(super) fn until_renewal(&self) -> Option<Duration> {
        let renew = self.renew.filter(|renew| Some(*renew) != self.expires)?;
        Some(renew.saturating_duration_since(Instant::now()))
    }

    /// It is left alone for a while.
    pub(super) fn pause(&mut self, time: Duration) {
        self.renew = Instant::now().checked_add(time);
    }

    /// It is not renewed any more.
    pub(super) const fn use_up(&mut self) {
        self.renew = self.expires;
    }
}
