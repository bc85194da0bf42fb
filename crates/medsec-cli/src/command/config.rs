//! `medsec config`: which settings hold, and why.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;
use crate::settings::{ServiceSection, Setting, Settings};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all settings and where each comes from.
    Show(Show),
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::CONFIG_SHOW)]
pub(crate) struct Show {}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Show(_) => "config show",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        match self {
            Self::Show(_) => Ok(show(session.settings()?)),
        }
    }
}

fn show(settings: &Settings) -> Report {
    let Settings { home, store, mark, store_id, identity, signer, threads, .. } = settings;
    let Settings { purpose, dataset, policy, policy_mark, .. } = settings;
    let Settings { audit, audit_pin, audit_key, audit_anchor, audit_stream, .. } = settings;
    let Settings { emergencies, emergency_hook, services, shared_data_keys, .. } = settings;
    let named = |services: &Vec<ServiceSection>| {
        let one = |service: &ServiceSection| format!("{} ({})", service.name(), service.kind());
        let all: Vec<String> = services.iter().map(one).collect();
        (!all.is_empty()).then(|| all.join(", "))
    };
    let path = |path: &Path| path.display().to_string();
    let rows = [
        row("home", home, |home| Some(path(home))),
        row("store.folder", store, |folder| Some(path(folder))),
        row("store.mark", mark, |mark| Some(path(mark))),
        row("store.id", store_id, |id| id.map(|id| id.to_string())),
        row("user.identity", identity, |file| file.as_deref().map(path)),
        row("user.signer", signer, |file| file.as_deref().map(path)),
        row("user.purpose", purpose, |code| code.map(|code| code.to_string())),
        row("user.dataset", dataset, |id| id.as_ref().map(|id| id.as_str().to_owned())),
        row("policy.folder", policy, |folder| Some(path(folder))),
        row("policy.mark", policy_mark, |file| Some(path(file))),
        row("audit.folder", audit, |folder| Some(path(folder))),
        row("audit.pin", audit_pin, |file| Some(path(file))),
        row("audit.key", audit_key, |file| file.as_deref().map(path)),
        row("audit.anchor", audit_anchor, |folder| folder.as_deref().map(path)),
        row("audit.stream", audit_stream, |name| Some(name.to_string())),
        row("emergency.folder", emergencies, |folder| Some(path(folder))),
        row("emergency.hook", emergency_hook, |file| file.as_deref().map(path)),
        row("service", services, named),
        row("shared_data_keys", shared_data_keys, |shared| shared.map(|shared| shared.to_string())),
        row("work.threads", threads, |count| count.map(|count| count.to_string())),
    ];
    let mut report = Report::new();
    let mut values = Map::new();
    for (name, value, source) in rows {
        let shown = value.as_deref().unwrap_or("not set");
        report = report.line(format!("{name} = {shown}  ({source})"));
        values.insert(name.to_owned(), json!({ "value": value, "source": source }));
    }
    report.field("settings", Value::Object(values))
}

fn row<T>(
    name: &'static str,
    setting: &Setting<T>,
    show: impl Fn(&T) -> Option<String>,
) -> (&'static str, Option<String>, String) {
    (name, show(&setting.value), setting.source.describe())
}
