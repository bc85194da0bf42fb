//! JSON as tokens and key sets have it, read strictly.
//!
//! RFC 7519 section 4 leaves it open whether a name may stand twice in an object; two readers would then see two
//! tokens. Here it may not, at any depth. Numbers count only if they are whole and not negative; a number with
//! a point or an exponent is none.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

/// The members of an object, by name.
pub(crate) type Members = BTreeMap<String, Json>;

/// A value. It has no `Debug`: it may hold what identifies a person.
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(u64),
    /// Negative, with a point, or with an exponent.
    OtherNumber,
    Text(String),
    List(Vec<Self>),
    Object(Members),
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// Not one object in UTF-8, or nested too deeply.
    Malformed,
    /// A name stands twice in an object.
    Duplicate,
}

impl Json {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    pub(crate) const fn object(&self) -> Option<&Members> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The texts of a list of at most `max` texts.
    pub(crate) fn texts(&self, max: usize) -> Option<Vec<&str>> {
        let list = self.list().filter(|list| list.len() <= max)?;
        list.iter().map(Self::text).collect()
    }
}

/// Reads one object. The caller has bounded the length.
pub(crate) fn object(bytes: &[u8]) -> Result<Members, JsonError> {
    let duplicate = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(&duplicate).deserialize(&mut reader);
    match value.and_then(|value| reader.end().map(|()| value)) {
        Ok(Json::Object(members)) => Ok(members),
        _ if duplicate.get() => Err(JsonError::Duplicate),
        _ => Err(JsonError::Malformed),
    }
}

/// Reads a value and notes a name that stands twice.
#[derive(Clone, Copy)]
struct Strict<'f>(&'f Cell<bool>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Json;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            list.push(element);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut members = Members::new();
        while let Some(name) = entries.next_key::<String>()? {
            if members.contains_key(&name) {
                self.0.set(true);
                return Err(A::Error::custom("a name stands twice"));
            }
            members.insert(name, entries.next_value_seed(self)?);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_stand_twice_are_refused_at_any_depth() {
        let cases = [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"b":[{"c":{"a":1,"a":2}}]}"#];
        for text in cases {
            assert_eq!(object(text.as_bytes()).err(), Some(JsonError::Duplicate), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let cases: [&[u8]; 12] = [
            b"",
            b"null",
            b"[]",
            b"1",
            b"{",
            b"{}{}",
            b"{} x",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"\xEF\xBB\xBF{}",
            b"{\"a\":\"\xFF\"}",
            deep.as_bytes(),
        ];
        for text in cases {
            assert_eq!(object(text).err(), Some(JsonError::Malformed));
        }
        assert!(object(br#"{"a":"\ud800"}"#).is_err());
    }

    #[test]
    fn numbers_are_whole_or_none() {
        let numbers =
            r#"{"a":0,"b":18446744073709551615,"c":-1,"d":1.0,"e":1e3,"f":99999999999999999999}"#;
        let members = object(numbers.as_bytes()).unwrap();
        let whole = |name: &str| matches!(members[name], Json::Integer(_));
        assert!(["a", "b"].into_iter().all(whole));
        assert!(!["c", "d", "e", "f"].into_iter().any(whole));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = object(&bytes);
        }
    }
}
