//! What is fetched or built stays out of the repository: wheels, archives, programs, and data of unusual size.

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

/// Larger files are generated or fetched, unless they stand in [`LARGE`].
const MAX_BYTES: u64 = 150_000;

/// Endings of archives, packages and built things.
const ENDINGS: [&str; 30] = [
    "7z", "a", "bin", "bz2", "crate", "db", "dcm", "deb", "dll", "dylib", "egg", "exe", "gz",
    "jar", "o", "parquet", "pdf", "pyc", "rlib", "rpm", "so", "sqlite", "tar", "tgz", "wasm",
    "whl", "xz", "zip", "zst", "png",
];

/// Files with such an ending that are our own, each with its reason.
const OURS: [(&str, &str); 0] = [];

/// Large files that are our own, each with its reason.
const LARGE: [(&str, &str); 1] =
    [("compliance/compliance.lock", "a few lines for each piece of evidence, to be reviewed")];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in ws.files()? {
        let len = std::fs::metadata(ws.root.join(&path))?.len();
        findings.extend(judge(&path, len));
    }
    Ok(findings)
}

fn judge(path: &str, len: u64) -> Option<Finding> {
    let listed = |list: &[(&str, &str)]| list.iter().any(|(known, _)| *known == path);
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ENDINGS.contains(&ending) && !listed(&OURS) {
        return Some(Finding::whole(
            path,
            format!("a `.{ending}` is fetched or built, never committed"),
        ));
    }
    if len > MAX_BYTES && !listed(&LARGE) {
        let what = format!("{len} bytes; above {MAX_BYTES} a file is fetched or made by a command");
        return Some(Finding::whole(path, what));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_fetched_or_built_is_committed() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn wheels_archives_and_programs_are_refused() {
        for path in
            ["mcp-0.5.4-py3-none-any.whl", "a/axe-core-4.14.1.tgz", "b.TAR.GZ", "lib/x.so", "c.dcm"]
        {
            assert!(judge(path, 1).is_some(), "{path}");
        }
    }

    #[test]
    fn large_data_is_refused_and_source_is_not() {
        assert!(judge("testdata/codes.json", MAX_BYTES + 1).is_some());
        assert!(judge("crates/a/src/lib.rs", MAX_BYTES).is_none());
        assert!(judge("LICENSE-MIT", 1000).is_none());
    }
}
