//! How far clocks are ahead of UTC, and what they show.

use std::fmt;
use std::str::FromStr;

use medsec_audit::LogTime;

use super::{DAY, HOUR, MINUTE, NotATime};

/// The furthest that clocks are ahead of UTC and behind it anywhere, in minutes.
const FURTHEST: [i64; 2] = [14 * 60, 12 * 60];

/// How far local clocks are ahead of UTC, in milliseconds: `Z`, `+01:00`, `-05:30`. It is the same the whole year: where
/// clocks are changed twice a year, one offset fits one half of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offset(i64);

impl FromStr for Offset {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        if matches!(text, "Z" | "z" | "UTC") {
            return Ok(Self(0));
        }
        let [ahead, behind] = FURTHEST;
        let (sign, furthest, rest) = match text.split_at_checked(1).ok_or(NotATime)? {
            ("+", rest) => (1_i64, ahead, rest),
            ("-", rest) => (-1, behind, rest),
            _ => return Err(NotATime),
        };
        let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "00"));
        let hours = two_digits(hours).ok_or(NotATime)?;
        let minutes = two_digits(minutes).filter(|minutes| *minutes < 60).ok_or(NotATime)?;
        let minutes = i64::from(hours).saturating_mul(60).saturating_add(minutes.into());
        if minutes > furthest {
            return Err(NotATime);
        }
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
    /// The moment at which local clocks show a time that is written as if it were UTC; nothing before 1970.
    pub(super) fn moment(self, shown: LogTime) -> LogTime {
        super::at(shown.unix_millis().saturating_add_signed(self.0.saturating_neg()))
    }

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
