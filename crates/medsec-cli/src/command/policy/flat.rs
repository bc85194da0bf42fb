//! The settings of a policy, one name and one value each: to be shown, and to be compared.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use medsec_policy::{Settings, Signature};

/// All settings by the names that they have in `policy.toml`.
pub(super) fn settings(settings: &Settings) -> Vec<(&'static str, String)> {
    let Settings {
        sessions,
        step_up,
        purposes,
        sealing,
        opening,
        audit_retention_years,
        emergency,
    } = settings;
    let keys = sealing.allowed_keys.as_ref().map_or_else(|| "any".to_owned(), listed);
    let age =
        sealing.max_key_age_days.map_or_else(|| "unlimited".to_owned(), |days| days.to_string());
    vec![
        ("purposes", listed(purposes)),
        ("audit_retention_years", audit_retention_years.to_string()),
        ("sessions.idle", time(sessions.idle)),
        ("sessions.absolute", time(sessions.absolute)),
        ("step_up.fresh", listed(&step_up.fresh)),
        ("step_up.max_age", time(step_up.max_age)),
        ("step_up.two_factors", listed(&step_up.two_factors)),
        ("sealing.signature", signature(sealing.signature).to_owned()),
        ("sealing.required_recipients", listed(&sealing.required_recipients)),
        ("sealing.allowed_keys", keys),
        ("sealing.max_key_age_days", age),
        ("opening.signature", signature(*opening).to_owned()),
        ("emergency.max_duration", time(emergency.max_duration)),
        ("emergency.reasons", listed(&emergency.reasons)),
        ("emergency.max_authentication_age", time(emergency.max_authentication_age)),
        ("emergency.review_within_days", emergency.review_within_days.to_string()),
    ]
}

const fn signature(signature: Signature) -> &'static str {
    match signature {
        Signature::Required => "required",
        Signature::Optional => "optional",
    }
}

/// Names with commas between them; `none` without any.
pub(super) fn listed<T: Display>(values: &BTreeSet<T>) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    if values.is_empty() { "none".to_owned() } else { values.join(", ") }
}

/// `90s`, `15m`, `12h`, `7d`: as `policy.toml` has it.
fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [('d', 86_400), ('h', 3_600), ('m', 60)];
    let whole = |(unit, len): (char, u64)| {
        let count = seconds.checked_div(len)?;
        (count.checked_mul(len)? == seconds && count > 0).then(|| format!("{count}{unit}"))
    };
    units.into_iter().find_map(whole).unwrap_or_else(|| format!("{seconds}s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_their_largest_whole_unit() {
        let shown = [1, 90, 900, 43_200, 604_800].map(|s| time(Duration::from_secs(s)));
        assert_eq!(shown, ["1s", "90s", "15m", "12h", "7d"]);
    }
}
