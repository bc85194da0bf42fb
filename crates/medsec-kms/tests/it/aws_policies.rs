//! The policies that are printed for AWS, before a table of requests.
//!
//! `testdata/aws/requests.csv` says for each request what the policies of the caller's role and of the key say by
//! themselves, and what AWS makes of both. A call of `ReEncrypt` is two requests, of which both have to be allowed.

use std::collections::{BTreeMap, BTreeSet};

use medsec_crypto::DatasetId;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    AwsBootstrap, AwsBootstrapError, AwsDatasets, AwsPolicies, AwsPrincipals, KeyArn,
};
use medsec_testkit::iam::{Decision, Policy, Request, decide};

const TABLE: &str = include_str!("../../../../testdata/aws/requests.csv");
const RENDERED: &str = include_str!("../../../../testdata/aws/policies.txt");

fn key(id: &str) -> KeyArn {
    format!("arn:aws:kms:eu-central-1:123456789012:key/{id}").parse().unwrap()
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

fn bootstrap() -> AwsBootstrap {
    let datasets = ["mri-2026", "ct-2026"].map(|id| DatasetId::new(id).unwrap());
    AwsBootstrap {
        destination: key("new"),
        sources: vec![key("old-b"), key("old-a")],
        datasets: AwsDatasets::Only(datasets.to_vec()),
        principals: AwsPrincipals {
            administrators: vec![role("administer")],
            sealing: role("seal"),
            opening: role("open"),
            rewrapping: role("rewrap"),
        },
    }
}

/// What AWS would say.
#[derive(Debug)]
struct Refused;

/// One line of the table.
#[derive(Debug)]
struct Row {
    role: String,
    request: Request,
    key: String,
    identity: Decision,
    policy: Decision,
    allowed: bool,
}

fn decision(word: &str) -> Decision {
    match word {
        "allow" => Decision::Allow,
        "deny" => Decision::Deny,
        "silent" => Decision::Silent,
        other => panic!("no decision {other}"),
    }
}

/// `bind=x dataset=y same=true`: pairs of the encryption context, and whether ReEncrypt stays with one key.
fn context(words: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut context = BTreeMap::<String, BTreeSet<String>>::new();
    let mut add = |key: String, value: &str| {
        context.entry(key).or_default().insert(value.to_owned());
    };
    for pair in words.split_whitespace() {
        match pair.split_once('=').unwrap() {
            ("same", value) => add("kms:ReEncryptOnSameKey".to_owned(), value),
            (name, value) => {
                let name =
                    if name == "purpose" { name.to_owned() } else { format!("medsec:{name}") };
                add(format!("kms:EncryptionContext:{name}"), value);
                add("kms:EncryptionContextKeys".to_owned(), &name);
            }
        }
    }
    context
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let [who, action, key_id, words, identity, policy, allowed] = cells[..] else {
            panic!("{line}")
        };
        Row {
            role: who.to_owned(),
            request: Request {
                principal: role(who),
                action: format!("kms:{action}"),
                resource: key(key_id).to_string(),
                context: context(words),
            },
            key: key_id.to_owned(),
            identity: decision(identity),
            policy: decision(policy),
            allowed: allowed == "yes",
        }
    };
    lines.skip(1).map(row).collect()
}

/// The printed ones, those of two keys of others, and one that says nothing.
struct Policies {
    roles: BTreeMap<&'static str, Policy>,
    keys: BTreeMap<String, Policy>,
    others: BTreeMap<&'static str, Policy>,
    nothing: Policy,
}

impl Policies {
    fn new(printed: &AwsPolicies) -> Self {
        let roles = [
            ("seal", &printed.sealing),
            ("open", &printed.opening),
            ("rewrap", &printed.rewrapping),
        ];
        let all = |principal: &str| {
            Policy::parse(&format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"kms:*",
                "Resource":"*","Principal":{{"AWS":"{principal}"}}}}}}"#
            ))
        };
        Self {
            roles: roles.map(|(name, text)| (name, Policy::parse(text))).into(),
            keys: printed
                .keys
                .iter()
                .map(|(key, text)| (key.id().to_owned(), Policy::parse(text)))
                .collect(),
            others: [("foreign", all("arn:aws:iam::123456789012:root")), ("public", all("*"))]
                .into(),
            nothing: Policy::parse(r#"{"Version":"2012-10-17","Statement":[]}"#),
        }
    }

    fn of(&self, row: &Row) -> (&Policy, &Policy) {
        let identity = self.roles.get(row.role.as_str()).unwrap_or(&self.nothing);
        let key = self.keys.get(&row.key).or_else(|| self.others.get(row.key.as_str()));
        (identity, key.unwrap())
    }
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(a)(1)"],
    claim = "the policies printed for AWS refuse a foreign destination, a missing or foreign context and every action of another role",
    polarity = deny,
)]
fn printed_policies_decide_as_the_table_says(ev: Ev) -> Proven {
    let policies = Policies::new(&ev.allows(bootstrap().render()));
    let rows = rows();
    let refused = rows.iter().filter(|row| !row.allowed).count();
    ev.holds("most of the table is refused", refused > 30 && rows.len() - refused > 8);
    for row in &rows {
        let (identity, key) = policies.of(row);
        let found = (
            identity.decide(&row.request),
            key.decide(&row.request),
            decide(identity, key, &row.request),
        );
        assert_eq!(found, (row.identity, row.policy, row.allowed), "{row:#?}");
        let together = found.2.then_some(()).ok_or(Refused);
        if row.allowed {
            ev.allows(together);
        } else {
            ev.denies(together, |Refused| true);
        }
    }
    ev.proven()
}

#[test]
fn wide_policy_beside_ours_gives_nothing_back() {
    let policies = Policies::new(&bootstrap().render().unwrap());
    for row in rows().iter().filter(|row| !row.allowed) {
        let (identity, key) = policies.of(row);
        // Both a policy of the identity that allows all, and a statement of the key for all.
        let denied = identity.decide(&row.request) == Decision::Deny
            || key.decide(&row.request) == Decision::Deny;
        let crypto = ["Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt"];
        let action = row.request.action.trim_start_matches("kms:");
        let unbound = !row.request.context.contains_key("kms:EncryptionContext:medsec:bind");
        let foreign_role = !["seal", "open", "rewrap"].contains(&row.role.as_str());
        if crypto.iter().any(|one| action.starts_with(one))
            && policies.keys.contains_key(&row.key)
            && (unbound || foreign_role)
        {
            assert!(denied, "{row:#?}");
        }
    }
}

#[test]
fn policies_are_rendered_the_same_whatever_the_order() {
    let one = bootstrap().render().unwrap();
    let mut other = bootstrap();
    other.sources.reverse();
    other.sources.push(key("new"));
    other.sources.push(key("old-a"));
    let AwsDatasets::Only(datasets) = &mut other.datasets else { panic!() };
    datasets.reverse();
    assert_eq!(one, other.render().unwrap());
    let AwsPolicies { sealing, opening, rewrapping, keys, .. } = one;
    let keys = keys.into_iter().map(|(key, text)| format!("{key}\n{text}\n"));
    let text = format!("sealing\n{sealing}\nopening\n{opening}\nrewrapping\n{rewrapping}\n");
    let text = text + &keys.collect::<String>();
    assert_eq!(text, RENDERED, "{text}");
}

#[test]
fn policies_that_would_not_do_what_they_are_for_are_not_made() {
    use AwsBootstrapError as E;
    type Spoil = fn(&mut AwsBootstrap);
    let cases: [(Spoil, E); 9] = [
        (|b| b.principals.administrators.clear(), E::NoAdministrator),
        (|b| b.principals.opening = b.principals.sealing.clone(), E::SamePrincipal),
        (|b| b.principals.administrators.push(role("rewrap")), E::SamePrincipal),
        (|b| b.principals.sealing = role("*"), E::Principal),
        (|b| b.principals.sealing = "*".to_owned(), E::Principal),
        (|b| b.principals.sealing = role("a").replace("role/", "user/"), E::Principal),
        (|b| b.principals.opening = role("a").replace("arn:aws:", "arn:aws-cn:"), E::Principal),
        (|b| b.datasets = AwsDatasets::Only(Vec::new()), E::NoDataset),
        (
            |b| {
                let elsewhere = key("old-c").to_string().replace("central", "west");
                b.sources.push(elsewhere.parse().unwrap());
            },
            E::Regions,
        ),
    ];
    for (spoil, error) in cases {
        let mut bootstrap = bootstrap();
        spoil(&mut bootstrap);
        assert_eq!(bootstrap.render().unwrap_err(), error);
    }
    let mut long = bootstrap();
    long.sources = (0..200).map(|number| key(&format!("old-{number}"))).collect();
    assert_eq!(long.render().unwrap_err(), E::TooLong);
}

#[test]
fn any_dataset_still_wants_a_context_of_ours() {
    let any = AwsBootstrap { datasets: AwsDatasets::Any, sources: Vec::new(), ..bootstrap() };
    let policies = Policies::new(&any.render().unwrap());
    let opens = |words: &str| {
        let request = Request {
            principal: role("open"),
            action: "kms:Decrypt".to_owned(),
            resource: key("new").to_string(),
            context: context(words),
        };
        decide(&policies.roles["open"], &policies.keys["new"], &request)
    };
    assert!(opens("bind=x") && opens("bind=x dataset=any"));
    assert!(!opens("") && !opens("dataset=any") && !opens("bind=x purpose=other"));
}
