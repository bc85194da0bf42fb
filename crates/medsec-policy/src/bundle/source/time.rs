//! Times as people write them.

use std::time::Duration;

/// A number without leading zeros and one of `s`, `m`, `h`, `d`. What is too long for a setting is none.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let units = [('s', 1_u64), ('m', 60), ('h', 60 * 60), ('d', 24 * 60 * 60)];
    let (digits, unit) =
        units.into_iter().find_map(|(c, unit)| Some((text.strip_suffix(c)?, unit)))?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let number: u64 = plain.then(|| digits.parse().ok())??;
    let time = Duration::from_secs(number.checked_mul(unit)?);
    (time <= crate::settings::Settings::MAX_TIME).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_is_no_time_is_refused() {
        let bad = [
            "",
            "m",
            "15",
            "0m",
            "015m",
            "-1m",
            "+1m",
            "1.5h",
            "15 m",
            " 15m",
            "15M",
            "15min",
            "1h30m",
            "367d",
            "31622401s",
            "99999999999999999999d",
            "213503982334602d",
            "١m",
            "P1D",
        ];
        for text in bad {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_read_in_each_unit() {
        let good = [("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800)];
        for (text, seconds) in good {
            assert_eq!(parse(text).unwrap().as_secs(), seconds, "{text}");
        }
        assert!(parse("366d").is_some());
    }
}
