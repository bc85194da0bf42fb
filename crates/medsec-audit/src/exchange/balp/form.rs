//! The forms of primitive values (FHIR R4, datatypes).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::{Rule, time};

/// A primitive type, as far as its values differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Boolean,
    Integer,
    Unsigned,
    Positive,
    Decimal,
    Text,
    Uri,
    Code,
    Id,
    Date,
    DateTime,
    Instant,
    Time,
    Base64,
    Xhtml,
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    // Not every writer leaves the unused bits zero, and FHIR does not ask for it.
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

impl Form {
    /// Whether the value is of this form; else the rule that it breaks.
    pub(super) fn check(self, value: &Value) -> Result<(), Rule> {
        match (self, value) {
            (Self::Boolean, Value::Bool(_)) | (Self::Decimal, Value::Number(_)) => Ok(()),
            (Self::Integer | Self::Unsigned | Self::Positive, Value::Number(number)) => {
                let fits = number.as_i64().is_some_and(|number| self.takes_integer(number));
                fits.then_some(()).ok_or(Rule::Form)
            }
            (
                Self::Boolean | Self::Decimal | Self::Integer | Self::Unsigned | Self::Positive,
                _,
            ) => Err(Rule::WrongType),
            (_, Value::String(text)) if text.is_empty() => Err(Rule::Empty),
            (_, Value::String(text)) => self.takes_text(text).then_some(()).ok_or(Rule::Form),
            _ => Err(Rule::WrongType),
        }
    }

    fn takes_integer(self, number: i64) -> bool {
        let least = match self {
            Self::Unsigned => 0,
            Self::Positive => 1,
            _ => i64::from(i32::MIN),
        };
        (least..=i64::from(i32::MAX)).contains(&number)
    }

    fn takes_text(self, text: &str) -> bool {
        match self {
            Self::Uri => !text.contains(char::is_whitespace),
            Self::Code => is_code(text),
            Self::Id => is_id(text),
            Self::Date => time::is_date(text),
            Self::DateTime => time::is_date_time(text),
            Self::Instant => time::is_instant(text),
            Self::Time => time::is_time(text),
            Self::Base64 => is_base64(text),
            Self::Xhtml => text.trim_start().starts_with("<div"),
            _ => is_text(text),
        }
    }
}

/// At least one character that shows, and no control characters but those of lines and tabs.
fn is_text(text: &str) -> bool {
    let allowed = |char: char| char >= ' ' || matches!(char, '\t' | '\n' | '\r');
    !text.trim().is_empty() && text.chars().all(allowed)
}

/// Words with single blanks between them.
fn is_code(text: &str) -> bool {
    text.split(' ').all(|word| !word.is_empty() && !word.contains(char::is_whitespace))
}

/// 1 to 64 letters, digits, `-` and `.`.
pub(super) fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Base64 with padding; blanks may stand between.
fn is_base64(text: &str) -> bool {
    let dense: String = text.split_ascii_whitespace().collect();
    !dense.is_empty() && BASE64.decode(dense).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_another_json_type_are_told_from_bad_forms() {
        for (form, value) in [
            (Form::Boolean, json!("true")),
            (Form::Text, json!(1)),
            (Form::Integer, json!("1")),
            (Form::Code, json!(true)),
            (Form::Instant, json!(0)),
            (Form::Uri, json!({})),
        ] {
            assert_eq!(form.check(&value), Err(Rule::WrongType), "{form:?} {value}");
        }
        assert_eq!(Form::Text.check(&json!("")), Err(Rule::Empty));
    }

    #[test]
    fn bad_forms_are_refused() {
        for (form, value) in [
            (Form::Integer, json!(1.5)),
            (Form::Integer, json!(2_147_483_648_i64)),
            (Form::Unsigned, json!(-1)),
            (Form::Positive, json!(0)),
            (Form::Text, json!(" \n")),
            (Form::Text, json!("a\u{1}")),
            (Form::Uri, json!("a b")),
            (Form::Code, json!(" a")),
            (Form::Code, json!("a  b")),
            (Form::Code, json!("a\tb")),
            (Form::Id, json!("a_b")),
            (Form::Id, json!("x".repeat(65))),
            (Form::Base64, json!("A")),
            (Form::Base64, json!("AAA")),
            (Form::Base64, json!("AA*=")),
            (Form::Xhtml, json!("<p>a</p>")),
        ] {
            assert_eq!(form.check(&value), Err(Rule::Form), "{form:?} {value}");
        }
    }

    #[test]
    fn good_forms_pass() {
        for (form, value) in [
            (Form::Boolean, json!(false)),
            (Form::Integer, json!(-1)),
            (Form::Decimal, json!(1.5)),
            (Form::Text, json!("\u{fc} a\n")),
            (Form::Uri, json!("urn:oid:1.2")),
            (Form::Code, json!("IHE XDS Metadata")),
            (Form::Id, json!("a-b.1")),
            (Form::Base64, json!("AAAA BB==\n")),
            (Form::Xhtml, json!("<div xmlns=\"http://www.w3.org/1999/xhtml\"/>")),
        ] {
            assert_eq!(form.check(&value), Ok(()), "{form:?} {value}");
        }
    }
}
