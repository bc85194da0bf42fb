//! What a command has to say, for people and as JSON.

use serde_json::{Map, Value};

use crate::bulk::Place;
use crate::exit::Exit;
use crate::failure::Failure;

/// Good news about one input, or about the command as a whole.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) fields: Map<String, Value>,
    pub(crate) lines: Vec<String>,
    /// Set if something was found that does not hold, although the command did its work.
    pub(crate) failed: Option<Exit>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a line for people.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Adds a field for programs.
    pub(crate) fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }
}

/// What became of one input.
#[derive(Debug)]
pub(crate) struct Item {
    /// Position on the command line, from 1.
    pub(crate) input: usize,
    pub(crate) result: Result<Report, Failure>,
}

/// What became of a command.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Of a command that works on inputs, one after the other. They have been shown already.
    Items(Vec<Item>),
    /// Of a command that worked on a folder.
    Folder(Folder),
    /// Of any other.
    Whole(Report),
}

/// What became of the files of a folder.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) report: Report,
    /// The first of those that failed.
    pub(crate) failures: Vec<(Place, Failure)>,
    /// Why not all is well, if it is not.
    pub(crate) verdict: Option<Failure>,
}

/// The exit code over all inputs: theirs if all that failed failed alike.
pub(crate) fn overall(items: &[Item]) -> Exit {
    let mut exits =
        items.iter().filter_map(|item| item.result.as_ref().err()).map(|failure| failure.exit);
    let Some(first) = exits.next() else {
        return Exit::Done;
    };
    let rest: Vec<Exit> = exits.collect();
    if rest.contains(&Exit::Interrupted) {
        Exit::Interrupted
    } else if rest.iter().all(|exit| *exit == first) {
        first
    } else {
        Exit::Failure
    }
}
