//! `medsec store`: the key store as a whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use medsec_audit::Action;
use medsec_kms::{CopyContents, LocalStore, Present, contents_of_copy};

use crate::custody::{Act, Announced, Attempt};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::refuse_dash;
use crate::own::{OwnOption, holder, open_store};
use crate::report::Report;
use crate::session::{Session, now};
use crate::units;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify the key store and show what it is.
    Status(Status),
    /// Write a copy of the key store into a new file. Identities are not in it.
    Backup(Backup),
    /// Put a copy back.
    Restore(Restore),
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::STORE_STATUS)]
pub(crate) struct Status {}

#[derive(Debug, Args)]
#[command(after_help = crate::help::STORE_BACKUP)]
pub(crate) struct Backup {
    /// The file to write. Never replaces one.
    #[arg(value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::STORE_RESTORE)]
pub(crate) struct Restore {
    /// The copy.
    #[arg(value_name = "FILE")]
    copy: PathBuf,
    /// Do so although the store was changed since the copy was made: what was granted, made, revoked or
    /// destroyed since is undone.
    #[arg(long)]
    give_up_present: bool,
    /// Do so although administrators were changed since and nothing but this user's mark shows it: those of
    /// the copy's time are administrators again.
    #[arg(long)]
    give_up_administrators: bool,
    #[command(flatten)]
    own: OwnOption,
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "store status",
            Self::Backup(_) => "store backup",
            Self::Restore(_) => "store restore",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        match self {
            Self::Status(_) => Ok(describe(&open_store(session)?)),
            Self::Backup(backup) => backup.run(session),
            Self::Restore(restore) => restore.run(session),
        }
    }
}

impl Backup {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        refuse_dash(&self.out, "the file")?;
        let store = open_store(session)?;
        store.back_up(&self.out)?;
        Ok(describe(&store)
            .line("the copy holds every key in wrapped form: keep it as safe as the store"))
    }
}

/// What a copy brings back, as the log calls it.
fn brought_back(contents: &CopyContents) -> Vec<Act> {
    let users = contents.users.iter().map(|(name, _)| Act::on_user(Action::Enrol, name));
    users.chain(contents.keys.iter().map(|key| Act::on_key(Action::KeyEnable, key))).collect()
}

fn stranger() -> Failure {
    Failure::new(Exit::Key, "the identity is no user's of the copy; nothing was put back").next(
        "give --identity and --sign-with of one who administered the store when the copy was made",
    )
}

impl Restore {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        // Before a passphrase is asked for in vain.
        let contents = contents_of_copy(&self.copy)?;
        let attempt = Attempt::new(session, Action::KeyEnable, None);
        let own = attempt.told(self.own.load(session))?;
        let present = match (self.give_up_administrators, self.give_up_present) {
            (true, _) => Present::GiveUpAll,
            (false, true) => Present::GiveUp,
            (false, false) => Present::Keep,
        };
        let place = session.settings()?.store_place();
        let who = holder(contents.users.iter().map(|(name, key)| (name, key)), &own);
        let who = attempt.told(who.ok_or_else(stranger))?;
        let announced = Announced::record(session, &who, &brought_back(&contents))?;
        let restored = LocalStore::restore(place, &self.copy, present, own.administrator(), now());
        let restored = announced.ended(restored.map_err(Failure::from))?;
        let report = describe(&restored.store).field("lost_changes", restored.lost);
        Ok(match restored.lost {
            0 => report,
            lost => report
                .line(format!("{lost} change(s) made since the copy are lost"))
                .line("next: `medsec user list` shows who holds what: repeat every removal and revocation made since")
                .line("      what stood there is kept beside it, if anything did, as `replaced-before-….state`"),
        })
    }
}

fn describe(store: &LocalStore) -> Report {
    let users = store.present_users().count();
    let keys = store.keys().count();
    let number = |number: usize, what| units::counted(number as u64, what);
    Report::new()
        .line(format!(
            "key store {}: change {} of {}, {}, {}, {}",
            store.id(),
            store.generation(),
            store.changed(),
            number(users, ["user", "users"]),
            number(keys, ["key", "keys"]),
            number(store.administrators().len(), ["administrator", "administrators"]),
        ))
        .field("store", store.id().to_string())
        .field("generation", store.generation())
        .field("changed", store.changed().to_string())
        .field("users", users)
        .field("keys", keys)
        .field("administrators", store.administrators().len())
}
