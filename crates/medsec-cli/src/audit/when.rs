//! Points in time as people write them, and hours of the day where people are.

mod hours;
mod offset;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use medsec_audit::LogTime;

pub(crate) use self::hours::{Hours, OffHours};
pub(crate) use self::offset::Offset;

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

/// `2026-11-03T12:00:00Z`, `2026-11-03T12:00` and `2026-11-03` (its first moment) by local clocks, `now`, or how long
/// ago: `90s`, `30m`, `2h`, `7d`, `4w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A moment.
    At(LogTime),
    /// What local clocks show, written as if it were UTC.
    Local(LogTime),
    Ago(Span),
}

impl When {
    /// The moment, where local clocks are so far ahead of UTC.
    pub(crate) fn resolve(self, now: LogTime, offset: Offset) -> LogTime {
        match self {
            Self::At(time) => time,
            Self::Local(shown) => offset.moment(shown),
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
            Err(NotATime) => point(text).ok_or(NotATime),
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

/// RFC 3339 in its usual shapes, to the millisecond. Without an offset it is a time of local clocks.
fn point(text: &str) -> Option<When> {
    let date = text.get(..10)?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return format!("{date}T00:00:00.000Z").parse().ok().map(When::Local);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, ""),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "000"));
    let digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let clock = match clock.len() {
        5 => format!("{clock}:00"),
        8 if digits => clock.to_owned(),
        _ => return None,
    };
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    let shown: LogTime = format!("{date}T{clock}.{millis}Z").parse().ok()?;
    match offset {
        "" => Some(When::Local(shown)),
        offset => Some(When::At(offset.parse::<Offset>().ok()?.moment(shown))),
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
