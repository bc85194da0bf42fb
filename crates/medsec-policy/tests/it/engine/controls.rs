//! The controls of 45 CFR 164.312 that policies are for, each shown to allow and to deny.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_policy::{Action, Purpose, Refusal};

use super::support::{Ask, assignments, engine, engine_with, rule, settings};

fn care() -> String {
    let care = "permit (principal in Medsec::Role::\"nurse\", action == Medsec::Action::\"open\", resource)\n\
                when { principal in resource.groups };";
    let rescue = "permit (principal == Medsec::User::\"eve\", action == Medsec::Action::\"open\", resource)\n\
                  when { context.emergency && context.purpose == Medsec::Purpose::\"BTG\" };";
    [rule("care", care), rule("rescue", rescue)].concat()
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "nobody opens what no rule permits them: no role, no group, unknown, or no rules at all",
    polarity = deny,
)]
fn access_is_denied_unless_granted(ev: Ev) -> Proven {
    let engine = engine(&care());
    let not_permitted = |refusal: &Refusal| *refusal == Refusal::NotPermitted;
    ev.denies(Ask::new("bob", Action::Open).try_on(&engine), not_permitted);
    ev.denies(Ask::new("ann", Action::Export).try_on(&engine), not_permitted);
    ev.denies(
        Ask::new("ann", Action::Open).of(super::support::package("none")).try_on(&engine),
        not_permitted,
    );
    ev.denies(Ask::new("zoe", Action::Open).try_on(&engine), |r| *r == Refusal::UnknownPrincipal);
    ev.denies(Ask::new("ann", Action::Open).purpose(None).try_on(&engine), |r| {
        *r == Refusal::Purpose
    });
    let empty = super::support::engine("");
    ev.denies(Ask::new("ann", Action::Open).try_on(&empty), not_permitted);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "persons and programs open what a rule grants to their role and group",
    polarity = allow,
)]
fn access_is_allowed_where_granted(ev: Ev) -> Proven {
    let engine = engine(&care());
    ev.allows(Ask::new("ann", Action::Open).try_on(&engine));
    ev.allows(Ask::new("robot", Action::Open).try_on(&engine));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "the purpose of an emergency opens nothing while no emergency is open",
    polarity = deny,
)]
fn emergency_access_needs_an_open_emergency(ev: Ev) -> Proven {
    let engine = engine(&care());
    let ask = |name| Ask::new(name, Action::Open).purpose(Some(Purpose::BreakTheGlass));
    ev.denies(ask("eve").try_on(&engine), |r| *r == Refusal::NotPermitted);
    ev.denies(ask("bob").emergency().try_on(&engine), |r| *r == Refusal::NotPermitted);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "who is named for emergencies opens, under an open one, what they may not open otherwise",
    polarity = allow,
)]
fn emergency_access_opens_what_is_needed(ev: Ev) -> Proven {
    let engine = engine(&care());
    let ask = Ask::new("eve", Action::Open).purpose(Some(Purpose::BreakTheGlass)).emergency();
    ev.allows(ask.try_on(&engine));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a proof of identity that is too old or too weak for an action is not enough for it",
    polarity = deny,
)]
fn weak_or_old_proof_is_refused(ev: Ev) -> Proven {
    let mut strict = settings();
    strict.step_up.fresh.insert(Action::Open);
    strict.step_up.two_factors.insert(Action::Open);
    let engine = engine_with(&care(), &assignments(), &strict);
    let step_up = |refusal: &Refusal| *refusal == Refusal::StepUp;
    ev.denies(Ask::new("ann", Action::Open).try_on(&engine), step_up);
    ev.denies(Ask::new("ann", Action::Open).two_factors().age(3_601).try_on(&engine), step_up);
    ev.allows(Ask::new("ann", Action::Open).two_factors().age(3_600).try_on(&engine));
    ev.proven()
}
