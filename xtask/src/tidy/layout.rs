//! Where Rust files are and how long they may get.

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

/// Think of splitting at 500 lines; this is the end.
const MAX_LINES: usize = 600;

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let files = ws.texts(&[".rs"])?;
    Ok(files.iter().filter_map(|(path, text)| judge(path, text)).collect())
}

fn judge(path: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    if path.ends_with("/mod.rs") {
        return Some(Finding::whole(path, "modules are `foo.rs` and `foo/`, never `mod.rs`"));
    }
    (lines > MAX_LINES)
        .then(|| Finding::whole(path, format!("{lines} lines; at most {MAX_LINES}: split it")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_files_are_short_and_well_placed() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn long_files_and_mod_files_are_refused() {
        assert!(judge("a/b.rs", &"x\n".repeat(600)).is_none());
        assert!(judge("a/b.rs", &"x\n".repeat(601)).is_some());
        assert!(judge("a/mod.rs", "").is_some());
    }
}
