//! `medsec user`: who holds which keys.

use std::ffi::OsString;

use clap::{Args, Subcommand};
use medsec_audit::Action;
use medsec_kms::{Change, ChangeError, KeyName, NewUser, PublicKey, Role, UserName, UserView};
use serde_json::{Value, json};

use crate::command::init::{make_private, new_user};
use crate::custody::Act;
use crate::failure::Failure;
use crate::keys;
use crate::own::{OwnOption, open_store};
use crate::passphrase::PassphraseOption;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a user, by the public keys that the user made.
    Add(Add),
    /// Make the private keys of a user who is to be added, in two files.
    Keys(Keys),
    /// Give a user keys: everything sealed under them opens for the user, also what was sealed before.
    Grant(Grant),
    /// Take keys from a user: they are rotated, so that nothing sealed from now on opens for the user.
    Revoke(Grant),
    /// Remove a user: all keys held are revoked, and neither name nor keys are ever used again.
    Offboard(One),
    /// Make a user an administrator, who holds all keys and changes the store.
    Appoint(One),
    /// Take the administration from a user.
    Dismiss(One),
    /// Show all users and what they hold.
    List(List),
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::USER_ADD)]
pub(crate) struct Add {
    /// The user's name, never used in this store before. It stands in clear.
    name: UserName,
    /// Public key, or file with one, that keys are wrapped to.
    #[arg(long, value_name = "PUBKEY|FILE")]
    recipient: OsString,
    /// Public key, or file with one, that the user's signatures verify with.
    #[arg(long, value_name = "PUBKEY|FILE")]
    signer: Option<OsString>,
    /// Make the user an administrator at once.
    #[arg(long, requires = "signer")]
    administrator: bool,
    /// Give the user this key. May be repeated. An administrator gets all keys.
    #[arg(long, value_name = "KEY", conflicts_with = "administrator")]
    grant: Vec<KeyName>,
    #[command(flatten)]
    own: OwnOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::USER_KEYS)]
pub(crate) struct Keys {
    /// The user's name; the files are called after it.
    name: UserName,
    /// The folder to write into; by default `identities` in the home, if there is one.
    #[arg(long, value_name = "FOLDER")]
    out_dir: Option<std::path::PathBuf>,
    /// Protect the files by their permissions only.
    #[arg(long, conflicts_with = "passphrase_fd")]
    no_passphrase: bool,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::USER_GRANT)]
pub(crate) struct Grant {
    /// The user.
    name: UserName,
    /// The keys.
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<KeyName>,
    #[command(flatten)]
    own: OwnOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::USER_ONE)]
pub(crate) struct One {
    /// The user.
    name: UserName,
    #[command(flatten)]
    own: OwnOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::USER_LIST)]
pub(crate) struct List {}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "user add",
            Self::Keys(_) => "user keys",
            Self::Grant(_) => "user grant",
            Self::Revoke(_) => "user revoke",
            Self::Offboard(_) => "user offboard",
            Self::Appoint(_) => "user appoint",
            Self::Dismiss(_) => "user dismiss",
            Self::List(_) => "user list",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        match self {
            Self::Add(add) => add.run(session),
            Self::Keys(keys) => keys.run(session),
            Self::Grant(grant) => grant.grant(session),
            Self::Revoke(grant) => grant.revoke(session),
            Self::Offboard(one) => one.offboard(session),
            Self::Appoint(one) => one.appoint(session),
            Self::Dismiss(one) => one.dismiss(session),
            Self::List(_) => list(session),
        }
    }
}

impl Add {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        let recipient =
            only(keys::recipients("--recipient", std::slice::from_ref(&self.recipient))?)?;
        let signer = self
            .signer
            .as_ref()
            .map(|value| only(keys::signers("--signer", std::slice::from_ref(value))?));
        let role = if self.administrator { Role::Administrator } else { Role::User };
        let new = NewUser { name: self.name.clone(), recipient, signer: signer.transpose()?, role };
        let add = |change: &mut Change<'_>| {
            change.add_user(new)?;
            self.grant.iter().try_for_each(|key| match change.grant(&self.name, key) {
                // The same key named twice.
                Err(ChangeError::AlreadyGranted) => Ok(()),
                granted => granted,
            })
        };
        let asked = Act::on_user(Action::Enrol, &self.name);
        let changed = self.own.change(session, &asked, add, |()| {
            let granted = self.grant.iter();
            let granted = granted.map(|key| Act::on_holding(Action::Grant, &self.name, key));
            let all = self.administrator.then(|| Act::on_user(Action::Grant, &self.name));
            std::iter::once(asked.clone()).chain(all).chain(granted).collect()
        })?;
        let report = about(&self.name)
            .line(format!("added user `{}`", self.name))
            .field("granted", names(&self.grant));
        let report = if self.administrator { backup_again(report) } else { report };
        Ok(changed.tell(report))
    }
}

fn only<K>(keys: Vec<K>) -> Result<K, Failure> {
    keys.into_iter().next().ok_or_else(|| Failure::usage("a public key is missing"))
}

impl Keys {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        let folder = match &self.out_dir {
            Some(folder) => folder.clone(),
            None => existing_home(session)?,
        };
        make_private(&folder)?;
        let passphrase = match self.no_passphrase {
            true => None,
            false => Some(self.passphrase.choose()?),
        };
        let own = new_user(&folder, self.name.as_str(), passphrase.as_ref())?;
        let recipient = PublicKey::from(own.identity.recipient().clone()).to_string();
        let signer = PublicKey::from(own.signer.verifying_key()).to_string();
        Ok(about(&self.name)
            .line(format!("made the keys of `{}`; an administrator adds the user with", self.name))
            .line(format!(
                "medsec user add {} --recipient {recipient} --signer {signer}",
                self.name
            ))
            .field("recipient", recipient)
            .field("signer", signer))
    }
}

/// A home that this command would make would only be in the way of `medsec init`.
fn existing_home(session: &Session) -> Result<std::path::PathBuf, Failure> {
    let settings = session.settings()?;
    settings.home.value.is_dir().then(|| settings.identities()).ok_or_else(|| {
        Failure::usage("there is no home yet; nothing was made")
            .next("give --out-dir FOLDER, or run `medsec init`")
    })
}

impl Grant {
    /// What is asked for, in one.
    fn asked(&self, action: Action) -> Act {
        match self.keys.as_slice() {
            [key] => Act::on_holding(action, &self.name, key),
            _ => Act::on_user(action, &self.name),
        }
    }

    fn grant(&self, session: &Session) -> Result<Report, Failure> {
        let grant = |change: &mut Change<'_>| {
            self.keys.iter().try_for_each(|key| change.grant(&self.name, key))
        };
        let asked = self.asked(Action::Grant);
        let changed = self.own.change(session, &asked, grant, |()| {
            let keys = self.keys.iter();
            keys.map(|key| Act::on_holding(Action::Grant, &self.name, key)).collect()
        })?;
        Ok(changed.tell(
            about(&self.name)
                .line(format!("`{}` now holds {}", self.name, listed(&self.keys)))
                .field("granted", names(&self.keys)),
        ))
    }

    fn revoke(&self, session: &Session) -> Result<Report, Failure> {
        let revoke = |change: &mut Change<'_>| {
            let revoke = |key: &KeyName| Ok((key.clone(), change.revoke(&self.name, key)?));
            self.keys.iter().map(revoke).collect::<Result<Vec<_>, _>>()
        };
        let asked = self.asked(Action::Revoke);
        let changed = self.own.change(session, &asked, revoke, |held| {
            let revoked = |key| Act::on_holding(Action::Revoke, &self.name, key);
            let keys = held.iter().map(|(key, _)| key);
            keys.clone().map(revoked).chain(rotated(held)).collect()
        })?;
        let report = about(&self.name).line(format!(
            "`{}` no longer holds {}; what is sealed from now on does not open for the user",
            self.name,
            listed(&self.keys)
        ));
        Ok(changed.tell(still_open(report, &changed.value)))
    }
}

impl One {
    fn offboard(&self, session: &Session) -> Result<Report, Failure> {
        let offboard = |change: &mut Change<'_>| change.offboard(&self.name);
        let asked = Act::on_user(Action::Offboard, &self.name);
        let changed = self.own.change(session, &asked, offboard, |held| {
            std::iter::once(asked.clone()).chain(rotated(held)).collect()
        })?;
        let report = about(&self.name).line(format!(
            "`{}` is removed; what is sealed from now on does not open for the user",
            self.name
        ));
        Ok(changed.tell(still_open(report, &changed.value)))
    }

    fn appoint(&self, session: &Session) -> Result<Report, Failure> {
        let appoint = |change: &mut Change<'_>| change.appoint(&self.name);
        let asked = Act::on_user(Action::Grant, &self.name);
        let changed = self.own.change(session, &asked, appoint, |()| vec![asked.clone()])?;
        let report = about(&self.name);
        let line = format!("`{}` is an administrator and holds all keys", self.name);
        Ok(changed.tell(backup_again(report.line(line))))
    }

    fn dismiss(&self, session: &Session) -> Result<Report, Failure> {
        let dismiss = |change: &mut Change<'_>| change.dismiss(&self.name);
        let asked = Act::on_user(Action::Revoke, &self.name);
        let changed = self.own.change(session, &asked, dismiss, |()| vec![asked.clone()])?;
        let report = about(&self.name)
            .line(format!("`{}` is no administrator any more, but still holds the keys", self.name))
            .line("next: medsec user revoke, or medsec user offboard");
        Ok(changed.tell(backup_again(report)))
    }
}

/// What is taken from somebody gets a new version.
fn rotated(held: &[(KeyName, Vec<u32>)]) -> impl Iterator<Item = Act> {
    held.iter().map(|(key, _)| Act::on_key(Action::KeyRotate, key))
}

/// A copy from before a change of administrators does not show who they are now.
fn backup_again(report: Report) -> Report {
    report.line("make a new backup: an older one brings back the administrators of its time")
}

/// What taking a key away cannot take away.
fn still_open(report: Report, held: &[(KeyName, Vec<u32>)]) -> Report {
    let mut report = report;
    for (key, versions) in held {
        report = report.line(format!(
            "a copy of version {} of `{key}`, or of the store as it was, still opens what was sealed under it",
            listing(versions)
        ));
    }
    if let Some((key, _)) = held.first() {
        report = report
            .line(format!("next: medsec rewrap FOLDER --to-key {key}, then medsec key destroy {key} --version N:"))
            .line("      copies of packages made before stay open to copies of the keys");
    }
    let held =
        held.iter().map(|(key, versions)| json!({ "key": key.as_str(), "versions": versions }));
    report.field("held", held.collect::<Vec<Value>>())
}

fn listing(numbers: &[u32]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn list(session: &Session) -> Result<Report, Failure> {
    let store = open_store(session)?;
    let mut report = Report::new();
    let mut users = Vec::new();
    for user in store.users() {
        report = report.line(line_of(&user));
        users.push(json!({
            "name": user.name().as_str(),
            "administrator": user.is_administrator(),
            "recipient": user.recipient().to_string(),
            "signer": user.signer().map(ToString::to_string),
            "added": user.added().to_string(),
            "offboarded": user.offboarded().map(|at| at.to_string()),
            "keys": user.grants().map(KeyName::as_str).collect::<Vec<_>>(),
        }));
    }
    Ok(report.field("users", users))
}

fn line_of(user: &UserView<'_>) -> String {
    if let Some(at) = user.offboarded() {
        return format!("{}: removed {at}", user.name());
    }
    let keys: Vec<&str> = user.grants().map(KeyName::as_str).collect();
    let keys = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
    let role = if user.is_administrator() { "administrator, " } else { "" };
    format!("{}: {role}holds {keys}", user.name())
}

fn about(user: &UserName) -> Report {
    Report::new().field("user", user.as_str())
}

fn names(keys: &[KeyName]) -> Vec<Value> {
    keys.iter().map(|key| Value::from(key.as_str())).collect()
}

fn listed(keys: &[KeyName]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}
