//! Examples at the end of the commands' help texts.

/// Behind the list of commands.
pub(crate) const PROGRAM: &str = "\
On one machine:
  medsec init
  medsec seal STUDY --key default --out-dir SEALED
  medsec verify SEALED
  medsec open SEALED --out-dir STUDY
  medsec audit verify

With partners:
  medsec identity new --out me.key
  medsec seal scan.dcm --to partner.pub --context-file patient.ctx -o scan.msp
  medsec open scan.msp --identity me.key --any-signer --context-file patient.ctx -o scan.dcm
  medsec demo

Exit codes: 0 done, 2 wrong command line, 3 no package, 4 not the expected package, 5 wrong key, \
wrong context or altered, 6 damaged, 7 signature, 8 output exists, 9 reading or writing failed, \
10 interrupted, 11 identity file, 12 not rewrapped, 13 not as the manifest says, \
14 to 16 key store, 17 to 23 audit log, 1 anything else or several of these.";

pub(crate) const IDENTITY_NEW: &str = "\
Examples:
  medsec identity new --out me.key
  medsec identity new --kind signer --out sign.key
  medsec identity new --no-passphrase --out /run/secrets/job.key

It prints the public key: that is what partners get.";

pub(crate) const IDENTITY_SHOW: &str = "\
Example:
  medsec identity show me.key";

pub(crate) const INIT: &str = "\
Examples:
  medsec init
  medsec init --user research --key ct-2026 --no-passphrase
  medsec init --audit-name clinic.example/log --anchor /mnt/anchors
  medsec init --join /srv/medsec/store --user ann

It makes the key store, the first user's identity and signer, the first dataset's key, and the audit log with its \
key and pin. The store keeps no key in clear; the identity is what opens it, so make copies of both. Keep the pin \
where nobody who can write the log can write.";

pub(crate) const USER_ADD: &str = "\
Example:
  medsec user add ann --recipient msp-x25519:ABC --signer msp-ed25519:ABC --grant ct-2026

The user makes the keys with `medsec init --join` or `medsec user keys`, and hands over the line that prints: \
public keys, never the files.";

pub(crate) const USER_KEYS: &str = "\
Example:
  medsec user keys ann --out-dir usb-stick";

pub(crate) const USER_GRANT: &str = "\
Examples:
  medsec user grant ann ct-2026 mri-2026
  medsec user revoke ann mri-2026";

pub(crate) const USER_ONE: &str = "\
Examples:
  medsec user offboard ann
  medsec user appoint ben
  medsec user dismiss ben";

pub(crate) const USER_LIST: &str = "\
Example:
  medsec user list";

pub(crate) const KEY_CREATE: &str = "\
Example:
  medsec key create mri-2026 --max-age 180";

pub(crate) const KEY_ROTATE: &str = "\
Examples:
  medsec key rotate ct-2026
  medsec key rotate --overdue";

pub(crate) const KEY_STATUS: &str = "\
Examples:
  medsec key status
  medsec key status ct-2026 --json";

pub(crate) const KEY_ONE: &str = "\
Examples:
  medsec key disable ct-2026
  medsec key enable ct-2026
  medsec key keep ct-2026";

pub(crate) const KEY_AGE: &str = "\
Examples:
  medsec key age ct-2026 --max-age 90
  medsec key age ct-2026 --no-max-age";

pub(crate) const KEY_DESTROY: &str = "\
Examples:
  medsec key destroy --due
  medsec key destroy ct-2026 --after 30 --confirm ct-2026
  medsec key destroy ct-2026 --version 1 --confirm ct-2026";

pub(crate) const STORE_STATUS: &str = "\
Example:
  medsec store status";

pub(crate) const STORE_BACKUP: &str = "\
Example:
  medsec store backup store-2026-11.backup";

pub(crate) const STORE_RESTORE: &str = "\
Examples:
  medsec store restore store-2026-11.backup
  medsec store restore store-2026-11.backup --give-up-present";

pub(crate) const DOCTOR: &str = "\
Examples:
  medsec doctor
  medsec doctor --json

It changes nothing. It ends with 1 if something should be mended before anything is sealed here.";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  medsec completions bash
  medsec completions zsh";

pub(crate) const MAN: &str = "\
Example:
  medsec man --out-dir man1";

pub(crate) const CONFIG_SHOW: &str = "\
Example:
  medsec config show";

pub(crate) const SEAL: &str = "\
Examples:
  medsec seal STUDY --key ct-2026 --out-dir SEALED
  medsec seal scan.dcm --to partner.pub --sign-with sign.key --context-file patient.ctx -o scan.msp
  medsec seal a.dcm b.dcm --to one.pub --to two.pub --out-dir sealed
  medsec seal - --to partner.pub --stdout
  medsec seal study --to me.pub --sign-with sign.key --identity me.key --out-dir sealed

A context file has lines such as `patient = MRN-0042`. Who opens the package must give the same.";

pub(crate) const OPEN: &str = "\
Examples:
  medsec open scan.msp --identity me.key --signer sender.pub --context-file patient.ctx -o scan.dcm
  medsec open a.msp b.msp --identity me.key --any-signer --out-dir opened
  medsec open - --identity me.key --any-signer -o scan.dcm
  medsec open sealed --identity me.key --signer sender.pub --out-dir study";

pub(crate) const INSPECT: &str = "\
Examples:
  medsec inspect scan.msp
  medsec inspect --json a.msp b.msp";

pub(crate) const VERIFY: &str = "\
Examples:
  medsec verify scan.msp --signer sender.pub
  medsec verify scan.msp --identity me.key --context-file patient.ctx
  medsec verify sealed --signer sender.pub --seen sealed.seen";

pub(crate) const REWRAP: &str = "\
Examples:
  medsec rewrap SEALED --to-key ct-2026
  medsec rewrap scan.msp --identity me.key --to third.pub
  medsec rewrap scan.msp --identity me.key --to new.pub --drop old.pub
  medsec rewrap scan.msp --identity me.key --to third.pub -o copy.msp
  medsec rewrap sealed --identity me.key --to third.pub";

pub(crate) const SIDE_CAR: &str = "\
Example:
  medsec side-car scan.msp -o scan.msp.side";

pub(crate) const DEMO: &str = "\
Examples:
  medsec demo
  medsec demo scan.dcm";

pub(crate) const AUDIT_VERIFY: &str = "\
Examples:
  medsec audit verify
  medsec audit verify --max-age 24 --known /mnt/other/main.checkpoint
  medsec audit verify --log COPY --pin log.pin --strict
  medsec audit verify --content --strict-anchors
  medsec audit verify --range 100..199

Without a checkpoint from elsewhere, records missing at the very end show only by their age. Ends with 18 \
tampered, 19 truncated, 20 fork, 21 rekeyed, 22 torn, 23 stale.";

pub(crate) const AUDIT_TEST: &str = "\
Examples:
  medsec audit test
  medsec audit test --stream gateway --json

It appends one record of the kind `test`, durably, and prints its number. Nothing else shows as well that what \
happens here is recorded.";

pub(crate) const AUDIT_CHECKPOINT: &str = "\
Examples:
  medsec audit checkpoint
  medsec audit checkpoint --stream main --out main.checkpoint

Records before the newest checkpoint that somebody else has cannot be changed or cut off unnoticed. Run it often: \
every hour, and after each import.";

pub(crate) const AUDIT_CONSISTENCY: &str = "\
Example:
  medsec audit consistency monday.checkpoint friday.checkpoint

Ends with 20 if neither continues the other.";

pub(crate) const AUDIT_PROVE: &str = "\
Example:
  medsec audit prove 4711 -o record.proof

Whoever is to check it needs the two files, the log's pin and the name of the stream.";

pub(crate) const AUDIT_CHECK_PROOF: &str = "\
Example:
  medsec audit check-proof record.proof --line record.proof.line --pin log.pin --stream main";

pub(crate) const AUDIT_STREAM_ADD: &str = "\
Example:
  medsec audit stream add gateway";

pub(crate) const AUDIT_STREAM_LIST: &str = "\
Example:
  medsec audit stream list";

pub(crate) const AUDIT_REPAIR: &str = "\
Example:
  medsec audit repair main --confirm main

Copy the log's folder first. What is missing stays missing: a record says how much, and every later verification \
ends with 19.";

pub(crate) const AUDIT_REKEY: &str = "\
Example:
  medsec audit rekey main --confirm main

Only where `medsec audit test` says that the epoch key is gone. Every later verification ends with 21.";

pub(crate) const AUDIT_EXPORT: &str = "\
Examples:
  medsec audit export --format jsonl -o main.jsonl
  medsec audit export --format fhir --from 2026-11-01 --until 2026-12-01 -o november.ndjson
  medsec audit export --format dicom -o -

Other formats than jsonl cannot be verified by whoever gets them.";

pub(crate) const AUDIT_CHECK_FHIR: &str = "\
Examples:
  medsec audit check-fhir event.json
  medsec audit check-fhir november.ndjson --lines --balp";

pub(crate) const AUDIT_SHOW: &str = "\
Examples:
  medsec audit show --last 20
  medsec audit show --principal ann --from 7d --denied
  medsec audit show --package abababababababababababababababab --format csv
  medsec audit show --from 2026-11-01 --until 2026-12-01 --emergency --format jsonl";

pub(crate) const AUDIT_FOLLOW: &str = "\
Examples:
  medsec audit follow
  medsec audit follow --denied --from 1h --format jsonl

It ends with a signal, or when nobody reads its output any more.";

pub(crate) const AUDIT_REPORT: &str = "\
Examples:
  medsec audit report
  medsec audit report --from 2026-11-01 --until 2026-12-01 --format html -o november.html
  medsec audit report --from 30d --off-hours 19-7 --time-zone +01:00 --weekends --format csv

It verifies the log first and ends with the verdict's code. Record with `medsec audit review` that you have read it.";

pub(crate) const AUDIT_REVIEW: &str = "\
Examples:
  medsec audit review --from 2026-11-01 --until 2026-12-01
  medsec audit review --from 7d --until now --note-file note.txt";

pub(crate) const AUDIT_WATCH: &str = "\
Examples:
  medsec audit watch --print-rules
  medsec audit watch --rules rules.toml --hook ./page-duty --metrics audit.prom
  medsec audit watch --rules rules.toml --once

The hook is run once for each alert and finds it on its standard input, as one line of JSON. With --once it ends \
with the verdict's code where the log does not verify, with 1 where there is another new alert.";

#[cfg(feature = "ship")]
pub(crate) const AUDIT_SHIP: &str = "\
Examples:
  medsec audit ship --config peers.toml --prepare
  medsec audit ship --config peers.toml
  medsec audit ship --config peers.toml --metrics ship.prom --checkpoint-every 60 --passphrase-fd 3
  medsec audit ship --config peers.toml --once

It ends with a signal, with --once when every peer has everything, and when no peer is left that may be shipped to. It \
ends with 20 where a peer holds another history of the log, with 17 where one refuses or is not set up as it must be, \
with 9 where, with --once, one does not answer. See docs/shipping.md for the file of peers.";

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
        assert!(commands.len() >= 47, "{}", commands.len());
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
        for code in 0..=13 {
            let shown = super::PROGRAM.split("Exit codes:").last().unwrap_or_default();
            let words = shown.split_whitespace();
            assert!(words.clone().any(|word| word == code.to_string()), "{code}");
        }
    }
}
