//! Every test runs once, under the same rules: nextest's configuration has no retries, no settings
//! for single tests and no default filter. What passed on the second try is no evidence.

use anyhow::{Context as _, Result};

use super::Finding;
use crate::workspace::Workspace;

const FILE: &str = ".config/nextest.toml";

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let text = std::fs::read_to_string(ws.root.join(FILE)).context(FILE)?;
    Ok(judge(&text)?.into_iter().map(|what| Finding::whole(FILE, what)).collect())
}

fn judge(configuration: &str) -> Result<Vec<String>> {
    let configuration: toml::Table = configuration.parse().context(FILE)?;
    let profiles = configuration.get("profile").and_then(toml::Value::as_table);
    let mut wrong = Vec::new();
    for (name, profile) in profiles.into_iter().flatten() {
        for setting in ["overrides", "default-filter", "scripts"] {
            if profile.get(setting).is_some() {
                wrong.push(format!("profile `{name}` has `{setting}`"));
            }
        }
        if profile.get("retries").is_some_and(|retries| *retries != toml::Value::Integer(0)) {
            wrong.push(format!("profile `{name}` retries"));
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_run_once_under_equal_rules() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn retries_and_overrides_are_refused() {
        let bad = "[profile.a]\nretries = 2\n[[profile.b.overrides]]\nfilter = 'test(x)'";
        assert_eq!(judge(bad).unwrap().len(), 2);
        assert!(judge("[profile.default]\nretries = 0").unwrap().is_empty());
    }
}
