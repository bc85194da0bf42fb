//! Judgement of the audit log: who can reach what of it, and how far it is vouched for elsewhere.

mod anchor;
mod streams;

use std::fs;
use std::path::Path;

use medsec_audit::AuditLog;
use medsec_kms::IdentityFile;

use super::Finding;
use super::home::{folder, is_own, mode};
use crate::audit::read_pin;
use crate::failure::Failure;
use crate::settings::Settings;

const LOG: &str = "audit log";

pub(super) fn judge(settings: &Settings) -> Vec<Finding> {
    let place = &settings.audit.value;
    if fs::symlink_metadata(place).is_err() {
        return vec![Finding::warning(
            LOG,
            "there is none: what is done here is not recorded",
            "`medsec init` makes one with a new home; or set audit.folder in config.toml",
        )];
    }
    let mut findings: Vec<_> = folder(LOG, place).into_iter().collect();
    let what = "there: what `seal`, `open` and `rewrap` do, and are refused, is recorded in it";
    findings.push(Finding::good("recording", what));
    findings.push(pin(&settings.audit_pin.value, place));
    findings.extend(key(settings));
    let opened = read_pin(&settings.audit_pin.value)
        .and_then(|pin| AuditLog::open(place, &pin).map_err(Failure::from));
    match opened {
        Ok(log) => {
            findings.push(Finding::good("list of streams", "signed by the key of the pin"));
            findings.extend(streams::judge(&log));
            findings.extend(anchor::judge(settings, &log));
        }
        Err(failure) => {
            let mend = failure.next.unwrap_or_default();
            findings.push(Finding::problem("list of streams", failure.message, mend));
        }
    }
    findings
}

/// Who can replace the pin can replace the log.
fn pin(path: &Path, log: &Path) -> Finding {
    const CHECK: &str = "pin";
    let Ok(about) = fs::metadata(path) else {
        return Finding::problem(
            CHECK,
            "it is not there: the log cannot be verified",
            "put a copy in its place: it is what `medsec init` printed",
        );
    };
    if !is_own(&about) || mode(&about) & 0o022 != 0 {
        return Finding::problem(
            CHECK,
            "other users can change it: with another pin another log verifies",
            "run `chmod go-w` on it, and compare it with the copy that is kept elsewhere",
        );
    }
    if is_within(path, log) {
        return Finding::problem(
            CHECK,
            "it lies within the log's folder: who replaces the log replaces it too",
            "set audit.pin to a path outside, and keep a copy on another machine",
        );
    }
    Finding::good(CHECK, "there, and nobody else can change it")
}

/// The log key vouches for what the epoch keys alone must not do, so it must not lie with them.
fn key(settings: &Settings) -> Option<Finding> {
    const CHECK: &str = "log key";
    let path = settings.audit_key.value.as_deref()?;
    if is_within(path, &settings.audit.value) {
        return Some(Finding::problem(
            CHECK,
            "it lies within the log's folder, with the keys that it is to check",
            "move it to another folder, best another machine, and set audit.key",
        ));
    }
    let Ok(about) = fs::metadata(path) else {
        return Some(Finding::good(CHECK, "not on this machine just now"));
    };
    if mode(&about) & 0o077 != 0 {
        return Some(Finding::problem(
            CHECK,
            "open to other users: they can sign checkpoints",
            "run `chmod 600` on it, and find out who had access",
        ));
    }
    Some(match IdentityFile::load(path).map(|file| file.passphrase_params().is_some()) {
        Ok(true) => Finding::good(CHECK, "outside the log's folder, under a passphrase"),
        Ok(false) => Finding::warning(
            CHECK,
            "the file has no passphrase: who copies it can sign checkpoints",
            "right for a service on an encrypted disk; better keep it on another machine",
        ),
        Err(error) => {
            let failure = Failure::from(error);
            Finding::problem(CHECK, failure.message, failure.next.unwrap_or_default())
        }
    })
}

/// Whether a path lies in a folder, also where links lead there.
fn is_within(path: &Path, folder: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    path.starts_with(folder) || real(path).starts_with(real(folder))
}
