//! Paths in metadata that lead astray, and things that are no files.

use std::fs;

use medsec_crypto::{Draft, Metadata, PackageSpec, Timestamp};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::PublicKey;

use super::study::{Study, tree};

/// Writes a package for `own` whose content is to be called `name`.
fn hostile(study: &Study, number: usize, name: &str) {
    let key: PublicKey = study.ward.line("identity show own.key").text().trim().parse().unwrap();
    let mut metadata = Metadata::new();
    metadata.file_name = Some(name.to_owned());
    let mut spec = PackageSpec::default();
    spec.metadata = Some(metadata);
    let draft = Draft::new(spec, Timestamp::from_unix_seconds(1_800_000_000), None).unwrap();
    let sealer = draft.seal_to(&[key.as_recipient().unwrap()]).unwrap();
    study.ward.write(&format!("sealed/{number}.msp"), &sealer.seal_bytes(b"content").unwrap());
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "no path in a package's metadata makes the program write outside the output folder",
    polarity = deny,
)]
fn hostile_paths_are_not_followed(ev: Ev) -> Proven {
    let study = Study::new(0);
    fs::create_dir(study.ward.path("sealed")).unwrap();
    let absolute = study.ward.path("absolute").to_str().unwrap().to_owned();
    let names = ["../out", "a/../../out", "", "/", "a//b", "./a", "a/.", "a\0b", "..", &absolute];
    for (number, name) in names.iter().enumerate() {
        hostile(&study, number, name);
    }
    let before = study.ward.names();
    ev.denies(study.open("").result(), |refused| refused.0 == 8);
    ev.holds("nothing was opened", tree(&study.ward.path("opened")).is_empty());
    let mut after = study.ward.names();
    after.retain(|name| name != "opened");
    ev.holds("nothing was written elsewhere", after == before);
    ev.allows(study.open("--opaque-names").result());
    ev.holds("opaque names open them all", tree(&study.ward.path("opened")).len() == names.len());
    ev.proven()
}

#[test]
fn deceiving_names_are_refused_and_hidden_ones_renamed() {
    let study = Study::new(0);
    fs::create_dir(study.ward.path("sealed")).unwrap();
    for (number, name) in ["a\nb", "a/\u{1b}[2J", "scan\u{202e}mcd.exe"].iter().enumerate() {
        hostile(&study, number, name);
    }
    let run = study.open("--json");
    assert_eq!((run.code, &run.json()["failed"]), (8, &3.into()), "{}", run.stderr);
    for (number, name) in [".bashrc", ".ssh/authorized_keys"].iter().enumerate() {
        hostile(&study, number + 3, name);
    }
    assert_eq!(study.open("--json").json()["done"], 2);
    let names: Vec<String> = tree(&study.ward.path("opened")).into_keys().collect();
    assert!(names.iter().all(|name| name.len() == 32), "after their identifiers");
}

#[cfg(unix)]
#[test]
fn linked_folder_below_the_output_is_refused() {
    let study = Study::new(8);
    study.seal("").ok();
    for folder in ["opened", "elsewhere"] {
        fs::create_dir(study.ward.path(folder)).unwrap();
    }
    std::os::unix::fs::symlink("../elsewhere", study.ward.path("opened/KOWALSKA")).unwrap();
    let run = study.open("");
    assert_eq!(run.code, 9, "{}", run.stderr);
    assert!(tree(&study.ward.path("elsewhere")).is_empty());
    assert!(tree(&study.ward.path("opened")).len() >= 4);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_counted_and_not_opened() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let study = Study::new(8);
    let inside = |name: &str| study.ward.path(&format!("study/{name}"));
    std::os::unix::fs::symlink("../own.key", inside("link")).unwrap();
    std::os::unix::fs::symlink(".", inside("loop")).unwrap();
    mknodat(CWD, inside("pipe"), FileType::Fifo, Mode::from(0o600), 0).unwrap();
    fs::create_dir_all(inside("empty/in/itself")).unwrap();
    let run = study.seal("--json --report rep");
    run.ok();
    let document = run.json();
    assert_eq!((&document["links"], &document["special"]), (&2.into(), &1.into()));
    assert_eq!(document["empty_folders"], 1);
    assert_eq!(study.packages().len(), 8);
    let report = String::from_utf8(study.ward.read("rep")).unwrap();
    let outcomes = ["\"link\"", "\"special\""].map(|word| report.matches(word).count());
    assert_eq!((outcomes, report.lines().count()), ([3, 1], 4), "{report}");
}

#[cfg(target_os = "linux")]
#[test]
fn failures_are_told_by_number_and_named_in_the_report_only() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let study = Study::new(8);
    let name = OsStr::from_bytes(b"KOWALSKA_\xff");
    fs::write(study.ward.path("study").join(name), "x").unwrap();
    // No run may print a patient's name: the ward looks at everything printed.
    let run = study.seal("--report rep --json");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let document = run.json();
    assert_eq!((&document["done"], &document["failed"]), (&8.into(), &1.into()));
    let number = &document["failures"][0]["file"];
    let row: serde_json::Value = serde_json::from_slice(&study.ward.read("rep")).unwrap();
    assert_eq!((&row["file"], &row["outcome"]), (number, &"failed".into()));
    assert!(row["path"].as_str().unwrap().contains("KOWALSKA"));
    let mode = fs::metadata(study.ward.path("rep")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn opened_tree_belongs_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let study = Study::new(8);
    study.seal("").ok();
    study.open("").ok();
    for (name, mode) in [("", 0o700), ("KOWALSKA", 0o700), ("KOWALSKA/KOWALSKA_1.dcm", 0o600)] {
        let path = study.ward.path("opened").join(name);
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
    }
}
