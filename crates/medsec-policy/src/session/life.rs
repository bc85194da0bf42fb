//! The life of a session: live, then ended.

use std::time::{Duration, SystemTime};

use super::status::{EndReason, SessionEnded};
use super::{ReauthenticateError, SessionLimits};
use crate::clock::{Clock, ClockStep, Moment, WallWatch};
use crate::principal::Principal;

/// How far ahead of this machine's clock that of whoever authenticated may be.
const SKEW: Duration = Duration::from_secs(60);

enum Phase<S> {
    Live(Live<S>),
    Ended(EndReason),
}

pub(super) struct Life<S> {
    phase: Phase<S>,
    /// Kept beyond the end, so that it can still be recorded.
    step: Option<ClockStep>,
}

pub(super) struct Live<S> {
    pub(super) principal: Principal,
    pub(super) secret: S,
    pub(super) started: Moment,
    used: Moment,
    /// When the principal last proved who they are, and how old the proof was then.
    proved: (Moment, Duration),
    /// The latest that the clock has shown.
    seen: Moment,
    watch: WallWatch,
}

impl<S> Life<S> {
    pub(super) const fn new(live: Live<S>) -> Self {
        Self { phase: Phase::Live(live), step: None }
    }

    pub(super) fn live(&mut self) -> Result<&mut Live<S>, SessionEnded> {
        match &mut self.phase {
            Phase::Live(live) => Ok(live),
            Phase::Ended(reason) => Err(SessionEnded { reason: *reason }),
        }
    }

    /// Ends it if it is live, and drops the secret where it stands.
    pub(super) fn end(&mut self, reason: EndReason) {
        if matches!(self.phase, Phase::Live(_)) {
            // An assignment drops what was there in its place: nothing of it is moved.
            self.phase = Phase::Ended(reason);
        }
    }

    pub(super) const fn take_step(&mut self) -> Option<ClockStep> {
        self.step.take()
    }

    /// Ends it if its time is over, and gives the time. What it gives for an ended session means nothing.
    pub(super) fn look(&mut self, limits: SessionLimits, clock: &dyn Clock) -> Moment {
        let Phase::Live(live) = &mut self.phase else { return Moment::after_boot(Duration::ZERO) };
        let Ok(now) = clock.boot() else {
            self.end(EndReason::ClockUntrusted);
            return Moment::after_boot(Duration::ZERO);
        };
        if let Some(step) = live.watch.look(clock.wall(), now) {
            self.step = Some(step);
        }
        if now < live.seen {
            self.end(EndReason::ClockUntrusted);
        } else if now >= live.end_at(limits) {
            let idle_first = live.idle_end(limits) < live.absolute_end(limits);
            self.end(if idle_first { EndReason::Idle } else { EndReason::Absolute });
        } else {
            live.seen = now;
        }
        now
    }
}

impl<S> Live<S> {
    pub(super) fn new(principal: Principal, secret: S, wall: SystemTime, now: Moment) -> Self {
        let proved = (now, age_of(&principal, wall));
        let watch = WallWatch::new(wall, now);
        Self { principal, secret, started: now, used: now, proved, seen: now, watch }
    }

    pub(super) const fn use_at(&mut self, now: Moment) {
        self.used = now;
    }

    pub(super) fn idle_end(&self, limits: SessionLimits) -> Moment {
        self.used.plus(limits.idle)
    }

    pub(super) fn absolute_end(&self, limits: SessionLimits) -> Moment {
        self.started.plus(limits.absolute)
    }

    pub(super) fn end_at(&self, limits: SessionLimits) -> Moment {
        self.idle_end(limits).min(self.absolute_end(limits))
    }

    pub(super) fn authentication_age(&self, now: Moment) -> Duration {
        let (at, age) = self.proved;
        age.saturating_add(now.since(at))
    }

    /// How old a new proof of the same principal is, if it would be taken. One that is as old as the last is that proof
    /// shown again.
    pub(super) fn check_proof(
        &self,
        principal: &Principal,
        wall: SystemTime,
        now: Moment,
    ) -> Result<Duration, ReauthenticateError> {
        if principal.id != self.principal.id || principal.kind != self.principal.kind {
            return Err(ReauthenticateError::AnotherPrincipal);
        }
        let age = age_of(principal, wall);
        let shown_before = principal.authenticated_at <= self.principal.authenticated_at;
        if shown_before || age >= self.authentication_age(now) {
            return Err(ReauthenticateError::NotFresher);
        }
        Ok(age)
    }

    /// Takes a new proof.
    pub(super) fn prove(
        &mut self,
        principal: &Principal,
        wall: SystemTime,
        now: Moment,
    ) -> Result<(), ReauthenticateError> {
        let age = self.check_proof(principal, wall, now)?;
        self.principal = principal.clone();
        self.proved = (now, age);
        self.used = now;
        Ok(())
    }
}

/// How old a proof is by the wall clock. One from the future is of no known age: as old as can be.
fn age_of(principal: &Principal, wall: SystemTime) -> Duration {
    wall.duration_since(principal.authenticated_at).unwrap_or_else(|ahead| {
        if ahead.duration() <= SKEW { Duration::ZERO } else { Duration::MAX }
    })
}
