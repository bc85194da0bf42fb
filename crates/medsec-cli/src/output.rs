//! Everything the program prints. No other module prints.

#![expect(
    clippy::print_stderr,
    reason = "a program talks to its user; this is the one place where it does"
)]

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{Folder, Item, Outcome, Report, overall};
use crate::session::Session;
use crate::usage::Stopped;

/// Shows what became of one input as soon as it is known; JSON waits for the end.
pub(crate) fn item(session: &Session, item: &Item) {
    if session.json {
        return;
    }
    match &item.result {
        Ok(report) => lines(session, report),
        Err(failure) => complain(&format!("input {}: ", item.input), failure),
    }
}

/// Something to know that keeps nothing from being done.
pub(crate) fn note(session: &Session, text: &str) {
    if !session.json {
        eprintln!("note: {text}");
    }
}

/// Ends the program.
pub(crate) fn conclude(
    session: &Session,
    command: &str,
    outcome: Result<Outcome, Failure>,
) -> ExitCode {
    let (exit, mut document) = match outcome {
        Ok(Outcome::Items(items)) => {
            let exit = overall(&items);
            if !session.json && items.len() > 1 {
                lines(session, &Report::new().line(summary(&items)));
            }
            (exit, items_document(exit, &items))
        }
        Ok(Outcome::Folder(folder)) => folder_document(session, folder),
        Ok(Outcome::Whole(report)) => {
            if !session.json {
                lines(session, &report);
            }
            (report.failed.unwrap_or(Exit::Done), report.fields)
        }
        Err(failure) => {
            if !session.json {
                complain("", &failure);
            }
            let error = error_value(&failure);
            (failure.exit, Map::from_iter([("error".to_owned(), error)]))
        }
    };
    if session.json {
        finish_document(&mut document, command, exit);
        print_text(session, &Value::Object(document).to_string());
    }
    ExitCode::from(told(session, exit).code())
}

/// Shows what became of a folder.
fn folder_document(session: &Session, folder: Folder) -> (Exit, Map<String, Value>) {
    let Folder { report, failures, verdict } = folder;
    let exit = verdict.as_ref().map_or(Exit::Done, |failure| failure.exit);
    if !session.json {
        for (place, failure) in &failures {
            complain(&format!("{place}: "), failure);
        }
        lines(session, &report);
        if let Some(failure) = &verdict {
            complain("", failure);
        }
    }
    let mut document = report.fields;
    if let Some(failure) = &verdict {
        document.insert("error".to_owned(), error_value(failure));
    }
    (exit, document)
}

/// Where what was to be told could not be told, the work may be done, but not all is well.
fn told(session: &Session, exit: Exit) -> Exit {
    match (session.stdout_failed.get(), exit) {
        (true, Exit::Done) => {
            let failure = Failure::new(Exit::Io, "the work is done, but standard output failed");
            complain("", &failure.next("check where standard output goes"));
            Exit::Io
        }
        _ => exit,
    }
}

/// Ends the program where the command line named no command to run.
pub(crate) fn before_command(stopped: Stopped, arguments: &[OsString]) -> ExitCode {
    match stopped {
        Stopped::Help(text) => {
            let _ = write_line(text.trim_end());
            ExitCode::SUCCESS
        }
        Stopped::Wrong(failure) => {
            if arguments.iter().any(|argument| argument == "--json") {
                let mut document = Map::new();
                document.insert("error".to_owned(), error_value(&failure));
                finish_document(&mut document, "", failure.exit);
                let _ = write_line(&Value::Object(document).to_string());
            } else {
                complain("", &failure);
            }
            ExitCode::from(failure.exit.code())
        }
    }
}

fn summary(items: &[Item]) -> String {
    let failed = items.iter().filter(|item| item.result.is_err()).count();
    let total = items.len();
    match failed {
        0 => format!("{total} inputs, all done"),
        _ => format!("{total} inputs, {failed} failed"),
    }
}

fn items_document(exit: Exit, items: &[Item]) -> Map<String, Value> {
    let results: Vec<Value> = items.iter().map(item_value).collect();
    let mut document = Map::new();
    document.insert("results".to_owned(), results.into());
    if exit != Exit::Done {
        let only = items.iter().filter_map(|item| item.result.as_ref().err());
        let error = match only.collect::<Vec<_>>().as_slice() {
            [failure] if items.len() == 1 => error_value(failure),
            _ => json!({
                "code": exit.name(),
                "message": summary(items),
                "next": "see the error of each input in `results`",
            }),
        };
        document.insert("error".to_owned(), error);
    }
    document
}

fn item_value(item: &Item) -> Value {
    let mut value = Map::new();
    value.insert("input".to_owned(), item.input.into());
    value.insert("ok".to_owned(), item.result.is_ok().into());
    match &item.result {
        Ok(report) => value.extend(report.fields.clone()),
        Err(failure) => {
            value.insert("exit_code".to_owned(), failure.exit.code().into());
            value.insert("error".to_owned(), error_value(failure));
        }
    }
    Value::Object(value)
}

pub(crate) fn error_value(failure: &Failure) -> Value {
    json!({
        "code": failure.exit.name(),
        "message": failure.message,
        "next": failure.next,
    })
}

fn finish_document(document: &mut Map<String, Value>, command: &str, exit: Exit) {
    document.insert("medsec".to_owned(), env!("CARGO_PKG_VERSION").into());
    document.insert("command".to_owned(), command.into());
    document.insert("ok".to_owned(), (exit == Exit::Done).into());
    document.insert("exit_code".to_owned(), exit.code().into());
    document.entry("error").or_insert(Value::Null);
}

fn lines(session: &Session, report: &Report) {
    for line in &report.lines {
        if session.content_on_stdout.get() {
            eprintln!("{line}");
        } else {
            print_text(session, line);
        }
    }
}

fn complain(place: &str, failure: &Failure) {
    let next = failure.next.as_deref();
    let next = next.map_or_else(String::new, |next| format!("\n  → {next}"));
    eprintln!("medsec: {place}{}{next}", failure.message);
}

/// A reader that has gone away, as `medsec … | head` does, is no failure.
fn print_text(session: &Session, text: &str) {
    if write_line(text).is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe) {
        session.stdout_failed.set(true);
    }
}

fn write_line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}
