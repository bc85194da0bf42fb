//! What the honest run is rendered to.

use std::fs;
use std::path::PathBuf;

use medsec_hipaa_report::{Files, PrivateKey, dangling, render, state};

use crate::scene::{Scene, named};

fn files(scene: &Scene) -> Files {
    let report = scene.report();
    let mut files = render(&report).unwrap();
    let key = PrivateKey::load(&scene.root.join("key.pem")).unwrap();
    state(&report, &mut files, Some(&key)).unwrap();
    files
}

#[test]
fn two_checkouts_give_the_same_bytes() {
    let (one, other) = (Scene::recorded("checkout-a"), Scene::recorded("another-checkout-b"));
    let (one, other) = (files(&one), files(&other));
    assert!(one.contains_key("statement.dsse.json"));
    for (name, bytes) in &one {
        assert_eq!(Some(bytes), other.get(name), "{name}");
    }
}

#[test]
fn page_asks_nobody_and_stays_small() {
    let scene = Scene::recorded("page");
    let html = String::from_utf8(files(&scene)["report.html"].clone()).unwrap();
    for request in ["<script", "<img", "<iframe", "@import", "url(", "src="] {
        assert!(!html.contains(request), "{request}");
    }
    assert!(html.len() < 1_000_000);
    let order = [
        "id=\"tested\"",
        "id=\"shown\"",
        "id=\"owed\"",
        "id=\"s312\"",
        "id=\"tests\"",
        "id=\"limits\"",
    ];
    let places = order.map(|part| html.find(part));
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
}

#[test]
fn nothing_of_the_machine_is_in_an_output() {
    let scene = Scene::recorded("machine");
    let root = scene.root.display().to_string();
    let run = scene.runs().file_name().unwrap().to_string_lossy().into_owned();
    for (name, bytes) in files(&scene) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(&root) && !text.contains(&run), "{name}");
    }
}

#[test]
fn dirty_tree_is_never_signed() {
    let scene = Scene::recorded("unsigned");
    scene.put("letter-2.txt", "x");
    let report = scene.report();
    named(&report, &["letter-2.txt"]);
    let key = PrivateKey::load(&scene.root.join("key.pem")).unwrap();
    let refused = state(&report, &mut render(&report).unwrap(), Some(&key));
    assert!(matches!(refused, Err(medsec_hipaa_report::ReportError::DirtyTree)));
}

#[test]
fn blessed_lock_is_the_committed_one() {
    let scene = Scene::recorded("bless");
    let before = scene.text("compliance/compliance.lock");
    scene.bless();
    assert_eq!(scene.text("compliance/compliance.lock"), before);
}

/// The OSCAL documents with the schema of each.
fn oscal(scene: &Scene) -> Vec<(String, serde_json::Value)> {
    let files = files(scene).into_iter();
    let documents = files.filter_map(|(name, bytes)| {
        let name = name.strip_prefix("oscal/")?.to_owned();
        Some((name, serde_json::from_slice(&bytes).unwrap()))
    });
    documents.collect()
}

#[test]
fn oscal_documents_refer_to_what_is_there() {
    let documents = oscal(&Scene::recorded("references"));
    assert_eq!(documents.len(), 8);
    assert_eq!(dangling(&documents), Vec::<String>::new());
}

#[test]
fn oscal_documents_pass_the_official_schemas() {
    let Some(schemas) = std::env::var_os("MEDSEC_OSCAL_SCHEMAS").map(PathBuf::from) else {
        println!("no MEDSEC_OSCAL_SCHEMAS: the schemas of OSCAL are not here");
        return;
    };
    for (name, document) in oscal(&Scene::recorded("schemas")) {
        let schema = match name.split('.').next().unwrap() {
            "component-definition" => "component",
            mapping if mapping.starts_with("mapping") => "mapping",
            other => other,
        };
        let file = schemas.join(format!("oscal_{schema}_schema.json"));
        let schema: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<_> = validator
            .iter_errors(&document)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}
