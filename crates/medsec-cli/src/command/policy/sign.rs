//! `medsec policy sign`: a source becomes the policy in force.
//!
//! Decided and recorded before it counts. Two proofs are asked for: the policy permits the user to change it, and the
//! user administers the key store, because readers believe the signatures of its administrators and no others.

mod before;
pub(super) mod install;

use std::path::PathBuf;

use clap::Args;
use medsec::NotLoggedIn;
use medsec_kms::LocalStore;
use medsec_policy::{Action, SignedBundle, Source};

use self::before::Before;
use super::compare::Comparison;
use super::finding::Finding;
use super::standing::{can_sign, who_may};
use super::{check, which};
use crate::command::init::make_private;
use crate::command::init::policy::Signer;
use crate::custody::{Custody, InForce};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own::{self, OwnOption};
use crate::report::Report;
use crate::session::Session;
use crate::settings::Settings;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_SIGN)]
pub(crate) struct Options {
    /// The folder with the source; by default that of the home.
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Show what would change, and change nothing. No key is needed.
    #[arg(long)]
    dry_run: bool,
    /// Do so although nobody who administers the key store could change the policy afterwards.
    #[arg(long)]
    allow_lockout: bool,
    #[command(flatten)]
    who: OwnOption,
}

pub(super) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let settings = session.settings()?;
    let store = own::open_store(session)?;
    if !options.dry_run {
        make_private(&settings.policy.value)?;
    }
    let _alone = install::lock(&settings.policy.value)?;
    let before = Before::find(settings, &store)?;
    let folder = options.folder.clone().unwrap_or_else(|| which::source_of(settings));
    let next = before.next(&Source::read(&folder)?)?;
    refuse_wrong(&next)?;
    let report = described(&before, &next)?;
    refuse_lockout(&next, &store, options.allow_lockout)?;
    if options.dry_run {
        return Ok(report
            .line("nothing was changed: this was a dry run")
            .field("dry_run", true)
            .field("in_force", false));
    }
    let custody = enter(session, &options.who, store, before.rules_by(&next)?)?;
    let done = put_in_force(settings, &custody, &next);
    let left = custody.leave();
    done?;
    left?;
    Ok(report
        .line(format!(
            "it is in force from now on, and the change is on record: {}",
            next.bundle.hash()
        ))
        .field("dry_run", false)
        .field("in_force", true))
}

/// Logs an administrator in under a policy.
pub(super) fn enter(
    session: &Session,
    who: &OwnOption,
    store: LocalStore,
    policy: InForce,
) -> Result<Custody, Failure> {
    let settings = session.settings()?;
    let signer = who.sign_with.as_deref().or(settings.signer.value.as_deref());
    Custody::enter_under(session, &who.as_custody(), signer, store, policy)
}

fn put_in_force(settings: &Settings, custody: &Custody, next: &InForce) -> Result<(), Failure> {
    let signer = install::administrator(custody)?;
    custody.check_policy(which::again(next)?)?;
    let signed = signer.with(|key| SignedBundle::sign(&next.bundle, &Signer(key)));
    let signed = signed.ok_or(Failure::from(NotLoggedIn::Revoked))??;
    install::put(settings, custody, &signed, &next.bundle)
}

/// What would keep every command from working under it.
fn refuse_wrong(next: &InForce) -> Result<(), Failure> {
    let wrong = check::recipients(&next.bundle);
    if wrong.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = wrong.iter().map(Finding::shown).collect();
    Err(Failure::new(Exit::Policy, format!("{}; nothing was changed", lines.join("\n")))
        .next("name public keys as `medsec identity show` prints them"))
}

/// What changes; refused where that is nothing.
fn described(before: &Before, next: &InForce) -> Result<Report, Failure> {
    let bundle = &next.bundle;
    let mut report = Report::new()
        .field("name", bundle.name().as_str())
        .field("sequence", bundle.sequence())
        .field("policy", bundle.hash().to_string())
        .field("supersedes", bundle.supersedes().len());
    let Some(old) = before.previous() else {
        return Ok(report.line(format!(
            "`{}` becomes policy no. {}; there is none that it could be compared with",
            bundle.name(),
            bundle.sequence()
        )));
    };
    let comparison = Comparison::of(old, next);
    if comparison.is_same() && before.is_in_force() {
        return Err(Failure::new(
            Exit::Policy,
            "the source says what the policy in force says; nothing was changed",
        )
        .next("edit the source first; `medsec policy show` tells what is in force"));
    }
    report = report.line(format!(
        "`{}` no. {} follows no. {}:",
        bundle.name(),
        bundle.sequence(),
        old.bundle.sequence()
    ));
    Ok(comparison.tell(report))
}

/// A policy that nobody can replace would stay for ever.
fn refuse_lockout(next: &InForce, store: &LocalStore, allowed: bool) -> Result<(), Failure> {
    let mut changers = who_may(&next.engine, &next.bundle, Action::ChangePolicy);
    if allowed || changers.any(|id| can_sign(store, id)) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Policy,
        "under this policy nobody who administers the key store may change the policy: it would stay for ever; nothing was changed",
    )
    .next("give an administrator a role that may, in roles.toml; or give --allow-lockout"))
}
