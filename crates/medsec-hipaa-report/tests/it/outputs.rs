//! What the honest run is rendered to.

use std::fs;
use std::path::PathBuf;

use jsonschema::{Retrieve, Uri};
use medsec_hipaa_report::{
    Files, LOCK_FILE, PrivateKey, Run, SBOM_FILE, dangling, render, state, state_run,
};
use serde_json::Value;

use crate::scene::{LOGOFF, Scene, named};

fn files(scene: &Scene) -> Files {
    let report = scene.report();
    let mut files = render(&report).unwrap();
    let key = PrivateKey::load(&scene.root.join("key.pem")).unwrap();
    state(&report, &mut files, Some(&key)).unwrap();
    files
}

#[test]
fn two_copies_of_one_run_give_the_same_bytes() {
    let (one, other) = (Scene::recorded("checkout-a"), Scene::recorded("another-checkout-b"));
    let (one, other) = (files(&one), files(&other));
    assert!(one.contains_key("statement.dsse.json"));
    for (name, bytes) in &one {
        assert_eq!(Some(bytes), other.get(name), "{name}");
    }
}

#[test]
fn two_runs_in_two_checkouts_give_the_same_bytes() {
    let (one, other) = (Scene::run_again("here"), Scene::run_again("a/place/elsewhere"));
    assert_ne!(one.runs().file_name(), other.runs().file_name(), "each has a run of its own");
    let (one, other) = (files(&one), files(&other));
    assert!(one.contains_key("statement.dsse.json") && one.contains_key(SBOM_FILE));
    assert_eq!(one.len(), other.len());
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

/// A scene whose lock misses a test, and what `--bless` says about it.
fn blessed_anew(name: &str, adjust: impl FnOnce(&Scene)) -> (Scene, String) {
    let scene = Scene::recorded(name).nested();
    scene.edit(LOCK_FILE, "session::busy_session_opens", "session::busy_session_reads");
    scene.commit();
    scene.reseal();
    adjust(&scene);
    let said = scene.program(&["make", "--bless"], |_| ());
    (scene, said)
}

#[test]
fn blessing_shows_the_rows_as_they_are_once_the_lock_is_committed() {
    let (scene, said) = blessed_anew("blessed", |_| ());
    let row = said.lines().find(|line| line.starts_with(LOGOFF)).unwrap();
    assert!(row.ends_with("Evidenced") && !said.contains("differs from the commit"), "{said}");
    assert!(said.contains("no report was written") && said.contains("commit it"), "{said}");
    assert!(!scene.root.join("target/compliance").exists(), "a report of no commit");
    named(&scene.report(), &["the tree differs from the commit", LOCK_FILE]);
}

#[test]
fn blessing_still_tells_what_else_differs() {
    let (_, said) = blessed_anew("blessed-dirty", |scene| scene.put("letter-2.txt", "x"));
    let line = said.lines().find(|line| line.contains("the tree differs from the commit")).unwrap();
    assert!(line.contains("letter-2.txt") && !line.contains(LOCK_FILE), "{said}");
}

/// The OSCAL documents with the schema of each.
fn oscal(scene: &Scene) -> Vec<(String, Value)> {
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
        let schema: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<_> = validator
            .iter_errors(&document)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}

/// Schemas that refer to others lie beside them, under the last part of their address.
struct Beside(PathBuf);

impl Retrieve for Beside {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.path().as_str().rsplit('/').next().unwrap_or_default();
        let file = name.replace(".SNAPSHOT", "").replace(".schema.json", ".SNAPSHOT.schema.json");
        Ok(serde_json::from_slice(&fs::read(self.0.join(file))?)?)
    }
}

#[test]
fn bill_of_materials_names_every_part_with_its_digest() {
    let bill: Value = serde_json::from_slice(&files(&Scene::recorded("bill"))[SBOM_FILE]).unwrap();
    let components = bill["components"].as_array().unwrap();
    let scope =
        |name: &str| components.iter().find(|one| one["name"] == name).unwrap()["scope"].clone();
    assert_eq!((scope("thiserror"), scope("syn")), ("required".into(), "excluded".into()));
    let ours = [&bill["metadata"]["component"]["bom-ref"]];
    let refs: Vec<_> = components.iter().map(|one| &one["bom-ref"]).chain(ours).collect();
    for part in components {
        assert!(part["licenses"][0]["expression"].is_string(), "{part}");
        assert_eq!(part["hashes"][0]["content"].as_str().unwrap().len(), 64, "{part}");
    }
    for edge in bill["dependencies"].as_array().unwrap() {
        let all = edge["dependsOn"].as_array().unwrap().iter().chain([&edge["ref"]]);
        all.for_each(|one| assert!(refs.contains(&one), "{one}"));
    }
    assert_eq!(refs.len(), bill["dependencies"].as_array().unwrap().len());
}

#[test]
fn bill_of_materials_passes_the_official_schema() {
    let Some(schemas) = std::env::var_os("MEDSEC_CYCLONEDX_SCHEMAS").map(PathBuf::from) else {
        println!("no MEDSEC_CYCLONEDX_SCHEMAS: the schemas of CycloneDX are not here");
        return;
    };
    let bill: Value =
        serde_json::from_slice(&files(&Scene::recorded("bill-schema"))[SBOM_FILE]).unwrap();
    let schema = fs::read(schemas.join("bom-1.6.SNAPSHOT.schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::options().with_retriever(Beside(schemas)).build(&schema).unwrap();
    let wrong: Vec<_> =
        validator.iter_errors(&bill).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut other = bill;
    other["components"] = "none".into();
    assert!(!validator.is_valid(&other), "a schema that takes everything shows nothing");
}

/// The lines of docs/evidence-report.md, as somebody would copy them.
#[test]
fn envelope_verifies_with_the_python_of_the_guide() {
    let Some(python) = std::env::var_os("MEDSEC_ORACLE_PYTHON") else {
        println!("no MEDSEC_ORACLE_PYTHON: the envelope is not verified with Python");
        return;
    };
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/evidence-report.md");
    let guide = fs::read_to_string(guide).unwrap();
    let script = guide.split_once("```python\n").unwrap().1.split_once("```").unwrap().0;
    let scene = Scene::recorded("python");
    let key = PrivateKey::load(&scene.root.join("key.pem")).unwrap().public().to_string();
    let script = script.replace("PUBLIC_KEY", &format!("\"{key}\""));
    let out = scene.root.join("target/out");
    for (name, bytes) in files(&scene) {
        let place = out.join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }
    let verify = || {
        let mut python = std::process::Command::new(&python);
        python.current_dir(&out).args(["-c", &script]).output().unwrap()
    };
    let output = verify();
    assert!(output.status.success(), "{output:?}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    fs::write(out.join("report.html"), page.replace("Evidenced", "evidenced")).unwrap();
    assert!(!verify().status.success(), "a page that was edited verifies");
}

#[test]
fn markdown_holds_what_the_page_holds() {
    let scene = Scene::recorded("markdown");
    let waiver = "citation = \"164.312(d)\"\ngap = \"no second factor\"\nplan = \"p\"\nowner_role = \"o\"\nexpires = 2026-06-01\n";
    scene.put("compliance/waivers/d.toml", waiver);
    let risk = "[[entry]]\nid = \"R-1\"\ntitle = \"t\"\ntreatment = \"x\"\nowner_role = \"o\"\noutcome = \"smaller\"\n\
                next_review = 2026-12-31\n";
    scene.put("compliance/registers/risks.toml", risk);
    let settings = scene.text("compliance/report.toml");
    let excluded = "[[exclude]]\npackage = \"ward\"\nreason = \"it is another house\"\n";
    scene.put("compliance/report.toml", &format!("{settings}{excluded}"));
    scene.commit();
    scene.reseal();
    let page = String::from_utf8(files(&scene)["report.md"].clone()).unwrap();
    for part in [
        "left out: `ward`: it is another house",
        "taken by path from another repository: `medsec-evidence`",
        "Ada is the security official.",
        "Supported by `letter.txt`",
        "open gap until 2026-06-01: no second factor",
        "| R-1 | t | x | smaller | o | 2026-12-31 |",
        "denies `clinic::SessionError`",
        "Note: ",
    ] {
        assert!(page.contains(part), "no `{part}` in\n{page}");
    }
}

#[test]
fn lasting_things_keep_their_identifiers_and_findings_do_not() {
    let scene = Scene::recorded("identifiers");
    let before = oscal(&scene);
    scene.put("letter-2.txt", "later");
    scene.commit();
    scene.reseal();
    let after = oscal(&scene);
    let of = |documents: &[(String, Value)], name: &str, place: &str| {
        let document = documents.iter().find(|(file, _)| file == name).unwrap();
        document.1.pointer(place).unwrap_or_else(|| panic!("{name}{place}")).clone()
    };
    for (name, place, lasts) in [
        ("component-definition.json", "/component-definition/components/0/uuid", true),
        ("poam.json", "/plan-of-action-and-milestones/poam-items/0/uuid", true),
        ("mapping-csf-2.0.json", "/mapping-collection/mappings/0/uuid", true),
        ("assessment-results.json", "/assessment-results/results/0/findings/0/uuid", false),
        ("assessment-results.json", "/assessment-results/uuid", false),
    ] {
        assert_eq!(of(&before, name, place) == of(&after, name, place), lasts, "{name}{place}");
    }
}

#[test]
fn links_lead_to_the_folder_of_the_repository_that_the_project_lies_in() {
    let scene = Scene::recorded("links").nested();
    let report = scene.report();
    let link = |report: &medsec_hipaa_report::Report| report.tests[0].link.clone();
    let plain =
        format!("https://example.org/clinic/blob/{}/service/clinic/tests/it/", report.commit);
    assert!(link(&report).starts_with(&plain), "{}", link(&report));
    let settings = scene.text("compliance/report.toml");
    scene.put(
        "compliance/report.toml",
        &format!(
            "line_link = \"{{source}}/src/{{commit}}/{{file}}#lines-{{line}}:{{end}}\"\n{settings}"
        ),
    );
    let report = scene.report();
    let other =
        format!("https://example.org/clinic/src/{}/service/clinic/tests/it/", report.commit);
    assert!(
        link(&report).starts_with(&other) && link(&report).contains("#lines-"),
        "{}",
        link(&report)
    );
}

#[test]
fn statement_of_the_run_names_its_files_and_when_it_started() {
    let scene = Scene::recorded("run-statement");
    let mut files = Files::new();
    let key = PrivateKey::load(&scene.root.join("key.pem")).unwrap();
    let (runs, _) = Run::load_all(scene.runs()).unwrap();
    state_run(&runs, &mut files, Some(&key)).unwrap();
    let statement: Value = serde_json::from_slice(&files["run-statement.json"]).unwrap();
    let names: Vec<_> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"default/junit.xml") && names.contains(&"default/run.json"),
        "{names:?}"
    );
    assert!(
        statement["predicate"]["configurations"][0]["started"].as_str().unwrap().ends_with('Z')
    );
    assert!(files.contains_key("run-statement.dsse.json"));
}

#[test]
fn report_date_before_the_commit_is_refused() {
    let scene = Scene::recorded("early");
    let said = scene.program(&["make"], |program| {
        program.env("SOURCE_DATE_EPOCH", "1767139200");
    });
    assert!(said.contains("2025-12-31") && said.contains("lies before the commit"), "{said}");
}
