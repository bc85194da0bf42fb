//! Points in time as a line shows them: `2026-11-03T12:00:00.123Z`.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::text::{InvalidValue, Word};

/// 9999-12-31T23:59:59.999Z, the last millisecond that the form can show.
const LAST: u64 = 253_402_300_799_999;
const DAY: u64 = 86_400;
/// Days from 0000-03-01, on which the calendar's arithmetic is easiest, to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;
/// Days of 400 years.
const ERA_DAYS: u64 = 146_097;

/// A time in the form of RFC 3339, in UTC, in milliseconds, from 1970 up to the year 9999: always 24
/// characters, so that lines sort by it as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogTime(u64);

impl LogTime {
    /// Length of its text in bytes.
    pub const LEN: usize = 24;

    /// The first that the form can show.
    pub(crate) const EARLIEST: Self = Self(0);

    /// So many milliseconds after 1970-01-01T00:00:00Z, without leap seconds.
    ///
    /// # Errors
    /// [`InvalidValue`] for times after the year 9999.
    pub fn from_unix_millis(millis: u64) -> Result<Self, InvalidValue> {
        (millis <= LAST).then_some(Self(millis)).ok_or(InvalidValue { field: "time" })
    }

    /// Milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_millis(self) -> u64 {
        self.0
    }

    /// Reads exactly the form that `Display` writes.
    pub(crate) fn from_text(text: &[u8; Self::LEN]) -> Option<Self> {
        #[rustfmt::skip]
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, b'.', f0, f1, f2, b'Z'] = text
        else {
            return None;
        };
        let (year, month) = (number(&[*y0, *y1, *y2, *y3])?, number(&[*m0, *m1])?);
        let days = days_of(year, month, number(&[*d0, *d1])?)?;
        let (hour, minute) = (number(&[*h0, *h1])?, number(&[*n0, *n1])?);
        let (second, milli) = (number(&[*s0, *s1])?, number(&[*f0, *f1, *f2])?);
        let exists = hour < 24 && minute < 60 && second < 60;
        exists.then(|| Self(millis_of(days, hour, minute, second, milli)))
    }
}

impl From<SystemTime> for LogTime {
    /// A clock before 1970 or after the year 9999 is as wrong at the nearest time that can be shown: a record
    /// is written nevertheless.
    fn from(time: SystemTime) -> Self {
        let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Self(u64::try_from(millis).unwrap_or(LAST).min(LAST))
    }
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "the year is at most 9999, so that every value stays far below the limits of u64"
)]
impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, milli) = (self.0 / 1000, self.0 % 1000);
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
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

impl std::str::FromStr for LogTime {
    type Err = InvalidValue;

    /// Accepts exactly the form that `Display` writes.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let text = text.as_bytes().try_into().ok();
        text.and_then(Self::from_text).ok_or(InvalidValue { field: "time" })
    }
}

impl Word for LogTime {}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        sum.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Days since 1970-01-01 of a day that exists.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a year has at most four digits, so that nothing comes near the limits of u64"
)]
fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || !(1..=longest).contains(&day) {
        return None;
    }
    let year = year - u64::from(month <= 2);
    let month_from_march = (month + 9) % 12;
    let leaps = year / 4 - year / 100 + year / 400;
    Some(year * 365 + leaps + (153 * month_from_march + 2) / 5 + day - 1 - EPOCH_DAYS)
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "days come from a year of at most four digits, the rest has at most three digits"
)]
const fn millis_of(days: u64, hour: u64, minute: u64, second: u64, milli: u64) -> u64 {
    (days * DAY + hour * 3600 + minute * 60 + second) * 1000 + milli
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn time_rejects_what_does_not_exist_or_is_written_otherwise() {
        for bad in [
            "",
            "2026-11-03T12:00:00Z",
            "2026-11-03T12:00:00.12Z",
            "2026-11-03T12:00:00.1234Z",
            "2026-11-03 12:00:00.123Z",
            "2026-11-03t12:00:00.123z",
            "2026-11-03T12:00:00.123+",
            "2026-02-29T12:00:00.000Z",
            "2100-02-29T12:00:00.000Z",
            "2026-04-31T12:00:00.000Z",
            "2026-00-01T12:00:00.000Z",
            "2026-13-01T12:00:00.000Z",
            "2026-11-00T12:00:00.000Z",
            "2026-11-03T24:00:00.000Z",
            "2026-11-03T12:60:00.000Z",
            "2026-11-03T12:00:60.000Z",
            "1969-12-31T23:59:59.999Z",
            "+026-11-03T12:00:00.000Z",
            "2026-11-03T12:00:00.000Z ",
        ] {
            assert!(bad.parse::<LogTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn time_matches_known_calendar_days() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_793_707_200_123, "2026-11-03T12:00:00.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            let time = LogTime::from_unix_millis(millis).unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse::<LogTime>().unwrap(), time);
        }
        assert!(LogTime::from_unix_millis(LAST + 1).is_err());
    }

    #[test]
    fn clocks_out_of_range_read_as_the_nearest_time() {
        let before = UNIX_EPOCH - std::time::Duration::from_secs(1);
        let after = UNIX_EPOCH + std::time::Duration::from_secs(300_000_000_000);
        assert_eq!(LogTime::from(before).unix_millis(), 0);
        assert_eq!(LogTime::from(after).unix_millis(), LAST);
    }

    proptest! {
        #[test]
        fn every_millisecond_parses_back_as_itself(millis in 0..=LAST) {
            let time = LogTime::from_unix_millis(millis).unwrap();
            prop_assert_eq!(time.to_string().parse::<LogTime>().unwrap(), time);
        }

        #[test]
        fn what_parses_is_written_alike(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9].[0-9]{3}Z") {
            if let Ok(time) = text.parse::<LogTime>() {
                prop_assert_eq!(time.to_string(), text);
            }
        }
    }
}
