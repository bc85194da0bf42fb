//! Whether the audit log is kept for as long as the policy demands.

use medsec_audit::{AuditLog, Epoch, EpochReason, Retention};
use medsec_policy::Bundle;

use crate::audit::read_pin;
use crate::doctor::Finding;
use crate::settings::Settings;

/// Nothing where the log cannot be read: that is found elsewhere.
pub(super) fn retention(settings: &Settings, bundle: &Bundle) -> Option<Finding> {
    const CHECK: &str = "retention";
    let kept = kept(settings)?.as_days().get();
    let years = bundle.settings().audit_retention_years;
    // Leap years included, as the Custodian counts.
    let demanded = u64::from(years).saturating_mul(1461).div_ceil(4);
    Some(if kept >= demanded {
        Finding::good(
            CHECK,
            format!("the log keeps records for {kept} days, the policy demands {demanded}"),
        )
    } else {
        Finding::problem(
            CHECK,
            format!(
                "the log keeps records for {kept} days, the policy demands {demanded}: nothing is opened or sealed"
            ),
            "lower audit_retention_years in policy.toml, or make a log that keeps its records for longer",
        )
    })
}

/// What the first record of the home's stream says.
fn kept(settings: &Settings) -> Option<Retention> {
    let pin = read_pin(&settings.audit_pin.value).ok()?;
    let log = AuditLog::open(&settings.audit.value, &pin).ok()?;
    let mut reader = log.reader(&settings.audit_stream.value, 0).ok()?;
    let batches = reader.read().ok()??;
    let lines = batches.lines().ok()?;
    let first = lines.records().next()?;
    match Epoch::parse(first).ok()?.reason {
        EpochReason::Genesis(genesis) => Some(genesis.retention),
        _ => None,
    }
}
