//! `medsec policy accept`: the policy that is there becomes the one that is remembered.
//!
//! For a mark that was damaged, or that says otherwise because a backup was put back. Whoever accepts an older policy
//! undoes what was changed since, so its hash must be given, and it is recorded as a change of the policy.

use clap::Args;
use medsec_policy::PolicyHash;

use super::sign::{WhoOption, install};
use crate::custody::{Custody, InForce, engine_of, read_mark, read_signed, trusted, write_mark};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_ACCEPT)]
pub(crate) struct Options {
    /// The hash of the policy that is there, as the command tells it without this.
    #[arg(long, value_name = "HASH")]
    confirm: Option<PolicyHash>,
    #[command(flatten)]
    who: WhoOption,
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
                match remembered {
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
        let custody = self.who.enter(session, store, InForce { bundle, engine })?;
        let done = record(&custody, hash);
        let left = custody.leave();
        done?;
        left?;
        write_mark(&settings.policy_mark.value, &kept).map_err(|failure| {
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

/// It may be an older policy that comes into force again: decided and recorded as any other.
fn record(custody: &Custody, hash: PolicyHash) -> Result<(), Failure> {
    let _signer = install::administrator(custody)?;
    custody.change_policy(hash)
}
