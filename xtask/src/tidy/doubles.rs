//! No part of a release build is a stand-in for another: nothing there is called a mock, and no feature switches one in.
//! Doubles are in medsec-testkit, which is a dev-dependency only, and in tests.

use anyhow::Result;

use super::{Finding, rust_text};
use crate::workspace::Workspace;

/// Parts of names that say that something is not the real thing.
const WORDS: [&str; 5] = ["mock", "fake", "dummy", "dev_key", "test_key"];
/// Features that would bring such a thing.
const FEATURES: [&str; 8] =
    ["dev", "dev-keys", "fake", "insecure", "mock", "mocks", "test", "testing"];
/// Where code of releases begins its tests.
const TESTS: [&str; 2] = ["#[cfg(test)]\nmod tests {", "#[cfg(all(test, unix))]\nmod tests {"];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let sources = ws.texts(&[".rs"])?;
    let shipped = sources.iter().filter(|(path, _)| is_shipped(path));
    let mut findings: Vec<_> = shipped.flat_map(|(path, text)| names(path, text)).collect();
    for (path, text) in ws.texts(&["Cargo.toml"])? {
        findings.extend(features(&path, &text));
    }
    Ok(findings)
}

/// Whether a file can be part of a release build.
fn is_shipped(path: &str) -> bool {
    let source = path.starts_with("crates/") && path.contains("/src/");
    let of_tests = ["/tests/", "/tests.rs", "/fuzz/", "/fuzz.rs"].iter().any(|p| path.contains(p));
    source && !of_tests && !path.starts_with("crates/medsec-testkit/")
}

fn names(path: &str, text: &str) -> Vec<Finding> {
    let tests = TESTS.iter().filter_map(|begin| text.find(begin)).min();
    let code = rust_text::code_only(text.get(..tests.unwrap_or(text.len())).unwrap_or(text));
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        let mut names = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(name) = names.find(|name| says_double(name)) {
            findings.push(Finding::new(
                path,
                number,
                format!("`{name}`: doubles are in tests only"),
            ));
        }
    }
    findings
}

/// Whether one of the words in a name says that it is not the real thing.
pub(crate) fn says_double(name: &str) -> bool {
    let name = snake(name);
    WORDS.iter().any(|word| has_word(&name, word))
}

/// `FakeKey` and `FAKE_KEY` as `fake_key`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len());
    let mut lower = false;
    for c in name.chars() {
        if c.is_uppercase() && lower {
            snake.push('_');
        }
        lower = c.is_lowercase() || c.is_ascii_digit();
        snake.extend(c.to_lowercase());
    }
    snake
}

fn has_word(name: &str, word: &str) -> bool {
    format!("_{name}_").contains(&format!("_{word}_"))
}

fn features(path: &str, text: &str) -> Vec<Finding> {
    let Some(table) = text.parse::<toml::Table>().ok() else { return Vec::new() };
    let features = table.get("features").and_then(toml::Value::as_table);
    let named = features.into_iter().flat_map(toml::Table::keys);
    let wrong = named.filter(|name| FEATURES.contains(&name.as_str()));
    wrong
        .map(|name| Finding::whole(path, format!("feature `{name}`: it would reach releases")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_double_is_in_a_release() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn doubles_are_found_by_name() {
        for bad in ["struct MockKms;", "const DEV_KEY: u8 = 1;", "fn use_test_key() {}", "FakeHsm"]
        {
            assert_eq!(names("crates/a/src/b.rs", bad).len(), 1, "{bad}");
        }
        for good in [
            "// a mock",
            "let x = \"fake\";",
            "fn smocked() {}",
            "struct A;\n#[cfg(test)]\nmod tests { struct Fake; }",
        ] {
            assert!(names("crates/a/src/b.rs", good).is_empty(), "{good}");
        }
    }

    #[test]
    fn features_of_doubles_are_found() {
        assert_eq!(features("Cargo.toml", "[features]\nmock = []\naws = []\n").len(), 1);
        assert!(features("Cargo.toml", "[features]\nvault = []\n").is_empty());
    }

    #[test]
    fn tests_and_their_kit_are_left_alone() {
        for path in
            ["crates/medsec-testkit/src/a.rs", "crates/a/tests/it/b.rs", "crates/a/src/x/tests.rs"]
        {
            assert!(!is_shipped(path), "{path}");
        }
        assert!(is_shipped("crates/medsec-kms/src/services.rs"));
    }
}
