//! The policies to begin with: that they load, what they decide, and that their page says so.
//!
//! `MEDSEC_RENEW_POLICY_TABLES=1` writes the tables in `testdata/policy` and the parts of `docs/policies.md` that are
//! made from the policies anew; what changed is then to be read, line by line.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_policy::{
    Action, Assigned, Assignments, Bundle, Dataset, Effect, Engine, Group, PrincipalId,
    PrincipalKind, Purpose, Ready, Refusal, Resource, RuleEffect, RuleName, Settings, Signature,
    Source, Table, UnboundPackages,
};

use super::support::{Ask, HASH, dataset, group, id, role};

const RENEW: &str = "MEDSEC_RENEW_POLICY_TABLES";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn bundle(files: &[medsec_policy::ReadyFile]) -> Bundle {
    let files = files.iter().map(|file| (file.path, file.text.as_str()));
    Bundle::compile(&Source::from_files(files).unwrap()).unwrap()
}

fn engine_of(bundle: &Bundle, assignments: &Assignments, settings: &Settings) -> Engine {
    let rules: Vec<_> = bundle.rules().collect();
    match Engine::new(&rules, assignments, settings, bundle.hash()) {
        Ok(engine) => engine,
        Err(error) => panic!("{error}"),
    }
}

fn engine(bundle: &Bundle) -> Engine {
    engine_of(bundle, bundle.assignments(), bundle.settings())
}

fn is_for_programs(role: &str) -> bool {
    role.ends_with("-service")
}

/// One principal for each role and one without any, all in the group that works with `records` and not in the one
/// that works with `other`.
fn staffed(bundle: &Bundle) -> (Assignments, Vec<PrincipalId>) {
    let mut all = bundle.assignments().clone();
    let mut who = vec![id("has.no-role")];
    for name in ["team", "others"] {
        all.groups.insert(group(name), Group::default());
    }
    for (name, groups) in [("records", "team"), ("other", "others")] {
        let groups = BTreeSet::from([group(groups)]);
        all.datasets.insert(dataset(name), Dataset { groups, ..Dataset::default() });
    }
    who.extend(all.roles.keys().map(|role| id(&format!("has.{role}"))));
    for principal in &who {
        let name = principal.as_str().trim_start_matches("has.");
        let roles = all.roles.keys().filter(|role| role.as_str() == name).cloned().collect();
        let kind =
            if is_for_programs(name) { PrincipalKind::Service } else { PrincipalKind::Person };
        let assigned = Assigned { kind, roles, groups: BTreeSet::from([group("team")]) };
        all.principals.insert(principal.clone(), assigned);
    }
    (all, who)
}

fn staffed_engine(ready: Ready) -> (Engine, Vec<PrincipalId>) {
    let bundle = bundle(&ready.sources());
    let (assignments, who) = staffed(&bundle);
    (engine_of(&bundle, &assignments, bundle.settings()), who)
}

fn table_of(ready: Ready) -> String {
    format!("testdata/policy/{ready}.csv")
}

/// The table as it is checked in.
fn reviewed(ready: Ready) -> Table {
    Table::parse(&std::fs::read_to_string(root().join(table_of(ready))).unwrap()).unwrap()
}

/// Compares with a file of the repository, or writes it.
fn matches_file(path: &str, expected: &str) {
    let path = root().join(path);
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(expected.lines()).position(|(a, b)| a != b);
    assert!(found == expected, "{} differs from line {line:?} on", path.display());
}

#[test]
fn matrix_of_roles_actions_and_purposes_is_as_reviewed() {
    for ready in Ready::ALL {
        let (engine, who) = staffed_engine(*ready);
        matches_file(&table_of(*ready), &Table::generate(&engine, &who).unwrap());
    }
}

#[test]
fn matrix_is_decided_as_it_reads() {
    let (engine, _) = staffed_engine(Ready::Research);
    let outcomes = reviewed(Ready::Research).run(&engine).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.is_as_expected()));
    let permitted = outcomes.iter().filter(|outcome| outcome.found == Effect::Permit).count();
    assert!(permitted > 0 && permitted * 20 < outcomes.len(), "nearly everything must be denied");
}

#[test]
fn nobody_without_a_role_may_do_anything() {
    for ready in Ready::ALL {
        let (engine, who) = staffed_engine(*ready);
        let text = Table::generate(&engine, &who[..1]).unwrap();
        assert!(!text.contains(",permit"), "{ready}");
    }
}

/// The rules that decide something alone.
fn alone(engine: &Engine, table: &Table) -> BTreeSet<RuleName> {
    let outcomes = table.run(engine).unwrap().into_iter();
    outcomes.filter(|o| o.rules.len() == 1).filter_map(|o| o.rules.into_iter().next()).collect()
}

#[test]
fn every_rule_is_needed() {
    for ready in [Ready::HipaaDefault, Ready::Research] {
        let bundle = bundle(&ready.sources());
        let (assignments, _) = staffed(&bundle);
        // A rule that only guards against rules added later is tried beside one that permits everything.
        let all = "@id(\"all\") @why(\"x\") permit (principal, action, resource);\n";
        let found = [None, Some(("all", all))].map(|more| {
            let rules: Vec<_> = bundle.rules().chain(more).collect();
            let engine = Engine::new(&rules, &assignments, bundle.settings(), HASH).unwrap();
            alone(&engine, &reviewed(ready))
        });
        for rule in engine(&bundle).rules() {
            assert!(
                found.iter().any(|found| found.contains(rule.name())),
                "{ready}: {}",
                rule.name()
            );
        }
    }
}

#[test]
fn strict_has_the_rules_and_roles_of_the_default() {
    let files =
        |ready: Ready| ready.sources().into_iter().filter(|file| file.path != "policy.toml");
    assert!(files(Ready::Strict).eq(files(Ready::HipaaDefault)));
    let [strict, default] = [Ready::Strict, Ready::HipaaDefault].map(|r| bundle(&r.sources()));
    let [strict, default] = [&strict, &default].map(Bundle::settings);
    assert!(strict.sessions.idle < default.sessions.idle);
    assert!(strict.sessions.absolute < default.sessions.absolute);
    assert!(strict.step_up.two_factors.contains(&Action::Open));
    assert!(strict.step_up.fresh.is_superset(&default.step_up.fresh));
    assert!(strict.sealing.allowed_keys.is_some());
    assert_eq!(
        (strict.sealing.signature, strict.opening.signature),
        (Signature::Required, Signature::Required)
    );
    let unbound = [strict, default].map(|settings| settings.opening.unbound_packages);
    assert_eq!(unbound, [UnboundPackages::Refused, UnboundPackages::Accepted]);
    assert_eq!(strict.purposes, default.purposes);
}

#[test]
fn name_of_each_is_that_of_its_source() {
    for ready in Ready::ALL {
        let bundle = bundle(&ready.sources());
        assert_eq!(bundle.name().as_str(), ready.name());
        assert!(bundle.assignments().principals.is_empty());
        assert!(bundle.settings().audit_retention_years >= 6);
    }
}

#[test]
fn every_file_of_each_is_shipped() {
    for ready in Ready::ALL {
        let folder = root().join(format!("crates/medsec-policy/bundles/{ready}"));
        let source = Source::read(&folder).unwrap();
        let files = ready.sources();
        let shipped = Source::from_files(files.iter().map(|f| (f.path, f.text.as_str()))).unwrap();
        assert!(source == shipped, "{ready}");
    }
}

#[test]
fn owner_may_work_but_not_audit() {
    for ready in Ready::ALL {
        let bundle = bundle(&ready.for_owner(&id("Ann.O-1@ward:7"), &dataset("ct-2026")));
        let engine = engine(&bundle);
        let purpose = match ready {
            Ready::Research => Purpose::Research,
            _ => Purpose::Treatment,
        };
        let ask = |action| {
            let ask = Ask::new("Ann.O-1@ward:7", action).of(super::support::package("ct-2026"));
            ask.purpose(Some(purpose)).two_factors()
        };
        for action in [Action::Seal, Action::Open, Action::Export, Action::Rewrap] {
            assert!(ask(action).try_on(&engine).is_ok(), "{ready}: {action}");
        }
        let policy = ask(Action::ChangePolicy).of(Resource::Policy).purpose(None);
        assert!(policy.try_on(&engine).is_ok(), "{ready}");
        let audit = ask(Action::ReadAudit).of(Resource::AuditTrail).purpose(None);
        assert_eq!(audit.try_on(&engine), Err(Refusal::NotPermitted), "{ready}");
    }
}

/// The table of rules and that of settings, as they stand in the page.
fn described(ready: Ready) -> String {
    let bundle = bundle(&ready.sources());
    let mut text =
        format!("<!-- begin {ready} -->\n| rule | | actions | why |\n|---|---|---|---|\n");
    for rule in engine(&bundle).rules() {
        let effect = match rule.effect() {
            RuleEffect::Permit => "permits",
            _ => "forbids",
        };
        let actions: Vec<_> = rule.actions().iter().map(|action| action.name()).collect();
        let (name, why) = (rule.name(), rule.why());
        writeln!(text, "| `{name}` | {effect} | {} | {why} |", actions.join(", ")).unwrap();
    }
    writeln!(text, "<!-- end {ready} -->").unwrap();
    text
}

#[test]
fn page_explains_every_rule() {
    let path = "docs/policies.md";
    let mut page = std::fs::read_to_string(root().join(path)).unwrap();
    for ready in Ready::ALL {
        let (begin, end) = (format!("<!-- begin {ready} -->\n"), format!("<!-- end {ready} -->\n"));
        let (before, rest) = page.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        page = format!("{before}{}{after}", described(*ready));
    }
    matches_file(path, &page);
    for setting in Bundle::settings(&bundle(&Ready::Strict.sources())).purposes.iter() {
        assert!(page.contains(setting.name()), "{setting}");
    }
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(ii)"],
    claim = "under the default policy nobody closes the review of an emergency they claimed, and administrators do not audit",
    polarity = deny,
)]
fn default_policy_separates_duties(ev: Ev) -> Proven {
    let (engine, _) = staffed_engine(Ready::HipaaDefault);
    let emergency = |who: &str| Resource::Emergency {
        id: medsec_policy::EmergencyId::from_bytes([1; 16]),
        initiator: id(who),
        dataset: None,
    };
    let review = |initiator| {
        Ask::new("has.auditor", Action::CloseReview).of(emergency(initiator)).purpose(None)
    };
    ev.denies(review("has.auditor").try_on(&engine), |r| *r == Refusal::Forbidden);
    ev.allows(review("has.clinician").try_on(&engine));
    let audit = Ask::new("has.administrator", Action::ReadAudit).of(Resource::AuditTrail);
    ev.denies(audit.purpose(None).try_on(&engine), |r| *r == Refusal::NotPermitted);
    let files = Ready::HipaaDefault.for_owner(&id("ann"), &dataset("ct"));
    let both = files.iter().map(|file| {
        (
            file.path,
            file.text
                .replace("roles = [\"administrator\"", "roles = [\"auditor\", \"administrator\""),
        )
    });
    let both: Vec<_> = both.collect();
    let source = Source::from_files(both.iter().map(|(path, text)| (*path, text.as_str())));
    ev.denies(Bundle::compile(&ev.allows(source)), |e| e.to_string().contains("separate"));
    let roles = bundle(&files).assignments().separated.clone();
    ev.holds(
        "the two roles are named as separate",
        roles.contains(&(role("administrator"), role("auditor"))),
    );
    ev.proven()
}
