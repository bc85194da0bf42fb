//! Judgement of the policy: whether it counts, whether it is the one that was meant, and who is left to work with it.

mod log;

use medsec_kms::LocalStore;
use medsec_policy::{Action, Bundle, Source};

use super::Finding;
use crate::command::policy::{can_sign, same_contents, source_of, who_may};
use crate::custody::{InForce, read_mark};
use crate::settings::Settings;

const POLICY: &str = "policy";

pub(super) fn judge(settings: &Settings, store: &LocalStore) -> Vec<Finding> {
    let in_force = match InForce::inspect(settings, store) {
        Ok(in_force) => in_force,
        Err(failure) => {
            let mend = failure.next.unwrap_or_default();
            return vec![Finding::problem(POLICY, failure.message, mend)];
        }
    };
    let bundle = &in_force.bundle;
    let what =
        format!("`{}` no. {}, signed by a present administrator", bundle.name(), bundle.sequence());
    let mut findings = vec![Finding::good(POLICY, what)];
    findings.push(mark(settings));
    findings.push(source(settings, bundle));
    findings.push(changers(&in_force, store));
    findings.extend(oversight(&in_force));
    findings.push(recipients(bundle));
    findings.extend(log::retention(settings, bundle));
    findings
}

/// A mark that disagrees has kept the policy from being read; here it can be missing only, or in a bad place.
fn mark(settings: &Settings) -> Finding {
    const CHECK: &str = "mark of the policy";
    let place = &settings.policy_mark.value;
    match read_mark(place) {
        Ok(None) => Finding::problem(
            CHECK,
            "which policy was in force last is not remembered: nothing is opened or sealed",
            "find out who removed the mark; `medsec policy accept` sets it to the policy that is there",
        ),
        Ok(Some(_)) if place.starts_with(&settings.policy.value) => Finding::problem(
            CHECK,
            "it lies within the policy's folder and would be rolled back together with it",
            "set policy.mark to a path outside, best on another disk",
        ),
        Ok(Some(_)) => Finding::good(CHECK, "agrees, outside the policy's folder"),
        Err(failure) => Finding::problem(CHECK, failure.message, failure.next.unwrap_or_default()),
    }
}

/// Who reads the source must read what is in force.
fn source(settings: &Settings, bundle: &Bundle) -> Finding {
    const CHECK: &str = "policy source";
    let folder = source_of(settings);
    if !folder.is_dir() {
        return Finding::good(CHECK, "not kept beside the policy");
    }
    match Source::read(&folder).and_then(|source| Bundle::compile(&source)) {
        Ok(edited) if same_contents(&edited, bundle) => {
            Finding::good(CHECK, "says what is in force")
        }
        Ok(_) => Finding::warning(
            CHECK,
            "was edited and is not in force",
            "look with `medsec policy diff`, then `medsec policy sign`, or take the edit back",
        ),
        Err(error) => Finding::warning(
            CHECK,
            format!("was edited and is no policy: {error}"),
            "`medsec policy check` tells what is wrong",
        ),
    }
}

fn changers(in_force: &InForce, store: &LocalStore) -> Finding {
    const CHECK: &str = "change of the policy";
    let who = who_may(&in_force.engine, &in_force.bundle, Action::ChangePolicy);
    let able: Vec<&str> = who.filter(|id| can_sign(store, id)).map(|id| id.as_str()).collect();
    match able.as_slice() {
        [] => Finding::problem(
            CHECK,
            "nobody can change it: whom the policy permits it does not administer the key store",
            "an administrator of the store appoints one of those: `medsec policy show`, `medsec user appoint`",
        ),
        [one] => Finding::warning(
            CHECK,
            format!("only `{one}` can change it"),
            "give a second administrator of the key store such a role, for the day when the first is gone",
        ),
        several => Finding::good(CHECK, format!("{} people can", several.len())),
    }
}

/// What is recorded helps only if somebody may read it.
fn oversight(in_force: &InForce) -> [Finding; 2] {
    let nobody = |action| who_may(&in_force.engine, &in_force.bundle, action).next().is_none();
    let judged = |check, action, bad: &str| match nobody(action) {
        true => Finding::warning(
            check,
            bad,
            "give somebody who does not administer the role for it, such as `auditor`, in roles.toml",
        ),
        false => Finding::good(check, "somebody may"),
    };
    [
        judged("reading the audit trail", Action::ReadAudit, "nobody may under this policy"),
        judged(
            "reviews of emergencies",
            Action::CloseReview,
            "nobody may close one under this policy: it would stay open",
        ),
    ]
}

fn recipients(bundle: &Bundle) -> Finding {
    const CHECK: &str = "emergency key";
    match bundle.settings().sealing.required_recipients.len() {
        0 => Finding::warning(
            CHECK,
            "the policy adds none to packages: if all who can open them are gone, nobody can",
            "`medsec emergency stage` makes one; name it in sealing.required_recipients",
        ),
        count => Finding::good(CHECK, format!("{count} recipient(s) that every package has")),
    }
}
