//! Judgement of the home: its files, the key store, the user's keys.

use std::fs::{self, Metadata};
use std::path::Path;

use medsec_kms::{IdentityFile, KeyDescription, KeyState, LocalStore, UserName, UserView};

use super::Finding;
use crate::session::{Session, now};
use crate::settings::{FILE_NAME, Settings};

const HOME: &str = "home";
const STORE: &str = "key store";

pub(super) fn judge(session: &Session) -> Vec<Finding> {
    let settings = match session.settings() {
        Ok(settings) => settings,
        Err(failure) => {
            let mend = failure.next.unwrap_or_default();
            return vec![Finding::problem("settings", failure.message, mend)];
        }
    };
    let mut findings = vec![Finding::good("settings", "understood")];
    if fs::symlink_metadata(&settings.home.value).is_err() {
        findings.push(Finding::warning(HOME, "there is none yet", "run `medsec init`"));
        return findings;
    }
    findings.extend(folder(HOME, &settings.home.value));
    findings.extend(folder("identities", &settings.identities()));
    findings.extend(private_keys(&settings.identities()));
    findings.extend(unfinished(&settings.home.value));
    findings.push(configuration(&settings.home.value.join(FILE_NAME)));
    findings.push(mark(settings));
    // Looked at only: the mark is not to be moved by whoever looks whether it is right.
    match LocalStore::inspect(settings.store_place()) {
        Ok(store) => {
            findings.extend(healthy_store(settings, &store));
            findings.extend(super::policy::judge(settings, &store));
        }
        Err(error) => {
            let failure = crate::failure::Failure::from(error);
            let mend = failure.next.unwrap_or_default();
            findings.push(Finding::problem(STORE, failure.message, mend));
        }
    }
    findings.extend(super::log::judge(settings));
    findings
}

/// A folder that only its owner may look into.
pub(super) fn folder(check: &'static str, path: &Path) -> Option<Finding> {
    let about = fs::metadata(path).ok()?;
    let mode = mode(&about);
    if !is_own(&about) {
        return Some(Finding::problem(
            check,
            "the folder belongs to another user",
            "run as the user it belongs to, or give it to this one with chown",
        ));
    }
    Some(if mode & 0o077 == 0 {
        Finding::good(check, "for its owner only")
    } else {
        Finding::problem(
            check,
            format!("open to other users (mode {mode:04o})"),
            "run `chmod 700` on the folder, and find out who had access",
        )
    })
}

/// Private keys of others too: each is to be read by nobody else.
fn private_keys(folder: &Path) -> Option<Finding> {
    let entries = fs::read_dir(folder).ok()?;
    let open = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|about| mode(&about) & 0o077 != 0);
    let count = entries.filter_map(Result::ok).filter(open).count();
    (count > 0).then(|| {
        Finding::problem(
            "private keys",
            format!("{count} file(s) in `identities` are open to other users"),
            "run `chmod 600` on them, and make new keys for those that others may have read",
        )
    })
}

/// What a killed `medsec init` left beside the home.
fn unfinished(home: &Path) -> Option<Finding> {
    let parent = home.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(parent.unwrap_or_else(|| Path::new("."))).ok()?;
    let left = |entry: &fs::DirEntry| {
        entry.file_name().to_str().is_some_and(|name| name.starts_with(".medsec-init-"))
    };
    let count = entries.filter_map(Result::ok).filter(left).count();
    (count > 0).then(|| {
        Finding::warning(
            "unfinished homes",
            format!(
                "{count} folder(s) `.medsec-init-…` beside the home, with private keys nobody uses"
            ),
            "remove them, unless `medsec init` is running just now",
        )
    })
}

fn configuration(path: &Path) -> Finding {
    match fs::metadata(path) {
        Ok(_) => Finding::good(FILE_NAME, "there, and nobody else can change it"),
        Err(_) => Finding::warning(
            FILE_NAME,
            "there is none: nothing says which key store has to be in its place",
            "run `medsec init` for a new home, or write the store's id there: `medsec store status`",
        ),
    }
}

/// A mark beside what it guards is rolled back together with it.
fn mark(settings: &Settings) -> Finding {
    const CHECK: &str = "mark";
    let (mark, store) = (&settings.mark.value, &settings.store.value);
    if fs::symlink_metadata(mark).is_err() {
        return Finding::warning(
            CHECK,
            "the key store's last state is not remembered anywhere: an older copy in its place would not be noticed",
            "the next command that uses the store makes the mark; if there was one, find out who removed it",
        );
    }
    if mark.starts_with(store) {
        return Finding::problem(
            CHECK,
            "it lies within the key store's folder and would be rolled back together with it",
            "set store.mark to a path outside, best on another disk",
        );
    }
    if mark.starts_with(&settings.home.value) {
        return Finding::warning(
            CHECK,
            "it lies in the home: a copy of the whole home put back takes it along",
            "set store.mark to a path outside, best on another disk",
        );
    }
    Finding::good(CHECK, "outside the key store's folder")
}

fn healthy_store(settings: &Settings, store: &LocalStore) -> Vec<Finding> {
    let verified = format!("verified, change {} of {}", store.generation(), store.changed());
    let mut findings = vec![Finding::good(STORE, verified)];
    findings.extend(clock(store));
    findings.extend(hard_links(&settings.store.value));
    findings.push(administrators(store));
    findings.push(key_age(store));
    findings.extend(due(store));
    findings.extend(own_keys(settings, store));
    findings
}

fn clock(store: &LocalStore) -> Option<Finding> {
    let changed = store.changed().timestamp().unix_seconds();
    // Some minutes of difference between two machines are no finding.
    let behind = changed.saturating_sub(now().unix_seconds());
    (behind > 300).then(|| {
        Finding::problem(
            "clock against the store",
            format!("the clock is {behind} s behind the key store's last change"),
            "set the clock; if it is right, the store was changed on a machine whose clock is wrong",
        )
    })
}

#[cfg(unix)]
fn hard_links(store: &Path) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt as _;
    let links = fs::metadata(store.join("state")).ok()?.nlink();
    (links > 1).then(|| {
        Finding::problem(
            "copies",
            "the key store's state file has another name: what is destroyed stays under it",
            "find it with `find / -samefile`, and remove it",
        )
    })
}

#[cfg(not(unix))]
fn hard_links(_: &Path) -> Option<Finding> {
    None
}

fn administrators(store: &LocalStore) -> Finding {
    const CHECK: &str = "administrators";
    match store.administrators().len() {
        1 => Finding::warning(
            CHECK,
            "there is only one: a lost identity or forgotten passphrase closes everything for ever",
            "make a second one whose files are kept elsewhere: `medsec user keys`, `medsec user add --administrator`",
        ),
        count => Finding::good(CHECK, count.to_string()),
    }
}

fn key_age(store: &LocalStore) -> Finding {
    const CHECK: &str = "key age";
    let enabled = |key: &KeyDescription| key.state == KeyState::Enabled;
    let keys = store.keys().map(|key| key.describe()).filter(enabled);
    let overdue: Vec<String> =
        keys.filter(|key| key.is_overdue(now())).map(|key| key.name.to_string()).collect();
    if overdue.is_empty() {
        return Finding::good(CHECK, "no key is older than it should be");
    }
    let names = overdue.join(", ");
    Finding::warning(
        CHECK,
        format!("overdue for rotation: {names}"),
        "run `medsec key rotate --overdue`",
    )
}

fn due(store: &LocalStore) -> Option<Finding> {
    let due: Vec<String> =
        store.due_for_destruction(now()).iter().map(ToString::to_string).collect();
    (!due.is_empty()).then(|| {
        Finding::warning(
            "planned destruction",
            format!("due and not carried out yet: {}", due.join(", ")),
            "run `medsec key destroy --due`",
        )
    })
}

/// What one of the user's two private keys is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Open,
    Sign,
}

impl Purpose {
    const fn check(self) -> &'static str {
        match self {
            Self::Open => "identity",
            Self::Sign => "signer",
        }
    }
}

const MEND: &str =
    "set user.identity and user.signer in config.toml, or ask an administrator to add you";

/// The user's private keys: there, for nobody else, under a passphrase, and of one present user.
fn own_keys(settings: &Settings, store: &LocalStore) -> Vec<Finding> {
    let identity = own_key(Purpose::Open, settings.identity.value.as_deref(), store);
    let signer = own_key(Purpose::Sign, settings.signer.value.as_deref(), store);
    let mut findings = Vec::new();
    if let (Ok((one, _)), Ok((other, _))) = (&identity, &signer)
        && one != other
    {
        let message = "identity and signer are those of two users";
        findings.push(Finding::problem("user", message, MEND));
    }
    findings.extend([identity, signer].map(|key| key.map_or_else(|bad| bad, |(_, good)| good)));
    findings
}

/// Whose key it is, and what is to be said of its file.
fn own_key(
    purpose: Purpose,
    path: Option<&Path>,
    store: &LocalStore,
) -> Result<(UserName, Finding), Finding> {
    let check = purpose.check();
    let path = path.ok_or_else(|| Finding::problem(check, "none is set", MEND))?;
    let file = IdentityFile::load(path).map_err(|error| {
        let failure = crate::failure::Failure::from(error);
        Finding::problem(check, failure.message, failure.next.unwrap_or_default())
    })?;
    let key = file.public_key();
    let is_own = |user: &UserView<'_>| match purpose {
        Purpose::Open => user.recipient() == key,
        Purpose::Sign => user.signer() == Some(key),
    };
    let user = store.present_users().find(is_own);
    let user = user.ok_or_else(|| {
        Finding::problem(
            check,
            "the key is no present user's of this key store for this purpose",
            MEND,
        )
    })?;
    let finding = match file.passphrase_params() {
        Some(_) => Finding::good(check, "a present user's, under a passphrase"),
        None => Finding::warning(
            check,
            "the file has no passphrase: who copies it has the key",
            "right for a service on an encrypted disk; a person should make a user with a passphrase",
        ),
    };
    Ok((user.name().clone(), finding))
}

#[cfg(unix)]
pub(super) fn mode(about: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(about) & 0o777
}

#[cfg(not(unix))]
pub(super) fn mode(_: &Metadata) -> u32 {
    0
}

#[cfg(unix)]
pub(super) fn is_own(about: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(about) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
pub(super) fn is_own(_: &Metadata) -> bool {
    true
}
