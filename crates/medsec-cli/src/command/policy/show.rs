//! `medsec policy show`: the policy in force.
//!
//! It is shown also where the mark says that another was in force last: whoever has to find out which is right must
//! see it.

use clap::Args;
use medsec_crypto::VerifyingKey;
use medsec_kms::{LocalStore, PublicKey};
use medsec_policy::{Action, Bundle, Engine, PrincipalKind, SignedBundle};
use serde_json::{Map, Value, json};

use super::flat;
use super::standing::{principal, who_may};
use crate::custody::{engine_of, read_mark, read_signed, trusted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own;
use crate::report::Report;
use crate::session::Session;
use crate::settings::Settings;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_SHOW)]
pub(crate) struct Options {}

pub(super) fn run(session: &Session) -> Result<Report, Failure> {
    let settings = session.settings()?;
    let store = own::open_store(session)?;
    let signed = read_signed(settings)?;
    let bundle = signed.verify(&trusted(&store), 1)?;
    let engine = engine_of(&bundle)?;
    let report = Report::new()
        .line(format!("`{}`, no. {}: {}", bundle.name(), bundle.sequence(), bundle.hash()))
        .field("name", bundle.name().as_str())
        .field("sequence", bundle.sequence())
        .field("policy", bundle.hash().to_string())
        .field("supersedes", bundle.supersedes().len());
    let report = signers(report, &signed, &store);
    let report = mark(report, settings, &bundle);
    let report = settings_of(report, &bundle);
    Ok(people(report, &bundle, &engine))
}

/// Who has signed it. All signatures verify.
fn signers(mut report: Report, signed: &SignedBundle, store: &LocalStore) -> Report {
    let mut values = Vec::new();
    for key in signed.claimed_signers() {
        let Ok(key) = VerifyingKey::from_bytes(key) else { continue };
        let key = PublicKey::from(key);
        let user = store.users().find(|user| user.signer() == Some(&key));
        let administrator = store.administrators().contains(&key);
        let name = user.map(|user| user.name().as_str());
        let standing =
            if administrator { "administrator of the key store" } else { "counts for nothing" };
        report =
            report.line(format!("signed by {} ({standing})", name.unwrap_or("somebody unknown")));
        values
            .push(json!({ "user": name, "administrator": administrator, "key": key.to_string() }));
    }
    report.field("signers", values)
}

/// Whether it is the policy that was in force last.
fn mark(mut report: Report, settings: &Settings, bundle: &Bundle) -> Report {
    let (state, why) = match read_mark(&settings.policy_mark.value) {
        Ok(None) => ("missing", None),
        Ok(Some(mark)) => match mark.admits(bundle) {
            Ok(()) => ("agrees", None),
            Err(error) => ("disagrees", Some(error.to_string())),
        },
        Err(failure) => ("unusable", Some(failure.message)),
    };
    if let Some(why) = why {
        report = report
            .line(format!("NOT in force: {why}"))
            .line("next: find out who put it there; `medsec policy accept` takes it, `medsec policy sign` another");
        report.failed = Some(Exit::Policy);
    }
    report.field("mark", state)
}

fn settings_of(mut report: Report, bundle: &Bundle) -> Report {
    let mut values = Map::new();
    report = report.line("settings:");
    for (name, value) in flat::settings(bundle.settings()) {
        report = report.line(format!("  {name}: {value}"));
        values.insert(name.to_owned(), value.into());
    }
    report.field("settings", Value::Object(values))
}

/// Who has which roles, and who may do what only few should.
fn people(mut report: Report, bundle: &Bundle, engine: &Engine) -> Report {
    let assignments = bundle.assignments();
    let mut values = Vec::new();
    report = report.line("principals:");
    for (id, assigned) in &assignments.principals {
        let roles = assignments.roles_of(&principal(id, assigned)).unwrap_or_default();
        let (kind, groups) = (kind(assigned.kind), &assigned.groups);
        report = report.line(format!(
            "  {id} ({kind}): roles {}; groups {}",
            flat::listed(&roles),
            flat::listed(groups)
        ));
        let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
        let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
        values.push(json!({ "name": id.as_str(), "kind": kind, "roles": roles, "groups": groups }));
    }
    let mut may = Map::new();
    for action in [Action::ChangePolicy, Action::ReadAudit, Action::CloseReview] {
        let who: Vec<&str> = who_may(engine, bundle, action).map(|id| id.as_str()).collect();
        let names = if who.is_empty() { "nobody".to_owned() } else { who.join(", ") };
        report = report.line(format!("{action}: {names}"));
        may.insert(action.name().to_owned(), json!(who));
    }
    report.field("principals", values).field("may", Value::Object(may))
}

const fn kind(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Person => "person",
        PrincipalKind::Service => "program",
    }
}
