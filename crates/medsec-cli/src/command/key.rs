//! `medsec key`: the keys of the datasets.

mod bootstrap;
mod status;

use clap::{Args, Subcommand};
use medsec_audit::Action;
use medsec_crypto::Timestamp;
use medsec_kms::{Change, ChangeError, KeyName, KeySpec, KeyState, KeyView, LocalStore};
use serde_json::{Value, json};

use self::bootstrap::Bootstrap;
use self::status::Status;
use crate::custody::Act;
use crate::failure::Failure;
use crate::own::OwnOption;
use crate::report::Report;
use crate::session::{Session, now};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the key of a new dataset.
    Create(Create),
    /// Give keys a new version, used from now on; older versions still open packages.
    Rotate(Rotate),
    /// Show keys, those of services elsewhere too: their state, version, age and holders.
    Status(Status),
    /// Stop the use of a key until it is enabled again.
    Disable(One),
    /// Let a disabled key be used again.
    Enable(One),
    /// Destroy a key, or one old version of it: what is sealed under it never opens again.
    Destroy(Destroy),
    /// Take a planned destruction back; the key is disabled then.
    Keep(One),
    /// Say after how many days a version of a key should be replaced.
    Age(Age),
    /// Set up a key service elsewhere: mount, keys and policies of Vault or OpenBao, policies for AWS KMS.
    Bootstrap(Box<Bootstrap>),
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::KEY_CREATE)]
pub(crate) struct Create {
    /// Name of the dataset: 1 to 128 of A-Z, a-z, 0-9, `.`, `_`, `-`. It stands in clear in packages.
    name: KeyName,
    /// Days after which a version should be replaced.
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    max_age: u32,
    #[command(flatten)]
    own: OwnOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::KEY_ROTATE)]
pub(crate) struct Rotate {
    /// The keys.
    #[arg(required_unless_present = "overdue", value_name = "KEY")]
    names: Vec<KeyName>,
    /// All keys whose newest version is older than it should be.
    #[arg(long, conflicts_with = "names")]
    overdue: bool,
    #[command(flatten)]
    own: OwnOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::KEY_ONE)]
pub(crate) struct One {
    /// The key.
    name: KeyName,
    #[command(flatten)]
    own: OwnOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::KEY_AGE)]
pub(crate) struct Age {
    /// The key.
    name: KeyName,
    /// The days.
    #[arg(long, value_name = "DAYS", required_unless_present = "no_max_age")]
    max_age: Option<u32>,
    /// It never has to be replaced.
    #[arg(long, conflicts_with = "max_age")]
    no_max_age: bool,
    #[command(flatten)]
    own: OwnOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::KEY_DESTROY)]
pub(crate) struct Destroy {
    /// The key.
    #[arg(required_unless_present = "due", value_name = "KEY")]
    name: Option<KeyName>,
    /// All keys whose planned time has come, and nothing else.
    #[arg(long, conflicts_with_all = ["name", "version", "after", "confirm"])]
    due: bool,
    /// Only this old version.
    #[arg(long, value_name = "N", conflicts_with = "after")]
    version: Option<u32>,
    /// Wait so many days, in which it can be taken back; meanwhile the key is not used.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    after: Option<u32>,
    /// The key's name once more: without it nothing happens.
    #[arg(long, value_name = "KEY")]
    confirm: Option<KeyName>,
    #[command(flatten)]
    own: OwnOption,
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "key create",
            Self::Rotate(_) => "key rotate",
            Self::Status(_) => "key status",
            Self::Disable(_) => "key disable",
            Self::Enable(_) => "key enable",
            Self::Destroy(_) => "key destroy",
            Self::Keep(_) => "key keep",
            Self::Age(_) => "key age",
            Self::Bootstrap(_) => "key bootstrap",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        match self {
            Self::Create(create) => create.run(session),
            Self::Rotate(rotate) => rotate.run(session),
            Self::Status(status) => status.run(session),
            Self::Disable(one) => {
                one.run(session, Action::KeyDisable, |change, name| change.disable_key(name))
            }
            Self::Enable(one) => {
                one.run(session, Action::KeyEnable, |change, name| change.enable_key(name))
            }
            Self::Destroy(destroy) => destroy.run(session),
            Self::Age(age) => age.run(session),
            Self::Bootstrap(bootstrap) => bootstrap.run(),
            // It is disabled then.
            Self::Keep(one) => {
                one.run(session, Action::KeyDisable, |change, name| change.cancel_destruction(name))
            }
        }
    }
}

impl Create {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        let spec = KeySpec { name: self.name.clone(), max_age_days: Some(self.max_age) };
        let make = Act::on_key(Action::KeyCreate, &self.name);
        let create = |change: &mut Change<'_>| change.create_key(&spec);
        let changed = self.own.change(session, &make, create, |()| vec![make.clone()])?;
        let report = show(&changed.store, [&self.name]).line(format!(
            "next: medsec user grant USER {}, medsec seal STUDY --key {}",
            self.name, self.name
        ));
        Ok(changed.tell(report))
    }
}

impl Rotate {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        let rotate = |change: &mut Change<'_>| {
            let names = if self.overdue { change.overdue_keys() } else { self.names.clone() };
            names.iter().try_for_each(|name| change.rotate_key(name))?;
            Ok(names)
        };
        let asked = match self.names.as_slice() {
            [name] => Act::on_key(Action::KeyRotate, name),
            _ => Act::on_any(Action::KeyRotate),
        };
        let changed = self.own.change(session, &asked, rotate, |names| {
            names.iter().map(|name| Act::on_key(Action::KeyRotate, name)).collect()
        })?;
        let names = &changed.value;
        Ok(changed.tell(show(&changed.store, names)).line(match names.len() {
            0 => "nothing is overdue".to_owned(),
            _ => {
                "older versions still open packages; `medsec rewrap FOLDER --to-key KEY` moves them"
                    .to_owned()
            }
        }))
    }
}

impl One {
    fn run(
        &self,
        session: &Session,
        action: Action,
        act: impl FnOnce(&mut Change<'_>, &KeyName) -> Result<(), ChangeError>,
    ) -> Result<Report, Failure> {
        let asked = Act::on_key(action, &self.name);
        let act = |change: &mut Change<'_>| act(change, &self.name);
        let changed = self.own.change(session, &asked, act, |()| vec![asked.clone()])?;
        Ok(changed.tell(show(&changed.store, [&self.name])))
    }
}

impl Age {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        // Nobody can do more or less for it: the store's own history has it.
        let set = |change: &mut Change<'_>| change.set_max_age(&self.name, self.max_age);
        // Of whoever may not, it is told as what it sets the time of.
        let asked = Act::on_key(Action::KeyRotate, &self.name);
        let changed = self.own.change(session, &asked, set, |()| Vec::new())?;
        Ok(changed.tell(show(&changed.store, [&self.name])))
    }
}

impl Destroy {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        let Some(name) = &self.name else {
            return self.due(session);
        };
        if self.confirm.as_ref() != Some(name) {
            return Err(Failure::usage("destroying a key is for ever; nothing was done")
                .next("give the key's name once more with --confirm, if you mean it"));
        }
        let destroy = |change: &mut Change<'_>| match (self.version, self.after) {
            (Some(version), _) => change.destroy_version(name, version),
            (None, Some(days)) => {
                let wait = u64::from(days).saturating_mul(86_400);
                let after = now().unix_seconds().saturating_add(wait);
                change.schedule_destruction(name, Timestamp::from_unix_seconds(after))
            }
            (None, None) => change.destroy_key(name),
        };
        let asked = self.act(name);
        let changed = self.own.change(session, &asked, destroy, |()| vec![asked.clone()])?;
        let state = changed.store.key(name).map(|key| key.describe().state);
        let report = changed.tell(show(&changed.store, [name]));
        Ok(match state {
            Some(KeyState::PendingDestruction { .. }) => report.line(
                "until then `medsec key keep` takes it back; it is carried out by the first change of the store after that time, or by `medsec key destroy --due`",
            ),
            _ => report.line(BACKUPS),
        })
    }

    /// What is planned puts the key out of use; when its time has come, that is on record by itself.
    fn act(&self, name: &KeyName) -> Act {
        match (self.version, self.after) {
            (Some(version), _) => Act::on_version(Action::KeyDestroy, name, version),
            (None, Some(_)) => Act::on_key(Action::KeyDisable, name),
            (None, None) => Act::on_key(Action::KeyDestroy, name),
        }
    }

    /// Destroys what is due and nothing else.
    fn due(&self, session: &Session) -> Result<Report, Failure> {
        let asked = Act::on_any(Action::KeyDestroy);
        let changed = self.own.change(session, &asked, |_| Ok(()), |()| Vec::new())?;
        let report = changed.tell(Report::new());
        Ok(match changed.destroyed.is_empty() {
            true => report.line("nothing is due to be destroyed; nothing was changed"),
            false => report.line(BACKUPS),
        })
    }
}

/// What only keys of the store have.
fn stored_value(store: &LocalStore, name: &KeyName) -> Value {
    let Some(view) = store.key(name) else { return Value::Null };
    json!({
        "id": view.id().to_string(),
        "open_versions": view.versions().collect::<Vec<u32>>(),
        "holders": view.holders().map(medsec_kms::UserName::as_str).collect::<Vec<_>>(),
    })
}

const BACKUPS: &str = "backups of the store made before still hold it: destroy them too";

/// What there is to say of these keys.
fn show<'k>(store: &LocalStore, names: impl IntoIterator<Item = &'k KeyName>) -> Report {
    let views: Vec<KeyView<'_>> = names.into_iter().filter_map(|name| store.key(name)).collect();
    let report = Report::new().field("keys", views.iter().map(value_of).collect::<Vec<Value>>());
    views.iter().fold(report, |report, view| report.line(line_of(view)))
}

fn line_of(view: &KeyView<'_>) -> String {
    let about = view.describe();
    let state = match about.state {
        KeyState::Enabled => String::new(),
        KeyState::PendingDestruction { destroy_after } => {
            format!(", due to be destroyed after {destroy_after}")
        }
        state => format!(", {}", state.name()),
    };
    let overdue = if about.is_overdue(now()) { ", rotation overdue" } else { "" };
    let version = about.version.unwrap_or_default();
    let rotated = about.rotated.map(|at| at.to_string()).unwrap_or_default();
    let holders: Vec<&str> = view.holders().map(medsec_kms::UserName::as_str).collect();
    let held = if holders.is_empty() { "nobody".to_owned() } else { holders.join(", ") };
    format!("{}: version {version} of {rotated}{state}{overdue}; held by {held}", view.name())
}

fn value_of(view: &KeyView<'_>) -> Value {
    let about = view.describe();
    let destroy_after = match about.state {
        KeyState::PendingDestruction { destroy_after } => Some(destroy_after.to_string()),
        _ => None,
    };
    json!({
        "name": view.name().as_str(),
        "id": view.id().to_string(),
        "state": about.state.name(),
        "destroy_after": destroy_after,
        "version": about.version,
        "open_versions": view.versions().collect::<Vec<u32>>(),
        "created": about.created.map(|at| at.to_string()),
        "rotated": about.rotated.map(|at| at.to_string()),
        "rotation_due": about.rotation_due.map(|at| at.to_string()),
        "overdue": about.is_overdue(now()),
        "holders": view.holders().map(medsec_kms::UserName::as_str).collect::<Vec<_>>(),
    })
}
