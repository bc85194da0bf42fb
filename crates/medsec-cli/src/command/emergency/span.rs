//! Spans of time as people write them: `45m`, `2h`, `90s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long an emergency is to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lasting(pub(super) Duration);

/// Not a span of time. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotASpan;

impl fmt::Display for NotASpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a span of time such as `90s`, `45m` or `2h`")
    }
}

impl std::error::Error for NotASpan {}

impl FromStr for Lasting {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let (count, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(NotASpan)?;
        let unit = match unit {
            "s" => 1_u64,
            "m" => 60,
            "h" => 3600,
            _ => return Err(NotASpan),
        };
        let digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        let count: u64 = digits.then(|| count.parse().ok()).flatten().ok_or(NotASpan)?;
        let seconds = count.checked_mul(unit).filter(|seconds| *seconds > 0).ok_or(NotASpan)?;
        Ok(Self(Duration::from_secs(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_are_none_are_refused() {
        for bad in
            ["", "h", "1", "0s", "-1h", "+1h", "1d", "1.5h", "1 h", "99999999999999999999h", "1ä"]
        {
            assert_eq!(bad.parse::<Lasting>(), Err(NotASpan), "{bad}");
        }
        assert!("9999999999999999h".parse::<Lasting>().is_err(), "too many seconds to count");
    }

    #[test]
    fn spans_are_seconds_minutes_and_hours() {
        for (text, seconds) in [("90s", 90), ("45m", 2700), ("2h", 7200)] {
            assert_eq!(text.parse::<Lasting>().map(|lasting| lasting.0.as_secs()), Ok(seconds));
        }
    }
}
