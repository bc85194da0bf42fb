//! The text of an event: JSON that can be read in one way only.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::MAX_DEPTH;

/// Longest text of an event in bytes: 1 MiB, the most that FHIR allows a single string.
pub const MAX_EVENT_LEN: usize = 1 << 20;
/// Most members of one object; a contained resource of any kind stays far below.
const MAX_MEMBERS: usize = 256;

/// The text is no event that could be checked. Nothing of it is in the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Longer than [`MAX_EVENT_LEN`].
    #[error("an event of {len} bytes is too long")]
    TooLong {
        /// Its length.
        len: usize,
    },
    /// Not JSON in UTF-8, or not one object.
    #[error("not a JSON object")]
    Malformed,
    /// A member stands there twice: two readers might see two events.
    #[error("a member stands there twice")]
    Duplicate,
    /// Nested deeper than any event, or an object with too many members.
    #[error("too many members, or nested too deep")]
    Excess,
}

/// Reads the JSON of one resource.
///
/// # Errors
/// [`ParseError`] if it is too long, is not one JSON object, has a member twice, or is nested too deep.
pub fn parse(text: &[u8]) -> Result<Value, ParseError> {
    let len = text.len();
    if len > MAX_EVENT_LEN {
        return Err(ParseError::TooLong { len });
    }
    let problem = Cell::new(ParseError::Malformed);
    let mut json = serde_json::Deserializer::from_slice(text);
    let seed = Seed { depth: MAX_DEPTH, problem: &problem };
    let value = seed.deserialize(&mut json).map_err(|_| problem.get())?;
    match (value, json.end()) {
        (value @ Value::Object(_), Ok(())) => Ok(value),
        _ => Err(ParseError::Malformed),
    }
}

/// How deep one may still go, and where to say what is wrong: the parser's own error has room for text only.
#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: usize,
    problem: &'a Cell<ParseError>,
}

impl Seed<'_> {
    fn fail<E: serde::de::Error>(self, problem: ParseError) -> E {
        self.problem.set(problem);
        E::custom("refused")
    }

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| self.fail(ParseError::Excess))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON of an event")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).map(Value::Number);
        number.ok_or_else(|| self.fail(ParseError::Malformed))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.fail(ParseError::Duplicate));
            }
            if members.len() >= MAX_MEMBERS {
                return Err(self.fail(ParseError::Excess));
            }
            let value = access.next_value_seed(inner)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_refuses_members_that_stand_twice() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[[{"a":null,"b":2,"a":[]}]]}"#,
        ] {
            assert_eq!(parse(text.as_bytes()), Err(ParseError::Duplicate), "{text}");
        }
    }

    #[test]
    fn parse_refuses_length_depth_and_crowds() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_EVENT_LEN));
        let len = long.len();
        assert_eq!(parse(long.as_bytes()), Err(ParseError::TooLong { len }));
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert_eq!(parse(nested(MAX_DEPTH).as_bytes()), Err(ParseError::Excess));
        assert_eq!(parse(nested(60_000).as_bytes()), Err(ParseError::Excess));
        let crowd = |count: usize| {
            let members: Vec<_> = (0..count).map(|number| format!("\"m{number}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(crowd(MAX_MEMBERS).as_bytes()).is_ok());
        assert_eq!(parse(crowd(MAX_MEMBERS + 1).as_bytes()), Err(ParseError::Excess));
    }

    #[test]
    fn parse_refuses_what_is_not_one_object() {
        for text in
            ["", "{", "[]", "1", "null", "{}{}", "{\"a\":1,}", "{\"a\":1e999}", "\u{feff}{}"]
        {
            assert_eq!(parse(text.as_bytes()), Err(ParseError::Malformed), "{text}");
        }
        assert_eq!(parse(b"{\"a\":\"\xff\"}"), Err(ParseError::Malformed));
    }

    #[test]
    fn parse_reads_escapes_and_decimals() {
        let value = parse(r#"{"a":"\u00fc\n","b":-1.5}"#.as_bytes()).unwrap();
        assert_eq!(value, serde_json::json!({ "a": "\u{fc}\n", "b": -1.5 }));
    }
}
