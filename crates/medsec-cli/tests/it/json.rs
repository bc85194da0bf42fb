//! One document for every command, good or bad.

use crate::ward::{CONTEXT, SCAN, Ward};

#[test]
fn failures_are_documents_too() {
    let ward = Ward::with_package();
    for (line, code, name) in [
        ("--json", 2, "usage"),
        ("seal --json", 2, "usage"),
        ("open scan.msp --identity own.key --any-signer --stdout --json", 2, "usage"),
        ("inspect own.key --json", 3, "format"),
        ("inspect none --json", 9, "io"),
        ("identity show scan.msp --json", 11, "identity"),
        ("open scan.msp --identity own.key --any-signer -o x --json", 4, "expectation"),
        ("inspect own.key scan.msp none --json", 1, "failure"),
    ] {
        let run = ward.line(line);
        let document = run.json();
        assert_eq!(run.code, code, "{line}");
        assert!(run.stderr.is_empty(), "{line}: {}", run.stderr);
        assert_eq!(document["ok"], false, "{line}");
        assert_eq!(document["exit_code"], code, "{line}");
        assert_eq!(document["error"]["code"], name, "{line}");
        assert!(document["error"]["message"].is_string(), "{line}");
    }
}

#[test]
fn every_input_has_its_own_result() {
    let ward = Ward::with_package();
    let document = ward.line("inspect own.key scan.msp none --json").json();
    let results = document["results"].as_array().unwrap();
    let shown: Vec<_> = results
        .iter()
        .map(|r| (r["input"].as_u64().unwrap(), r["ok"].as_bool().unwrap()))
        .collect();
    assert_eq!(shown, [(1, false), (2, true), (3, false)]);
    assert_eq!(results[0]["exit_code"], 3);
    assert_eq!(results[2]["error"]["code"], "io");
}

#[test]
fn every_command_gives_one_document() {
    let ward = Ward::with_package();
    for line in [
        "identity new --no-passphrase --out new.key".to_owned(),
        "identity show own.key".to_owned(),
        format!("seal {SCAN} --to own.key --out-dir ."),
        format!("open scan.msp --identity own.key --any-signer --context-file {CONTEXT} -o x"),
        "inspect scan.msp".to_owned(),
        "verify scan.msp".to_owned(),
        format!("verify scan.msp --identity own.key --context-file {CONTEXT}"),
        "rewrap scan.msp --identity own.key --to partner.key".to_owned(),
        "side-car scan.msp -o side".to_owned(),
        format!("demo {SCAN}"),
    ] {
        let run = ward.line(&format!("{line} --json"));
        run.ok();
        let document = run.json();
        assert_eq!(document["ok"], true, "{line}");
        assert_eq!(document["exit_code"], 0, "{line}");
        assert!(document["error"].is_null(), "{line}");
        assert!(line.starts_with(document["command"].as_str().unwrap()), "{line}");
        assert!(run.stderr.is_empty(), "{line}: {}", run.stderr);
    }
}

#[test]
fn output_names_in_folder_are_told() {
    let ward = Ward::with_home();
    let document = ward.line(&format!("seal {SCAN} --to own.key --out-dir . --json")).json();
    let result = &document["results"][0];
    let name = result["output"].as_str().unwrap();
    assert!(ward.exists(name));
    assert_eq!(name, format!("{}.msp", result["package_id"].as_str().unwrap()));
    assert_eq!(result["package_len"], ward.read(name).len());
}
