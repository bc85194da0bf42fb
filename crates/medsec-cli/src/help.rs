//! Examples at the end of the commands' help texts.

/// Behind the list of commands.
pub(crate) const PROGRAM: &str = "\
Examples, in this order:
  medsec identity new --out me.key
  medsec seal scan.dcm --to partner.pub --context-file patient.ctx -o scan.msp
  medsec open scan.msp --identity me.key --any-signer --context-file patient.ctx -o scan.dcm
  medsec demo

Exit codes: 0 done, 2 wrong command line, 3 no package, 4 not the expected package, 5 wrong key, \
wrong context or altered, 6 damaged, 7 signature, 8 output exists, 9 reading or writing failed, \
10 interrupted, 11 identity file, 12 not rewrapped, 1 anything else or several of these.";

pub(crate) const IDENTITY_NEW: &str = "\
Examples:
  medsec identity new --out me.key
  medsec identity new --kind signer --out sign.key
  medsec identity new --no-passphrase --out /run/secrets/job.key

It prints the public key: that is what partners get.";

pub(crate) const IDENTITY_SHOW: &str = "\
Example:
  medsec identity show me.key";

pub(crate) const SEAL: &str = "\
Examples:
  medsec seal scan.dcm --to partner.pub --sign-with sign.key --context-file patient.ctx -o scan.msp
  medsec seal a.dcm b.dcm --to one.pub --to two.pub --out-dir sealed
  medsec seal - --to partner.pub --stdout

A context file has lines such as `patient = MRN-0042`. Who opens the package must give the same.";

pub(crate) const OPEN: &str = "\
Examples:
  medsec open scan.msp --identity me.key --signer sender.pub --context-file patient.ctx -o scan.dcm
  medsec open a.msp b.msp --identity me.key --any-signer --out-dir opened
  medsec open - --identity me.key --any-signer -o scan.dcm";

pub(crate) const INSPECT: &str = "\
Examples:
  medsec inspect scan.msp
  medsec inspect --json a.msp b.msp";

pub(crate) const VERIFY: &str = "\
Examples:
  medsec verify scan.msp --signer sender.pub
  medsec verify scan.msp --identity me.key --context-file patient.ctx";

pub(crate) const REWRAP: &str = "\
Examples:
  medsec rewrap scan.msp --identity me.key --to third.pub
  medsec rewrap scan.msp --identity me.key --to new.pub --drop old.pub
  medsec rewrap scan.msp --identity me.key --to third.pub -o copy.msp";

pub(crate) const SIDE_CAR: &str = "\
Example:
  medsec side-car scan.msp -o scan.msp.side";

pub(crate) const DEMO: &str = "\
Examples:
  medsec demo
  medsec demo scan.dcm";

#[cfg(test)]
mod tests {
    use crate::usage;
    use clap::{Command, CommandFactory as _};
    use std::ffi::OsString;

    /// Every line of a text that is a command line.
    fn command_lines(text: &str) -> Vec<Vec<OsString>> {
        text.lines()
            .map(|line| line.split("  ").find(|part| part.starts_with("medsec ")))
            .filter_map(|line| Some(line?.split_whitespace().map(OsString::from).collect()))
            .collect()
    }

    fn assert_understood(line: &[OsString]) {
        assert!(usage::parse(line).is_ok(), "{line:?}");
    }

    fn leaves(command: &Command) -> Vec<&Command> {
        let below = command.get_subcommands();
        let below: Vec<&Command> = below.filter(|c| c.get_name() != "help").collect();
        match below.is_empty() {
            true => vec![command],
            false => below.into_iter().flat_map(leaves).collect(),
        }
    }

    #[test]
    fn every_command_shows_examples_that_are_understood() {
        let program = crate::args::Cli::command();
        let commands = leaves(&program);
        assert_eq!(commands.len(), 9);
        for command in commands.into_iter().chain([&program]) {
            let text = command.get_after_help().map(ToString::to_string);
            let lines = command_lines(&text.unwrap_or_default());
            assert!(!lines.is_empty(), "{}", command.get_name());
            lines.iter().for_each(|line| assert_understood(line));
        }
    }

    #[test]
    fn lines_of_the_manual_are_understood() {
        let page = include_str!("../../../docs/cli.md");
        let blocks = page.split("```").skip(1).step_by(2);
        let lines: Vec<_> = blocks.flat_map(command_lines).collect();
        assert!(lines.len() >= 9);
        lines.iter().for_each(|line| assert_understood(line));
    }

    #[test]
    fn exit_codes_of_the_help_are_whole() {
        for code in 0..=12 {
            let shown = super::PROGRAM.split("Exit codes:").last().unwrap_or_default();
            let words = shown.split_whitespace();
            assert!(words.clone().any(|word| word == code.to_string()), "{code}");
        }
    }
}
