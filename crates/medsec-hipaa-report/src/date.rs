//! Days of the Gregorian calendar, in UTC.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day, `YYYY-MM-DD`; years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    // INVARIANT: a day that exists; the order of the fields is the order of days.
    year: u16,
    month: u8,
    day: u8,
}

/// The text is no day `YYYY-MM-DD` between 1970 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day of the form YYYY-MM-DD")]
#[non_exhaustive]
pub struct NotADate;

impl Date {
    /// The day of a moment in seconds since 1970, if it is before the year 10000.
    #[must_use]
    pub fn of_unix_seconds(seconds: u64) -> Option<Self> {
        // Days counted from 0000-03-01, so that the leap day is the last of a year (H. Hinnant's method).
        let days = seconds.checked_div(86_400)?.checked_add(719_468)?;
        let era = days.checked_div(146_097)?;
        let of_era = days.checked_rem(146_097)?;
        let leaps = of_era.checked_div(1460)?.checked_add(of_era.checked_div(146_096)?)?;
        let centuries = of_era.checked_div(36_524)?;
        let of_years = of_era.checked_add(centuries)?.checked_sub(leaps)?;
        let year_of_era = of_years.checked_div(365)?;
        let before = year_of_era
            .checked_mul(365)?
            .checked_add(year_of_era.checked_div(4)?)?
            .checked_sub(year_of_era.checked_div(100)?)?;
        let of_year = of_era.checked_sub(before)?;
        let shifted = of_year.checked_mul(5)?.checked_add(2)?.checked_div(153)?;
        let start = shifted.checked_mul(153)?.checked_add(2)?.checked_div(5)?;
        let day = of_year.checked_sub(start)?.checked_add(1)?;
        let month = if shifted < 10 { shifted.checked_add(3)? } else { shifted.checked_sub(9)? };
        let year = era.checked_mul(400)?.checked_add(year_of_era)?;
        let year = if month <= 2 { year.checked_add(1)? } else { year };
        Self::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
    }

    /// The same day some years later; of a leap day, the last of February.
    pub(crate) fn years_later(self, years: u16) -> Option<Self> {
        let year = self.year.checked_add(years)?;
        Self::new(year, self.month, self.day).or_else(|| Self::new(year, self.month, 28))
    }

    fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let longest = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => return None,
        };
        let exists = (1970..=9999).contains(&year) && (1..=longest).contains(&day);
        exists.then_some(Self { year, month, day })
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let (year, rest) = text.split_once('-').ok_or(NotADate)?;
        let (month, day) = rest.split_once('-').ok_or(NotADate)?;
        let digits =
            |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(NotADate);
        }
        let number = |part: &str| part.parse::<u16>().map_err(|_| NotADate);
        let small = |part: &str| part.parse::<u8>().map_err(|_| NotADate);
        Self::new(number(year)?, small(month)?, small(day)?).ok_or(NotADate)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From a text or from a local date of TOML.
impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Toml(toml::value::Datetime),
            Text(String),
        }
        let text = match Spelling::deserialize(deserializer)? {
            Spelling::Toml(date) => date.to_string(),
            Spelling::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for wrong in ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "1969-12-31", "today"] {
            assert_eq!(wrong.parse::<Date>(), Err(NotADate), "{wrong}");
        }
        assert_eq!("2024-02-29".parse::<Date>().unwrap().to_string(), "2024-02-29");
    }

    #[test]
    fn seconds_since_1970_become_days() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_709_164_800, "2024-02-29"),
            (1_798_761_600, "2027-01-01"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(Date::of_unix_seconds(seconds).unwrap().to_string(), day);
        }
        assert_eq!(Date::of_unix_seconds(253_402_300_800), None);
    }

    #[test]
    fn dates_of_toml_are_read_in_both_spellings() {
        #[derive(Deserialize)]
        struct Dates {
            a: Date,
            b: Date,
        }
        let dates: Dates = toml::from_str("a = 2026-03-01\nb = \"2026-03-01\"").unwrap();
        assert_eq!(dates.a, dates.b);
        assert!(toml::from_str::<Dates>("a = 2026-03-01T00:00:00Z\nb = 2026-03-01").is_err());
    }
}
