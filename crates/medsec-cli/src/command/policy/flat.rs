//! The settings of a policy, one name and one value each: to be shown, and to be compared.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use medsec_policy::{
    Issuer, Presence, PrincipalKind, Settings, SharedDataKeys, Signature, UnboundPackages,
};

/// All settings by the names that they have in `policy.toml`.
pub(super) fn settings(settings: &Settings) -> Vec<(String, String)> {
    let Settings {
        sessions,
        step_up,
        purposes,
        sealing,
        opening,
        audit_retention_years,
        emergency,
        issuers,
    } = settings;
    let keys = sealing.allowed_keys.as_ref().map_or_else(|| "any".to_owned(), listed);
    let age =
        sealing.max_key_age_days.map_or_else(|| "unlimited".to_owned(), |days| days.to_string());
    let shared = match sealing.shared_data_keys {
        SharedDataKeys::Forbidden => "forbidden",
        SharedDataKeys::Permitted => "permitted",
    };
    let unbound = match opening.unbound_packages {
        UnboundPackages::Accepted => "accepted",
        UnboundPackages::Refused => "refused",
    };
    let all = vec![
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
        ("sealing.shared_data_keys", shared.to_owned()),
        ("opening.signature", signature(opening.signature).to_owned()),
        ("opening.unbound_packages", unbound.to_owned()),
        ("emergency.max_duration", time(emergency.max_duration)),
        ("emergency.reasons", listed(&emergency.reasons)),
        ("emergency.max_authentication_age", time(emergency.max_authentication_age)),
        ("emergency.review_within_days", emergency.review_within_days.to_string()),
    ];
    let all = all.into_iter().map(|(name, value)| (name.to_owned(), value));
    let of_issuers = issuers.iter().flat_map(|(name, one)| {
        let named = move |(key, value)| (format!("issuers.{name}.{key}"), value);
        issuer(one).into_iter().map(named)
    });
    all.chain(of_issuers).collect()
}

fn issuer(one: &Issuer) -> [(&'static str, String); 16] {
    let or = |text: Option<String>, word: &str| text.unwrap_or_else(|| word.to_owned());
    let users = one.users.as_ref().map(|users| {
        let pair = |(name, user)| format!("{name} = {user}");
        users.iter().map(pair).collect::<Vec<_>>().join(", ")
    });
    let kind = match one.kind {
        PrincipalKind::Person => "person",
        PrincipalKind::Service => "service",
    };
    let not_before = match one.not_before {
        Presence::Required => "required",
        Presence::Optional => "optional",
    };
    [
        ("issuer", one.issuer.to_string()),
        ("audience", one.audience.to_string()),
        ("keys", one.keys.to_string()),
        ("authorities", or(one.authorities.as_ref().map(listed), "system")),
        ("algorithms", listed(&one.algorithms)),
        ("types", listed(&one.types)),
        ("subject", one.subject.to_string()),
        ("users", or(users, "as-named")),
        ("kind", kind.to_owned()),
        ("groups", or(one.groups.as_ref().map(ToString::to_string), "none")),
        ("acr", listed(&one.acr)),
        ("amr", listed(&one.amr)),
        ("max_authentication_age", or(one.max_authentication_age.map(time), "unlimited")),
        ("max_lifetime", time(one.max_lifetime)),
        ("not_before", not_before.to_owned()),
        ("token_id", one.token_id.to_string()),
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
