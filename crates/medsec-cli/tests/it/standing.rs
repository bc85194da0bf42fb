//! What stands under which key and version, from the headers alone; and packages by a list.

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::{Value, json};

use crate::ward::{SCAN, Ward};

/// Packages `sealed/0.msp` to `sealed/3.msp` under the store's key.
fn sealed() -> Ward {
    let ward = Ward::with_lax_home();
    std::fs::create_dir(ward.path("sealed")).unwrap();
    for number in 0..4 {
        ward.line(&format!("seal {SCAN} --key default -o sealed/{number}.msp")).ok();
    }
    ward
}

fn keys(ward: &Ward, line: &str) -> Vec<Value> {
    let run = ward.line(&format!("{line} --json"));
    run.ok();
    run.json()["keys"].as_array().unwrap().clone()
}

#[test]
fn versions_are_counted_and_the_newest_is_marked() {
    let ward = sealed();
    ward.line("key rotate default").ok();
    ward.line("rewrap sealed/0.msp --to-key default").ok();
    let found = keys(&ward, "inspect sealed");
    let of = |at: usize, field: &str| found[at][field].clone();
    assert_eq!(found.len(), 2);
    for (at, version, packages, newest) in [(0, 1, 3, false), (1, 2, 1, true)] {
        assert_eq!(of(at, "key"), "default");
        assert_eq!((of(at, "version"), of(at, "newest")), (json!(version), json!(2)));
        assert_eq!((of(at, "packages"), of(at, "is_newest")), (json!(packages), json!(newest)));
    }
    let bytes: u64 = (0..4).map(|n| ward.read(&format!("sealed/{n}.msp")).len() as u64).sum();
    assert_eq!(of(0, "bytes").as_u64().unwrap() + of(1, "bytes").as_u64().unwrap(), bytes);
    let text = ward.line("inspect sealed").text();
    assert!(text.contains("older: 2 is the newest"), "{text}");
}

#[test]
fn headers_alone_tell_versions_where_no_store_is() {
    let ward = sealed();
    std::fs::rename(ward.path("home"), ward.path("elsewhere")).unwrap();
    let found = keys(&ward, "inspect sealed");
    assert_eq!(found.len(), 1);
    assert!(found[0]["key"].as_str().unwrap().starts_with("local"), "{found:?}");
    assert_eq!((&found[0]["version"], &found[0]["packages"]), (&json!(1), &json!(4)));
    assert_eq!((&found[0]["newest"], &found[0]["is_newest"]), (&json!(null), &json!(null)));
}

#[test]
fn damaged_packages_are_told_and_the_others_counted() {
    let ward = sealed();
    ward.write("sealed/1.msp", b"no package");
    let run = ward.line("inspect sealed --report told --json");
    assert_eq!(run.code, 3, "{}", run.stderr);
    let said = run.json();
    assert_eq!((&said["done"], &said["failed"]), (&json!(3), &json!(1)));
    assert_eq!(said["keys"][0]["packages"], 3);
    assert!(String::from_utf8(ward.read("told")).unwrap().contains("1.msp"));
}

#[test]
fn report_is_for_many_packages() {
    let ward = sealed();
    assert_eq!(ward.line("inspect sealed/1.msp --report told").code, 2);
    assert_eq!(ward.line("inspect sealed/1.msp --list told").code, 2);
    assert_eq!(ward.line("inspect --list missing").code, 9);
    assert!(!ward.exists("told"));
}

#[test]
fn listed_packages_are_rewrapped_and_others_left_alone() {
    let ward = sealed();
    ward.line("key rotate default").ok();
    ward.write("list", b"sealed/2.msp\nsealed/missing.msp\nsealed/0.msp\nsealed/2.msp\n");
    let left = ward.read("sealed/1.msp");
    let run = ward.line("rewrap --list list --to-key default --json");
    assert_eq!(run.code, 9, "{}", run.stderr);
    let said = run.json();
    assert_eq!((&said["done"], &said["failed"]), (&json!(2), &json!(1)));
    assert_eq!((&said["unseen"], &said["with_data_key"]), (&json!(0), &json!(2)));
    assert_eq!((&said["refused"], &said["reasons"][0]["code"]), (&json!(0), &json!("io")));
    assert_eq!(said["failures"][0]["file"], 2);
    assert_eq!(ward.read("sealed/1.msp"), left);
    ward.write("there", b"sealed/2.msp\0sealed/0.msp");
    let found = keys(&ward, "inspect --list there --null");
    assert_eq!((found.len(), &found[0]["packages"]), (1, &json!(2)));
    assert_eq!(found[0]["version"], 2);
}

#[test]
fn standard_input_serves_one_purpose() {
    let ward = sealed();
    let run = ward.piped("rewrap --list - --to-key default --context-file -", b"sealed/0.msp\n");
    assert_eq!(run.code, 2);
    ward.piped("rewrap --list - --to-key default", b"sealed/0.msp\n").ok();
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "packages that were moved off a key open through the key they were moved to, and not through the one they were moved off",
    polarity = deny,
)]
fn package_moved_off_a_key_opens_through_the_other_alone(ev: Ev) -> Proven {
    let ward = sealed();
    ward.line("key create other").ok();
    ward.line("key rotate default").ok();
    ward.line("rewrap sealed/0.msp --to-key default").ok();
    let moved = ward.line("rewrap sealed --to-key other --drop-key default --json");
    ev.equal("all are moved", &moved.json()["done"], &json!(4));
    let found = keys(&ward, "inspect sealed");
    ev.equal("nothing is left under the old key", &found.len(), &1);
    ev.equal("all are under the new one", &found[0]["key"], &json!("other"));
    let again = ward.line("rewrap sealed --to-key other --drop-key default --json");
    ev.equal("a second run finds nothing to do", &again.json()["skipped"], &json!(4));
    ward.line("key disable default").ok();
    ev.allows(ward.line("open sealed/0.msp -o out").result());
    ward.line("key enable default").ok();
    ward.line("key disable other").ok();
    ev.denies(ward.line("open sealed/0.msp -o other").result(), |refused| refused.0 == 15);
    ev.proven()
}

#[test]
fn key_alone_can_be_taken_away_but_not_the_last() {
    let ward = sealed();
    ward.line("key create other").ok();
    let before = ward.read("sealed/0.msp");
    assert_eq!(ward.line("rewrap sealed/0.msp --drop-key default").code, 2);
    assert_eq!(ward.line("rewrap sealed/0.msp --drop-key other").code, 4);
    assert_eq!(ward.line("rewrap sealed/0.msp --drop-key missing").code, 15);
    assert_eq!(ward.line("rewrap sealed/0.msp --to-key default --drop-key default").code, 2);
    assert_eq!(ward.read("sealed/0.msp"), before);
    ward.line("rewrap sealed/0.msp --to-key other").ok();
    ward.line("rewrap sealed/0.msp --drop-key default").ok();
    ward.line("key disable default").ok();
    ward.line("open sealed/0.msp -o out").ok();
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "the check of keys fails for packages that no key opens any more, under a version that was closed, of no known key or not readable",
    polarity = deny,
)]
fn check_of_keys_fails_for_packages_that_nothing_opens(ev: Ev) -> Proven {
    const CHECK: &str = "key status --check --packages sealed";
    let ward = sealed();
    ev.allows(ward.line(CHECK).result());
    ward.line("key rotate default").ok();
    ev.allows(ward.line(CHECK).result());
    ward.line("rewrap sealed/0.msp --to-key default").ok();
    ward.line("key destroy default --version 1 --confirm default").ok();
    ev.denies(ward.line(CHECK).result(), |refused| refused.0 == 15);
    let told = ward.line(&format!("{CHECK} --json")).json();
    ev.equal("of each package", &told["packages_closed"], &json!(3));
    ev.allows(ward.line("key status --packages sealed").result());
    for number in 1..4 {
        std::fs::remove_file(ward.path(&format!("sealed/{number}.msp"))).unwrap();
    }
    ev.allows(ward.line(CHECK).result());
    ward.line(&format!("seal {SCAN} --to own.key -o sealed/other.msp")).ok();
    ev.denies(ward.line(CHECK).result(), |refused| refused.0 == 15);
    ev.allows(ward.line(&CHECK.replace("--check", "default --check")).result());
    std::fs::remove_file(ward.path("sealed/other.msp")).unwrap();
    ward.write("sealed/broken.msp", b"no package");
    ev.denies(ward.line(CHECK).result(), |refused| refused.0 == 3);
    ev.proven()
}
