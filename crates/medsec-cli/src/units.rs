//! Sizes, times and rates as people read them.

use std::time::Duration;

use serde_json::Value;

/// `4.0 MiB`
pub(crate) fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut value = to_float(bytes) / 1024.0;
    let mut unit = "KiB";
    for next in units.iter().skip(1) {
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// `1 file`, `0 files`
pub(crate) fn counted(number: u64, [one, many]: [&str; 2]) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `12.3 ms`
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

/// `340 MiB/s`; nothing where the time is too short to tell.
pub(crate) fn rate(bytes: u64, duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1e-6 || bytes < 1024 {
        return String::new();
    }
    format!("{:.0} MiB/s", to_float(bytes) / 1_048_576.0 / seconds)
}

/// `1.23 s, 340 MiB/s`; the time alone where it is too short to tell.
pub(crate) fn pace(bytes: u64, duration: Duration) -> String {
    match (time(duration), rate(bytes, duration)) {
        (time, rate) if rate.is_empty() => time,
        (time, rate) => format!("{time}, {rate}"),
    }
}

/// Files a second; none where the time is too short to tell.
pub(crate) fn files_per_second(files: u64, duration: Duration) -> f64 {
    let seconds = duration.as_secs_f64();
    if seconds < 1e-6 { 0.0 } else { to_float(files) / seconds }
}

/// `0.098 % more`, or `1.1 KiB more` where a percentage would say nothing: what `whole` has beside its `content`.
pub(crate) fn overhead(content: u64, whole: u64) -> String {
    let more = whole.saturating_sub(content);
    if more >= content.div_ceil(10) {
        return format!("{} more", size(more));
    }
    format!("{:.3} % more", to_float(more) / to_float(content) * 100.0)
}

/// Seconds for JSON.
pub(crate) fn seconds(duration: Duration) -> Value {
    Value::from((duration.as_secs_f64() * 1e6).round() / 1e6)
}

#[expect(clippy::cast_precision_loss, reason = "for display; nothing is computed from it")]
const fn to_float(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_in_binary_units() {
        let shown = [0, 1023, 1024, 1536, 1 << 20, (1 << 30) - 1, 1 << 42].map(size);
        let expected =
            ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 GiB", "4.0 TiB"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn overhead_is_a_share_of_what_is_large_and_a_size_beside_what_is_small() {
        for (content, whole, expected) in [
            (0, 1034, "1.0 KiB more"),
            (1, 735, "734 bytes more"),
            (7000, 7900, "900 bytes more"),
            (10_000, 10_900, "9.000 % more"),
            (1 << 30, (1 << 30) + 100_000, "0.009 % more"),
        ] {
            assert_eq!(overhead(content, whole), expected, "{content} {whole}");
        }
    }
}
