//! Typed values out of the members of an object.

use std::str::FromStr;

use super::super::{
    Actor, ClockStep, Event, Extent, KekVersion, Outcome, Period, Phase, Place, Principal,
    Recipients, Ruling, Span, Subject,
};
use super::ContentError;
use crate::count::Count;
use crate::json::{Node, Object};

/// The members of one object.
pub(super) struct Fields<'a> {
    object: &'static str,
    members: &'a Object,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(object: &'static str, members: &'a Object) -> Self {
        Self { object, members }
    }

    pub(super) fn event(&self) -> Result<Event, ContentError> {
        Ok(Event {
            actor: self.need("who", self.object("who")?)?.actor()?,
            action: self.need("action", self.word("action")?)?,
            phase: self.phase()?,
            subject: self
                .object("which")?
                .map_or_else(|| Ok(Subject::default()), |w| w.subject())?,
            purpose: self.word("why")?,
            place: self.need("where", self.object("where")?)?.place()?,
            ruling: self.object("ruling")?.map(|ruling| ruling.ruling()).transpose()?,
            session: self.word("session")?,
        })
    }

    fn phase(&self) -> Result<Phase, ContentError> {
        let request = self.word("request")?;
        let needed = || self.need("request", request);
        match self.text("phase")? {
            Some(Phase::INTENT) => Ok(Phase::Intent { request: needed()? }),
            Some(Phase::OUTCOME) => {
                Ok(Phase::Ended { request: needed()?, outcome: self.outcome()? })
            }
            Some(Phase::SINGLE) => Ok(Phase::Single { request, outcome: self.outcome()? }),
            other => self.need("phase", other).and(Err(self.bad("phase"))),
        }
    }

    fn outcome(&self) -> Result<Outcome, ContentError> {
        match self.text("outcome")? {
            Some(Outcome::SUCCESS) => Ok(Outcome::Success),
            Some(Outcome::DENIED) => self.need("reason", self.word("reason")?).map(Outcome::Denied),
            Some(Outcome::FAILURE) => {
                self.need("reason", self.word("reason")?).map(Outcome::Failure)
            }
            other => self.need("outcome", other).and(Err(self.bad("outcome"))),
        }
    }

    fn actor(&self) -> Result<Actor, ContentError> {
        match self.text("is")? {
            Some(Actor::PERSON) => Ok(Actor::Person(self.principal()?)),
            Some(Actor::SERVICE) => Ok(Actor::Service(self.principal()?)),
            Some(Actor::SYSTEM) => Ok(Actor::System),
            Some(Actor::UNKNOWN) => Ok(Actor::Unknown),
            other => self.need("is", other).and(Err(self.bad("is"))),
        }
    }

    fn principal(&self) -> Result<Principal, ContentError> {
        Ok(Principal {
            id: self.need("id", self.word("id")?)?,
            authentication: self.need("auth", self.word("auth")?)?,
            role: self.word("role")?,
            on_behalf_of: self.word("for")?,
        })
    }

    fn subject(&self) -> Result<Subject, ContentError> {
        Ok(Subject {
            package: self.word("package")?,
            dataset: self.word("dataset")?,
            recipients: self
                .pair("generation", self.number("generation")?, "slot", self.word("slot")?)?
                .map(|(generation, slot)| Recipients { generation, slot }),
            extent: self
                .pair("bytes", self.number("bytes")?, "ranges", self.number("ranges")?)?
                .map(|(bytes, ranges)| Extent { bytes, ranges }),
            patient: self.word("patient")?,
            study: self.word("study")?,
            key: self.key()?,
            principal: self.word("principal")?,
            emergency: self.word("emergency")?,
            policy: self.word("policy")?,
            peer: self.word("peer")?,
            items: self.number("items")?,
            span: self.span()?,
            period: self.period()?,
            clock: self
                .pair("expected", self.word("expected")?, "found", self.word("found")?)?
                .map(|(expected, found)| ClockStep { expected, found }),
            text: self.word("text")?,
            refusal: self.word("refusal")?,
        })
    }

    fn key(&self) -> Result<Option<KekVersion>, ContentError> {
        let version = self.number("version")?;
        let name = self.word("key")?;
        // A version of no key has no place in the event.
        if version.is_some() {
            self.need("key", name.as_ref())?;
        }
        Ok(name.map(|name| KekVersion { name, version }))
    }

    fn span(&self) -> Result<Option<Span>, ContentError> {
        let pair = self.pair("first", self.number("first")?, "last", self.number("last")?)?;
        let span = pair.map(|(first, last)| Span::new(first, last)).transpose();
        span.map_err(|_| self.bad("last"))
    }

    fn period(&self) -> Result<Option<Period>, ContentError> {
        let pair = self.pair("from", self.word("from")?, "until", self.word("until")?)?;
        let period = pair.map(|(from, until)| Period::new(from, until)).transpose();
        period.map_err(|_| self.bad("until"))
    }

    fn place(&self) -> Result<Place, ContentError> {
        let pid = self.number("pid")?.map(|pid| u32::try_from(pid.get())).transpose();
        Ok(Place {
            host: self.need("host", self.word("host")?)?,
            process: self.need("process", self.word("process")?)?,
            pid: pid.map_err(|_| self.bad("pid"))?,
            origin: self.need("origin", self.word("origin")?)?,
        })
    }

    fn ruling(&self) -> Result<Ruling, ContentError> {
        Ok(Ruling {
            policy: self.need("policy", self.word("policy")?)?,
            decision: self.need("decision", self.word("decision")?)?,
        })
    }

    /// Both members, or neither.
    fn pair<A, B>(
        &self,
        first: &'static str,
        a: Option<A>,
        second: &'static str,
        b: Option<B>,
    ) -> Result<Option<(A, B)>, ContentError> {
        if a.is_none() && b.is_none() {
            return Ok(None);
        }
        Ok(Some((self.need(first, a)?, self.need(second, b)?)))
    }

    fn need<T>(&self, member: &'static str, value: Option<T>) -> Result<T, ContentError> {
        value.ok_or(ContentError::Missing { object: self.object, member })
    }

    fn word<T: FromStr>(&self, member: &'static str) -> Result<Option<T>, ContentError> {
        let value = self.text(member)?.map(T::from_str).transpose();
        value.map_err(|_| self.bad(member))
    }

    fn text(&self, member: &'static str) -> Result<Option<&'a str>, ContentError> {
        match self.get(member) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.bad(member)),
        }
    }

    fn number(&self, member: &'static str) -> Result<Option<Count>, ContentError> {
        match self.get(member) {
            None => Ok(None),
            Some(Node::Number(number)) => Ok(Some(*number)),
            Some(_) => Err(self.bad(member)),
        }
    }

    fn object(&self, member: &'static str) -> Result<Option<Self>, ContentError> {
        match self.get(member) {
            None => Ok(None),
            Some(Node::Object(members)) => Ok(Some(Self::new(member, members))),
            Some(_) => Err(self.bad(member)),
        }
    }

    fn get(&self, member: &str) -> Option<&'a Node> {
        self.members.iter().find(|(name, _)| name == member).map(|(_, value)| value)
    }

    const fn bad(&self, member: &'static str) -> ContentError {
        ContentError::Value { object: self.object, member }
    }
}
