//! The table holds what the tests show, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use toml::Table;

/// Facts and cells of the table.
fn table() -> (Vec<String>, Vec<Table>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults.toml");
    let table: Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    let services = table["services"].as_array().unwrap();
    let services = services.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let faults = table["fault"].as_array().unwrap();
    (services, faults.iter().map(|fault| fault.as_table().unwrap().clone()).collect())
}

/// Names of all tests of this program below `faults::<service>::`, without the modules before them.
fn tests_of(service: &str) -> BTreeSet<String> {
    let program = std::env::current_exe().unwrap();
    let listed = Command::new(program).args(["--list", "--format", "terse"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let before = format!("faults::{service}::");
    let names =
        listed.lines().filter_map(|line| line.strip_suffix(": test")?.strip_prefix(&before));
    names.filter_map(|name| name.rsplit("::").next()).map(str::to_owned).collect()
}

/// Whether a cell stands for a test; panics where it is neither that nor a reason.
fn is_shown(cell: &str) -> bool {
    match cell {
        "server" | "proxy" => true,
        other => {
            let reason = other.strip_prefix("n/a: ").unwrap_or_default();
            assert!(reason.len() > 10, "`{other}` is neither `server`, `proxy` nor `n/a: reason`");
            false
        }
    }
}

#[test]
fn every_cell_is_a_test_and_every_test_a_cell() {
    let (services, faults) = table();
    for service in &services {
        let mut shown = BTreeSet::new();
        for fault in &faults {
            let fact = fault["fact"].as_str().unwrap();
            let cell = fault.get(service).and_then(|cell| cell.as_str());
            let cell = cell.unwrap_or_else(|| panic!("{fact} has no cell for {service}"));
            if is_shown(cell) {
                assert!(shown.insert(fact.to_owned()), "{fact} stands in the table twice");
            }
        }
        assert_eq!(tests_of(service), shown, "tests and cells of {service}");
    }
}

#[test]
fn rows_have_no_columns_but_the_services() {
    let (services, faults) = table();
    for fault in &faults {
        let known = |name: &String| name == "fact" || services.contains(name);
        assert!(fault.keys().all(known), "{fault:?}");
    }
}
