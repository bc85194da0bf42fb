mod fit;
mod forms;
mod injection;
mod round_trip;

use super::samples;
use super::{Content, ContentError, Event};
use crate::json::{self, Node, Object};

/// The example as text.
fn example_line() -> String {
    String::from_utf8(samples::example().to_line(&samples::position()).unwrap()).unwrap()
}

fn parse(line: &str) -> Result<Content<'_>, ContentError> {
    Event::parse(line.as_bytes())
}

/// A line with all members that there are.
fn full_line() -> String {
    let event = samples::full(super::Action::Open);
    String::from_utf8(event.to_line(&samples::position()).unwrap()).unwrap()
}

/// Edits the record as JSON: the closure sees every object of it, from the outside in, with its name.
fn edited(line: &str, mut edit: impl FnMut(&str, &mut Object)) -> String {
    let mut record = json::parse(line.as_bytes()).unwrap();
    edit("record", &mut record);
    for (name, value) in &mut record {
        if let Node::Object(members) = value {
            edit(name, members);
        }
    }
    json::render(&record)
}

/// Object and number of members of every object in the record.
fn objects(line: &str) -> Vec<(String, usize)> {
    let mut all = Vec::new();
    edited(line, |name, members| all.push((name.to_owned(), members.len())));
    all
}
