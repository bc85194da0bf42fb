//! Everything a record says, under one name each.

use medsec_audit::{Actor, Event, Outcome};
use serde_json::{Map, Value};

use super::super::entry::{Body, Entry};

/// Names of the columns. Names only get added, at the end.
pub(crate) const FIELDS: [&str; 44] = [
    "time",
    "stream",
    "seq",
    "kind",
    "action",
    "phase",
    "outcome",
    "reason",
    "who_is",
    "who",
    "auth",
    "role",
    "for",
    "package",
    "dataset",
    "bytes",
    "ranges",
    "generation",
    "patient",
    "study",
    "key",
    "key_version",
    "principal",
    "policy",
    "peer",
    "items",
    "first",
    "last",
    "from",
    "until",
    "expected",
    "found",
    "text",
    "why",
    "host",
    "process",
    "pid",
    "origin",
    "ruling_policy",
    "decision",
    "session",
    "request",
    "refusal",
    "emergency",
];

/// A value of a column.
enum Cell {
    Number(u64),
    Text(String),
}

/// The columns that have a value, in the order of their names.
pub(crate) struct Fields(Vec<(&'static str, Cell)>);

impl Fields {
    pub(crate) fn of(stream: &str, entry: &Entry) -> Self {
        let mut fields = Self(Vec::with_capacity(FIELDS.len()));
        fields.text("time", Some(entry.ts));
        fields.text("stream", Some(stream));
        fields.number("seq", Some(entry.seq));
        match &entry.body {
            Body::Event { event, .. } => fields.event(event),
            Body::Epoch(reason) => {
                fields.text("kind", Some("epoch"));
                fields.text("action", Some(reason));
            }
            Body::Unread => fields.text("kind", Some("unread")),
        }
        fields
    }

    fn event(&mut self, event: &Event) {
        let Event { actor, action, phase, subject: _, purpose, place, ruling, session } = event;
        self.text("kind", Some(action.kind()));
        self.text("action", Some(action));
        self.text("phase", Some(phase.name()));
        self.text("outcome", phase.outcome().map(Outcome::name));
        self.text("reason", phase.outcome().and_then(reason));
        self.text("who_is", Some(actor.name()));
        self.actor(actor);
        self.subject(event);
        self.text("why", purpose.as_ref());
        self.text("host", Some(&place.host));
        self.text("process", Some(&place.process));
        self.number("pid", place.pid.map(u64::from));
        self.text("origin", Some(&place.origin));
        self.text("ruling_policy", ruling.map(|ruling| ruling.policy));
        self.text("decision", ruling.map(|ruling| ruling.decision));
        self.text("session", *session);
        self.text("request", phase.request());
        self.text("refusal", event.subject.refusal.as_ref());
        self.text("emergency", event.subject.emergency);
    }

    fn actor(&mut self, actor: &Actor) {
        let Some(principal) = actor.principal() else { return };
        self.text("who", Some(&principal.id));
        self.text("auth", Some(principal.authentication));
        self.text("role", principal.role.as_ref());
        self.text("for", principal.on_behalf_of.as_ref());
    }

    fn subject(&mut self, event: &Event) {
        let subject = &event.subject;
        self.text("package", subject.package);
        self.text("dataset", subject.dataset.as_ref());
        self.number("bytes", subject.extent.map(|extent| extent.bytes.get()));
        self.number("ranges", subject.extent.map(|extent| extent.ranges.get()));
        self.number("generation", subject.recipients.map(|list| list.generation.get()));
        self.text("patient", subject.patient);
        self.text("study", subject.study);
        self.text("key", subject.key.as_ref().map(|key| &key.name));
        self.number(
            "key_version",
            subject.key.as_ref().and_then(|key| key.version).map(|n| n.get()),
        );
        self.text("principal", subject.principal.as_ref());
        self.text("policy", subject.policy);
        self.text("peer", subject.peer.as_ref());
        self.number("items", subject.items.map(|items| items.get()));
        self.number("first", subject.span.map(|span| span.first().get()));
        self.number("last", subject.span.map(|span| span.last().get()));
        self.text("from", subject.period.map(|period| period.from()));
        self.text("until", subject.period.map(|period| period.until()));
        self.text("expected", subject.clock.map(|clock| clock.expected));
        self.text("found", subject.clock.map(|clock| clock.found));
        self.text("text", subject.text);
    }

    fn text(&mut self, name: &'static str, value: Option<impl ToString>) {
        self.0.extend(value.map(|value| (name, Cell::Text(value.to_string()))));
    }

    fn number(&mut self, name: &'static str, value: Option<u64>) {
        self.0.extend(value.map(|value| (name, Cell::Number(value))));
    }

    /// One text for each of [`FIELDS`], empty where there is no value.
    pub(crate) fn texts(&self) -> Vec<String> {
        let mut cells = self.0.iter().peekable();
        let text = |name: &&str| {
            let cell = cells.next_if(|(own, _)| own == name);
            cell.map_or_else(String::new, |(_, cell)| match cell {
                Cell::Number(number) => number.to_string(),
                Cell::Text(text) => text.clone(),
            })
        };
        FIELDS.iter().map(text).collect()
    }
}

/// Why it was denied or failed.
pub(crate) const fn reason(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Success => None,
        Outcome::Denied(denial) => Some(denial.name()),
        Outcome::Failure(failure) => Some(failure.name()),
    }
}

/// The fields as an object; those without a value are left out.
pub(crate) fn value(stream: &str, entry: &Entry) -> Value {
    let cell = |cell| match cell {
        Cell::Number(number) => Value::from(number),
        Cell::Text(text) => Value::from(text),
    };
    let Fields(fields) = Fields::of(stream, entry);
    let object = fields.into_iter().map(|(name, value)| (name.to_owned(), cell(value)));
    let mut object: Map<String, Value> = object.collect();
    if matches!(entry.body, Body::Event { unknown: true, .. }) {
        object.insert("unknown_members".to_owned(), true.into());
    }
    Value::Object(object)
}
