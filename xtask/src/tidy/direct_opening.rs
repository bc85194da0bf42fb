//! The program and the examples reach protected content through the Custodian only.
//!
//! What opens, seals or rewraps a package without a decision and a record is public in the lower crates, because
//! whoever takes those alone composes for himself. Here it is not called but where the Custodian is.

use anyhow::Result;

use super::{Finding, line_at, rust_text, words};
use crate::workspace::Workspace;

/// Methods and functions that get at a data key or at what it protects.
const DIRECT: [&str; 10] = [
    "address",
    "address_shared",
    "open_message",
    "seal_message",
    "seal_to",
    "unlock",
    "unlock_recipients",
    "unlock_recipients_with",
    "unlock_with",
    "unwrap_dek",
];

/// Those of them that are functions.
const FUNCTIONS: [&str; 2] = ["open_message", "seal_message"];

/// Folders, and files beside them, of what must go through the Custodian.
const GUARDED: [&str; 2] = ["crates/medsec-cli/src/", "examples/"];

/// The one place of the program that holds the Custodian and who is logged in.
const CUSTODY: [&str; 2] = ["crates/medsec-cli/src/custody.rs", "crates/medsec-cli/src/custody/"];

/// Files that call one of them nevertheless, which ones, and why.
const EXCEPTIONS: [(&str, &[&str], &str); 14] = [
    ("crates/medsec-cli/src/agent/place.rs", &["unlock"], "a lock on a file"),
    (
        "crates/medsec-cli/src/agent/server/connection.rs",
        &["unwrap_dek"],
        "for a Custodian in another process, whose intent is on record",
    ),
    ("crates/medsec-cli/src/agent/server/login.rs", &["unlock"], "identity files and their user"),
    ("crates/medsec-cli/src/agent/server/ring.rs", &["unlock"], "the store's user, for the agent"),
    (
        "crates/medsec-cli/src/services/runtime.rs",
        &["unwrap_dek"],
        "a key service, which the Custodian asks",
    ),
    (
        "crates/medsec-cli/src/command/identity/passphrase.rs",
        &["unlock"],
        "identity files: the same keys under another passphrase",
    ),
    ("crates/medsec-cli/src/own.rs", &["unlock"], "identity files: a key, and no content"),
    ("crates/medsec-cli/src/log_key.rs", &["unlock"], "the log key's file"),
    ("crates/medsec-cli/src/command/demo/log.rs", &["unlock"], "the demo's log key"),
    ("examples/clinic/founding.rs", &["unlock"], "the store's user, who then asks the Custodian"),
    (
        "examples/own_key_service.rs",
        &["address", "open_message", "seal_message", "unlock", "unwrap_dek"],
        "shows medsec-crypto alone",
    ),
    ("examples/partner_exchange.rs", &["seal_to", "unlock_with"], "shows medsec-crypto alone"),
    ("examples/read_a_range.rs", &["seal_to", "unlock_with"], "shows medsec-crypto alone"),
    ("examples/seams/keys.rs", &["unwrap_dek"], "a key service, which the Custodian asks"),
];

pub(super) fn check(ws: &Workspace) -> Result<Vec<Finding>> {
    let files = ws.texts(&[".rs"])?;
    let guarded = files.iter().filter(|(path, _)| is_guarded(path));
    let calls: Vec<_> = guarded.map(|(path, text)| (path.as_str(), calls(text))).collect();
    let wrong = calls.iter().flat_map(|(path, calls)| judge(path, calls));
    let needless = EXCEPTIONS.iter().flat_map(|(path, names, _)| {
        let found = calls.iter().find(|(file, _)| file == path);
        let called = move |name: &str| {
            found.is_some_and(|(_, calls)| calls.iter().any(|(_, call)| *call == name))
        };
        let needless = names.iter().filter(move |name| !called(name));
        needless.map(|name| Finding::whole(path, format!("needs no exception for `{name}`")))
    });
    Ok(wrong.chain(needless).collect())
}

fn is_guarded(path: &str) -> bool {
    let within = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
    within(&GUARDED) && !within(&CUSTODY) && !path.contains("/tests/")
}

/// The calls that are not allowed in that file.
fn judge(path: &str, calls: &[(usize, &'static str)]) -> Vec<Finding> {
    let excepted = EXCEPTIONS.iter().find(|(file, ..)| *file == path).map(|(_, names, _)| *names);
    let wrong = calls.iter().filter(|(_, name)| !excepted.unwrap_or_default().contains(name));
    let what =
        |name: &str| format!("`{name}` without the Custodian: nothing is decided or recorded");
    wrong.map(|(line, name)| Finding::new(path, *line, what(name))).collect()
}

/// Where something of the list is called, or named to be called later.
fn calls(text: &str) -> Vec<(usize, &'static str)> {
    let code = rust_text::code_only(text);
    let mut found = Vec::new();
    for name in DIRECT {
        for at in words(&code, name) {
            let before = code.get(..at).unwrap_or_default().trim_end();
            // Other things may have a method's name; the functions are named for nothing else.
            let reached =
                before.ends_with('.') || before.ends_with("::") || FUNCTIONS.contains(&name);
            if reached {
                found.push((line_at(&code, at), name));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &str = "crates/medsec-cli/src/command/open.rs";

    fn found(path: &str, text: &str) -> usize {
        match is_guarded(path) {
            true => judge(path, &calls(text)).len(),
            false => 0,
        }
    }

    #[test]
    fn program_and_examples_open_nothing_past_the_custodian() {
        crate::tidy::assert_clean(check);
    }

    #[test]
    fn each_way_past_the_custodian_is_found() {
        for bad in [
            "let unlocked = checked.unlock(dek)?;",
            "checked\n    .unlock_with(&[&key])",
            "header.unlock_recipients(dek)",
            "let f = Checked::unlock;",
            "draft.seal_to(&[recipient])?",
            "draft . address ( dek, stanzas )",
            "KeyService::unwrap_dek(&keys, &stanza, &context)",
            "login.keys().unwrap_dek(&stanza, &context).await",
            "use medsec_crypto::open_message;",
            "medsec_crypto::open_message(&key, b\"\", &bytes)",
            "use medsec_crypto::{Kek, open_message};",
        ] {
            assert_eq!(found(COMMAND, bad), 1, "{bad}");
            assert_eq!(found("examples/new_one.rs", bad), 1, "{bad}");
        }
    }

    #[test]
    fn harmless_look_alikes_are_left_alone() {
        for good in [
            "// checked.unlock(dek)",
            "let text = \"header.unlock_with\";",
            "fn unlock(file: &File) {}",
            "let address = of(peer);",
            "lock.unlocked()",
            "grant.open_to_file(source)",
        ] {
            assert_eq!(found(COMMAND, good), 0, "{good}");
        }
    }

    #[test]
    fn custody_tests_and_libraries_are_not_guarded() {
        let call = "checked.unlock(dek)";
        for path in [
            "crates/medsec-cli/src/custody.rs",
            "crates/medsec-cli/src/custody/in_force.rs",
            "crates/medsec-cli/tests/it/main.rs",
            "crates/medsec/src/custodian/open.rs",
            "examples/tests/run.rs",
        ] {
            assert_eq!(found(path, call), 0, "{path}");
        }
        assert_eq!(found("crates/medsec-cli/src/custody_of_others.rs", call), 1);
    }

    #[test]
    fn exception_covers_what_it_names_and_nothing_else() {
        assert_eq!(found("crates/medsec-cli/src/own.rs", "file.unlock(None)"), 0);
        assert_eq!(found("crates/medsec-cli/src/own.rs", "draft.seal_to(&[])"), 1);
    }
}
