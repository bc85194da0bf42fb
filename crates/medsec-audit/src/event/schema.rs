//! The members that this version knows, and what becomes of others.

use std::fmt;

use crate::json::{Node, Object};

/// Path of the outermost object, in errors.
pub(super) const RECORD: &str = "record";

/// Members of the record itself.
const RECORD_MEMBERS: [&str; 15] = [
    "v", "seq", "prev", "ts", "t", "action", "phase", "outcome", "reason", "request", "session",
    "who", "which", "why", "where",
];
const RULING: &str = "ruling";

/// Members of the objects in it.
const INNER: [(&str, &[&str]); 4] = [
    ("who", &["is", "id", "auth", "role", "for"]),
    (
        "which",
        &[
            "package",
            "dataset",
            "generation",
            "slot",
            "bytes",
            "ranges",
            "patient",
            "study",
            "key",
            "version",
            "principal",
            "emergency",
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
            "refusal",
        ],
    ),
    ("where", &["host", "process", "pid", "origin"]),
    (RULING, &["policy", "decision"]),
];

/// A member that this version does not know. A later version may have written it; this one did not.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownMember {
    pub(super) object: &'static str,
    pub(super) name: String,
    pub(super) json: String,
}

impl UnknownMember {
    /// The object it stands in: `record` for the outermost.
    #[must_use]
    pub const fn object(&self) -> &'static str {
        self.object
    }

    /// Its name. Whoever wrote it chose it: it may say anything that fits into visible ASCII.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value as JSON. Whoever wrote it chose it: it may be ePHI.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for UnknownMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, name, json } = self;
        write!(f, "UnknownMember(in {object}, {} and {} bytes)", name.len(), json.len())
    }
}

/// Takes the members that are not known out of a record.
pub(super) fn take_unknown(record: &mut Object) -> Vec<UnknownMember> {
    let is_known = |name: &str| name == RULING || RECORD_MEMBERS.contains(&name);
    let mut unknown = take(record, RECORD, is_known);
    for (name, value) in record.iter_mut() {
        let inner = INNER.iter().find(|(object, _)| object == name);
        if let (Some((object, known)), Node::Object(members)) = (inner, value) {
            unknown.extend(take(members, object, |name| known.contains(&name)));
        }
    }
    unknown
}

fn take(
    members: &mut Object,
    object: &'static str,
    is_known: impl Fn(&str) -> bool,
) -> Vec<UnknownMember> {
    let others = members.extract_if(.., |(name, _)| !is_known(name));
    others.map(|(name, value)| UnknownMember { object, name, json: value.render() }).collect()
}
