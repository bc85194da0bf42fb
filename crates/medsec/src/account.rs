//! What the log is told of one operation: the same facts at its announcement and at its end.

use medsec_audit::{
    Action, Actor, Authentication, Count, Event, Extent, InvalidValue, Outcome, Phase, Place,
    PrincipalId, Purpose, RequestId, RoleName, Ruling, SessionId, Subject,
};
use medsec_policy::{Decision, Factors, Method, PrincipalKind};

use crate::error::Refused;
use crate::login::LoggedIn;

/// Who does what to what, why and where.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) actor: Actor,
    pub(crate) action: Action,
    pub(crate) subject: Subject,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) place: Place,
    pub(crate) ruling: Option<Ruling>,
    pub(crate) session: Option<SessionId>,
    pub(crate) request: RequestId,
}

impl Account {
    /// It is about to happen.
    pub(crate) fn intent(&self) -> Event {
        self.event(Phase::Intent { request: self.request })
    }

    /// What was announced has ended.
    pub(crate) fn ended(&self, outcome: Outcome) -> Event {
        self.event(Phase::Ended { request: self.request, outcome })
    }

    /// It was refused before it was announced, or takes no time.
    pub(crate) fn single(&self, outcome: Outcome) -> Event {
        self.event(Phase::Single { request: Some(self.request), outcome })
    }

    /// So much more was read or sealed.
    pub(crate) fn add_extent(&mut self, bytes: u64, ranges: u64) {
        let count = |value: u64| Count::new(value.min(Count::MAX.get())).unwrap_or(Count::MAX);
        let before = self.subject.extent;
        let before = before.map_or((0, 0), |extent| (extent.bytes.get(), extent.ranges.get()));
        let (bytes, ranges) = (before.0.saturating_add(bytes), before.1.saturating_add(ranges));
        self.subject.extent = Some(Extent { bytes: count(bytes), ranges: count(ranges) });
    }

    /// Who it is, once that is known.
    ///
    /// # Errors
    /// [`Refused::Unrecordable`] if the log has no place for the name.
    pub(crate) fn by(&mut self, who: &LoggedIn) -> Result<(), Refused> {
        let principal = principal(who).map_err(|_| Refused::Unrecordable)?;
        self.actor = match who.principal.kind {
            PrincipalKind::Person => Actor::Person(principal),
            PrincipalKind::Service => Actor::Service(principal),
        };
        self.session = Some(who.session);
        self.place.origin = who.origin;
        Ok(())
    }

    /// What the policy said, once it has.
    pub(crate) fn decided(&mut self, decision: &Decision) {
        self.ruling = Some(Ruling {
            policy: medsec_audit::PolicyHash::from_bytes(*decision.policy.as_bytes()),
            decision: medsec_audit::DecisionId::from_bytes(*decision.id.as_bytes()),
        });
        let role = decision.role.as_ref().and_then(|role| RoleName::new(role.as_str()).ok());
        if let Actor::Person(principal) | Actor::Service(principal) = &mut self.actor {
            principal.role = role;
        }
    }

    fn event(&self, phase: Phase) -> Event {
        Event {
            actor: self.actor.clone(),
            action: self.action,
            phase,
            subject: self.subject.clone(),
            purpose: self.purpose,
            place: self.place.clone(),
            ruling: self.ruling,
            session: self.session,
        }
    }
}

fn principal(who: &LoggedIn) -> Result<medsec_audit::Principal, InvalidValue> {
    Ok(medsec_audit::Principal {
        id: PrincipalId::new(who.principal.id.as_str())?,
        authentication: match (who.principal.method, who.principal.factors) {
            (Method::PrivateKey, _) => Authentication::PrivateKey,
            (Method::Certificate, _) => Authentication::Certificate,
            (_, Factors::Two) => Authentication::TokenTwoFactors,
            (_, Factors::One) => Authentication::Token,
        },
        role: None,
        on_behalf_of: None,
    })
}

/// The same purpose as the log calls it: both lists are the codes of HL7.
pub(crate) fn purpose_of(purpose: medsec_policy::Purpose) -> Option<Purpose> {
    purpose.name().parse().ok()
}
