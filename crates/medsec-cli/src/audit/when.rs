//! Points in time as people write them, and hours of the day where people are.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use medsec_audit::LogTime;

/// A day in milliseconds.
pub(crate) const DAY: u64 = 86_400_000;
const HOUR: u64 = 3_600_000;
const MINUTE: u64 = 60_000;

/// The value is none of the forms. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotATime;

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time, date, offset or span of hours")
    }
}

impl std::error::Error for NotATime {}

/// The present time by the machine's clock.
pub(crate) fn now() -> LogTime {
    LogTime::from(SystemTime::now())
}

/// So many milliseconds after 1970; the last time that can be written where that is later.
pub(crate) fn at(millis: u64) -> LogTime {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis));
    LogTime::from(time.unwrap_or(SystemTime::UNIX_EPOCH))
}

/// `2026-11-03T12:00:00Z`, `2026-11-03` (its first moment in UTC), `now`, or how long ago: `90s`, `30m`, `2h`, `7d`,
/// `4w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(LogTime),
    Ago(Span),
}

impl When {
    pub(crate) fn resolve(self, now: LogTime) -> LogTime {
        match self {
            Self::At(time) => time,
            Self::Ago(span) => before(now, span.millis()),
        }
    }
}

/// So much earlier, and not before 1970.
pub(crate) fn before(time: LogTime, millis: u64) -> LogTime {
    at(time.unix_millis().saturating_sub(millis))
}

/// So much later.
pub(crate) fn after(time: LogTime, millis: u64) -> LogTime {
    LogTime::from_unix_millis(time.unix_millis().saturating_add(millis)).unwrap_or(time)
}

impl FromStr for When {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        if text == "now" {
            return Ok(Self::Ago(Span(0)));
        }
        match text.parse() {
            Ok(span) => Ok(Self::Ago(span)),
            Err(NotATime) => point(text).map(Self::At).ok_or(NotATime),
        }
    }
}

/// A length of time: `90s`, `30m`, `2h`, `7d`, `4w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(u64);

impl Span {
    pub(crate) const fn millis(self) -> u64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let units =
            [("s", 1000), ("m", MINUTE), ("h", HOUR), ("d", DAY), ("w", 7_u64.saturating_mul(DAY))];
        let found = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)));
        let (digits, unit) = found.ok_or(NotATime)?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<u64> = plain.then(|| digits.parse().ok()).flatten();
        number.and_then(|number| number.checked_mul(*unit)).map(Self).ok_or(NotATime)
    }
}

/// RFC 3339 in its usual shapes, to the millisecond.
fn point(text: &str) -> Option<LogTime> {
    let date = text.get(..10)?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return format!("{date}T00:00:00.000Z").parse().ok();
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, "Z"),
    };
    let offset: Offset = offset.parse().ok()?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "000"));
    let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let clock = match clock.len() {
        5 => format!("{clock}:00"),
        8 if digits => clock.to_owned(),
        _ => return None,
    };
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    let time: LogTime = format!("{date}T{clock}.{millis}Z").parse().ok()?;
    LogTime::from_unix_millis(time.unix_millis().checked_add_signed(offset.0.checked_neg()?)?).ok()
}

/// How far local clocks are ahead of UTC, in milliseconds: `Z`, `+01:00`, `-05:30`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offset(i64);

impl FromStr for Offset {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        if matches!(text, "Z" | "z" | "UTC") {
            return Ok(Self(0));
        }
        let (sign, rest) = match text.split_at_checked(1).ok_or(NotATime)? {
            ("+", rest) => (1_i64, rest),
            ("-", rest) => (-1, rest),
            _ => return Err(NotATime),
        };
        let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "00"));
        let hours = two_digits(hours).filter(|hours| *hours <= 14).ok_or(NotATime)?;
        let minutes = two_digits(minutes).filter(|minutes| *minutes < 60).ok_or(NotATime)?;
        let minutes = i64::from(hours).saturating_mul(60).saturating_add(minutes.into());
        Ok(Self(minutes.saturating_mul(sign).saturating_mul(60_000)))
    }
}

fn two_digits(text: &str) -> Option<u8> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("UTC");
        }
        let minutes = self.0.unsigned_abs().checked_div(MINUTE).unwrap_or(0);
        let [hours, minutes] =
            [minutes.checked_div(60), minutes.checked_rem(60)].map(Option::unwrap_or_default);
        write!(f, "UTC{}{hours:02}:{minutes:02}", if self.0 < 0 { '-' } else { '+' })
    }
}

/// A moment on a local clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    /// Days since 1970-01-01.
    pub(crate) day: u64,
    /// 0 to 23.
    pub(crate) hour: u8,
}

impl Offset {
    pub(crate) fn local(self, time: LogTime) -> Local {
        let millis = time.unix_millis().saturating_add_signed(self.0);
        let hour = millis.checked_rem(DAY).and_then(|of_day| of_day.checked_div(HOUR)).unwrap_or(0);
        Local { day: millis.checked_div(DAY).unwrap_or(0), hour: u8::try_from(hour).unwrap_or(0) }
    }
}

impl Local {
    /// Saturday or Sunday.
    pub(crate) const fn is_weekend(self) -> bool {
        // 1970-01-01 was a Thursday.
        matches!(self.day.saturating_add(3) % 7, 5 | 6)
    }
}

/// A local day as people write it.
pub(crate) fn date(day: u64) -> String {
    let time = at(day.saturating_mul(DAY)).to_string();
    time.get(..10).unwrap_or_default().to_owned()
}

/// To the second: enough for people.
pub(crate) fn shown(time: LogTime) -> String {
    let text = time.to_string();
    let parts = (text.get(..10), text.get(11..19));
    format!("{} {}", parts.0.unwrap_or_default(), parts.1.unwrap_or_default())
}

/// Hours in which nobody is expected to work: `19-7` is from 19:00 to 6:59.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    from: u8,
    until: u8,
}

impl FromStr for Hours {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let (from, until) = text.split_once('-').ok_or(NotATime)?;
        let hour = |text: &str| {
            let plain =
                matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten().filter(|hour: &u8| *hour < 24)
        };
        match (hour(from), hour(until)) {
            (Some(from), Some(until)) if from != until => Ok(Self { from, until }),
            _ => Err(NotATime),
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:00 to {:02}:00", self.from, self.until)
    }
}

/// When nobody is expected to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffHours {
    pub(crate) hours: Hours,
    pub(crate) offset: Offset,
    pub(crate) weekends: bool,
}

impl OffHours {
    pub(crate) fn covers(&self, time: LogTime) -> bool {
        let local = self.offset.local(time);
        let Hours { from, until } = self.hours;
        let within = match from < until {
            true => (from..until).contains(&local.hour),
            false => local.hour >= from || local.hour < until,
        };
        within || (self.weekends && local.is_weekend())
    }
}

impl fmt::Display for OffHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weekends = if self.weekends { ", Saturdays and Sundays" } else { "" };
        write!(f, "{}{weekends} ({})", self.hours, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-03T12:00:00Z, a Tuesday.
    const NOON: u64 = 1_793_707_200_000;

    fn point_of(text: &str) -> Option<u64> {
        match text.parse::<When>() {
            Ok(When::At(time)) => Some(time.unix_millis()),
            _ => None,
        }
    }

    #[test]
    fn times_reject_what_is_none() {
        for bad in [
            "",
            "h",
            "-2h",
            "+2h",
            "2 h",
            "2y",
            "99999999999999999999d",
            "2026-13-01",
            "2026-11-3",
            "2026-11-03T25:00:00Z",
            "2026-11-03T12:00:00+25:00",
            "2026-11-03T12",
            "2026-11-03T12:00:00.Z",
            "2026-11-03T12:00:00.1.2Z",
            "1969-12-31",
            "yesterday",
            "2026-11-03T12:00.5Z\u{e9}",
        ] {
            assert!(bad.parse::<When>().is_err(), "{bad}");
        }
        for bad in ["", "7", "7-7", "24-7", "007-8", "-7", "19-7-8"] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
        for bad in ["", "1", "+1", "+15:00", "+01:60", "01:00", "+01:0"] {
            assert!(bad.parse::<Offset>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_understood_in_their_usual_shapes() {
        for good in [
            "2026-11-03T12:00:00Z",
            "2026-11-03T12:00:00.000Z",
            "2026-11-03t13:00:00+01:00",
            "2026-11-03 07:00:00-05:00",
            "2026-11-03T12:00",
            "2026-11-03T12:00:00.0009Z",
        ] {
            assert_eq!(point_of(good), Some(NOON), "{good}");
        }
        assert_eq!(point_of("2026-11-03"), Some(NOON - DAY / 2));
        let now = at(NOON);
        let ago = |text: &str| text.parse::<When>().unwrap().resolve(now).unix_millis();
        assert_eq!(
            [ago("now"), ago("90s"), ago("2h"), ago("7d")],
            [NOON, NOON - 90_000, NOON - 2 * HOUR, NOON - 7 * DAY]
        );
        assert_eq!(ago("1000000w"), 0, "not before 1970");
    }

    #[test]
    fn off_hours_are_those_of_the_local_clock() {
        let off = |hours: &str, offset: &str, weekends, millis| {
            let (hours, offset) = (hours.parse().unwrap(), offset.parse().unwrap());
            OffHours { hours, offset, weekends }.covers(at(millis))
        };
        assert!(!off("19-7", "Z", true, NOON));
        assert!(off("19-7", "Z", false, NOON + 7 * HOUR));
        assert!(off("19-7", "Z", false, NOON - 6 * HOUR));
        assert!(!off("19-7", "Z", false, NOON - 5 * HOUR));
        assert!(off("19-7", "+07:00", false, NOON));
        assert!(off("9-13", "Z", false, NOON));
        // Saturday 2026-11-07, and Friday evening in UTC that is Saturday further east.
        assert!(off("19-7", "Z", true, NOON + 4 * DAY));
        assert!(!off("19-7", "Z", false, NOON + 4 * DAY));
        assert!(off("1-2", "+13:00", true, NOON + 3 * DAY));
        assert_eq!(date(20_760), "2026-11-03");
        assert_eq!(shown(at(NOON)), "2026-11-03 12:00:00");
    }
}
