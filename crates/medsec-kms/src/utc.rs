//! Points in time as people read them: `2026-11-03T12:00:00Z`.

use std::fmt;

use medsec_crypto::{InvalidValue, Timestamp};

/// 9999-12-31T23:59:59Z, the last second that the form can show.
const LAST_SECOND: u64 = 253_402_300_799;
const DAY: u64 = 86_400;
/// Days from 0000-03-01, on which the calendar's arithmetic is easiest, to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;
/// Days of 400 years.
const ERA_DAYS: u64 = 146_097;

/// A time in the form of RFC 3339, in UTC, in whole seconds, up to the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UtcTime(Timestamp);

impl UtcTime {
    /// The time it shows.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl UtcTime {
    /// The time so many days later.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        let seconds = u64::from(days).saturating_mul(DAY);
        Timestamp::from_unix_seconds(self.0.unix_seconds().saturating_add(seconds)).into()
    }
}

impl From<Timestamp> for UtcTime {
    /// Times after the year 9999 read as its last second.
    fn from(time: Timestamp) -> Self {
        Self(Timestamp::from_unix_seconds(time.unix_seconds().min(LAST_SECOND)))
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "the year is at most 9999, so that every value stays far below the limits of u64"
)]
impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.unix_seconds();
        let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
        let days = seconds / DAY + EPOCH_DAYS;
        let day_of_era = days % ERA_DAYS;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = year_of_era + days / ERA_DAYS * 400 + u64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl std::str::FromStr for UtcTime {
    type Err = InvalidValue;

    /// Accepts exactly the form that `Display` writes.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = InvalidValue { field: "time" };
        let time = Self::from(Timestamp::from_unix_seconds(seconds_of(text).ok_or(invalid)?));
        // Digits that name no day or no time come out different.
        (time.to_string() == text).then_some(time).ok_or(invalid)
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "every number has at most four digits, so that nothing comes near the limits of u64"
)]
fn seconds_of(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let possible = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !possible {
        return None;
    }
    let year = year - u64::from(month <= 2);
    let month_from_march = (month + 9) % 12;
    let days =
        year * 365 + year / 4 - year / 100 + year / 400 + (153 * month_from_march + 2) / 5 + day
            - 1;
    Some((days - EPOCH_DAYS) * DAY + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn time_rejects_days_that_do_not_exist() {
        for bad in [
            "",
            "2026-11-03",
            "2026-11-03T12:00:00",
            "2026-11-03 12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-04-31T12:00:00Z",
            "2026-11-03T24:00:00Z",
            "2026-11-03T12:60:00Z",
            "2026-11-03T12:00:60Z",
            "1969-12-31T23:59:59Z",
            "1970-00-01T00:00:00Z",
            "+026-11-03T12:00:00Z",
            "2026-11-03T12:00:00Z ",
        ] {
            assert!(bad.parse::<UtcTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn time_matches_known_calendar_days() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_793_707_200, "2026-11-03T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
        ] {
            let time = UtcTime::from(Timestamp::from_unix_seconds(seconds));
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse::<UtcTime>().unwrap(), time);
        }
    }

    proptest! {
        #[test]
        fn every_second_parses_back_as_itself(seconds in 0..=LAST_SECOND) {
            let time = UtcTime::from(Timestamp::from_unix_seconds(seconds));
            prop_assert_eq!(time.to_string().parse::<UtcTime>().unwrap(), time);
        }
    }
}
