//! `medsec policy accept`: the policy that is there becomes the one that is remembered.
//!
//! For a mark that was damaged, or that says otherwise because a backup was put back. Whoever accepts an older policy
//! undoes what was changed since, so its hash must be given, and it is recorded as a change of the policy.

use std::path::Path;

use clap::Args;
use medsec_policy::{BundleMark, PolicyHash};

use super::sign::{enter, install};
use crate::custody::{Custody, HeldMark, InForce, engine_of, read_mark, read_signed, trusted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own::{self, OwnOption};
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_ACCEPT)]
pub(crate) struct Options {
    /// The hash of the policy that is there, as the command tells it without this.
    #[arg(long, value_name = "HASH")]
    confirm: Option<PolicyHash>,
    #[command(flatten)]
    who: OwnOption,
}

impl Options {
    pub(super) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let settings = session.settings()?;
        let store = own::open_store(session)?;
        let _alone = install::lock(&settings.policy.value)?;
        let bundle = read_signed(settings)?.verify(&trusted(&store), 1)?;
        let (hash, sequence) = (bundle.hash(), bundle.sequence());
        let report = Report::new()
            .field("name", bundle.name().as_str())
            .field("sequence", sequence)
            .field("policy", hash.to_string());
        let remembered = read_mark(&settings.policy_mark.value);
        if matches!(&remembered, Ok(Some(mark)) if mark.hash() == hash) {
            return Ok(
                report.line("this policy is the one that is remembered; nothing was changed")
            );
        }
        if self.confirm != Some(hash) {
            let what = format!(
                "the policy that is there is `{}` no. {sequence}, {hash}; {}; nothing was changed",
                bundle.name(),
                match &remembered {
                    Ok(Some(mark)) =>
                        format!("remembered is no. {}, {}", mark.sequence(), mark.hash()),
                    _ => "which one was in force last is not known".to_owned(),
                }
            );
            return Err(Failure::usage(what).next(
                "look at it with `medsec policy show`; if it is the right one, give --confirm with its hash",
            ));
        }
        let engine = engine_of(&bundle)?;
        let kept = bundle.clone();
        let custody = enter(session, &self.who, store, InForce { bundle, engine })?;
        let mark = &settings.policy_mark.value;
        let done = record(&custody, hash, mark, &remembered);
        let left = custody.leave();
        let mark = done?;
        left?;
        mark.set(&kept).map_err(|failure| {
            Failure::new(
                Exit::Unfinished,
                format!(
                    "it is on record, but what remembers the policy could not be written: {}",
                    failure.message
                ),
            )
            .next("see what stands in its place: `medsec config show` names it")
        })?;
        Ok(report.line(format!(
            "policy no. {sequence} is remembered as the one in force, and that is on record"
        )))
    }
}

/// It may be an older policy that comes into force again: decided and recorded as any other. What is remembered stays
/// held until the new one is, and must be what the user was told of.
fn record<'p>(
    custody: &Custody,
    hash: PolicyHash,
    mark: &'p Path,
    told: &Result<Option<BundleMark>, Failure>,
) -> Result<HeldMark<'p>, Failure> {
    let _signer = install::administrator(custody)?;
    let mark = HeldMark::hold(mark)?;
    // One that is damaged tells nothing, and is replaced.
    if let Ok(now) = mark.read()
        && told.as_ref().ok() != Some(&now)
    {
        let what = "another run has changed what is remembered meanwhile; nothing was changed";
        return Err(Failure::new(Exit::Policy, what).next(
            "look again: `medsec policy accept` tells what is there and what is remembered",
        ));
    }
    custody.change_policy(hash)?;
    Ok(mark)
}
