//! TOML with the place of each value, so that whatever is wrong has a line.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{SourceError, SourceFile, SourceProblem};
use super::time;
use crate::text::InvalidValue;

/// One file.
#[derive(Debug)]
pub(super) struct Text<'t> {
    pub(super) file: SourceFile,
    pub(super) text: &'t str,
}

/// A value of it. Its place is that of its key, or its own in a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'d> {
    text: &'d Text<'d>,
    value: Value<'d>,
    pub(super) at: usize,
}

/// The outermost table is not wrapped into a value by the parser.
#[derive(Clone, Copy, Debug)]
enum Value<'d> {
    Table(&'d DeTable<'d>),
    Other(&'d DeValue<'d>),
}

impl<'t> Text<'t> {
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'t>>, SourceError> {
        DeTable::parse(self.text).map_err(|error| {
            // The parser has no other way to say which error it was.
            let twice = error.message().contains("duplicate key");
            let problem = if twice { SourceProblem::Twice } else { SourceProblem::Syntax };
            self.error(error.span().map_or(0, |span| span.start), problem)
        })
    }

    pub(super) fn root<'d>(&'d self, table: &'d DeTable<'d>) -> Node<'d> {
        Node { text: self, value: Value::Table(table), at: 0 }
    }

    pub(super) fn error(&self, at: usize, problem: impl Into<SourceProblem>) -> SourceError {
        let before = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        SourceError {
            file: self.file.clone(),
            line: Some(before.saturating_add(1)),
            problem: problem.into(),
        }
    }
}

impl<'d> Node<'d> {
    pub(super) fn error(&self, problem: impl Into<SourceProblem>) -> SourceError {
        self.text.error(self.at, problem)
    }

    fn other_type(&self, expected: &'static str) -> SourceError {
        self.error(SourceProblem::Type { expected })
    }

    fn entries(&self) -> Result<&'d DeTable<'d>, SourceError> {
        match self.value {
            Value::Table(table) => Some(table),
            Value::Other(value) => value.as_table(),
        }
        .ok_or_else(|| self.other_type("a table"))
    }

    fn value(&self) -> Result<&'d DeValue<'d>, SourceError> {
        match self.value {
            Value::Table(_) => Err(self.other_type("a value")),
            Value::Other(value) => Ok(value),
        }
    }

    fn child(&self, at: usize, value: &'d Spanned<DeValue<'d>>) -> Self {
        Self { text: self.text, value: Value::Other(value.get_ref()), at }
    }

    /// The values of exactly these keys.
    pub(super) fn fields<const N: usize>(
        &self,
        keys: [&'static str; N],
    ) -> Result<[Self; N], SourceError> {
        self.fields_and(keys, []).map(|(fields, [])| fields)
    }

    /// The values of exactly these keys, and those of some that may be missing.
    pub(super) fn fields_and<const N: usize, const M: usize>(
        &self,
        keys: [&'static str; N],
        optional: [&'static str; M],
    ) -> Result<([Self; N], [Option<Self>; M]), SourceError> {
        let table = self.entries()?;
        let unknown = |key: &&str| !keys.contains(key) && !optional.contains(key);
        let unknown = table.keys().filter(|key| unknown(&key.get_ref().as_ref()));
        if let Some(at) = unknown.map(|key| key.span().start).min() {
            return Err(self.text.error(at, SourceProblem::UnknownKey));
        }
        let field = |key: &'static str| {
            table.get_key_value(key).map(|(key, value)| self.child(key.span().start, value))
        };
        if let Some(key) = keys.into_iter().find(|key| !table.contains_key(*key)) {
            return Err(self.error(SourceProblem::MissingKey { key }));
        }
        // None of them is missing: the node itself stands in for what cannot be.
        Ok((keys.map(|key| field(key).unwrap_or(*self)), optional.map(field)))
    }

    /// All entries of a table whose keys are names.
    pub(super) fn named<K>(&self) -> Result<Vec<(K, Self)>, SourceError>
    where
        K: FromStr<Err = InvalidValue>,
    {
        let entry = |(key, value): (&Spanned<_>, _)| {
            let node = self.child(key.span().start, value);
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            Ok((name.parse().map_err(|invalid: InvalidValue| node.error(invalid))?, node))
        };
        self.entries()?.iter().map(entry).collect()
    }

    pub(super) fn text(&self) -> Result<&'d str, SourceError> {
        self.value()?.as_str().ok_or_else(|| self.other_type("a text in quotation marks"))
    }

    pub(super) fn parsed<T: FromStr<Err = InvalidValue>>(&self) -> Result<T, SourceError> {
        self.text()?.parse().map_err(|invalid| self.error(invalid))
    }

    pub(super) fn number<T: TryFrom<u64>>(&self, field: &'static str) -> Result<T, SourceError> {
        let number = self.value()?.as_integer().ok_or_else(|| self.other_type("a whole number"))?;
        let number = u64::from_str_radix(number.as_str(), number.radix()).ok();
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.error(InvalidValue { field }))
    }

    pub(super) fn time(&self) -> Result<Duration, SourceError> {
        time::parse(self.text()?).ok_or_else(|| self.error(SourceProblem::Time))
    }

    pub(super) fn list(&self) -> Result<impl ExactSizeIterator<Item = Self>, SourceError> {
        let list = self.value()?.as_array().ok_or_else(|| self.other_type("a list"))?;
        Ok(list.iter().map(|value| self.child(value.span().start, value)))
    }

    /// A list in which nothing stands twice.
    pub(super) fn set<T>(&self) -> Result<BTreeSet<T>, SourceError>
    where
        T: FromStr<Err = InvalidValue> + Ord,
    {
        let mut set = BTreeSet::new();
        for node in self.list()? {
            if !set.insert(node.parsed()?) {
                return Err(node.error(SourceProblem::Twice));
            }
        }
        Ok(set)
    }

    /// A list, or the word that stands for no list.
    pub(super) fn set_or<T>(&self, word: &str) -> Result<Option<BTreeSet<T>>, SourceError>
    where
        T: FromStr<Err = InvalidValue> + Ord,
    {
        if self.value()?.as_str() == Some(word) { Ok(None) } else { self.set().map(Some) }
    }

    /// Whether it is that text.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.value().is_ok_and(|value| value.as_str() == Some(word))
    }

    /// A text, or the word that stands for none.
    pub(super) fn parsed_or<T>(&self, word: &str) -> Result<Option<T>, SourceError>
    where
        T: FromStr<Err = InvalidValue>,
    {
        if self.is_word(word) { Ok(None) } else { self.parsed().map(Some) }
    }

    /// A time, or the word that stands for none.
    pub(super) fn time_or(&self, word: &str) -> Result<Option<Duration>, SourceError> {
        if self.is_word(word) { Ok(None) } else { self.time().map(Some) }
    }

    /// A number, or the word that stands for none.
    pub(super) fn number_or<T: TryFrom<u64>>(
        &self,
        word: &str,
        field: &'static str,
    ) -> Result<Option<T>, SourceError> {
        if self.value()?.as_str() == Some(word) { Ok(None) } else { self.number(field).map(Some) }
    }
}

/// Puts what was read into a map, unless it stands there already.
pub(super) fn insert<K: Ord, V>(
    map: &mut BTreeMap<K, V>,
    key: K,
    value: V,
    node: &Node<'_>,
) -> Result<(), SourceError> {
    match map.insert(key, value) {
        Some(_) => Err(node.error(SourceProblem::Twice)),
        None => Ok(()),
    }
}
