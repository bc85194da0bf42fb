//! medsec-crypto on the validated module of aws-lc-rs.
//!
//! That module builds with CMake and Go. Both come from PyPI, pinned and hashed, into an environment
//! under the target folder; the build has a target folder of its own.

use anyhow::Result;
use medsec_hipaa_report::Counts;

use super::suite::Suite;
use crate::python;
use crate::workspace::Workspace;

const REQUIREMENTS: &str = "xtask/requirements/fips.txt";

/// Builds and tests with feature `fips`.
///
/// # Errors
/// CMake or Go cannot be had, or the tests do not build.
pub(super) fn run(ws: &Workspace, suite: &Suite) -> Result<Counts> {
    let tools = python::environment(ws, "fips", &ws.root.join(REQUIREMENTS))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.bin.clone()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders)?;
    let select = ["-p", "medsec-crypto", "--features", "fips"];
    suite.run_with(ws, "fips", &select, &[], |nextest| {
        nextest.env("PATH", &path).env("CARGO_TARGET_DIR", ws.target.join("fips"));
    })
}
