//! Reads the command line, and says what is wrong with it without repeating it: its words may name
//! files, and files may be named after patients.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};

use crate::args::Cli;
use crate::failure::Failure;

/// Why no command runs.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Help or version was asked for.
    Help(String),
    /// The command line is wrong.
    Wrong(Failure),
}

pub(crate) fn parse(arguments: &[OsString]) -> Result<Cli, Stopped> {
    Cli::try_parse_from(arguments).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Stopped::Help(error.render().to_string())
        }
        _ => Stopped::Wrong(describe(&error, arguments)),
    })
}

/// Uses only words that this program declares itself.
fn describe(error: &clap::Error, arguments: &[OsString]) -> Failure {
    let declared = || text(error.get(ContextKind::InvalidArg));
    let message = match error.kind() {
        ErrorKind::UnknownArgument => unknown(error, arguments),
        ErrorKind::InvalidSubcommand => "there is no such command".to_owned(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "a command is missing".to_owned()
        }
        ErrorKind::MissingRequiredArgument => format!("missing: {}", declared()),
        ErrorKind::ArgumentConflict => format!(
            "{} cannot be used together with {}",
            declared(),
            text(error.get(ContextKind::PriorArg))
        ),
        ErrorKind::InvalidValue => match text(error.get(ContextKind::ValidValue)) {
            values if values.is_empty() => format!("the value of {} is missing", declared()),
            values => format!("the value of {} is missing or none of: {values}", declared()),
        },
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => format!("the value of {} is not valid", declared()),
    };
    Failure::usage(message).next(match command_of(arguments) {
        None => "`medsec help` lists the commands".to_owned(),
        Some(command) => format!("`medsec help {command}` describes the arguments"),
    })
}

/// The command that the arguments begin with, as far as they are its words.
fn command_of(arguments: &[OsString]) -> Option<String> {
    let mut command = Cli::command();
    let mut words = Vec::new();
    for argument in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        let Some(found) = command.find_subcommand(argument) else {
            // Options of the program may stand before.
            if words.is_empty() { continue } else { break }
        };
        words.push(found.get_name().to_owned());
        command = found.clone();
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn unknown(error: &clap::Error, arguments: &[OsString]) -> String {
    let raw = text(error.get(ContextKind::InvalidArg));
    let place = arguments.iter().position(|argument| {
        let argument = argument.to_string_lossy();
        argument == raw || argument.split('=').next() == Some(raw.as_str())
    });
    let place = place.map_or_else(
        || "an argument is not known here".to_owned(),
        |place| format!("argument {place} is not known here"),
    );
    match error.get(ContextKind::SuggestedArg) {
        Some(known) => format!("{place}; there is `{known}`"),
        None => place,
    }
}

fn text(value: Option<&ContextValue>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod documented;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_repeat_no_word_of_the_user() {
        for line in [
            "medsec DOE_JANE.dcm",
            "medsec seal --DOE_JANE",
            "medsec seal a --to k -o x --DOE_JANE=1970",
            "medsec seal a --to k -o x -DOE_JANE",
            "medsec seal a --suite DOE_JANE --to k -o x",
            "medsec open a --identity i --passphrase-fd DOE_JANE -o x --any-signer",
            "medsec side-car a DOE_JANE -o x",
            "medsec --threads DOE_JANE inspect x",
            "medsec inspect --json=DOE_JANE x",
            "medsec identity DOE_JANE",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let Err(Stopped::Wrong(failure)) = parse(&words) else {
                panic!("{line}");
            };
            let said = format!("{} {:?}", failure.message, failure.next);
            assert!(!said.contains("DOE") && !said.contains("1970"), "{said}");
        }
    }

    #[test]
    fn complaints_name_the_help_of_their_command() {
        for (line, expected) in [
            ("medsec", "`medsec help` lists the commands"),
            ("medsec sael a", "`medsec help` lists the commands"),
            ("medsec seal a --to k", "`medsec help seal` describes the arguments"),
            ("medsec --json key create a b", "`medsec help key create` describes the arguments"),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let Err(Stopped::Wrong(failure)) = parse(&words) else {
                panic!("{line}");
            };
            assert_eq!(failure.next.as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
