//! The bucket's object-lock configuration.

use medsec_audit::OutsideError;
use serde::Deserialize;

use super::bucket::Bucket;
use super::{S3Error, malformed, unfit};

/// Days of a year, rounded down: a promise must not be taken for longer than it is.
const YEAR: u64 = 365;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    object_lock_enabled: Option<String>,
    rule: Option<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    default_retention: Option<Retention>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Retention {
    mode: Option<String>,
    days: Option<u64>,
    years: Option<u64>,
}

/// Asks the bucket for how long it keeps what it gets.
pub(super) async fn insist(bucket: &Bucket, days: u32) -> Result<(), OutsideError> {
    // 404: such a bucket has no object lock, or there is no such bucket. 400: an old answer for the same.
    let Some(answer) = bucket.ask("object-lock=", &[400, 404]).await? else {
        return Err(unfit(S3Error::NoRetention));
    };
    judge(&answer, days)
}

fn judge(answer: &str, wanted: u32) -> Result<(), OutsideError> {
    let configuration: Configuration = quick_xml::de::from_str(answer).map_err(|_| malformed())?;
    let enabled = configuration.object_lock_enabled.as_deref() == Some("Enabled");
    let retention = configuration.rule.and_then(|rule| rule.default_retention);
    let retention = retention.filter(|retention| {
        enabled && matches!(retention.mode.as_deref(), Some("COMPLIANCE" | "GOVERNANCE"))
    });
    let retention = retention.ok_or_else(|| unfit(S3Error::NoRetention))?;
    let years = retention.years.unwrap_or(0).saturating_mul(YEAR);
    let days = retention.days.unwrap_or(0).saturating_add(years);
    if days < wanted.into() {
        return Err(unfit(S3Error::ShortRetention { days }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(enabled: &str, retention: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><ObjectLockConfiguration xmlns=\"x\"><ObjectLockEnabled>{enabled}\
             </ObjectLockEnabled><Rule><DefaultRetention>{retention}</DefaultRetention></Rule>\
             </ObjectLockConfiguration>"
        )
    }

    #[test]
    fn bucket_without_long_retention_is_unfit() {
        for bad in [
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
            &configuration("Disabled", "<Mode>COMPLIANCE</Mode><Days>30</Days>"),
            &configuration("Enabled", "<Mode>OTHER</Mode><Days>30</Days>"),
            &configuration("Enabled", "<Days>30</Days>"),
            &configuration("Enabled", "<Mode>COMPLIANCE</Mode>"),
            &configuration("Enabled", "<Mode>COMPLIANCE</Mode><Days>29</Days>"),
        ] {
            assert!(matches!(judge(bad, 30), Err(OutsideError::Unfit(_))), "{bad}");
        }
        for bad in ["", "<a/>x", "<ObjectLockConfiguration>"] {
            assert!(judge(bad, 30).is_err(), "{bad}");
        }
        let huge = configuration("Enabled", "<Mode>COMPLIANCE</Mode><Days>-1</Days>");
        assert!(matches!(judge(&huge, 30), Err(OutsideError::Answer(_))));
    }

    #[test]
    fn days_and_years_are_long_enough() {
        for good in
            ["<Mode>COMPLIANCE</Mode><Days>30</Days>", "<Mode>GOVERNANCE</Mode><Years>1</Years>"]
        {
            assert!(judge(&configuration("Enabled", good), 30).is_ok(), "{good}");
        }
    }
}
