//! Paths within a folder as metadata carry them: UTF-8, components joined by `/`.

use std::path::{Component, Path, PathBuf};

/// The path for the metadata. Nothing if it is not UTF-8, and would therefore not come back as it is.
pub(super) fn to_text(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> =
        path.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

/// The path that metadata give, if it leads to a place below the folder on every step: no empty component,
/// no `.` or `..`, no NUL, nothing that is more than a name on this system.
pub(super) fn from_text(text: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in text.split('/') {
        let mut components = Path::new(part).components();
        let single = matches!(
            (components.next(), components.next()),
            (Some(Component::Normal(only)), None) if only == part
        );
        if !single || part.contains('\0') {
            return None;
        }
        path.push(part);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_out_of_the_folder_are_refused() {
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "./a",
            "a/.",
            "a/./b",
            "a/..",
            "../a",
            "a/../b",
            "a/../../b",
            "a\0",
            "a/b\0c",
        ] {
            assert_eq!(from_text(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn paths_below_the_folder_come_back() {
        for good in ["a", ".hidden", "a/b.dcm", "Ł/..c/d e", "a\\b", "-x"] {
            let path = from_text(good).unwrap();
            assert_eq!(to_text(&path).as_deref(), Some(good));
        }
    }
}
