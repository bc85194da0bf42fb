//! One Markdown table for each kind of folder: what was done with it, beside two copies.
//!
//! Known fields: `name`, `task`, `files`, `file_bytes`, `threads`, `median_ns`, `files_per_s`, `mb_per_s`,
//! `ratio_to_copy`, `ratio_to_copy_and_hash`. Each may be missing.

use serde_json::Value;

use super::table::{number, text, time, whole};

const HEAD: &str = "| what | threads | time | files/s | MB/s | ratio to copy | ratio to copy and SHA-256 |\n\
                    |---|---:|---:|---:|---:|---:|---:|\n";

/// Whether a result is of whole folders.
pub(super) fn is_folder(row: &Value) -> bool {
    whole(row, "files").is_some()
}

/// One folder's results, the copies first, the others as they were measured.
pub(super) fn render(name: &str, rows: &[&Value]) -> String {
    let is_copy = |row: &&&Value| text(row, "task").is_some_and(|task| task.starts_with("copy"));
    let copies = rows.iter().filter(is_copy);
    let others = rows.iter().filter(|row| !is_copy(row));
    let lines: String = copies.chain(others).map(|row| line(row)).collect();
    format!("## {name}\n\n{HEAD}{lines}\n")
}

fn line(row: &Value) -> String {
    let per_second = |field| number(row, field).map(|rate| format!("{rate:.0}"));
    let ratio = |field| number(row, field).map(|ratio| format!("{ratio:.2}"));
    let cells = [
        text(row, "task").map(str::to_owned),
        whole(row, "threads").map(|threads| threads.to_string()),
        number(row, "median_ns").map(time),
        per_second("files_per_s"),
        per_second("mb_per_s"),
        ratio("ratio_to_copy"),
        ratio("ratio_to_copy_and_hash"),
    ];
    let cells: Vec<_> = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".into())).collect();
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(task: &str) -> Value {
        serde_json::json!({
            "name": "folder of 10", "task": task, "files": 10, "file_bytes": 6000, "threads": 2,
            "median_ns": 2.5e8, "files_per_s": 40, "mb_per_s": 0.24, "ratio_to_copy": 0.718,
            "ratio_to_copy_and_hash": 0.954, "turns": 5,
        })
    }

    #[test]
    fn missing_fields_leave_empty_cells() {
        assert_eq!(line(&serde_json::json!({})), "| – | – | – | – | – | – | – |\n");
        assert!(!is_folder(&serde_json::json!({ "name": "seal" })));
    }

    #[test]
    fn full_line_has_every_cell() {
        let expected = "| medsec open | 2 | 250.00 ms | 40 | 0 | 0.72 | 0.95 |\n";
        assert_eq!(line(&row("medsec open")), expected);
        assert!(is_folder(&row("medsec open")));
    }

    #[test]
    fn copies_come_first_and_others_keep_their_order() {
        let rows = ["medsec seal", "medsec open", "copy", "copy and SHA-256"].map(row);
        let page = render("folder of 10", &rows.each_ref());
        let order = ["## folder of 10", "| copy |", "| copy and SHA-256 |", "| medsec seal |"];
        let places = order.map(|part| page.find(part));
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{page}");
        assert!(page.find("medsec seal") < page.find("medsec open"));
    }
}
