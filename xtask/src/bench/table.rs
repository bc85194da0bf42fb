//! One Markdown table per operation; those of whole folders look otherwise.
//!
//! Known fields: `name`, `backend`, `size_bytes`, `threads`, `signed`, `median_ns`,
//! `calibration_ns`, `ratio`. Each may be missing; what else a line holds is printed as a note.

use std::collections::BTreeMap;

use serde_json::Value;

use super::folders;

const KNOWN: [&str; 8] =
    ["name", "backend", "size_bytes", "threads", "signed", "median_ns", "calibration_ns", "ratio"];

const HEAD: &str = "| size | backend | threads | signed | time | rate | calibration | ratio | notes |\n\
                    |---:|---|---:|---|---:|---:|---:|---:|---|\n";

/// All results, grouped by operation, by size within it.
pub(crate) fn render(rows: &[Value]) -> String {
    let mut groups: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        groups.entry(text(row, "name").unwrap_or("(unnamed)")).or_default().push(row);
    }
    let table = |(name, mut rows): (&str, Vec<&Value>)| {
        if rows.iter().all(|row| folders::is_folder(row)) {
            return folders::render(name, &rows);
        }
        rows.sort_by_key(|row| {
            let backend = text(row, "backend").unwrap_or_default().to_owned();
            (whole(row, "size_bytes"), backend, whole(row, "threads"), flag(row, "signed"))
        });
        let lines: String = rows.into_iter().map(line).collect();
        format!("## {name}\n\n{HEAD}{lines}\n")
    };
    let all: String = groups.into_iter().map(table).collect();
    format!("{}\n", all.trim_end())
}

fn line(row: &Value) -> String {
    let cells = [
        whole(row, "size_bytes").map(size),
        text(row, "backend").map(str::to_owned),
        whole(row, "threads").map(|n| n.to_string()),
        flag(row, "signed").map(|signed| if signed { "yes" } else { "no" }.to_owned()),
        number(row, "median_ns").map(time),
        rate(row),
        number(row, "calibration_ns").map(time),
        ratio(row).map(|ratio| format!("{ratio:.2}")),
        Some(notes(row)),
    ];
    let cells: Vec<_> = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".into())).collect();
    format!("| {} |\n", cells.join(" | "))
}

pub(super) fn text<'a>(row: &'a Value, name: &str) -> Option<&'a str> {
    row.get(name)?.as_str()
}

pub(super) fn whole(row: &Value, name: &str) -> Option<u64> {
    row.get(name)?.as_u64()
}

pub(super) fn number(row: &Value, name: &str) -> Option<f64> {
    row.get(name)?.as_f64()
}

fn flag(row: &Value, name: &str) -> Option<bool> {
    row.get(name)?.as_bool()
}

/// The stated ratio, else the one of calibration and time.
fn ratio(row: &Value) -> Option<f64> {
    let computed = || Some(number(row, "calibration_ns")? / number(row, "median_ns")?);
    number(row, "ratio").or_else(computed).filter(|ratio| ratio.is_finite())
}

/// MiB per second; reading a range does not touch the whole size.
fn rate(row: &Value) -> Option<String> {
    if text(row, "name").is_some_and(|name| name.contains("range")) {
        return None;
    }
    let per_second = number(row, "size_bytes")? * 1e9 / number(row, "median_ns")?;
    per_second.is_finite().then(|| format!("{:.0} MiB/s", per_second / 1_048_576.0))
}

fn notes(row: &Value) -> String {
    let fields = row.as_object().into_iter().flatten();
    let extra = fields.filter(|(name, _)| !KNOWN.contains(&name.as_str()));
    extra.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units.iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    match whole.and_then(|(unit, name)| Some((bytes.checked_div(*unit)?, name))) {
        Some((count, name)) => format!("{count} {name}"),
        None => format!("{bytes} B"),
    }
}

pub(super) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_grouped_and_sorted() {
        let row = |name: &str, size: u64| serde_json::json!({ "name": name, "size_bytes": size });
        let page = render(&[row("seal", 1 << 20), row("open", 1), row("seal", 1 << 10)]);
        let places = ["## open", "## seal", "| 1 KiB", "| 1 MiB"].map(|part| page.find(part));
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{page}");
    }

    #[test]
    fn folders_have_a_table_of_their_own() {
        let folder = serde_json::json!({ "name": "folder", "task": "medsec open", "files": 3 });
        let page = render(&[folder, serde_json::json!({ "name": "seal", "size_bytes": 1 })]);
        assert!(page.contains("| ratio to copy |") && page.contains("| calibration |"), "{page}");
        assert!(page.contains("| medsec open | – |"), "{page}");
    }

    #[test]
    fn full_line_has_every_cell() {
        let row = serde_json::json!({
            "name": "seal", "backend": "aws-lc", "size_bytes": 1 << 30, "threads": 2,
            "signed": true, "median_ns": 5e8, "calibration_ns": 4.6e8, "fixed_us": 3.5,
        });
        let expected = "| 1 GiB | aws-lc | 2 | yes | 500.00 ms | 2048 MiB/s | 460.00 ms | 0.92 | fixed_us 3.5 |\n";
        assert_eq!(line(&row), expected);
    }

    #[test]
    fn missing_fields_leave_empty_cells() {
        assert_eq!(line(&serde_json::json!({})), "| – | – | – | – | – | – | – | – |  |\n");
        assert_eq!(ratio(&serde_json::json!({ "median_ns": 0, "calibration_ns": 5 })), None);
    }

    #[test]
    fn ranges_are_given_no_rate() {
        let row = |name| serde_json::json!({ "name": name, "size_bytes": 4, "median_ns": 1 });
        assert!(rate(&row("open_range of 4 KiB")).is_none());
        assert!(rate(&row("open")).is_some());
    }

    #[test]
    fn sizes_and_times_carry_units() {
        assert_eq!(size(16 << 10), "16 KiB");
        assert_eq!(size(1500), "1500 B");
        assert_eq!(time(1500.0), "1.50 µs");
        assert_eq!(time(2.5e9), "2.50 s");
    }
}
