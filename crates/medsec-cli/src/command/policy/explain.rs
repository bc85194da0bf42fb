//! `medsec policy explain`: which rule decides a request, and what would have to differ.

mod asked;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use medsec_policy::{
    Action, Circumstances, DatasetId, Difference, Effect, EmergencyId, Engine, Explanation,
    Factors, Method, Near, Principal, PrincipalId, PrincipalKind, Purpose, Refusal, Request,
    ResourceClass, RuleName,
};
use serde_json::{Value, json};

use self::asked::Age;
use super::which;
use crate::custody::InForce;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_EXPLAIN)]
pub(crate) struct Options {
    /// Who asks.
    #[arg(long = "as", value_name = "PRINCIPAL")]
    who: PrincipalId,
    /// What for: `seal`, `open`, `rewrap`, `export`, `read-audit`, `change-policy`, `emergency-access` or
    /// `close-review`.
    #[arg(long, value_name = "ACTION")]
    action: Action,
    /// The data set that it is sealed into or that the package is of.
    #[arg(long, value_name = "ID")]
    dataset: Option<DatasetId>,
    /// Something else than the action is usually done to, as tables have it: `package::own`, `emergency:ct-2026`.
    #[arg(long, value_name = "RESOURCE", conflicts_with = "dataset")]
    resource: Option<ResourceClass>,
    /// The purpose of use that is stated.
    #[arg(long, value_name = "CODE")]
    purpose: Option<Purpose>,
    /// Under an open emergency that the principal claimed and that covers it.
    #[arg(long)]
    emergency: bool,
    /// The principal has proved with two factors who they are.
    #[arg(long)]
    two_factors: bool,
    /// How long ago that was: `90s`, `10m`, `2h`; by default just now.
    #[arg(long, value_name = "TIME", default_value = "0s")]
    age: Age,
    /// A group that an identity provider says the principal is in. May be repeated.
    #[arg(long, value_name = "GROUP")]
    group: Vec<medsec_policy::GroupName>,
    /// Another policy than the one in force: a folder with a source, or an exported file.
    #[arg(long, value_name = "PATH")]
    policy: Option<PathBuf>,
}

impl Options {
    pub(super) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let policy = which::named(session, self.policy.as_deref())?;
        let resource = self.resource(&policy.bundle)?;
        let principal = self.principal(&policy);
        let circumstances = Circumstances {
            purpose: self.purpose,
            authentication_age: self.age.0,
            emergency: self.emergency.then(|| EmergencyId::from_bytes([0; EmergencyId::LEN])),
        };
        let (action, circumstances) = (self.action, &circumstances);
        let request = Request { principal: &principal, action, resource: &resource, circumstances };
        let explained = policy.engine.explain(&request).map_err(|error| {
            Failure::new(Exit::Policy, error.to_string())
                .next("the rule that cannot be evaluated permits nothing: correct it in the source")
        })?;
        Ok(told(&policy.engine, &explained))
    }

    /// Of the kind that the policy says; a person where it does not know them.
    fn principal(&self, policy: &InForce) -> Principal {
        let assigned = policy.bundle.assignments().principals.get(&self.who);
        Principal {
            id: self.who.clone(),
            kind: assigned.map_or(PrincipalKind::Person, |assigned| assigned.kind),
            method: Method::PrivateKey,
            factors: if self.two_factors { Factors::Two } else { Factors::One },
            authenticated_at: std::time::SystemTime::UNIX_EPOCH,
            groups: self.group.iter().cloned().collect::<BTreeSet<_>>(),
        }
    }
}

fn told(engine: &Engine, explained: &Explanation) -> Report {
    let (permitted, effect) = match explained.effect {
        Effect::Permit => (true, "permitted".to_owned()),
        Effect::Deny(refusal) => (false, format!("denied: {refusal}")),
    };
    let mut report = Report::new().line(effect);
    // Rules permit it, and the proof of identity is not what it must be.
    let proof = explained.effect == Effect::Deny(Refusal::StepUp);
    let by = if proof { "but for the proof of identity permitted by" } else { "decided by" };
    for rule in &explained.rules {
        report = report.line(format!("{by} {}", described(engine, rule)));
    }
    if explained.effect == Effect::Deny(Refusal::UnknownPrincipal) {
        report =
            report.line("the policy has no such principal of that kind: add them to roles.toml");
    }
    for rule in explained.forbidding.iter().filter(|rule| !explained.rules.contains(rule)) {
        report = report.line(format!("forbidden by {}", described(engine, rule)));
    }
    if !permitted {
        report = match explained.would_permit.as_slice() {
            [] => report.line("no single thing would have it permitted"),
            all => report.line(format!("would be permitted with one of these: {}", joined(all))),
        };
    }
    for near in &explained.near {
        report = report.line(near_line(engine, near));
    }
    let refusal = match explained.effect {
        Effect::Permit => None,
        Effect::Deny(refusal) => Some(refusal.name()),
    };
    let rule = |name: &RuleName| rule_value(engine, name);
    report
        .field("permitted", permitted)
        .field("refusal", refusal)
        .field("rules", explained.rules.iter().map(rule).collect::<Vec<_>>())
        .field("forbidding", explained.forbidding.iter().map(rule).collect::<Vec<_>>())
        .field("would_permit", texts(&explained.would_permit))
        .field(
            "near",
            explained.near.iter().map(|near| near_value(engine, near)).collect::<Vec<_>>(),
        )
}

/// `clinician-open` (rules/care.cedar:3): Clinicians open …
fn described(engine: &Engine, name: &RuleName) -> String {
    match engine.rule(name) {
        Some(rule) => {
            format!("`{name}` (rules/{}.cedar:{}): {}", rule.file(), rule.line(), rule.why())
        }
        None => format!("`{name}`"),
    }
}

fn near_line(engine: &Engine, near: &Near) -> String {
    let rule = described(engine, &near.rule);
    match (near.would_match.as_slice(), near.head_matches) {
        ([], true) => format!("a condition does not hold: {rule}"),
        ([], false) => format!("for others: {rule}"),
        (all, _) => format!("would match with one of these: {}: {rule}", joined(all)),
    }
}

fn joined(differences: &[Difference]) -> String {
    texts(differences).join("; ")
}

fn texts(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(ToString::to_string).collect()
}

fn rule_value(engine: &Engine, name: &RuleName) -> Value {
    let rule = engine.rule(name);
    json!({
        "rule": name.as_str(),
        "why": rule.map(medsec_policy::Rule::why),
        "file": rule.map(|rule| format!("rules/{}.cedar", rule.file())),
        "line": rule.map(medsec_policy::Rule::line),
    })
}

fn near_value(engine: &Engine, near: &Near) -> Value {
    json!({
        "rule": rule_value(engine, &near.rule),
        "head_matches": near.head_matches,
        "would_match": texts(&near.would_match),
    })
}
