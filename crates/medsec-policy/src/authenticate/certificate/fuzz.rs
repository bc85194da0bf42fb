//! What must hold for every certificate. Not part of the library: built for tests and with `--cfg fuzzing` only.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use super::making::{CLIENT, Party, Plan, uri};
use super::{
    CertificateAuthenticator, CertificateRule, CertificateSetup, NameRule, Revocation, names,
};
use crate::authenticate::Authenticator as _;
use crate::authenticate::edits::edited;
use crate::authenticate::testing::{HandClock, T0};
use crate::principal::{Factors, PrincipalKind};

/// A certificate: the first byte says whether the rest is one, edits of a valid one, a root, or a revocation list.
/// Nothing but the valid one is accepted. Of a root the key counts: it is trusted because it is named, not for what it
/// says of itself (RFC 5280, section 6.1.1).
pub fn policy_certificate(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let good = &certificates()[0];
    match kind % 4 {
        0 => {
            assert!(judge().authenticate(&[rest]).is_err() || rest == good, "one of its own");
            let _ = names::name(rest, &rule().name);
        }
        1 => {
            let leaf = edited(good, rest);
            assert!(judge().authenticate(&[&leaf]).is_ok() == (leaf == *good), "an edited one");
            let _ = names::name(&leaf, &rule().name);
        }
        2 => {
            let setup = setup(vec![rest.to_vec()], Revocation::Unchecked);
            let judge = CertificateAuthenticator::new(setup);
            let accepted = judge.is_ok_and(|judge| judge.authenticate(&[good]).is_ok());
            assert!(!accepted || has_key_of_root(rest), "another root");
        }
        _ => {
            let lists = Revocation::Lists(vec![rest.to_vec()]);
            let judge = CertificateAuthenticator::new(setup(vec![root()], lists));
            let accepted = judge.is_ok_and(|judge| judge.authenticate(&[good]).is_ok());
            assert!(!accepted || rest == list(&[]), "another list");
        }
    }
}

/// First inputs.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let with = |kind: u8, rest: &[u8]| [&[kind][..], rest].concat();
    vec![
        with(0, &certificates()[0]),
        with(1, &[0, 0, 90, b'A']),
        with(1, &[2, 0, 9, 0]),
        with(2, &root()),
        with(3, &list(&[])),
        with(3, &list(&[1])),
    ]
}

/// Certificates for the suite that all authenticators pass.
#[cfg(test)]
pub(crate) struct Examples {
    pub(crate) good: Vec<Vec<&'static [u8]>>,
    pub(crate) bad: Vec<Vec<&'static [u8]>>,
}

#[cfg(test)]
impl Examples {
    pub(crate) fn new() -> Self {
        let [ann, bob, shared, expired] = certificates().each_ref().map(Vec::as_slice);
        let bad = vec![vec![], vec![&ann[..9]], vec![shared], vec![expired]];
        Self { good: vec![vec![ann], vec![bob]], bad }
    }
}

/// Judges certificates under the root below.
pub(crate) fn judge() -> CertificateAuthenticator {
    CertificateAuthenticator::new(setup(vec![root()], Revocation::Unchecked)).unwrap()
}

fn rule() -> CertificateRule {
    let name = NameRule::Spiffe { trust_domain: "hospital.example".to_owned() };
    let (kind, factors) = (PrincipalKind::Service, Factors::One);
    CertificateRule { name, prefix: String::new(), kind, factors }
}

fn setup(roots: Vec<Vec<u8>>, revocation: Revocation) -> CertificateSetup {
    CertificateSetup { roots, revocation, rule: rule(), clock: HandClock::at(T0) }
}

fn plan(serial: u8) -> Plan {
    let (from, until) = (T0.saturating_sub(100), T0.saturating_add(100));
    Plan { serial, from, until, is_authority: true, usage: None, names: Vec::new() }
}

fn root() -> Vec<u8> {
    Party::new(1).certify(&Party::new(1), &plan(9))
}

fn has_key_of_root(certificate: &[u8]) -> bool {
    certificate.windows(32).any(|bytes| bytes == Party::new(1).public_key())
}

fn list(serials: &[u8]) -> Vec<u8> {
    Party::new(1).revoke(serials, T0.saturating_sub(100), T0.saturating_add(100))
}

/// Of two programs, of one that shares its account, and one that has expired.
fn certificates() -> &'static [Vec<u8>; 4] {
    static ALL: OnceLock<[Vec<u8>; 4]> = OnceLock::new();
    ALL.get_or_init(|| {
        let end = T0.saturating_add(100);
        let all = [
            (1, "importer", end),
            (2, "viewer", end),
            (3, "default", end),
            (4, "old", T0.saturating_sub(1)),
        ];
        all.map(|(serial, name, until)| {
            let names = vec![uri(&format!("spiffe://hospital.example/sa/{name}"))];
            let usage = Some(vec![CLIENT]);
            let plan = Plan { is_authority: false, usage, names, until, ..plan(serial) };
            Party::new(1).certify(&Party::new(3), &plan)
        })
    })
}
