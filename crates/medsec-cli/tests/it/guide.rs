//! The commands of the guide and of the README do what these pages say.
//!
//! Each page is played in a folder of its own, on a terminal, with the real program: see [`page`] for what a page may
//! hold, [`terminal`] for how it is played and [`compare`] for what `…` stands for.
#![cfg(target_os = "linux")]

mod compare;
mod page;
mod player;
mod terminal;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::page::{Page, WHOLE_REPOSITORY};
use self::player::play;

/// Where the pages are found on the web; a link there must lead to a file that is here.
const REPOSITORY: &str = "https://github.com/medsec/medsec/blob/main/";

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A page by its path in the repository.
fn page(path: &str) -> Page {
    Page::parse(&fs::read_to_string(repository().join(path)).unwrap())
}

/// All pages of the guide, by their paths below its source, sorted.
fn pages() -> Vec<String> {
    let root = repository().join("docs/guide/src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Where `medsec` is.
fn programs() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_medsec")).parent().unwrap().to_owned()
}

/// What a page finds in its folder: nothing.
const fn furnish(_: &Path) {}

/// What a page finds in its environment.
const fn variables() -> [(String, String); 0] {
    []
}

/// Pages that need a real server: the guide's test of tests/live plays them, with these very modules.
const PLAYED_LIVE: &str = "docs/guide/src/vault.md";

/// One test for each page with commands, so that they run side by side.
macro_rules! played {
    ($($name:ident: $path:literal,)+) => {
        const PLAYED: &[&str] = &[$($path),+];
        $(
            #[test]
            fn $name() {
                play(&page($path));
            }
        )+
    };
}

played! {
    readme_does_what_it_says: "README.md",
    introduction_does_what_it_says: "docs/guide/src/introduction.md",
    five_minutes_do_what_they_say: "docs/guide/src/start.md",
    one_crate_does_what_it_says: "docs/guide/src/one-crate.md",
    people_do_what_they_say: "docs/guide/src/operating/people.md",
    passphrases_do_what_is_said: "docs/guide/src/operating/passphrases.md",
    backup_does_what_it_says: "docs/guide/src/operating/backup.md",
    rotation_does_what_it_says: "docs/guide/src/operating/rotation.md",
    emergency_does_what_it_says: "docs/guide/src/operating/emergency.md",
    review_of_the_log_does_what_it_says: "docs/guide/src/operating/log.md",
    retention_does_what_it_says: "docs/guide/src/operating/retention.md",
    formats_do_what_they_say: "docs/guide/src/formats.md",
}

#[test]
fn pages_with_commands_are_played() {
    let guide = pages().into_iter().map(|name| format!("docs/guide/src/{name}"));
    let with_commands: BTreeSet<String> =
        guide.chain(["README.md".to_owned()]).filter(|path| page(path).has_commands()).collect();
    let played = PLAYED.iter().chain([&PLAYED_LIVE]).map(|&path| path.to_owned());
    let played: BTreeSet<String> = played.collect();
    assert_eq!(with_commands, played);
}

#[test]
fn pages_hold_only_blocks_that_are_checked() {
    for name in pages() {
        let page = page(&format!("docs/guide/src/{name}"));
        assert_eq!(page.unchecked(), Vec::<String>::new(), "{name}");
    }
    assert_eq!(page("README.md").unchecked(), Vec::<String>::new());
    assert!(WHOLE_REPOSITORY.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn summary_lists_every_page_once() {
    let summary = fs::read_to_string(repository().join("docs/guide/src/SUMMARY.md")).unwrap();
    let mut listed: Vec<String> = summary
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(str::to_owned)
        .collect();
    listed.push("SUMMARY.md".to_owned());
    listed.sort();
    assert_eq!(listed, pages());
}

#[test]
fn links_to_the_repository_lead_to_files() {
    for name in pages() {
        let text = fs::read_to_string(repository().join("docs/guide/src").join(&name)).unwrap();
        for rest in text.split(REPOSITORY).skip(1) {
            let end = rest.find([')', '#', ' ', '\n']).unwrap_or(rest.len());
            let target = repository().join(&rest[..end]);
            assert!(target.exists(), "{name}: {}", &rest[..end]);
        }
    }
}
