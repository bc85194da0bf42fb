//! Who may do what with protected health information: who somebody is, what the policy says, when a session
//! ends, and what an emergency permits.
//!
//! Nothing here opens a package or writes a record. A [`Decision`] is plain data; what makes it binding stands
//! in the crate `medsec`.

#![forbid(unsafe_code)]

mod action;
mod assignments;
mod authenticate;
mod bundle;
mod clock;
mod decision;
mod emergency;
mod engine;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod ids;
mod principal;
mod purpose;
mod ready;
mod request;
mod session;
mod settings;
mod text;

pub use crate::action::Action;
pub use crate::assignments::{
    Assigned, AssignmentError, AssignmentProblem, Assignments, Dataset, Group, Place, Role,
    RolesError,
};
#[cfg(feature = "certificates")]
pub use crate::authenticate::certificate::{
    CertificateAuthenticator, CertificateRule, CertificateSetup, CertificateSetupError, NameRule,
    Revocation,
};
#[cfg(feature = "tokens")]
pub use crate::authenticate::key_set::{
    DiscoveryError, FileKeySet, FixedKeySet, KeySet, KeySetError, KeySetSource, key_set_address,
};
#[cfg(feature = "tokens")]
pub use crate::authenticate::token::{
    ReplayGuard, TokenAuthenticator, TokenSetup, unverified_issuer,
};
pub use crate::authenticate::token_rules::{
    KindRule, Presence, SecondFactor, SubjectClaim, SubjectRule, TokenAlgorithm, TokenLimits,
    TokenRules, TokenRulesError, TokenType,
};
pub use crate::authenticate::{
    AuthenticationError, Authenticator, LocalUser, RefusedBecause, reserved,
};
pub use crate::bundle::{
    Bundle, BundleError, BundleMark, BundleName, BundleSigner, MarkError, RulesName, SignedBundle,
    SignerKey, SignerName, Source, SourceError, SourceFile, SourceProblem,
};
pub use crate::clock::{Clock, ClockError, ClockStep, Moment, SystemClock};
pub use crate::decision::{DecideError, Decider, Decision, Effect, Refusal};
pub use crate::emergency::{
    Claim, ClaimError, Emergency, EmergencyEnd, EmergencyOver, EmergencyPhase, EmergencyRecord,
    PatientPseudonym, ReasonText, RecordError, Review, ReviewError, ReviewOutcome, Scope,
    ServeError, TooManyParticipants,
};
pub use crate::engine::{
    At, Change, DiffError, Difference, Direction, Engine, Expected, Explanation, Finding,
    LoadError, MAX_DIFF_DECISIONS, Near, Outcome, Problem, Proof, ResourceClass, Rule, RuleEffect,
    SCHEMA, Table, TableError, TableProblem, Under, diff,
};
pub use crate::ids::{
    DatasetId, DecisionId, EmergencyId, GroupName, PackageId, PolicyHash, PrincipalId, RoleName,
    RuleName,
};
pub use crate::principal::{Factors, Method, Principal, PrincipalKind};
pub use crate::purpose::Purpose;
pub use crate::ready::{Ready, ReadyFile};
pub use crate::request::{Circumstances, Request, Resource};
pub use crate::session::{
    EndReason, EndedSession, ReauthenticateError, Session, SessionEnded, SessionId, SessionStatus,
    SessionTable, StartError, TableFull,
};
pub use crate::settings::{
    Authority, ClaimText, EmergencyLimits, EmergencyReason, Issuer, IssuerKeys, IssuerName,
    KeyName, Opening, RecipientKey, Sealing, SessionLimits, Settings, SharedDataKeys, Signature,
    StepUp, UnboundPackages,
};
pub use crate::text::{InvalidValue, RandomError};
