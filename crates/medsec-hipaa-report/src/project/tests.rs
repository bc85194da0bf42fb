use std::fs;
use std::path::Path;

use super::*;
use crate::signing::PrivateKey;

const SETTINGS: &str =
    "name = 'clinic'\ndescription = 'x'\nversion = '1'\nsource = 'https://example.org/clinic'\n";
const ATTESTED: &str = "schema = 'medsec-attestation/v1'\ncitations = ['164.308(a)(2)']\nstatement = 'appointed'\n\
                        owner_role = 'Director'\neffective = 2026-01-01\nexpires = 2026-12-31\n";

struct Scene {
    root: tempfile::TempDir,
    key: PrivateKey,
}

impl Scene {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let key = PrivateKey::create(&root.path().join("key.pem")).unwrap();
        let scene = Self { root, key };
        let signer =
            format!("[[signer]]\nrole = 'Director'\npublic_key = '{}'\n", scene.key.public());
        scene.put("compliance/report.toml", &format!("{SETTINGS}{signer}"));
        scene
    }

    fn put(&self, file: &str, text: &str) {
        let path = self.root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn attest(&self, text: &str) {
        self.put("compliance/attestations/a.toml", text);
        let signature = self.key.sign(SIGNATURE_TYPE, text.as_bytes()).to_string();
        self.put("compliance/attestations/a.toml.sig", &signature);
    }

    fn load(&self) -> Project {
        Project::load(self.root.path(), "2026-06-01".parse().unwrap()).unwrap()
    }

    /// The one problem there is, as printed.
    fn problem(&self) -> String {
        let project = self.load();
        let [problem] = project.problems.as_slice() else { panic!("{:?}", project.problems) };
        problem.to_string()
    }
}

#[test]
fn missing_settings_are_an_error() {
    assert!(Project::load(Path::new("/nonexistent"), "2026-06-01".parse().unwrap()).is_err());
}

#[test]
fn statement_without_known_signature_does_not_hold() {
    let scene = Scene::new();
    scene.attest(ATTESTED);
    assert_eq!(scene.load().attestations[0].standing, Standing::Valid);
    scene.put("compliance/attestations/a.toml", &ATTESTED.replace("appointed", "resigned"));
    assert!(scene.problem().contains("a.toml: no signature"));
    assert_eq!(scene.load().attestations[0].standing, Standing::Invalid);
}

#[test]
fn expired_statement_is_named() {
    let scene = Scene::new();
    scene.attest(&ATTESTED.replace("2026-12-31", "2026-05-31"));
    assert!(scene.problem().contains("a.toml: the attestation expired on 2026-05-31"));
    assert_eq!(scene.load().attestations[0].standing, Standing::Expired);
}

#[test]
fn statement_holds_on_its_last_day() {
    let scene = Scene::new();
    scene.attest(&ATTESTED.replace("2026-12-31", "2026-06-01"));
    assert!(scene.load().problems.is_empty());
    scene.attest(&ATTESTED.replace("2026-01-01", "2026-06-02"));
    assert!(scene.problem().contains("begins on 2026-06-02"));
}

#[test]
fn changed_evidence_file_is_named() {
    let scene = Scene::new();
    scene.put("minutes.txt", "appointed");
    let digest = crate::digest::sha256(b"appointed");
    scene.attest(&format!("{ATTESTED}[evidence]\nfile = 'minutes.txt'\nsha256 = '{digest}'\n"));
    assert!(scene.load().problems.is_empty());
    scene.put("minutes.txt", "resigned");
    assert!(scene.problem().contains("minutes.txt is not the one that was attested"));
}

#[test]
fn waiver_needs_an_expiry_that_is_not_over() {
    let scene = Scene::new();
    let waiver = "citation = '164.312(d)'\ngap = 'g'\nplan = 'p'\nowner_role = 'r'\n";
    scene.put("compliance/waivers/d.toml", waiver);
    assert!(scene.problem().contains("d.toml: waiver of 164.312(d) without an expiry"));
    scene.put("compliance/waivers/d.toml", &format!("{waiver}expires = 2026-05-31\n"));
    assert!(scene.problem().contains("expired on 2026-05-31"));
    scene.put("compliance/waivers/d.toml", &format!("{waiver}expires = 2026-06-01\n"));
    assert_eq!(scene.load().waivers.len(), 1);
}

#[test]
fn required_item_takes_no_alternative() {
    let scene = Scene::new();
    let decision = "[[decision]]\ncitation = '164.312(a)(2)(i)'\nchoice = 'alternative'\nreason = 'r'\n\
                    alternative = 'a'\nowner_role = 'o'\ndate = 2026-01-01\n";
    scene.put("compliance/decisions.toml", decision);
    assert!(scene.problem().contains("164.312(a)(2)(i) is required"));
    let addressable = decision.replace("(a)(2)(i)", "(a)(2)(iii)");
    scene.put("compliance/decisions.toml", &addressable);
    assert_eq!(scene.load().decisions.len(), 1);
    scene.put("compliance/decisions.toml", &addressable.replace("alternative = 'a'\n", ""));
    assert!(scene.problem().contains("names no equivalent measure"));
}

#[test]
fn overdue_entry_of_a_register_is_named() {
    let scene = Scene::new();
    let entry = "[[entry]]\nid = 'R-1'\ntitle = 't'\ntreatment = 'x'\nowner_role = 'o'\nnext_review = 2026-05-31\n";
    scene.put("compliance/registers/risks.toml", entry);
    assert!(scene.problem().contains("risks.toml: `R-1` was to be reviewed by 2026-05-31"));
    scene.put("compliance/registers/risks.toml", &format!("{entry}closed = true\n"));
    assert!(scene.problem().contains("`R-1` is closed and has no outcome"));
    let over = format!("{entry}closed = true\noutcome = 'the old scanner is gone'\n");
    scene.put("compliance/registers/risks.toml", &over);
    assert!(scene.load().problems.is_empty());
}

#[test]
fn missing_paths_and_rows_of_controls_are_named() {
    let scene = Scene::new();
    let row = "[control.'164.312(d)']\npaths = ['src', '../x']\nshows = ''\noperator = ''\norganization = ''\nnot_shown = ''\n";
    scene.put("compliance/controls.toml", row);
    scene.put("src/lib.rs", "");
    let problems = scene.load().problems;
    let missing = problems.iter().filter(|p| matches!(p, Problem::MissingControl { .. })).count();
    assert_eq!((missing, problems.len()), (11, 12));
    assert!(problems.iter().any(|problem| problem.to_string().contains("`../x` does not exist")));
}

#[test]
fn unknown_citations_and_fields_are_named() {
    let scene = Scene::new();
    scene.put("compliance/waivers/a.toml", "citation = '164.312(z)'\nwhy = 1\n"); // tidy: wrong citation
    assert!(scene.problem().contains("compliance/waivers/a.toml: line 2"));
}

#[test]
fn retries_and_overrides_of_the_runner_are_named() {
    let scene = Scene::new();
    let bad = "[profile.a]\nretries = 2\n[[profile.b.overrides]]\nfilter = 'test(x)'";
    scene.put(".config/nextest.toml", bad);
    assert_eq!(scene.load().problems.len(), 2);
    scene.put(".config/nextest.toml", "[profile.default]\nretries = 0");
    assert!(scene.load().problems.is_empty());
}

#[test]
fn empty_shell_of_a_statement_does_not_hold() {
    let scene = Scene::new();
    for (from, to, said) in [
        ("2026-12-31", "2028-01-02", "more than 2 years"),
        ("2026-01-01", "2026-12-31x", "line"),
        ("'Director'", "' '", "nobody states it"),
        ("2026-01-01", "2027-01-01", "before it begins"),
        (
            "expires = 2026-12-31",
            "expires = 2026-12-31\napplies = false",
            "makes no exception from 164.308(a)(2)",
        ),
    ] {
        scene.attest(&ATTESTED.replace(from, to));
        assert!(scene.problem().contains(said), "{said}: {}", scene.problem());
        assert!(scene.load().attestations.iter().all(|one| one.standing == Standing::Invalid));
    }
}

#[test]
fn evidence_of_a_statement_lies_below_the_root() {
    let scene = Scene::new();
    let outside = scene.root.path().with_extension("outside");
    fs::write(&outside, "appointed").unwrap();
    let name = outside.file_name().unwrap().to_string_lossy().into_owned();
    let digest = crate::digest::sha256(b"appointed");
    for file in [format!("../{name}"), outside.display().to_string()] {
        let evidence = format!("{ATTESTED}[evidence]\nfile = '{file}'\nsha256 = '{digest}'\n");
        scene.attest(&evidence);
        assert!(scene.problem().contains("is not the one that was attested"));
    }
    fs::remove_file(outside).unwrap();
}

#[test]
fn row_is_said_to_be_ours_or_somebody_elses() {
    let scene = Scene::new();
    let others = "[control.'164.312(d)']\nnot_ours = 'the identity provider'\n";
    scene.put("compliance/controls.toml", others);
    let project = scene.load();
    assert_eq!(project.problems.len(), 11, "the other rows are missing");
    assert_eq!(project.controls[0].not_ours.as_deref(), Some("the identity provider"));
    for wrong in [
        format!("{others}shows = 'x'\n"),
        others.replace("the identity provider", " "),
        "[control.'164.312(d)']\nshows = 'x'\n".to_owned(),
    ] {
        scene.put("compliance/controls.toml", &wrong);
        let problems = scene.load().problems;
        assert!(problems.iter().any(|one| matches!(one, Problem::Malformed { .. })), "{wrong}");
    }
}
