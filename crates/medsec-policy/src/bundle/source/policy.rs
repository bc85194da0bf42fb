//! `policy.toml`: name, line of descent and settings.

use super::error::{SourceError, SourceFile, SourceProblem};
use super::issuers;
use super::node::{Node, Text};
use crate::bundle::BundleName;
use crate::ids::PolicyHash;
use crate::settings::{
    EmergencyLimits, Opening, Sealing, SessionLimits, Settings, SharedDataKeys, Signature, StepUp,
    UnboundPackages,
};
use crate::text::InvalidValue;

/// What the file says.
#[derive(Debug)]
pub(super) struct PolicyFile {
    pub(super) name: BundleName,
    /// Which policies came before, where it says so, and the line that does.
    pub(super) lineage: Option<(Lineage, SourceError)>,
    pub(super) settings: Settings,
}

/// Number and ancestors.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    pub(super) sequence: u64,
    pub(super) supersedes: Vec<PolicyHash>,
}

pub(super) fn parse(text: &str) -> Result<PolicyFile, SourceError> {
    let text = Text { file: SourceFile::Policy, text };
    let table = text.parse()?;
    let root = text.root(table.get_ref());
    let ([name, settings], [sequence, supersedes]) =
        root.fields_and(["name", "settings"], ["sequence", "supersedes"])?;
    let lineage = match (sequence, supersedes) {
        (None, None) => None,
        (Some(sequence), Some(supersedes)) => Some((
            Lineage { sequence: sequence.number("sequence")?, supersedes: hashes(&supersedes)? },
            sequence.error(SourceProblem::NotSuccessor),
        )),
        (Some(node), None) | (None, Some(node)) => return Err(node.error(SourceProblem::Lineage)),
    };
    Ok(PolicyFile { name: name.parsed()?, lineage, settings: all(&settings)? })
}

/// In their order, which counts.
fn hashes(node: &Node<'_>) -> Result<Vec<PolicyHash>, SourceError> {
    let list = node.list()?;
    if list.len() > crate::Bundle::MAX_SUPERSEDED {
        return Err(node.error(SourceProblem::TooManySuperseded));
    }
    list.map(|hash| hash.parsed()).collect()
}

/// The places of values, by the names that [`Settings::check`] calls them.
type Places<'d> = Vec<(&'static str, Node<'d>)>;

fn all(node: &Node<'_>) -> Result<Settings, SourceError> {
    let [purposes, years, sessions, step_up, sealing, opening, emergency, issuers] =
        node.fields([
            "purposes",
            "audit_retention_years",
            "sessions",
            "step_up",
            "sealing",
            "opening",
            "emergency",
            "issuers",
        ])?;
    let mut places = vec![("audit_retention_years", years), ("issuers", issuers)];
    let settings = Settings {
        sessions: session_limits(&sessions, &mut places)?,
        step_up: step_up_of(&step_up, &mut places)?,
        purposes: purposes.set()?,
        sealing: sealing_of(&sealing, &mut places)?,
        opening: opening_of(&opening)?,
        audit_retention_years: years.number("audit_retention_years")?,
        emergency: emergency_limits(&emergency, &mut places)?,
        issuers: issuers::all(&issuers)?,
    };
    let place = |invalid: InvalidValue| {
        let named = places.iter().find(|(field, _)| *field == invalid.field);
        named.map_or(node, |(_, place)| place).error(invalid)
    };
    settings.check().map_err(place)?;
    Ok(settings)
}

fn session_limits<'d>(
    node: &Node<'d>,
    places: &mut Places<'d>,
) -> Result<SessionLimits, SourceError> {
    let [idle, absolute] = node.fields(["idle", "absolute"])?;
    places.extend([("sessions.idle", idle), ("sessions.absolute", absolute)]);
    Ok(SessionLimits { idle: idle.time()?, absolute: absolute.time()? })
}

fn step_up_of<'d>(node: &Node<'d>, places: &mut Places<'d>) -> Result<StepUp, SourceError> {
    let [fresh, max_age, two_factors] = node.fields(["fresh", "max_age", "two_factors"])?;
    places.push(("step_up.max_age", max_age));
    Ok(StepUp { fresh: fresh.set()?, max_age: max_age.time()?, two_factors: two_factors.set()? })
}

fn sealing_of<'d>(node: &Node<'d>, places: &mut Places<'d>) -> Result<Sealing, SourceError> {
    let ([signed, recipients, keys, age], [shared]) = node.fields_and(
        ["signature", "required_recipients", "allowed_keys", "max_key_age_days"],
        ["shared_data_keys"],
    )?;
    places.extend([
        ("sealing.required_recipients", recipients),
        ("sealing.allowed_keys", keys),
        ("sealing.max_key_age_days", age),
    ]);
    Ok(Sealing {
        signature: signature(&signed)?,
        required_recipients: recipients.set()?,
        allowed_keys: keys.set_or("any")?,
        max_key_age_days: age.number_or("unlimited", "sealing.max_key_age_days")?,
        shared_data_keys: shared.as_ref().map(shared_data_keys).transpose()?.unwrap_or_default(),
    })
}

fn shared_data_keys(node: &Node<'_>) -> Result<SharedDataKeys, SourceError> {
    match node.text()? {
        "forbidden" => Ok(SharedDataKeys::Forbidden),
        "permitted" => Ok(SharedDataKeys::Permitted),
        _ => Err(node.error(InvalidValue { field: "shared data keys" })),
    }
}

fn opening_of(node: &Node<'_>) -> Result<Opening, SourceError> {
    let ([signed], [unbound]) = node.fields_and(["signature"], ["unbound_packages"])?;
    Ok(Opening {
        signature: signature(&signed)?,
        unbound_packages: unbound.as_ref().map(unbound_packages).transpose()?.unwrap_or_default(),
    })
}

fn unbound_packages(node: &Node<'_>) -> Result<UnboundPackages, SourceError> {
    match node.text()? {
        "accepted" => Ok(UnboundPackages::Accepted),
        "refused" => Ok(UnboundPackages::Refused),
        _ => Err(node.error(InvalidValue { field: "unbound packages" })),
    }
}

fn emergency_limits<'d>(
    node: &Node<'d>,
    places: &mut Places<'d>,
) -> Result<EmergencyLimits, SourceError> {
    let [duration, reasons, age, review] =
        node.fields(["max_duration", "reasons", "max_authentication_age", "review_within_days"])?;
    places.extend([
        ("emergency.max_duration", duration),
        ("emergency.max_authentication_age", age),
        ("emergency.review_within_days", review),
    ]);
    Ok(EmergencyLimits {
        max_duration: duration.time()?,
        reasons: reasons.set()?,
        max_authentication_age: age.time()?,
        review_within_days: review.number("emergency.review_within_days")?,
    })
}

fn signature(node: &Node<'_>) -> Result<Signature, SourceError> {
    match node.text()? {
        "required" => Ok(Signature::Required),
        "optional" => Ok(Signature::Optional),
        _ => Err(node.error(InvalidValue { field: "signature" })),
    }
}
