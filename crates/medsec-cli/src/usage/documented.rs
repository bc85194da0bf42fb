//! The command lines of the documentation and of the help texts are ones that the program takes.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::CommandFactory as _;

use super::{Cli, Stopped, parse};

/// In blocks of the pages, but no command lines.
const OTHERS: [&str; 1] = ["medsec audit pin v1"];

/// Whether the program takes a line; what stands behind two blanks explains it.
fn is_taken(line: &str) -> bool {
    let command = line.split("  ").next().unwrap_or_default();
    let words: Vec<OsString> = command.split_whitespace().map(OsString::from).collect();
    !matches!(parse(&words), Err(Stopped::Wrong(_)))
}

/// The program with the feature that a line needs.
fn is_built(line: &str) -> bool {
    cfg!(feature = "ship") || !line.starts_with("medsec audit ship")
}

/// Lines of blocks that begin with the program's name.
fn block_lines(page: &str) -> Vec<&str> {
    let mut blocks = page.split("\n```").skip(1).step_by(2);
    let lines = blocks.by_ref().flat_map(str::lines);
    lines.filter(|line| line.starts_with("medsec ")).collect()
}

fn examples(command: &clap::Command, found: &mut Vec<String>) {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix("  medsec "));
    found.extend(lines.map(|line| format!("medsec {line}")));
    command.get_subcommands().for_each(|command| examples(command, found));
}

#[test]
fn lines_that_no_program_takes_are_found() {
    let page = "a\n```text\nmedsec doctor    looks\nmedsec doctor --all\n```\nmedsec no\n";
    let lines = block_lines(page);
    assert_eq!(lines, ["medsec doctor    looks", "medsec doctor --all"]);
    assert_eq!([is_taken(lines[0]), is_taken(lines[1])], [true, false]);
}

#[test]
fn command_lines_of_the_pages_are_taken() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut checked = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = fs::read_to_string(&path).unwrap();
        for line in block_lines(&page) {
            checked += 1;
            let is_fit = OTHERS.contains(&line) || !is_built(line) || is_taken(line);
            assert!(is_fit, "{}: {line}", path.display());
        }
    }
    assert!(checked > 80, "{checked}");
}

#[test]
fn examples_of_the_help_are_taken() {
    let mut found = Vec::new();
    examples(&Cli::command(), &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for line in found {
        assert!(is_taken(&line), "{line}");
    }
}
