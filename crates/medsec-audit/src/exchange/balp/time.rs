//! The forms of times (FHIR R4, datatypes): of days that exist, with a leap second allowed.

/// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let year = parts.next().and_then(|year| number(year, 4)).filter(|year| *year > 0);
    let month = parts.next();
    let day = parts.next();
    let Some(year) = year else { return false };
    let Some(month) = month else { return true };
    let Some(longest) = number(month, 2).and_then(|month| days_in(year, month)) else {
        return false;
    };
    let exists = |day| number(day, 2).is_some_and(|day| (1..=longest).contains(&day));
    day.is_none_or(exists) && parts.next().is_none()
}

/// A date, or a whole day with time and zone.
pub(super) fn is_date_time(text: &str) -> bool {
    if text.contains('T') { is_instant(text) } else { is_date(text) }
}

/// `YYYY-MM-DDThh:mm:ss`, fractions of a second if any, and a zone.
pub(super) fn is_instant(text: &str) -> bool {
    let Some((date, rest)) = text.split_once('T') else { return false };
    let zone = rest.find(['Z', '+', '-']).and_then(|at| rest.split_at_checked(at));
    date.len() == 10
        && is_date(date)
        && zone.is_some_and(|(time, zone)| is_time(time) && is_zone(zone))
}

/// `hh:mm:ss` and fractions of a second if any.
pub(super) fn is_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = whole.split(':');
    let mut below = |limit| {
        let value = parts.next().and_then(|part| number(part, 2));
        value.is_some_and(|value| value < limit)
    };
    // 60 is a leap second.
    let exists = below(24) && below(60) && below(61);
    exists && parts.next().is_none() && fraction.is_none_or(digits)
}

/// `Z` or an offset of at most 14 hours.
fn is_zone(text: &str) -> bool {
    let Some(offset) = text.strip_prefix(['+', '-']) else { return text == "Z" };
    let Some((hours, minutes)) = offset.split_once(':') else { return false };
    match (number(hours, 2), number(minutes, 2)) {
        (Some(14), Some(minutes)) => minutes == 0,
        (Some(hours), Some(minutes)) => hours < 14 && minutes < 60,
        _ => false,
    }
}

/// Exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u16> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

const fn days_in(year: u16, month: u16) -> Option<u16> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => Some(29),
        2 => Some(28),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_do_not_exist_are_refused() {
        for bad in [
            "",
            "2026",
            "2026-11-03",
            "2026-11-03T12:00Z",
            "2026-11-03T12:00:00",
            "2026-11-03T24:00:00Z",
            "2026-11-03T12:60:00Z",
            "2026-11-03T12:00:61Z",
            "2026-11-03T12:00:00.Z",
            "2026-11-03T12:00:00+14:30",
            "2026-11-03T12:00:00+1:00",
            "2026-11-03T12:00:00z",
            "2026-02-29T12:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-03T12:00:00ZZ",
            "2026-11-03T12:00:00Z ",
            "2026-11T12:00:00Z",
            "26-11-03T12:00:00Z",
            "2026-11-03T12:00:00:00Z",
            "+026-11-03T12:00:00Z",
            "2026-11-03T-1:00:00Z",
        ] {
            assert!(!is_instant(bad), "{bad}");
        }
        for bad in [
            "",
            "26",
            "2026-",
            "2026-1",
            "2026-00",
            "2026-11-31",
            "2026-11-03-01",
            "2026-11-03T",
            "x",
        ] {
            assert!(!is_date_time(bad), "{bad}");
        }
    }

    #[test]
    fn times_of_the_standard_pass() {
        for good in [
            "2015-02-07T13:28:17.239+02:00",
            "2017-01-01T00:00:00Z",
            "2016-12-31T23:59:60Z",
            "2024-02-29T00:00:00-14:00",
        ] {
            assert!(is_instant(good) && is_date_time(good), "{good}");
        }
        for good in ["2018", "1973-06", "1905-08-23"] {
            assert!(is_date(good) && is_date_time(good), "{good}");
        }
        assert!(is_time("08:00:00.5") && !is_time("8:00:00"));
    }
}
