//! What tokens of one issuer must say, and what is made of it.

mod algorithm;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use self::algorithm::TokenAlgorithm;
use crate::ids::PrincipalId;
use crate::principal::PrincipalKind;
use crate::text::{InvalidValue, codes};

/// What tokens of one issuer must say, and who that makes somebody.
///
/// [`Self::openid`] and [`Self::kubernetes`] give the usual rules, to change field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct TokenRules {
    /// The issuer: `iss` is compared byte by byte.
    pub issuer: String,
    /// Whom tokens may be for. All that `aud` names must stand here: who else receives a token could show it.
    pub audiences: BTreeSet<String>,
    /// What `typ` of the header may say.
    pub types: BTreeSet<TokenType>,
    /// How tokens may be signed.
    pub algorithms: BTreeSet<TokenAlgorithm>,
    /// Where the principal's name stands.
    pub subject: SubjectRule,
    /// A person or a program.
    pub kind: KindRule,
    /// What shows that two factors were asked for.
    pub second_factor: SecondFactor,
    /// The claim that lists groups, if any is heeded.
    pub groups: Option<String>,
    /// The claim that names the token itself.
    pub token_id: String,
    /// Times and numbers.
    pub limits: TokenLimits,
}

impl TokenRules {
    /// Tokens of an OpenID provider for persons: `sub` names them, nothing shows a second factor, no groups.
    #[must_use]
    pub fn openid(issuer: &str, audience: &str) -> Self {
        use TokenAlgorithm::{EdDsa, Es256, Es384, Ps256, Rs256};
        Self {
            issuer: issuer.to_owned(),
            audiences: BTreeSet::from([audience.to_owned()]),
            types: BTreeSet::from([TokenType::Jwt]),
            algorithms: BTreeSet::from([EdDsa, Es256, Es384, Ps256, Rs256]),
            subject: SubjectRule {
                claim: SubjectClaim::Subject,
                prefix: String::new(),
                users: None,
            },
            kind: KindRule::Always(PrincipalKind::Person),
            second_factor: SecondFactor::default(),
            groups: None,
            token_id: "jti".to_owned(),
            limits: TokenLimits::default(),
        }
    }

    /// Projected tokens of the service accounts of a Kubernetes cluster. Their header states no type.
    #[must_use]
    pub fn kubernetes(issuer: &str, audience: &str) -> Self {
        let claim = SubjectClaim::ServiceAccount;
        Self {
            types: BTreeSet::from([TokenType::Unstated, TokenType::Jwt]),
            subject: SubjectRule { claim, prefix: String::new(), users: None },
            kind: KindRule::Always(PrincipalKind::Service),
            ..Self::openid(issuer, audience)
        }
    }
}

codes!(
    /// What the header's `typ` says a token is. Other types are for other purposes and never accepted.
    TokenType, "type" {
        /// Nothing.
        Unstated => "unstated",
        /// `JWT`.
        Jwt => "JWT",
        /// `at+jwt`: an access token of RFC 9068.
        AccessToken => "at+jwt",
    }
);

impl TokenType {
    /// What a header says. Media types know no case, and `application/` may be left out (RFC 7515 section 4.1.9).
    #[cfg(feature = "tokens")]
    pub(crate) fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        match lower.strip_prefix("application/").unwrap_or(&lower) {
            "jwt" => Some(Self::Jwt),
            "at+jwt" => Some(Self::AccessToken),
            _ => None,
        }
    }
}

/// Where the principal's name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct SubjectRule {
    /// The claim.
    pub claim: SubjectClaim,
    /// Put before the claim's value, such as `corp:`, to keep the names of issuers apart. May be empty.
    pub prefix: String,
    /// Who bears which value of the claim. Others are nobody, and the prefix stands before none. If absent, the value
    /// itself, behind the prefix, is the principal.
    pub users: Option<BTreeMap<String, PrincipalId>>,
}

/// The claim that names the principal. Its value is used as it is, never escaped or changed: two subjects
/// cannot become one principal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectClaim {
    /// `sub`: the one that an issuer never gives to somebody else.
    Subject,
    /// A claim of this name, such as `preferred_username`. The issuer must never give a value to somebody else.
    Named(String),
    /// `email`, if `email_verified` is true.
    VerifiedEmail,
    /// `sub` as Kubernetes writes it: `system:serviceaccount:NAMESPACE:NAME`, as the claim `kubernetes.io` has it.
    ServiceAccount,
}

impl fmt::Display for SubjectClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject => f.write_str("sub"),
            Self::VerifiedEmail => f.write_str("email"),
            Self::ServiceAccount => f.write_str("service-account"),
            Self::Named(claim) => write!(f, "claim:{claim}"),
        }
    }
}

impl FromStr for SubjectClaim {
    type Err = InvalidValue;

    /// Accepts `sub`, `email`, `service-account` and `claim:NAME`.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let visible = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
        let claim = text.strip_prefix("claim:").filter(visible);
        match (text, claim) {
            ("sub", _) => Ok(Self::Subject),
            ("email", _) => Ok(Self::VerifiedEmail),
            ("service-account", _) => Ok(Self::ServiceAccount),
            (_, Some(claim)) => Ok(Self::Named(claim.to_owned())),
            _ => Err(InvalidValue { field: "subject" }),
        }
    }
}

/// What tells persons from programs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KindRule {
    /// All tokens of this issuer and audience are of one kind.
    Always(PrincipalKind),
    /// A program, if the claim has one of these values, as `idtyp` has `app`; else a person.
    ServiceWhere {
        /// The claim.
        claim: String,
        /// Its values.
        values: BTreeSet<String>,
    },
    /// A program, if the claim is the subject, as `client_id` is where a client asked for itself
    /// (RFC 9068 section 2.2); else a person.
    ServiceWhereSubject {
        /// The claim.
        claim: String,
    },
}

/// What shows that two factors were asked for. Nothing does, if both are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "these two claims are what there is")]
pub struct SecondFactor {
    /// One of these values of `acr`.
    pub acr: BTreeSet<String>,
    /// One of these values in `amr`, such as `mfa` (RFC 8176).
    pub amr: BTreeSet<String>,
}

/// Whether a claim must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Presence {
    /// It must.
    Required,
    /// It counts where it is.
    Optional,
}

/// Times and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenLimits {
    /// How far the issuer's clock may differ from ours: 60 s; at most 5 minutes.
    pub leeway: Duration,
    /// Longest time from issue to end of validity: 24 h, a day's work; at most 7 days.
    pub max_lifetime: Duration,
    /// How long ago the principal may have authenticated. If set, `auth_time` must say it. Not set: only a
    /// login that asked the provider for `max_age` has the claim.
    pub max_authentication_age: Option<Duration>,
    /// Whether `nbf` must be there: required. Several providers leave it out; where it is, it counts.
    pub not_before: Presence,
    /// Most groups: 256. More are a mistake in what is sent, or an attempt to make us work.
    pub max_groups: usize,
    /// Shortest time between two questions for a newer key set: 30 s, so that made-up key names cost little.
    pub refresh_interval: Duration,
}

impl Default for TokenLimits {
    fn default() -> Self {
        Self {
            leeway: Duration::from_secs(60),
            max_lifetime: Duration::from_secs(24 * 60 * 60),
            max_authentication_age: None,
            not_before: Presence::Required,
            max_groups: 256,
            refresh_interval: Duration::from_secs(30),
        }
    }
}

impl TokenRules {
    /// Longest leeway.
    pub const MAX_LEEWAY: Duration = Duration::from_secs(5 * 60);
    /// Longest lifetime of a token.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// Whether tokens could be judged by these rules.
    #[cfg(feature = "tokens")]
    pub(crate) fn check(&self) -> Result<(), TokenRulesError> {
        let named = [&self.issuer, &self.token_id].into_iter().chain(&self.audiences);
        let blank = named.into_iter().any(String::is_empty);
        let empty = [self.audiences.is_empty(), self.types.is_empty(), self.algorithms.is_empty()];
        if blank || empty.contains(&true) {
            return Err(TokenRulesError::Incomplete);
        }
        let lifetime = self.limits.max_lifetime;
        if self.limits.leeway > Self::MAX_LEEWAY
            || lifetime.is_zero()
            || lifetime > Self::MAX_LIFETIME
        {
            return Err(TokenRulesError::Limits);
        }
        Ok(())
    }
}

/// No tokens can be judged by these rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRulesError {
    /// Issuer, audience, types, algorithms or the claim of the token's identifier are empty.
    #[error(
        "issuer, audience, types, algorithms and the claim of the token's identifier are all needed"
    )]
    Incomplete,
    /// A time is longer than makes sense.
    #[error("leeway is at most 5 minutes, and a token lives between 1 second and 7 days")]
    Limits,
}
