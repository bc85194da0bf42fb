//! The document: JSON in exactly one form.
//!
//! Parsing accepts what [`render`] writes and nothing else, because it renders what it has read and compares. So
//! one policy has one hash.

mod issuers;
mod roles;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::schema::SchemaId;
use super::{Bundle, Contents, RulesName, source};
use crate::text::{from_hex, hex};

const FORMAT: &str = "medsec/policy-bundle/v1";

/// The members, in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: String,
    name: String,
    sequence: u64,
    supersedes: Vec<String>,
    schema: WireSchema,
    settings: settings::Wire,
    assignments: roles::Wire,
    rules: Vec<WireRules>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSchema {
    version: u32,
    sha256: String,
}

/// A file of rules, line by line: whoever signs the document can read it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRules {
    name: String,
    lines: Vec<String>,
}

/// The one form of a document.
pub(super) fn render(contents: &Contents) -> Vec<u8> {
    let SchemaId { version, sha256 } = contents.schema;
    let rules = |(name, text): (&RulesName, &String)| WireRules {
        name: name.to_string(),
        lines: text.strip_suffix('\n').unwrap_or(text).split('\n').map(str::to_owned).collect(),
    };
    let wire = Wire {
        format: FORMAT.to_owned(),
        name: contents.name.to_string(),
        sequence: contents.sequence,
        supersedes: contents.supersedes.iter().map(ToString::to_string).collect(),
        schema: WireSchema { version, sha256: hex(&sha256) },
        settings: settings::Wire::of(&contents.settings),
        assignments: roles::Wire::of(&contents.assignments),
        rules: contents.rules.iter().map(rules).collect(),
    };
    // Nothing of it can fail: every key is a text and every number whole.
    let mut bytes = serde_json::to_vec_pretty(&wire).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Reads a document; none, if it is not what [`render`] writes, or not a policy that could have been made.
pub(super) fn parse(bytes: &[u8]) -> Option<Contents> {
    let wire: Wire = serde_json::from_slice(bytes).ok()?;
    let contents = contents(wire)?;
    let whole = contents.settings.check().is_ok()
        && contents.assignments.check().is_ok()
        && contents.supersedes.len() <= Bundle::MAX_SUPERSEDED
        && source::fits(contents.sequence, &contents.supersedes)
        && fits(&contents.rules);
    (whole && render(&contents) == bytes).then_some(contents)
}

fn contents(wire: Wire) -> Option<Contents> {
    let rules = |WireRules { name, lines }| {
        // A line end within a line would make two documents of one text.
        let whole = lines.iter().all(|line: &String| !line.contains(source::is_hidden));
        let mut text = whole.then(|| lines.join("\n"))?;
        text.push('\n');
        Some((name.parse().ok()?, text))
    };
    Some(Contents {
        name: wire.name.parse().ok()?,
        sequence: wire.sequence,
        supersedes: wire.supersedes.iter().map(|hash| hash.parse().ok()).collect::<Option<_>>()?,
        schema: SchemaId { version: wire.schema.version, sha256: from_hex(&wire.schema.sha256)? },
        settings: wire.settings.settings()?,
        assignments: wire.assignments.assignments()?,
        rules: wire.rules.into_iter().map(rules).collect::<Option<_>>()?,
    })
}

fn fits(rules: &BTreeMap<RulesName, String>) -> bool {
    let len = rules.values().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
    let some = rules.values().any(|text| !text.trim().is_empty());
    some && rules.len() <= Bundle::MAX_RULES && len <= Bundle::MAX_RULES_LEN
}

/// Texts in ascending order of their bytes, which does not change when a list of codes grows.
fn sorted<T: Display>(set: &BTreeSet<T>) -> Vec<String> {
    let mut texts: Vec<_> = set.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}

fn set<T: FromStr + Ord>(texts: &[String]) -> Option<BTreeSet<T>> {
    texts.iter().map(|text| text.parse().ok()).collect()
}
