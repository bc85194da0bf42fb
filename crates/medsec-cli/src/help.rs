//! Examples at the end of the commands' help texts.

/// Behind the list of commands.
pub(crate) const PROGRAM: &str = "\
On one machine:
  medsec init --user ada
  medsec seal STUDY --key default --purpose TREAT --out-dir SEALED
  medsec verify SEALED
  medsec open SEALED --purpose TREAT --out-dir STUDY
  medsec audit verify

With partners:
  medsec identity show home/identities/ada.identity
  medsec seal scan.dcm --to partner.pub --purpose TREAT --context-file patient.ctx -o scan.msp
  medsec open scan.msp --signer partner.pub --purpose TREAT --context-file patient.ctx -o scan.dcm
  medsec demo

Exit codes: 0 done, 2 wrong command line, 3 no package, 4 not the expected package, 5 wrong key, \
wrong context or altered, 6 damaged, 7 signature, 8 output exists, 9 reading or writing failed, \
10 interrupted, 11 identity file, 12 not rewrapped, 13 not as the manifest says, \
14 to 16 key store, 17 to 23 audit log, 24 to 27 policy, session and clock, 1 anything else or several of these.";

pub(crate) const IDENTITY_NEW: &str = "\
Examples:
  medsec identity new --out me.key
  medsec identity new --kind signer --out sign.key
  medsec identity new --no-passphrase --out /run/secrets/job.key

It prints the public key: that is what partners get.";

pub(crate) const IDENTITY_PASSPHRASE: &str = "\
Examples:
  medsec identity passphrase
  medsec identity passphrase me.key sign.key
  medsec identity passphrase /run/secrets/job.key --no-passphrase

Without FILE these are the home's own: the identity, its signer and the key of the audit log. The keys stay the same, and \
with them all packages and records. Each file is replaced in one step, after all were opened: stopped at any moment, each \
is the old one or the new one, and the same command goes on. Copies of the old files open with the old passphrase still.";

pub(crate) const IDENTITY_SHOW: &str = "\
Example:
  medsec identity show me.key";

pub(crate) const INIT: &str = "\
Examples:
  medsec init --user ada
  medsec init --user ada --key ct-2026 --policy research --no-passphrase
  medsec init --user ada --policy my-policy
  medsec init --user ada --audit-name clinic.example/log --anchor /mnt/anchors
  medsec init --join /srv/medsec/store --user ann

It makes the key store, the first user's identity and signer, the first dataset's key, the policy, and the audit log \
with its key and pin. The store keeps no key in clear; the identity is what opens it, so make copies of both. Keep the pin \
where nobody who can write the log can write.";

#[cfg(unix)]
pub(crate) const LOGIN: &str = "\
Examples:
  medsec login
  medsec login --identity ann.identity --passphrase-fd 3  3<phrase
  medsec login --token-file /var/run/secrets/tokens/medsec

It starts an agent that ends with the session. Run again, it proves anew who you are, for what asks for that.";

#[cfg(unix)]
pub(crate) const LOGOUT: &str = "\
Example:
  medsec logout";

#[cfg(unix)]
pub(crate) const STATUS: &str = "\
Example:
  medsec status --json

It ends with 25 if nobody is logged in, and is no use of the session.";

#[cfg(unix)]
pub(crate) const AGENT: &str = "\
Examples:
  medsec agent
  medsec agent --foreground

`medsec login` starts one by itself. While one runs, it alone writes the audit log of the home.";

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
  medsec key status ct-2026 bao:ct --json
  medsec key status --check --packages sealed";

pub(crate) const KEY_BOOTSTRAP: &str = "\
Examples:
  medsec key bootstrap --vault https://bao:8200 --roots ca.pem --token-file admin.token --key ct --user ada
  medsec key bootstrap --vault https://bao:8200 --roots ca.pem --token-file admin.token --key ct --apply
  medsec key bootstrap --aws ARN --any-dataset --administrator ARN --sealing-role ARN --opening-role ARN --rewrapping-role ARN

Without --apply nothing is changed. A second time there is nothing to do.";

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

pub(crate) const POLICY_NEW: &str = "\
Examples:
  medsec policy new hipaa-default clinic-policy --owner ada --dataset ct-2026
  medsec policy new strict clinic-policy --owner ada --dataset ct-2026

It writes a folder with policy.toml, roles.toml and rules/*.cedar. Nothing of it counts before `medsec policy sign`.";

pub(crate) const POLICY_CHECK: &str = "\
Examples:
  medsec policy check
  medsec policy check clinic-policy --json

Ends with 26 if there is an error; warnings alone end with 0.";

pub(crate) const POLICY_SHOW: &str = "\
Example:
  medsec policy show";

pub(crate) const POLICY_TEST: &str = "\
Examples:
  medsec policy test --write --as ada
  medsec policy test --table expected.csv
  medsec policy test clinic-policy --table expected.csv

Ends with 1 if a decision is not the one expected, with 26 if there is no policy to ask.";

pub(crate) const POLICY_EXPLAIN: &str = "\
Examples:
  medsec policy explain --as ada --action open --dataset ct-2026 --purpose TREAT
  medsec policy explain --as ada --action change-policy --two-factors --age 10m
  medsec policy explain --as bela --action close-review --resource emergency::own
  medsec policy explain --as ada --action open --dataset ct-2026 --purpose BTG --emergency --policy clinic-policy

For those who make policies: it tells what one would have to claim.";

pub(crate) const POLICY_DIFF: &str = "\
Examples:
  medsec policy diff
  medsec policy diff clinic-policy
  medsec policy diff october.policy november.policy";

pub(crate) const POLICY_SIGN: &str = "\
Examples:
  medsec policy sign --dry-run
  medsec policy sign
  medsec policy sign clinic-policy

The policy in force decides whether you may, it is recorded, and you must administer the key store. Packages sealed \
under older policies open by the new rules. Where no policy is in force that can be trusted, the new one decides.";

pub(crate) const POLICY_HISTORY: &str = "\
Example:
  medsec policy history";

pub(crate) const POLICY_EXPORT: &str = "\
Example:
  medsec policy export october.policy";

pub(crate) const POLICY_ACCEPT: &str = "\
Example:
  medsec policy accept

It tells which policy is there, and takes it with --confirm and its hash. Only where what remembers the last policy was \
damaged, or a backup was put back on purpose.";

pub(crate) const CONFIG_SHOW: &str = "\
Example:
  medsec config show";

pub(crate) const SEAL: &str = "\
Examples:
  medsec seal STUDY --key ct-2026 --purpose TREAT --out-dir SEALED
  medsec seal scan.dcm --to partner.pub --purpose COC --context-file patient.ctx -o scan.msp
  medsec seal a.dcm b.dcm --to one.pub --to two.pub --dataset ct-2026 --out-dir sealed
  medsec seal - --to partner.pub --stdout
  medsec seal study --to me.pub --identity me.key --out-dir sealed

It needs a home (`medsec init`), whose policy decides and whose audit log records it. A context file has lines such as `patient = MRN-0042`. Who opens the package must give the same.";

pub(crate) const OPEN: &str = "\
Examples:
  medsec open SEALED --purpose TREAT --out-dir STUDY
  medsec open scan.msp --signer sender.pub --purpose TREAT --context-file patient.ctx -o scan.dcm
  medsec open scan.msp --signer sender.pub --dataset ct-2026 --purpose TREAT -o scan.dcm
  medsec open a.msp b.msp --identity me.key --any-signer --out-dir opened
  medsec open - --identity me.key --any-signer -o scan.dcm

It needs a home (`medsec init`), whose policy decides and whose audit log records it, refusals too.";

pub(crate) const INSPECT: &str = "\
Examples:
  medsec inspect scan.msp
  medsec inspect --json a.msp b.msp
  medsec inspect sealed
  medsec inspect --list sealed.list --json";

pub(crate) const VERIFY: &str = "\
Examples:
  medsec verify scan.msp --signer sender.pub
  medsec verify scan.msp --identity me.key --context-file patient.ctx
  medsec verify sealed --signer sender.pub --seen sealed.seen";

pub(crate) const REWRAP: &str = "\
Examples:
  medsec rewrap sealed --to-key ct-2026
  medsec rewrap sealed --to-key bao:ct --rate 500
  medsec rewrap --list sealed.list --to-key bao:ct
  medsec rewrap sealed --to-key bao:ct-2027 --drop-key bao:ct
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

pub(crate) const AUDIT_ANCHOR_INIT: &str = "\
Example:
  medsec audit anchor init

For an anchor that is set in config.toml after the log was made, when its disk is mounted. Run it once: where the \
folder of a stream is missing later, it was taken away or is not mounted.";

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
  medsec audit export --format jsonl --purpose HCOMPL -o main.jsonl
  medsec audit export --format fhir --purpose HCOMPL --from 2026-11-01 --until 2026-12-01 -o november.ndjson
  medsec audit export --format dicom --purpose HLEGAL -o -
  medsec audit export --format fhir --purpose HCOMPL --emergency 0f1e2d3c4b5a69788796a5b4c3d2e1f0 -o of-one.ndjson

Of the home's own log the policy is asked whether you may hand it on for that purpose, and that you do is recorded before anything is written. Other formats than jsonl cannot be verified by whoever gets them.";

pub(crate) const AUDIT_CHECK_FHIR: &str = "\
Examples:
  medsec audit check-fhir event.json
  medsec audit check-fhir november.ndjson --lines --balp";

pub(crate) const AUDIT_SHOW: &str = "\
Examples:
  medsec audit show --last 20
  medsec audit show --principal ann --from 7d --denied
  medsec audit show --package abababababababababababababababab --format csv
  medsec audit show --from 2026-11-01 --until 2026-12-01 --emergency --format jsonl
  medsec audit show --emergency 0f1e2d3c4b5a69788796a5b4c3d2e1f0";

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

pub(crate) const AUDIT_RECONCILE: &str = "\
Examples:
  medsec audit reconcile SEALED
  medsec audit reconcile SEALED --log COPY --pin audit.pin --signer PUBKEY

It verifies the log first. A package whose recipients were put back to an older list shows here and nowhere else.";

pub(crate) const AUDIT_REVIEW: &str = "\
Examples:
  medsec audit review --from 2026-11-01 --until 2026-12-01
  medsec audit review --from 7d --until now --note-file note.txt";

pub(crate) const EMERGENCY_OPEN: &str = "\
Examples:
  medsec emergency open --reason patient-safety --dataset ct-2026 --text-file why.txt
  medsec emergency open --reason system-failure --dataset ct-2026 --for 30m --patient-file patient --text-file -

The claim is recorded before it counts, the hook of the settings is told, and somebody who had no part in it has to \
review it. Then `medsec open --purpose BTG` opens what it covers, for you alone.";

pub(crate) const EMERGENCY_STATUS: &str = "\
Examples:
  medsec emergency status
  medsec emergency status --json

Ends with 1 if a review is overdue or a record cannot be read.";

pub(crate) const EMERGENCY_CLOSE: &str = "\
Example:
  medsec emergency close 0f1e2d3c4b5a69788796a5b4c3d2e1f0";

pub(crate) const EMERGENCY_REVIEW: &str = "\
Example:
  medsec emergency review 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --finding justified --text-file found.txt";

pub(crate) const EMERGENCY_STAGE: &str = "\
Examples:
  medsec emergency stage --threshold 3 --shares 5 --out shares --into-policy policy/source
  medsec emergency stage --threshold 2 --shares 3 --print paper --kind x-wing

Each custodian types a passphrase. The private key exists nowhere but in the shares.";

pub(crate) const EMERGENCY_DRILL: &str = "\
Examples:
  medsec emergency drill SEALED --share one.share --share two.share --share three.share --purpose TREAT
  medsec emergency drill SEALED --share one.share --share two.share --share paper.txt --sample 50 --json

Nothing is released. Ends with 11 where the shares make no key, with 4 where a package does not carry it or the \
policy does not name it.";

pub(crate) const EMERGENCY_RECOVER: &str = "\
Example:
  medsec emergency recover scan.msp -o scan.dcm --share a.share --share b.share --custodian bela --custodian cara

Claim an emergency first: `medsec emergency open`. Where the home is lost, `medsec init` makes another one, and \
--any-signer or --signer says whose packages to accept.";

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
