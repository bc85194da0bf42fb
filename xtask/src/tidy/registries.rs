//! No tracked file names the host of a registry, a mirror or a download folder: packages come
//! through the ordinary clients, with whatever the user's machine configures.

use anyhow::Result;

use super::{Finding, in_word};
use crate::workspace::Workspace;

/// Hosts and settings that choose where packages come from.
const NAMES: [&str; 20] = [
    "index.crates.io",
    "static.crates.io",
    "files.pythonhosted.org",
    "pypi.org",
    "pypi.python.org",
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "deb.debian.org",
    "security.debian.org",
    "proxy.golang.org",
    "sum.golang.org",
    "static.rust-lang.org",
    "artifactory",
    "index-url",
    "--index",
    "replace-with",
    "[source.",
    "GOPROXY",
    "CARGO_REGISTRIES_",
    "PIP_INDEX",
];

/// Of these, the ones that are parts of longer names.
const OPEN_ENDED: [&str; 4] = ["index-url", "[source.", "CARGO_REGISTRIES_", "PIP_INDEX"];

/// Files that must name one, with the reason.
const EXCEPTIONS: [(&str, &str); 1] = [("xtask/src/tidy/registries.rs", "this list")];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let files = ws.texts(&[])?;
    let checked = files.iter().filter(|(path, _)| {
        !path.ends_with("Cargo.lock") && !EXCEPTIONS.iter().any(|(file, _)| file == path)
    });
    Ok(checked.flat_map(|(path, text)| judge(path, text)).collect())
}

fn judge(path: &str, text: &str) -> Vec<Finding> {
    let hit = |line: &str| NAMES.into_iter().find(|name| names(line, name));
    let lines = (1..).zip(text.lines());
    let hits = lines.filter_map(|(number, line)| Some((number, hit(line)?)));
    hits.map(|(number, name)| Finding::new(path, number, format!("names `{name}`"))).collect()
}

/// Whether the line holds the name, and not merely within a longer one.
fn names(line: &str, name: &str) -> bool {
    let more = |c: char| in_word(c) || c == '-';
    line.match_indices(name).any(|(at, _)| {
        let (before, rest) = line.split_at_checked(at).unwrap_or_default();
        let after = rest.strip_prefix(name).unwrap_or_default();
        let begins = OPEN_ENDED.contains(&name) || !before.ends_with(more);
        let ends = OPEN_ENDED.contains(&name) || !after.starts_with(more);
        begins && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_names_a_registry_host() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn hosts_and_settings_are_found() {
        for bad in [
            "pip install --extra-index-url x",
            "https://static.crates.io/crates/a",
            "[source.crates-io]",
            "CARGO_REGISTRIES_X_INDEX=y",
            "cargo install --index z",
            "see pypi.org/simple",
            "PIP_INDEX_URL=x",
        ] {
            assert_eq!(judge("a", bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn ordinary_words_are_left_alone() {
        for good in ["crates.io only", "PyPI packages", "--index-of", "leaf-index", "mypypi.org"] {
            assert!(judge("a", good).is_empty(), "{good}");
        }
    }
}
