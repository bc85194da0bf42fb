//! JSON as it may stand in a record: every member once, numbers that all readers keep, a bounded depth. The
//! order of the members is kept, because it is part of the form.

use std::cell::Cell;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::count::Count;

/// Deepest nesting: the record itself is depth 1.
pub(crate) const MAX_DEPTH: u8 = 8;
/// Most members of one object.
pub(crate) const MAX_MEMBERS: usize = 256;

/// Members in the order of the text.
pub(crate) type Object = Vec<(String, Node)>;

/// A value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(Count),
    Text(String),
    List(Vec<Self>),
    Object(Object),
}

/// Why a text is no JSON of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    Malformed,
    Duplicate,
    Number,
    TooDeep,
    TooManyMembers,
}

/// Reads one object that fills the text.
pub(crate) fn parse(text: &[u8]) -> Result<Object, JsonError> {
    let problem = Cell::new(JsonError::Malformed);
    let mut json = serde_json::Deserializer::from_slice(text);
    let seed = Seed { depth: MAX_DEPTH, problem: &problem };
    let node = seed.deserialize(&mut json).map_err(|_| problem.get())?;
    match (node, json.end()) {
        (Node::Object(members), Ok(())) => Ok(members),
        _ => Err(JsonError::Malformed),
    }
}

/// Writes without blanks and escapes. Strings are written as they are: the result is the text that was read,
/// or what was read was not of this form.
pub(crate) fn render(members: &Object) -> String {
    let mut text = String::new();
    write_object(&mut text, members);
    text
}

fn write_object(text: &mut String, members: &Object) {
    text.push('{');
    for (number, (name, value)) in members.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        // A String takes whatever is written to it.
        let _ = write!(text, "{comma}\"{name}\":");
        value.write_to(text);
    }
    text.push('}');
}

impl Node {
    /// The value without blanks and escapes.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) {
        let _ = match self {
            Self::Null => write!(text, "null"),
            Self::Bool(value) => write!(text, "{value}"),
            Self::Number(value) => write!(text, "{value}"),
            Self::Text(value) => write!(text, "\"{value}\""),
            Self::Object(members) => {
                write_object(text, members);
                Ok(())
            }
            Self::List(items) => {
                write_list(text, items);
                Ok(())
            }
        };
    }
}

fn write_list(text: &mut String, items: &[Node]) {
    text.push('[');
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        item.write_to(text);
    }
    text.push(']');
}

/// How deep one may still go, and where to say what is wrong: the parser's own error has room for text only.
#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: u8,
    problem: &'a Cell<JsonError>,
}

impl Seed<'_> {
    fn fail<E: serde::de::Error>(self, problem: JsonError) -> E {
        self.problem.set(problem);
        E::custom("refused")
    }

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| self.fail(JsonError::TooDeep))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON of a record")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        Count::new(value).map(Node::Number).map_err(|_| self.fail(JsonError::Number))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Node, E> {
        Err(self.fail(JsonError::Number))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Node, E> {
        Err(self.fail(JsonError::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let inner = self.inner()?;
        let mut members = Object::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.iter().any(|(before, _)| *before == name) {
                return Err(self.fail(JsonError::Duplicate));
            }
            if members.len() >= MAX_MEMBERS {
                return Err(self.fail(JsonError::TooManyMembers));
            }
            let value = access.next_value_seed(inner)?;
            members.push((name, value));
        }
        Ok(Node::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_refuses_duplicates_at_every_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"a":null}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[{"a":1,"a":2}]}"#,
            r#"{"b":[[{"c":{"a":1,"b":2,"a":[]}}]]}"#,
            // The same name, written with an escape.
            r#"{"a":1,"\u0061":1}"#,
        ] {
            assert_eq!(parse(text.as_bytes()), Err(JsonError::Duplicate), "{text}");
        }
    }

    #[test]
    fn parse_refuses_numbers_that_readers_change() {
        for number in ["9007199254740992", "1e30", "1.5", "1.0", "-1", "-0", "99999999999999999999"]
        {
            let text = format!("{{\"a\":{number}}}");
            assert_eq!(parse(text.as_bytes()), Err(JsonError::Number), "{text}");
        }
        for number in ["01", "+1", "NaN", "0x1", "1_0", ""] {
            let text = format!("{{\"a\":{number}}}");
            assert_eq!(parse(text.as_bytes()), Err(JsonError::Malformed), "{text}");
        }
    }

    #[test]
    fn parse_refuses_depth_and_crowds() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(7).as_bytes()).is_ok());
        assert_eq!(parse(nested(8).as_bytes()), Err(JsonError::TooDeep));
        assert_eq!(parse(nested(60_000).as_bytes()), Err(JsonError::TooDeep));
        let crowd = |count: usize| {
            let members: Vec<_> = (0..count).map(|number| format!("\"m{number}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(crowd(256).as_bytes()).is_ok());
        assert_eq!(parse(crowd(257).as_bytes()), Err(JsonError::TooManyMembers));
    }

    #[test]
    fn parse_refuses_what_is_not_one_object() {
        for text in ["", "{", "[]", "1", "null", "{}{}", "{} x", "\u{feff}{}", "{\"a\":1,}"] {
            assert_eq!(parse(text.as_bytes()), Err(JsonError::Malformed), "{text}");
        }
    }

    #[test]
    fn plain_text_is_rendered_as_it_was_read() {
        let text = r#"{"z":1,"a":{"c":[],"b":[true,false,null,"x",{"q":0}]},"e":{}}"#;
        assert_eq!(render(&parse(text.as_bytes()).unwrap()), text);
    }
}
