#![expect(clippy::arithmetic_side_effects, reason = "tests count")]

use super::*;
use crate::assignments::AssignmentProblem;
use crate::bundle::fuzz::{POLICY, ROLES, sample};
use crate::settings::{Issuer, Settings};
use crate::text::InvalidValue;

fn compiled(policy: &str, roles: &str) -> Result<Bundle, SourceError> {
    sample(policy, roles).and_then(|source| Bundle::compile(&source))
}

/// What is wrong, and on which line, when `roles.toml` or `policy.toml` is edited.
fn wrong(policy: bool, from: &str, to: &str) -> (usize, SourceProblem) {
    let text = if policy { POLICY } else { ROLES };
    assert_eq!(text.matches(from).count(), 1, "{from}");
    let text = text.replacen(from, to, 1);
    let (policy, roles) = if policy { (text.as_str(), ROLES) } else { (POLICY, text.as_str()) };
    let error = compiled(policy, roles).expect_err(to);
    (error.line.unwrap_or_default(), error.problem)
}

/// The line of `policy.toml` or `roles.toml` that begins so, from 1.
fn line_of(text: &str, start: &str) -> usize {
    text.lines().position(|line| line.starts_with(start)).unwrap() + 1
}

/// The keys of `policy.toml`, each with its line.
fn keys() -> Vec<(&'static str, &'static str)> {
    let values = POLICY.lines().filter(|line| !line.starts_with('#'));
    values.filter_map(|line| Some((line.split_once(" = ")?.0, line))).collect()
}

/// The keys that are younger than the format: without them all is as it was before.
const OPTIONAL: [&str; 2] = ["shared_data_keys", "unbound_packages"];

#[test]
fn policy_rejects_each_key_that_is_missing_misspelt_or_of_another_type() {
    assert_eq!(keys().len(), 35);
    for (key, line) in keys() {
        // Two tables have a key `signature`: the first is edited.
        let edit = |to: &str| {
            let error = compiled(&POLICY.replacen(line, to, 1), ROLES).expect_err(to);
            assert_eq!(error.file, SourceFile::Policy);
            (error.line.unwrap(), error.problem)
        };
        let at = line_of(POLICY, line);
        match OPTIONAL.contains(&key) {
            true => assert!(compiled(&POLICY.replacen(line, "", 1), ROLES).is_ok(), "{key}"),
            false => {
                let (_, missing) = edit("");
                assert!(matches!(missing, SourceProblem::MissingKey { key: told } if told == key));
            }
        }
        let misspelt = format!("{line}\n{key}x = 1");
        assert_eq!(edit(&misspelt), (at + 1, SourceProblem::UnknownKey));
        assert_eq!(edit(&format!("{line}\n{line}")), (at + 1, SourceProblem::Twice));
        for value in ["true", "1.5", "2027-01-01", "{ a = 1 }"] {
            let (line, problem) = edit(&format!("{key} = {value}"));
            assert!(matches!(problem, SourceProblem::Type { .. }), "{key} = {value}: {problem:?}");
            assert_eq!(line, at);
        }
    }
}

#[test]
fn policy_rejects_each_table_that_is_missing_or_unknown() {
    for table in ["sessions", "step_up", "sealing", "opening", "emergency"] {
        let header = format!("[settings.{table}]");
        let (_, problem) = wrong(true, &header, &format!("[settings.{table}x]"));
        assert_eq!(problem, SourceProblem::UnknownKey);
        let value = format!("{table} = 1\n[settings.other]");
        assert!(compiled(&POLICY.replace(&header, &value), ROLES).is_err());
        // Without its header, its keys belong to the table before.
        assert!(compiled(&POLICY.replace(&header, ""), ROLES).is_err());
    }
    let (_, problem) =
        wrong(true, "audit_retention_years = 6", "audit_retention_years = 6\n[other]");
    assert_eq!(problem, SourceProblem::UnknownKey);
    let only = compiled("name = \"a\"", ROLES).unwrap_err();
    assert_eq!(only.problem, SourceProblem::MissingKey { key: "settings" });
    assert_eq!(compiled("", ROLES).unwrap_err().problem, SourceProblem::MissingKey { key: "name" });
}

#[test]
fn policy_rejects_values_that_are_not_possible() {
    let edits = [
        ("\"general-hospital\"", "\"General Hospital\""),
        ("\"TREAT\", ", "\"treat\", "),
        ("years = 6", "years = 0"),
        ("years = 6", "years = 101"),
        ("years = 6", "years = -6"),
        ("years = 6", "years = 99999999999999999999"),
        ("absolute = \"12h\"", "absolute = \"14m\""),
        ("\"export\", ", "\"exports\", "),
        ("\"msp-x25519:", "\"no key:"),
        ("\"mri-2026\"", "\"mri 2026\""),
        ("max_key_age_days = 365", "max_key_age_days = 0"),
        ("max_key_age_days = 365", "max_key_age_days = 36601"),
        ("\"permitted\"", "\"often\""),
        ("\"refused\"", "\"often\""),
        ("review_within_days = 3", "review_within_days = 0"),
        ("review_within_days = 3", "review_within_days = 367"),
        ("review_within_days = 3", "review_within_days = 65536"),
        ("\"disaster\"", "\"curiosity\""),
        ("[settings.issuers.corporate]", "[settings.issuers.\"Our own\"]"),
        ("\"https://login.hospital.example/realm\"", "\"\""),
        ("audience = \"medsec\"", "audience = \"med sec\""),
        ("\"discovery\"", "\"http://login.hospital.example/keys\""),
        ("\"discovery\"", "\"file:keys.json\""),
        ("[\"MAA=\"]", "[]"),
        ("[\"MAA=\"]", "[\"MAA\"]"),
        ("[\"MAA=\"]", "[\"AAAA\"]"),
        ("\"ES256\", \"EdDSA\"", ""),
        ("\"ES256\", ", "\"none\", "),
        ("\"ES256\", ", "\"HS256\", "),
        ("[\"JWT\"]", "[]"),
        ("[\"JWT\"]", "[\"logout+jwt\"]"),
        ("\"claim:employee\"", "\"employee\""),
        ("\"claim:employee\"", "\"claim:\""),
        ("{ E4711 = \"ann\", E4712 = \"bob\" }", "{}"),
        ("\"bob\"", "\"admin\""),
        ("\"bob\"", "\"bob b\""),
        ("kind = \"person\"", "kind = \"robot\""),
        ("groups = \"teams\"", "groups = \"\""),
        ("max_lifetime = \"2h\"", "max_lifetime = \"8d\""),
        ("before = \"optional\"", "before = \"maybe\""),
        ("token_id = \"jti\"", "token_id = \"\""),
    ];
    for (from, to) in edits {
        let (line, problem) = wrong(true, from, to);
        assert!(matches!(problem, SourceProblem::Value(_)), "{to}: {problem:?}");
        let at = POLICY.lines().position(|line| line.contains(from)).unwrap() + 1;
        assert_eq!(line, at, "{to}");
    }
    // Each is possible by itself: the one that does not go with the other is told.
    let both = wrong(true, "\"https://login.hospital.example/realm\"", "\"login.example\"");
    assert_eq!(both, (line_of(POLICY, "keys"), InvalidValue { field: "keys" }.into()));
    let both = wrong(true, "\"discovery\"", "\"file:/etc/keys.json\"");
    assert_eq!(
        both,
        (line_of(POLICY, "authorities"), InvalidValue { field: "authorities" }.into())
    );
    for word in ["\"all\"", "\"none\"", "\"Any\"", "\"\""] {
        let (_, problem) = wrong(true, "[\"default\", \"mri-2026\"]", word);
        assert!(matches!(problem, SourceProblem::Type { .. }), "{word}");
        let (_, problem) =
            wrong(true, "max_key_age_days = 365", &format!("max_key_age_days = {word}"));
        assert!(matches!(problem, SourceProblem::Type { .. }), "{word}");
    }
    for (from, to) in [("\"15m\"", "\"15\""), ("\"12h\"", "\"1 year\""), ("\"1h\"", "\"0s\"")] {
        assert_eq!(wrong(true, from, to).1, SourceProblem::Time);
    }
    let (line, problem) = wrong(true, "\"ETREAT\"", "\"TREAT\"");
    assert_eq!((line, problem), (line_of(POLICY, "purposes"), SourceProblem::Twice));
    assert_eq!(wrong(true, "[settings]", "[settings").1, SourceProblem::Syntax);
}

#[test]
fn lineage_rejects_what_does_not_fit() {
    let hash = |n: u8| format!("\"{:064x}\"", n);
    let with = |lines: &str| compiled(&format!("{lines}\n{POLICY}"), ROLES);
    let problem = |lines: &str| with(lines).expect_err(lines).problem;
    assert_eq!(problem("sequence = 2"), SourceProblem::Lineage);
    assert_eq!(problem("supersedes = []"), SourceProblem::Lineage);
    assert_eq!(problem("sequence = 0\nsupersedes = []"), SourceProblem::Lineage);
    let two = format!("supersedes = [{}, {}]", hash(1), hash(2));
    assert_eq!(problem(&format!("sequence = 2\n{two}")), SourceProblem::Lineage);
    let same = format!("sequence = 9\nsupersedes = [{}, {}]", hash(1), hash(1));
    assert_eq!(problem(&same), SourceProblem::Lineage);
    let many = format!("sequence = 5000\nsupersedes = [{}]", vec![hash(1); 4097].join(", "));
    assert_eq!(problem(&many), SourceProblem::TooManySuperseded);
    let upper = format!("sequence = 2\nsupersedes = [\"{}\"]", "A".repeat(64));
    assert!(matches!(problem(&upper), SourceProblem::Value(_)));
    let bundle = with(&format!("sequence = 3\n{two}")).unwrap();
    assert_eq!((bundle.sequence(), bundle.supersedes().len()), (3, 2));
    assert_eq!(compiled(POLICY, ROLES).unwrap().sequence(), 1);
}

#[test]
fn roles_reject_each_key_that_is_missing_unknown_or_of_another_type() {
    let edits = [
        ("reader = { includes = [] }", "includes"),
        ("cardiology = { roles = [\"clinician\"] }", "roles"),
        ("\"ben@hospital.example\" = { roles = [\"administrator\"], groups = [] }", "roles"),
        ("\"ben@hospital.example\" = { roles = [\"administrator\"], groups = [] }", "groups"),
        ("archive-1 = { roles = [\"reader\"], groups = [] }", "groups"),
        ("heart = { within = [], purposes = \"any\", groups = [\"cardiology\"] }", "within"),
        ("heart = { within = [], purposes = \"any\", groups = [\"cardiology\"] }", "purposes"),
        ("heart = { within = [], purposes = \"any\", groups = [\"cardiology\"] }", "groups"),
    ];
    for (line, key) in edits {
        let at = line_of(ROLES, line);
        let start = line.find(&format!("{key} =")).unwrap();
        let end = start + line[start..].find([',', '}']).unwrap();
        let without = format!("{}{}", &line[..start], line[end..].trim_start_matches(", "));
        let missing = SourceProblem::MissingKey { key };
        assert_eq!(wrong(false, line, &without), (at, missing), "{without}");
        let misspelt = line.replacen(&format!("{key} ="), &format!("x = 1, {key} ="), 1);
        assert_eq!(wrong(false, line, &misspelt), (at, SourceProblem::UnknownKey));
        let other = format!("{}{key} = 1{}", &line[..start], &line[end..]);
        assert_eq!(wrong(false, line, &other), (at, SourceProblem::Type { expected: "a list" }));
    }
    for table in ["roles", "groups", "people", "services", "datasets"] {
        let header = format!("[{table}]\n");
        let (_, problem) = wrong(false, &header, &format!("[{table}x]\n"));
        assert_eq!(problem, SourceProblem::UnknownKey);
        let cut = ROLES.find(&header).unwrap();
        let rest = ROLES[cut..].find("\n\n").map_or("", |end| &ROLES[cut + end..]);
        let error = compiled(POLICY, &format!("{}{rest}", &ROLES[..cut])).unwrap_err();
        assert_eq!(error.problem, SourceProblem::MissingKey { key: table });
    }
}

#[test]
fn roles_reject_duplicates_with_their_line() {
    let ben = "\"ben@hospital.example\" = { roles = [\"administrator\"], groups = [] }";
    let at = line_of(ROLES, ben) + 1;
    assert_eq!(wrong(false, ben, &format!("{ben}\n{ben}")), (at, SourceProblem::Twice));
    let (_, problem) = wrong(false, "archive-1 =", "\"ben@hospital.example\" =");
    assert_eq!(problem, SourceProblem::Twice);
    let (_, problem) = wrong(false, "archive-1 =", "\"BEN@hospital.example\" =");
    assert_eq!(problem, SourceProblem::Assignment(AssignmentProblem::Alike));
    assert_eq!(
        wrong(false, "[\"reader\"] }", "[\"reader\", \"reader\"] }").1,
        SourceProblem::Twice
    );
    let pair = "[[\"administrator\", \"auditor\"]]";
    let turned = "[[\"administrator\", \"auditor\"], [\"auditor\", \"administrator\"]]";
    assert_eq!(wrong(false, pair, turned), (2, SourceProblem::Twice));
}

#[test]
fn roles_reject_what_does_not_hold_together_with_its_line() {
    let edits = [
        ("roles = [\"clinician\"]", "roles = [\"surgeon\"]"),
        ("groups = [\"cardiology\"] }\n\"ben", "groups = [\"neurology\"] }\n\"ben"),
        ("within = [\"heart\"]", "within = [\"lung\"]"),
        ("within = [\"heart\"]", "within = [\"heart-ct\"]"),
        ("includes = [\"reader\"]", "includes = [\"clinician\"]"),
        ("roles = [\"administrator\"]", "roles = [\"administrator\", \"auditor\"]"),
        ("[[\"administrator\", \"auditor\"]]", "[[\"administrator\", \"nobody\"]]"),
        ("[[\"administrator\", \"auditor\"]]", "[[\"auditor\", \"auditor\"]]"),
    ];
    for (from, to) in edits {
        let (line, problem) = wrong(false, from, to);
        assert!(matches!(problem, SourceProblem::Assignment(_)), "{to}: {problem:?}");
        let at = ROLES[..ROLES.find(from).unwrap()].matches('\n').count() + 1;
        assert_eq!(line, at, "{to}");
    }
    let (_, problem) = wrong(false, "[[\"administrator\", \"auditor\"]]", "[[\"auditor\"]]");
    assert_eq!(problem, SourceProblem::Type { expected: "two roles" });
    let (_, problem) = wrong(false, "purposes = [\"TREAT\", \"ETREAT\"]", "purposes = []");
    assert!(matches!(problem, SourceProblem::Value(_)));
    let (_, problem) = wrong(false, "archive-1 =", "\"archive 1\" =");
    assert!(matches!(problem, SourceProblem::Value(_)));
}

/// One edit of `policy.toml` and what then has another value.
type Change = (&'static str, &'static str, fn(&Settings) -> String);

fn one(settings: &Settings) -> &Issuer {
    settings.issuers.values().next().unwrap()
}

#[test]
fn each_setting_that_changes_changes_what_its_accessor_gives_and_the_hash() {
    let changes: [Change; 34] = [
        ("\"HOPERAT\", ", "", |s| format!("{:?}", s.purposes)),
        ("years = 6", "years = 7", |s| s.audit_retention_years.to_string()),
        ("idle = \"15m\"", "idle = \"14m\"", |s| format!("{:?}", s.sessions.idle)),
        ("absolute = \"12h\"", "absolute = \"8h\"", |s| format!("{:?}", s.sessions.absolute)),
        ("\"export\", ", "", |s| format!("{:?}", s.step_up.fresh)),
        ("max_age = \"5m\"", "max_age = \"6m\"", |s| format!("{:?}", s.step_up.max_age)),
        ("two_factors = [", "two_factors = [\"open\", ", |s| {
            format!("{:?}", s.step_up.two_factors)
        }),
        ("signature = \"required\"", "signature = \"optional\"", |s| {
            format!("{:?}", s.sealing.signature)
        }),
        ("msp-x25519:A", "msp-x25519:B", |s| format!("{:?}", s.sealing.required_recipients)),
        ("[\"default\", \"mri-2026\"]", "\"any\"", |s| format!("{:?}", s.sealing.allowed_keys)),
        ("age_days = 365", "age_days = \"unlimited\"", |s| {
            format!("{:?}", s.sealing.max_key_age_days)
        }),
        ("\"permitted\"", "\"forbidden\"", |s| format!("{:?}", s.sealing.shared_data_keys)),
        (
            "[settings.opening]\nsignature = \"required\"",
            "[settings.opening]\nsignature = \"optional\"",
            |s| format!("{:?}", s.opening.signature),
        ),
        ("\"refused\"", "\"accepted\"", |s| format!("{:?}", s.opening.unbound_packages)),
        ("max_duration = \"1h\"", "max_duration = \"2h\"", |s| {
            format!("{:?}", s.emergency.max_duration)
        }),
        (", \"disaster\"", "", |s| format!("{:?}", s.emergency.reasons)),
        ("authentication_age = \"5m\"", "authentication_age = \"1m\"", |s| {
            format!("{:?}", s.emergency.max_authentication_age)
        }),
        ("within_days = 3", "within_days = 4", |s| s.emergency.review_within_days.to_string()),
        ("hospital.example/realm", "hospital.example/other", |s| one(s).issuer.to_string()),
        ("\"medsec\"", "\"archive\"", |s| one(s).audience.to_string()),
        ("\"discovery\"", "\"https://k.example\"", |s| one(s).keys.to_string()),
        ("[\"MAA=\"]", "\"system\"", |s| format!("{:?}", one(s).authorities)),
        ("\"ES256\", ", "", |s| format!("{:?}", one(s).algorithms)),
        ("[\"JWT\"]", "[\"unstated\"]", |s| format!("{:?}", one(s).types)),
        ("\"claim:employee\"", "\"sub\"", |s| one(s).subject.to_string()),
        ("E4712 = \"bob\"", "E4713 = \"bob\"", |s| format!("{:?}", one(s).users)),
        ("kind = \"person\"", "kind = \"service\"", |s| format!("{:?}", one(s).kind)),
        ("groups = \"teams\"", "groups = \"none\"", |s| format!("{:?}", one(s).groups)),
        ("acr = [\"gold\"]", "acr = []", |s| format!("{:?}", one(s).acr)),
        ("\"mfa\", ", "", |s| format!("{:?}", one(s).amr)),
        ("age = \"8h\"", "age = \"unlimited\"", |s| format!("{:?}", one(s).max_authentication_age)),
        ("lifetime = \"2h\"", "lifetime = \"3h\"", |s| format!("{:?}", one(s).max_lifetime)),
        ("before = \"optional\"", "before = \"required\"", |s| format!("{:?}", one(s).not_before)),
        ("token_id = \"jti\"", "token_id = \"uti\"", |s| one(s).token_id.to_string()),
    ];
    let original = compiled(POLICY, ROLES).unwrap();
    for (from, to, accessor) in changes {
        assert!(POLICY.contains(from), "{from}");
        let edited = compiled(&POLICY.replacen(from, to, 1), ROLES).unwrap();
        assert_ne!(accessor(edited.settings()), accessor(original.settings()), "{to}");
        // Nothing else changes with it.
        let rest = changes.iter().filter(|(other, ..)| *other != from);
        for (_, _, other) in rest {
            assert_eq!(other(edited.settings()), other(original.settings()), "{to}");
        }
        assert_ne!(edited.hash(), original.hash());
    }
}
