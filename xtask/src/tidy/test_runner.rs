//! Every test runs once, under the same rules: nextest's configuration has no retries, no settings
//! for single tests and no default filter. What passed on the second try is no evidence.

use anyhow::Result;
use medsec_hipaa_report::runner_settings;

use super::Finding;
use crate::workspace::Workspace;

const FILE: &str = ".config/nextest.toml";

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let problems = runner_settings(&ws.root)?;
    Ok(problems.iter().map(|problem| Finding::whole(FILE, problem.to_string())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_run_once_under_equal_rules() {
        crate::tidy::assert_clean(check);
    }
}
