//! What a policy bundle is for, each shown to allow and to deny, with nothing but the public interface.

use std::time::SystemTime;

use ed25519_dalek::{Signer as _, SigningKey};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_policy::{
    AssignmentProblem, Bundle, BundleError, BundleMark, BundleSigner, Factors, MarkError, Method,
    Principal, PrincipalKind, RolesError, SignedBundle, SignerKey, Source, SourceProblem,
};

const POLICY: &str = include_str!("../../../../testdata/policy-bundle/source/policy.toml");
const ROLES: &str = include_str!("../../../../testdata/policy-bundle/source/roles.toml");
const RULES: &str = include_str!("../../../../testdata/policy-bundle/source/rules/care.cedar");

/// A security officer with a key of their own.
struct Officer(SigningKey);

impl Officer {
    fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    fn key(&self) -> SignerKey {
        SignerKey::new("security-officer".parse().unwrap(), self.public_key()).unwrap()
    }
}

impl BundleSigner for Officer {
    fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, label: &str, message: &[u8]) -> [u8; 64] {
        self.0.sign(&[b"medsec/signed/", label.as_bytes(), &[0], message].concat()).to_bytes()
    }
}

fn source(policy: &str, roles: &str) -> Source {
    let files = [("policy.toml", policy), ("roles.toml", roles), ("rules/care.cedar", RULES)];
    Source::from_files(files).unwrap()
}

fn policy() -> Bundle {
    Bundle::compile(&source(POLICY, ROLES)).unwrap()
}

fn principal(id: &str, kind: PrincipalKind, groups: &[&str]) -> Principal {
    Principal {
        id: id.parse().unwrap(),
        kind,
        method: Method::Token,
        factors: Factors::Two,
        authenticated_at: SystemTime::UNIX_EPOCH,
        groups: groups.iter().map(|name| name.parse().unwrap()).collect(),
    }
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)"],
    claim = "a policy that was altered, or signed by others, is not used",
    polarity = deny,
)]
fn policy_denies_alterations_and_strange_signers(ev: Ev) -> Proven {
    let (officer, stranger) = (Officer::new(1), Officer::new(2));
    let signed = ev.allows(SignedBundle::sign(&policy(), &officer)).to_bytes();
    let text = String::from_utf8(signed.clone()).unwrap();
    let more_rights = text.replace("\"idle\": 900", "\"idle\": 90000");
    let altered = SignedBundle::parse(more_rights.as_bytes(), &[officer.key()], 1);
    ev.denies(altered, |e| matches!(e, BundleError::NotAuthentic));
    let strange = SignedBundle::parse(&signed, &[stranger.key()], 1);
    ev.denies(strange, |e| matches!(e, BundleError::TooFew { found: 0, threshold: 1 }));
    let alone = SignedBundle::parse(&signed, &[officer.key(), stranger.key()], 2);
    ev.denies(alone, |e| matches!(e, BundleError::TooFew { found: 1, threshold: 2 }));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)"],
    claim = "a policy is used as it was signed by as many as must sign it",
    polarity = allow,
)]
fn policy_is_used_as_it_was_signed(ev: Ev) -> Proven {
    let (first, second) = (Officer::new(1), Officer::new(2));
    let mut signed = ev.allows(SignedBundle::sign(&policy(), &first));
    ev.allows(signed.cosign(&second));
    let keys = [first.key(), second.key()];
    let read = ev.allows(SignedBundle::parse(&signed.to_bytes(), &keys, 2));
    ev.holds("what is used is what was signed", read == policy());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "an older policy, or one that does not follow it, does not take the place of the policy in force",
    polarity = deny,
)]
fn policy_in_force_is_not_replaced_by_an_older_one(ev: Ev) -> Proven {
    let first = policy();
    let second = ev.allows(Bundle::succeed(&source(POLICY, ROLES), &first));
    let mark = BundleMark::of(&second);
    ev.denies(mark.admits(&first), |e| matches!(e, MarkError::Older));
    let lines = "sequence = 9\nsupersedes = []\n".to_owned() + POLICY;
    let foreign = ev.allows(Bundle::compile(&source(&lines, ROLES)));
    ev.denies(mark.admits(&foreign), |e| matches!(e, MarkError::Foreign));
    ev.allows(BundleMark::of(&first).admits(&second));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "nobody has two roles that are separate, by assignment or by groups of an identity provider",
    polarity = deny,
)]
fn separated_roles_never_meet(ev: Ev) -> Proven {
    let ben = "roles = [\"administrator\"], groups = []";
    let both = ROLES.replace(ben, "roles = [\"administrator\", \"auditor\"], groups = []");
    ev.denies(Bundle::compile(&source(POLICY, &both)), |e| {
        matches!(e.problem, SourceProblem::Assignment(AssignmentProblem::Separated { .. }))
    });
    let audit = ROLES.replace("[groups]", "[groups]\naudit = { roles = [\"auditor\"] }");
    let bundle = ev.allows(Bundle::compile(&source(POLICY, &audit)));
    let ben = principal("ben@hospital.example", PrincipalKind::Person, &["audit"]);
    ev.denies(bundle.assignments().roles_of(&ben), |e| matches!(e, RolesError::Separated { .. }));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(i)",
    claim = "a principal has one name of their own, and is a person or a program, not both",
    polarity = deny,
)]
fn principals_are_not_taken_for_each_other(ev: Ev) -> Proven {
    for second in ["\"ben@hospital.example\"", "\"Ben@Hospital.Example\""] {
        let twice = ROLES.replace("archive-1", second);
        ev.denies(Bundle::compile(&source(POLICY, &twice)), |e| {
            matches!(
                e.problem,
                SourceProblem::Twice | SourceProblem::Assignment(AssignmentProblem::Alike)
            )
        });
    }
    for shared in ["admin", "nurse@hospital.example"] {
        let named = ROLES.replace("ben@hospital.example", shared);
        ev.denies(Bundle::compile(&source(POLICY, &named)), |e| {
            matches!(e.problem, SourceProblem::Assignment(AssignmentProblem::Reserved))
        });
    }
    let roles = policy().assignments().clone();
    let program = principal("ben@hospital.example", PrincipalKind::Service, &[]);
    ev.denies(roles.roles_of(&program), |e| matches!(e, RolesError::Kind));
    let nobody = principal("bob@hospital.example", PrincipalKind::Person, &["cardiology"]);
    ev.denies(roles.roles_of(&nobody), |e| matches!(e, RolesError::Unknown));
    let ann = principal("ann@hospital.example", PrincipalKind::Person, &[]);
    let given = ev.allows(roles.roles_of(&ann));
    ev.holds("who is known has the roles of the group, and no others", given.len() == 2);
    ev.proven()
}
