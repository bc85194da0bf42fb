//! What every authenticator has in common: one suite, and the implementations of this crate.

use medsec_evidence::{Ev, Proven, evidence};

use super::{Authenticator, RefusedBecause, reserved};
use crate::principal::Principal;

/// An authenticator with credentials to show it.
trait Subject {
    type Judge: Authenticator;

    fn judge(&self) -> Self::Judge;

    /// Credentials that prove somebody, each of another.
    fn good(&self) -> Vec<Shown<'_, Self::Judge>>;

    /// Credentials that prove nobody, each with the reason that goes on record.
    fn bad(&self) -> Vec<(Shown<'_, Self::Judge>, RefusedBecause)>;
}

type Shown<'c, J> = <J as Authenticator>::Credential<'c>;

/// The contract of [`Authenticator`].
fn conforms(ev: &Ev, subject: &impl Subject) {
    let judge = subject.judge();
    let mut reasons = std::collections::BTreeSet::new();
    for (credential, because) in subject.bad() {
        let answer = judge.authenticate(credential);
        reasons.insert(because);
        ev.denies(answer, |error| {
            error.reason() == because && error.to_string() == "not authenticated"
        });
    }
    ev.holds("reasons are told apart", reasons.len() >= 3);
    let mut found: Vec<Principal> = Vec::new();
    for credential in subject.good() {
        let principal = ev.allows(judge.authenticate(credential));
        ev.holds("the name is not reserved", reserved::check(&principal.id).is_ok());
        ev.holds("names are unique", found.iter().all(|other| other.id != principal.id));
        found.push(principal);
    }
    ev.holds("somebody was found", found.len() >= 2);
}

#[cfg(feature = "tokens")]
#[evidence(
    hipaa2013::["164.312(a)(2)(i)", "164.312(d)"],
    claim = "each good token proves one named subject, and bad ones prove nobody",
    polarity = allow,
)]
fn tokens_conform(ev: Ev) -> Proven {
    conforms(&ev, &super::token::fuzz::Examples::new());
    ev.proven()
}

#[cfg(feature = "certificates")]
#[evidence(
    hipaa2013::["164.312(a)(2)(i)", "164.312(d)"],
    claim = "each good certificate proves one named subject, and bad ones prove nobody",
    polarity = allow,
)]
fn certificates_conform(ev: Ev) -> Proven {
    conforms(&ev, &super::certificate::fuzz::Examples::new());
    ev.proven()
}

#[cfg(feature = "tokens")]
impl Subject for super::token::fuzz::Examples {
    type Judge = super::token::TokenAuthenticator;

    fn judge(&self) -> Self::Judge {
        super::token::fuzz::judge()
    }

    fn good(&self) -> Vec<&[u8]> {
        self.good.iter().map(Vec::as_slice).collect()
    }

    fn bad(&self) -> Vec<(&[u8], RefusedBecause)> {
        let because = [
            RefusedBecause::NotThreeParts,
            RefusedBecause::NotThreeParts,
            RefusedBecause::PrincipalReserved,
            RefusedBecause::SubjectForm,
            RefusedBecause::AlgorithmNone,
        ];
        assert_eq!(self.bad.len(), because.len());
        self.bad.iter().map(Vec::as_slice).zip(because).collect()
    }
}

#[cfg(feature = "certificates")]
impl Subject for super::certificate::fuzz::Examples {
    type Judge = super::certificate::CertificateAuthenticator;

    fn judge(&self) -> Self::Judge {
        super::certificate::fuzz::judge()
    }

    fn good(&self) -> Vec<&[&[u8]]> {
        self.good.iter().map(Vec::as_slice).collect()
    }

    fn bad(&self) -> Vec<(&[&[u8]], RefusedBecause)> {
        let because = [
            RefusedBecause::CertificateMissing,
            RefusedBecause::CertificateForm,
            RefusedBecause::PrincipalReserved,
            RefusedBecause::CertificateExpired,
        ];
        assert_eq!(self.bad.len(), because.len());
        self.bad.iter().map(Vec::as_slice).zip(because).collect()
    }
}
