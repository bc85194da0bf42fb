//! Identity providers in a document. Times are in seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{set, sorted};
use crate::authenticate::token_rules::Presence;
use crate::ids::PrincipalId;
use crate::principal::PrincipalKind;
use crate::settings::{ClaimText, Issuer, IssuerName};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireIssuer {
    issuer: String,
    audience: String,
    keys: String,
    /// Absent for those of the system.
    authorities: Option<Vec<String>>,
    algorithms: Vec<String>,
    types: Vec<String>,
    subject: String,
    /// Absent if everybody is called as the token does.
    users: Option<BTreeMap<String, String>>,
    kind: Kind,
    groups: Option<String>,
    acr: Vec<String>,
    amr: Vec<String>,
    max_authentication_age: Option<u64>,
    max_lifetime: u64,
    not_before: NotBefore,
    token_id: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Person,
    Service,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum NotBefore {
    Required,
    Optional,
}

impl WireIssuer {
    pub(super) fn all(issuers: &BTreeMap<IssuerName, Issuer>) -> BTreeMap<String, Self> {
        issuers.iter().map(|(name, issuer)| (name.to_string(), Self::of(issuer))).collect()
    }

    pub(super) fn issuers(all: &BTreeMap<String, Self>) -> Option<BTreeMap<IssuerName, Issuer>> {
        all.iter().map(|(name, wire)| Some((name.parse().ok()?, wire.issuer()?))).collect()
    }

    fn of(issuer: &Issuer) -> Self {
        let user = |(name, id): (&ClaimText, &PrincipalId)| (name.to_string(), id.to_string());
        Self {
            issuer: issuer.issuer.to_string(),
            audience: issuer.audience.to_string(),
            keys: issuer.keys.to_string(),
            authorities: issuer.authorities.as_ref().map(sorted),
            algorithms: sorted(&issuer.algorithms),
            types: sorted(&issuer.types),
            subject: issuer.subject.to_string(),
            users: issuer.users.as_ref().map(|users| users.iter().map(user).collect()),
            kind: match issuer.kind {
                PrincipalKind::Person => Kind::Person,
                PrincipalKind::Service => Kind::Service,
            },
            groups: issuer.groups.as_ref().map(ToString::to_string),
            acr: sorted(&issuer.acr),
            amr: sorted(&issuer.amr),
            max_authentication_age: issuer.max_authentication_age.map(|age| age.as_secs()),
            max_lifetime: issuer.max_lifetime.as_secs(),
            not_before: match issuer.not_before {
                Presence::Required => NotBefore::Required,
                Presence::Optional => NotBefore::Optional,
            },
            token_id: issuer.token_id.to_string(),
        }
    }

    fn issuer(&self) -> Option<Issuer> {
        let user = |(name, id): (&String, &String)| Some((name.parse().ok()?, id.parse().ok()?));
        let users = |users: &BTreeMap<String, String>| users.iter().map(user).collect();
        Some(Issuer {
            issuer: self.issuer.parse().ok()?,
            audience: self.audience.parse().ok()?,
            keys: self.keys.parse().ok()?,
            authorities: maybe(self.authorities.as_ref(), |list| set(list))?,
            algorithms: set(&self.algorithms)?,
            types: set(&self.types)?,
            subject: self.subject.parse().ok()?,
            users: maybe(self.users.as_ref(), users)?,
            kind: match self.kind {
                Kind::Person => PrincipalKind::Person,
                Kind::Service => PrincipalKind::Service,
            },
            groups: maybe(self.groups.as_ref(), |claim| claim.parse().ok())?,
            acr: set(&self.acr)?,
            amr: set(&self.amr)?,
            max_authentication_age: self.max_authentication_age.map(Duration::from_secs),
            max_lifetime: Duration::from_secs(self.max_lifetime),
            not_before: match self.not_before {
                NotBefore::Required => Presence::Required,
                NotBefore::Optional => Presence::Optional,
            },
            token_id: self.token_id.parse().ok()?,
        })
    }
}

/// What is there must be readable.
fn maybe<T, U>(value: Option<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    match value {
        Some(value) => read(value).map(Some),
        None => Some(None),
    }
}
