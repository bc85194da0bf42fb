//! Every member inherits the lints, states its own `rust-version`, and has no feature for doubles.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Finding, dependencies};
use crate::workspace::Workspace;

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let metadata = ws.metadata()?;
    let mut findings = Vec::new();
    for package in dependencies::members(&metadata)?.values() {
        let path = package.get("manifest_path").and_then(Value::as_str).context("no manifest")?;
        let wrong = judge(&std::fs::read_to_string(path)?)?;
        let shown = ws.relative(path);
        findings.extend(wrong.into_iter().map(|what| Finding::whole(&shown, what)));
    }
    Ok(findings)
}

fn judge(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse()?;
    let get = |table: &str, key: &str| manifest.get(table)?.get(key).cloned();
    let mut wrong = Vec::new();
    if get("lints", "workspace") != Some(toml::Value::Boolean(true)) {
        wrong.push("does not inherit the lints: `[lints] workspace = true`".to_owned());
    }
    if !matches!(get("package", "rust-version"), Some(toml::Value::String(_))) {
        wrong.push("does not state its own `rust-version`".to_owned());
    }
    let features = manifest.get("features").and_then(toml::Value::as_table);
    let for_doubles = |name: &&String| {
        name.split(['-', '_']).any(|word| ["mock", "fake", "test", "testing"].contains(&word))
    };
    for feature in features.into_iter().flat_map(toml::Table::keys).filter(for_doubles) {
        wrong.push(format!(
            "feature `{feature}`: doubles live in medsec-testkit, feature unification would carry \
             them into a release"
        ));
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_inherit_lints_and_state_versions() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn inherited_rust_version_is_refused() {
        let good = "[package]\nrust-version = '1.88'\n[lints]\nworkspace = true";
        assert!(judge(good).unwrap().is_empty());
        let bad = "[package]\nrust-version.workspace = true\n[lints.rust]\nunsafe_code = 'deny'";
        assert_eq!(judge(bad).unwrap().len(), 2);
    }

    #[test]
    fn features_for_doubles_are_refused() {
        let manifest = "[package]\nrust-version = '1.88'\n[lints]\nworkspace = true\n[features]\n";
        let count = |feature: &str| judge(&format!("{manifest}{feature} = []")).unwrap().len();
        assert_eq!(["test-keys", "mock", "aws-lc", "attest"].map(count), [1, 1, 0, 0]);
    }
}
