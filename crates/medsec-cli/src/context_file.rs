//! The context file: the reproduced context of a package, which names patients and therefore never
//! stands on the command line.
//!
//! A JSON object of strings, or lines `key = value` with `#` for remarks. `docs/cli.md` describes it.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use medsec_crypto::Context;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::input::{Input, open_file};
use crate::session::Interrupt;
use crate::stdio::StandardInput;

/// Longest context file in bytes.
const MAX_LEN: usize = 64 * 1024;

/// Where the reproduced context comes from.
#[derive(Clone, Debug, Args)]
pub(crate) struct ContextOption {
    /// File with the context that is authenticated but not stored, such as the patient's identity:
    /// a JSON object of strings, or lines `key = value`. `-` reads it from standard input.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) context_file: Option<PathBuf>,
}

impl ContextOption {
    /// Whether it is taken from standard input.
    pub(crate) fn uses_stdin(&self) -> bool {
        self.context_file.as_deref().is_some_and(|path| path.as_os_str() == "-")
    }

    /// Reads the context; without a file it is empty.
    pub(crate) fn read(&self) -> Result<Context, Failure> {
        let Some(path) = &self.context_file else {
            return Ok(Context::new());
        };
        let reader: Box<dyn Read> = match Input::from(path.as_os_str()) {
            // Without the buffer of the standard library, which nobody erases.
            Input::Stdin => Box::new(StandardInput::new(Interrupt::default())),
            Input::File(path) => {
                let (file, _) = open_file(&path).map_err(|failure| Failure {
                    message: format!("the context file: {}", failure.message),
                    ..failure
                })?;
                Box::new(file)
            }
        };
        let limit = MAX_LEN.saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit.saturating_add(1)));
        reader
            .take(limit as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::io("the context file cannot be read", &error))?;
        parse(&bytes)
    }
}

fn parse(bytes: &[u8]) -> Result<Context, Failure> {
    let malformed = |what: &str| {
        Failure::usage(format!("the context file {what}; nothing was done"))
            .next("write a JSON object of strings, or lines `key = value`")
    };
    if bytes.len() > MAX_LEN {
        return Err(malformed("is longer than 64 KiB"));
    }
    let text = str::from_utf8(bytes).map_err(|_| malformed("is not UTF-8"))?;
    if text.trim_start().starts_with('{') {
        parse_json(text).map_err(|line| malformed(&format!("is not valid at line {line}")))
    } else {
        parse_lines(text).map_err(|line| malformed(&format!("is not valid at line {line}")))
    }
}

/// The error is the line.
fn parse_json(text: &str) -> Result<Context, usize> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let context = reader.deserialize_map(Pairs);
    let context = context.and_then(|context| reader.end().map(|()| context));
    // Its message may quote the content.
    context.map_err(|error| error.line())
}

/// Takes a JSON object pair by pair, so that a key that stands there twice is noticed.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Context;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Context, A::Error> {
        let mut context = Context::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = Zeroizing::new(map.next_value::<String>()?);
            context.insert(&key, &value).map_err(|_| A::Error::custom("pair"))?;
        }
        Ok(context)
    }
}

/// The error is the line.
fn parse_lines(text: &str) -> Result<Context, usize> {
    let mut context = Context::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index.saturating_add(1);
        let (key, value) = line.split_once('=').ok_or(number)?;
        context.insert(key.trim_end(), value.trim_start()).map_err(|_| number)?;
    }
    Ok(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Option<Vec<(String, String)>> {
        let context = parse(text.as_bytes()).ok()?;
        let pair = |(key, value): (&medsec_crypto::ContextKey, &str)| {
            (key.as_str().to_owned(), value.to_owned())
        };
        Some(context.iter().map(pair).collect())
    }

    #[test]
    fn malformed_context_files_are_refused() {
        for bad in [
            "patient",
            "patient = a\npatient = b",
            "Patient = a",
            "= a",
            "{",
            "{}}",
            r#"{"patient": 1}"#,
            r#"{"patient": "a", "patient": "b"}"#,
            r#"{"patient": {"id": "a"}}"#,
            r#"{"patient": "a"} x"#,
            "\u{feff}patient = a",
            &format!("patient = {}", "a".repeat(1025)),
            &"#".repeat(MAX_LEN + 1),
        ] {
            assert_eq!(pairs(bad), None, "{bad}");
        }
        assert!(parse(b"patient = \xff").is_err());
    }

    #[test]
    fn complaint_repeats_no_value() {
        for bad in ["doe-jane", "DOE = JANE", r#"{"doe": "jane", "doe": "jane"}"#, r#"{"x": doe}"#]
        {
            let failure = parse(bad.as_bytes()).unwrap_err();
            let said = format!("{} {:?}", failure.message, failure.next).to_lowercase();
            assert!(!said.contains("doe") && !said.contains("jane"), "{said}");
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        let lines = "# of the order\n\n patient = MRN 42 = x \nstudy=1.2.3\n";
        let json = r#" {"study": "1.2.3", "patient": "MRN 42 = x"} "#;
        assert_eq!(pairs(lines), pairs(json));
        assert_eq!(pairs(lines).unwrap().len(), 2);
        assert_eq!(pairs(""), Some(vec![]));
        assert_eq!(pairs("{}"), Some(vec![]));
    }
}
