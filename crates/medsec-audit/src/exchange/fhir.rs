//! Events as FHIR R4 AuditEvents (4.0.1) after IHE BALP.
//!
//! A success of `seal`, `open`, `read-range` or `rewrap` follows BALP's profile of that access, and names it in
//! `meta.profile`. BALP's profiles are of success only; a denial, a failure or an intent has the same shape and
//! names none. A patient is referred to by a logical identifier, the pseudonym or the commitment, never by a name
//! or a resource.

use serde_json::{Map, Value, json};

use super::code::{self, Code};
use super::message::{Agent, Entity, Id, Message, Network, Who};
use super::source::{Namespace, SourceInfo};
use crate::event::Content;

const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

/// The event as an AuditEvent resource, without an `id`: that is the receiver's to give.
///
/// ```
/// use medsec_audit::{Event, Namespace, SourceInfo, balp, fhir};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let line = concat!(
///     r#"{"v":1,"seq":1,"prev":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","ts":"2026-11-03T12:00:00.123Z","#,
///     r#""t":"log","action":"log-start","phase":"single","outcome":"success","who":{"is":"system"},"#,
///     r#""where":{"host":"node-7","process":"medsec","pid":4711,"origin":"local"}}"#,
/// );
/// let namespace = Namespace::new("https://clinic.example/audit")?;
/// let source = SourceInfo { site: None, namespace };
///
/// let content = Event::parse(line.as_bytes())?;
/// let resource = fhir::audit_event(&content, &source);
/// assert_eq!(resource["type"]["display"], "Application Activity");
/// assert!(balp::check(&resource, balp::Mode::Base).is_valid());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn audit_event(content: &Content<'_>, source: &SourceInfo) -> Value {
    let message = Message::of(content);
    let writer = Writer { namespace: &source.namespace };
    let mut event = Object::new("resourceType", "AuditEvent");
    event.maybe("meta", message.profile.map(|profile| json!({ "profile": [profile.url()] })));
    event.set("type", coding(message.kind));
    event.set("subtype", message.subtypes.iter().copied().map(coding).collect::<Value>());
    event.set("action", message.action);
    event.set("recorded", message.recorded.to_string());
    event.maybe("outcome", message.outcome.as_ref().map(|outcome| outcome.code));
    let reason = message.outcome.as_ref().and_then(|outcome| outcome.text.clone());
    event.maybe("outcomeDesc", reason);
    event.maybe("purposeOfEvent", message.purpose.map(|purpose| json!([concept(purpose)])));
    event.set("agent", message.agents.iter().map(|agent| writer.agent(agent)).collect::<Value>());
    event.set("source", writer.source(&message, source));
    let entities = message.entities.iter().map(|entity| writer.entity(entity));
    event.set("entity", entities.collect::<Value>());
    event.into()
}

/// An object that grows.
struct Object(Map<String, Value>);

impl Object {
    fn new(name: &str, value: impl Into<Value>) -> Self {
        Self(Map::from_iter([(name.to_owned(), value.into())]))
    }

    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn maybe(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

struct Writer<'a> {
    namespace: &'a Namespace,
}

impl Writer<'_> {
    fn agent(&self, agent: &Agent) -> Value {
        let mut object = Object::new("type", concept(agent.kind));
        object.maybe("role", agent.role.as_ref().map(|role| json!([self.role(role)])));
        object.set("who", self.who(&agent.who));
        object.maybe("altId", agent.process_number.map(|number| number.to_string()));
        object.set("requestor", agent.requestor);
        let policy = |hash| json!([self.namespace.system(&format!("policy/{hash}"))]);
        object.maybe("policy", agent.policy.as_ref().map(policy));
        object.maybe("network", agent.network.as_ref().map(network));
        object.maybe("purposeOfUse", agent.purpose.map(|purpose| json!([concept(purpose)])));
        object.into()
    }

    fn role(&self, role: &str) -> Value {
        json!({ "coding": [{ "system": self.namespace.system("role"), "code": role }] })
    }

    fn who(&self, who: &Who) -> Value {
        match who {
            Who::Known(id) => json!({ "identifier": self.identifier(id) }),
            Who::Word(word) => json!({ "display": word }),
        }
    }

    fn identifier(&self, id: &Id) -> Value {
        json!({ "system": self.namespace.system(id.system), "value": id.value })
    }

    fn source(&self, message: &Message<'_>, source: &SourceInfo) -> Value {
        let application = Id::of_application(message.process, message.host);
        let observer = json!({ "type": "Device", "identifier": self.identifier(&application) });
        let mut object = Object::new("observer", observer);
        object.maybe("site", source.site.as_ref().map(|site| site.as_str()));
        object.set("type", json!([coding(code::APPLICATION_SERVER)]));
        object.into()
    }

    fn entity(&self, entity: &Entity) -> Value {
        let mut what = Object::new("identifier", self.identifier(&entity.id));
        if entity.role == Some(code::ROLE_PATIENT) {
            what.set("type", "Patient");
        }
        let mut object = Object::new("what", Value::from(what));
        object.set("type", coding(entity.kind));
        object.maybe("role", entity.role.map(coding));
        if !entity.details.is_empty() {
            let detail =
                |(name, value): &(&str, String)| json!({ "type": name, "valueString": value });
            object.set("detail", entity.details.iter().map(detail).collect::<Value>());
        }
        object.into()
    }
}

fn network(network: &Network) -> Value {
    match network {
        Network::Host(host) => json!({ "address": host, "type": "1" }),
        Network::Address(address) => json!({ "address": address.to_string(), "type": "2" }),
        Network::NotRecorded => json!({ "extension": [{ "url": ABSENT, "valueCode": "unknown" }] }),
    }
}

fn coding(code: Code) -> Value {
    json!({ "system": code.system, "code": code.code, "display": code.display })
}

fn concept(code: Code) -> Value {
    json!({ "coding": [coding(code)] })
}
