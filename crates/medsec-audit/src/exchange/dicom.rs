//! Events as DICOM audit messages: XML after the schema of PS3.15, A.5.1.
//!
//! A receiver that speaks DICOM gets the same codes as one that speaks FHIR, but for one: an access to content of
//! a patient is a *Patient Record* event here (A.5.3.8). How the message travels (RFC 5424 syslog over TLS) is not
//! this module's concern.

mod xml;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use self::xml::Xml;
use super::code::{self, Code, system};
use super::message::{Agent, Ending, Entity, Id, Message, Network, Who};
use super::source::{Namespace, SourceInfo};
use crate::event::Content;

/// System of the types of identifiers that PS3.15 took over (A.5.1.2.4).
const RFC_3881: &str = "RFC-3881";
/// System of our own types of identifiers.
const OWN: &str = "medsec";

/// The event as an audit message, in UTF-8, without a byte order mark or line breaks.
///
/// An intent has the outcome 0, which the schema asks for where an outcome is not known, and says so in its
/// description.
#[must_use]
pub fn audit_message(content: &Content<'_>, source: &SourceInfo) -> String {
    let message = Message::of(content);
    let writer = Writer { namespace: &source.namespace };
    let mut xml = Xml::document();
    xml.element("AuditMessage", &[], |xml| {
        event(xml, &message);
        message.agents.iter().for_each(|agent| writer.participant(xml, agent));
        audit_source(xml, &message, source);
        message.entities.iter().for_each(|entity| writer.object(xml, entity));
    });
    xml.into_text()
}

fn event(xml: &mut Xml, message: &Message<'_>) {
    let time = message.recorded.to_string();
    let outcome = message.outcome.as_ref().map_or("0", |outcome| outcome.code);
    let attributes = [
        ("EventActionCode", message.action),
        ("EventDateTime", &time),
        ("EventOutcomeIndicator", outcome),
    ];
    xml.element("EventIdentification", &attributes, |xml| {
        coded(xml, "EventID", event_id(message));
        message.subtypes.iter().for_each(|subtype| coded(xml, "EventTypeCode", *subtype));
        let description = match &message.outcome {
            None => Some("intent"),
            Some(Ending { text, .. }) => text.as_deref(),
        };
        if let Some(description) = description {
            xml.text_element("EventOutcomeDescription", description);
        }
    });
}

/// A Patient Record event needs a patient, and is none that only executes.
fn event_id(message: &Message<'_>) -> Code {
    let is_access = message.kind == code::REST && message.action != "E";
    if is_access && message.has_patient() { code::PATIENT_RECORD } else { message.kind }
}

fn audit_source(xml: &mut Xml, message: &Message<'_>, source: &SourceInfo) {
    let id = Id::of_application(message.process, message.host);
    let mut attributes = vec![("AuditSourceID", id.value.as_str())];
    attributes.extend(source.site.as_ref().map(|site| ("AuditEnterpriseSiteID", site.as_str())));
    xml.element("AuditSourceIdentification", &attributes, |xml| {
        // A single digit is one of the schema's own list, and has no system.
        xml.empty("AuditSourceTypeCode", &[("csd-code", code::APPLICATION_SERVER.code)]);
    });
}

struct Writer<'a> {
    namespace: &'a Namespace,
}

impl Writer<'_> {
    fn participant(&self, xml: &mut Xml, agent: &Agent) {
        let number = agent.process_number.map(|number| number.to_string());
        let network = agent.network.as_ref().and_then(network);
        let mut attributes = vec![("UserID", user_id(&agent.who))];
        attributes.extend(number.as_deref().map(|number| ("AlternativeUserID", number)));
        attributes.push(("UserIsRequestor", if agent.requestor { "true" } else { "false" }));
        if let Some((address, kind)) = &network {
            attributes.push(("NetworkAccessPointID", address));
            attributes.push(("NetworkAccessPointTypeCode", kind));
        }
        xml.element("ActiveParticipant", &attributes, |xml| {
            coded(xml, "RoleIDCode", agent.kind);
            if let Some(role) = &agent.role {
                coded_as(xml, "RoleIDCode", [role, &self.namespace.system("role"), role]);
            }
        });
    }

    fn object(&self, xml: &mut Xml, entity: &Entity) {
        let mut attributes = vec![("ParticipantObjectID", entity.id.value.as_str())];
        attributes.push(("ParticipantObjectTypeCode", type_code(entity)));
        attributes.extend(entity.role.map(|role| ("ParticipantObjectTypeCodeRole", role.code)));
        xml.element("ParticipantObjectIdentification", &attributes, |xml| {
            coded_as(xml, "ParticipantObjectIDTypeCode", id_type(entity));
            // The schema wants a name: what kind of object it is, never what a patient is called.
            xml.text_element("ParticipantObjectName", entity.id.system);
            detail(xml, "system", &self.namespace.system(entity.id.system));
            entity.details.iter().for_each(|(name, value)| detail(xml, name, value));
        });
    }
}

fn user_id(who: &Who) -> &str {
    match who {
        Who::Known(id) => &id.value,
        Who::Word(word) => word,
    }
}

fn network(network: &Network) -> Option<(String, &'static str)> {
    match network {
        Network::Host(host) => Some((host.clone(), "1")),
        Network::Address(address) => Some((address.to_string(), "2")),
        Network::NotRecorded => None,
    }
}

/// BALP's type of a request is none of DICOM's.
fn type_code(entity: &Entity) -> &'static str {
    if entity.kind.system == system::DCM || entity.kind == code::REQUEST_ID {
        code::OTHER.code
    } else {
        entity.kind.code
    }
}

fn id_type(entity: &Entity) -> [&'static str; 3] {
    match entity.id.system {
        "patient-pseudonym" | "patient-commitment" => ["2", RFC_3881, "Patient Number"],
        "principal" => ["11", RFC_3881, "User Identifier"],
        own => [own, OWN, own],
    }
}

fn detail(xml: &mut Xml, name: &str, value: &str) {
    let value = STANDARD.encode(value);
    xml.empty("ParticipantObjectDetail", &[("type", name), ("value", &value)]);
}

fn coded(xml: &mut Xml, element: &'static str, code: Code) {
    let system = if code.system == system::DCM { "DCM" } else { code.system };
    coded_as(xml, element, [code.code, system, code.display]);
}

fn coded_as(xml: &mut Xml, element: &'static str, [code, system, meaning]: [&str; 3]) {
    let attributes = [("csd-code", code), ("codeSystemName", system), ("originalText", meaning)];
    xml.empty(element, &attributes);
}
