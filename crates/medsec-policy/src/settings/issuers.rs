//! The identity providers whose tokens are heeded, and what is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Settings;
use crate::authenticate::reserved;
use crate::authenticate::token_rules::{
    KindRule, Presence, SecondFactor, SubjectClaim, SubjectRule, TokenAlgorithm, TokenLimits,
    TokenRules, TokenType,
};
use crate::ids::PrincipalId;
use crate::principal::PrincipalKind;
use crate::text::{InvalidValue, identifier};

identifier!(
    /// What the policy calls an identity provider. 1 to 64 of `a-z 0-9 . _ -`.
    IssuerName, 64, "issuer's name",
    b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'
);
identifier!(
    /// A claim of a token, or its value: 1 to 512 visible ASCII characters but `"` and `\`, the first a letter or digit.
    ClaimText, 512, "claim",
    b'!' | b'#'..=b'[' | b']'..=b'~'
);
identifier!(
    /// The certificate of an authority, in DER and base64 (RFC 4648 section 4).
    Authority, 8192, "authorities",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'='
);

impl Authority {
    /// The certificate in DER; none, if it is no base64 in its one form.
    #[must_use]
    pub fn der(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.as_str()).ok()
    }
}

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Issuer {
    /// What `iss` of its tokens says.
    pub issuer: ClaimText,
    /// What `aud` of its tokens says: they are for nobody else.
    pub audience: ClaimText,
    /// Where its keys are.
    pub keys: IssuerKeys,
    /// The authorities that its servers' certificates may come from; those of the system, if absent.
    pub authorities: Option<BTreeSet<Authority>>,
    /// How tokens may be signed.
    pub algorithms: BTreeSet<TokenAlgorithm>,
    /// What tokens may say that they are.
    pub types: BTreeSet<TokenType>,
    /// Where the name stands.
    pub subject: SubjectClaim,
    /// Who bears which name; everybody is called as the token does, if absent.
    pub users: Option<BTreeMap<ClaimText, PrincipalId>>,
    /// Whom the tokens are about.
    pub kind: PrincipalKind,
    /// The claim that lists groups, if they are heeded.
    pub groups: Option<ClaimText>,
    /// Values of `acr` that stand for two factors.
    pub acr: BTreeSet<ClaimText>,
    /// Values of `amr` that stand for two factors.
    pub amr: BTreeSet<ClaimText>,
    /// How long ago the provider may have asked who it is; any time, if absent.
    pub max_authentication_age: Option<Duration>,
    /// How long a token may live.
    pub max_lifetime: Duration,
    /// Whether tokens must say from when on they are valid.
    pub not_before: Presence,
    /// The claim that names the token itself.
    pub token_id: ClaimText,
}

/// Where the keys of an identity provider are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerKeys {
    /// The issuer's discovery document says where: `discovery`.
    Discovery,
    /// At this address: `https://…`.
    At(ClaimText),
    /// In this file: `file:/…`.
    File(ClaimText),
}

impl fmt::Display for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovery => f.write_str("discovery"),
            Self::At(place) | Self::File(place) => place.fmt(f),
        }
    }
}

impl FromStr for IssuerKeys {
    type Err = InvalidValue;

    /// Accepts exactly the forms that `Display` writes.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = InvalidValue { field: "keys" };
        let place = ClaimText::new(text).map_err(|_| invalid)?;
        match text {
            "discovery" => Ok(Self::Discovery),
            text if text.starts_with("https://") => Ok(Self::At(place)),
            text if text.starts_with("file:/") => Ok(Self::File(place)),
            _ => Err(invalid),
        }
    }
}

impl IssuerKeys {
    /// The file, if the keys are in one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::File(place) => place.as_str().strip_prefix("file:"),
            _ => None,
        }
    }
}

impl Issuer {
    /// The most users, authorities and values of each list.
    pub const MAX_NAMED: usize = 10_000;

    /// How its tokens are judged.
    #[must_use]
    pub fn rules(&self) -> TokenRules {
        let texts = |set: &BTreeSet<ClaimText>| set.iter().map(ToString::to_string).collect();
        let users = self.users.as_ref().map(|users| {
            users.iter().map(|(name, user)| (name.to_string(), user.clone())).collect()
        });
        let subject = SubjectRule { claim: self.subject.clone(), prefix: String::new(), users };
        TokenRules {
            issuer: self.issuer.to_string(),
            audiences: BTreeSet::from([self.audience.to_string()]),
            types: self.types.clone(),
            algorithms: self.algorithms.clone(),
            subject,
            kind: KindRule::Always(self.kind),
            second_factor: SecondFactor { acr: texts(&self.acr), amr: texts(&self.amr) },
            groups: self.groups.as_ref().map(ToString::to_string),
            token_id: self.token_id.to_string(),
            limits: TokenLimits {
                max_lifetime: self.max_lifetime,
                max_authentication_age: self.max_authentication_age,
                not_before: self.not_before,
                ..TokenLimits::default()
            },
        }
    }

    /// Checks that tokens can be judged by it.
    pub(crate) fn check(&self) -> Result<(), InvalidValue> {
        let whole = |time: &Duration| {
            time.as_secs() >= 1 && time.subsec_nanos() == 0 && *time <= Settings::MAX_TIME
        };
        let users = self.users.iter().flatten();
        let https = self.issuer.as_str().starts_with("https://");
        let authorities = self.authorities.as_ref();
        let checks = [
            ("keys", self.keys != IssuerKeys::Discovery || https),
            ("algorithms", !self.algorithms.is_empty()),
            ("types", !self.types.is_empty()),
            ("authorities", authorities.is_none_or(are_certificates)),
            ("authorities", authorities.is_none() || self.keys.file().is_none()),
            ("users", self.users.as_ref().is_none_or(|users| fits(users.len()))),
            ("users", users.map(|(_, user)| user).all(|user| reserved::check(user).is_ok())),
            ("acr", self.acr.len() <= Self::MAX_NAMED),
            ("amr", self.amr.len() <= Self::MAX_NAMED),
            ("max_authentication_age", self.max_authentication_age.iter().all(whole)),
            (
                "max_lifetime",
                whole(&self.max_lifetime) && self.max_lifetime <= TokenRules::MAX_LIFETIME,
            ),
        ];
        let wrong = checks.into_iter().find(|(_, fits)| !fits).map(|(field, _)| field);
        wrong.map_or(Ok(()), |field| Err(InvalidValue { field }))
    }
}

/// None at all would be a slip: nobody could ever log in.
fn fits(count: usize) -> bool {
    (1..=Issuer::MAX_NAMED).contains(&count)
}

fn are_certificates(list: &BTreeSet<Authority>) -> bool {
    // A certificate is a SEQUENCE; whoever connects reads the rest of it.
    let is_one = |one: &Authority| one.der().is_some_and(|der| der.first() == Some(&0x30));
    (1..=Settings::MAX_NAMED).contains(&list.len()) && list.iter().all(is_one)
}

/// Whether no two are the same issuer: a token says whose it is, and not by which rules to judge it.
pub(super) fn are_apart(issuers: &BTreeMap<IssuerName, Issuer>) -> bool {
    let texts: BTreeSet<_> = issuers.values().map(|one| &one.issuer).collect();
    texts.len() == issuers.len()
}
