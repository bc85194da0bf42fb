use std::fs;

use super::*;
use crate::bundle::fuzz::{CARE, OVERSIGHT, POLICY, ROLES};

const FILES: [(&str, &str); 4] = [
    ("policy.toml", POLICY),
    ("roles.toml", ROLES),
    ("rules/care.cedar", CARE),
    ("rules/oversight.cedar", OVERSIGHT),
];

/// A folder with the sample, and with whatever else is put there.
fn folder(edit: impl FnOnce(&Path)) -> Result<Source, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    for (name, text) in FILES {
        fs::write(folder.path().join(name), text).unwrap();
    }
    edit(folder.path());
    Source::read(folder.path())
}

fn refused(edit: impl FnOnce(&Path)) -> (SourceFile, SourceProblem) {
    let error = folder(edit).unwrap_err();
    (error.file, error.problem)
}

fn written(name: &'static str, bytes: &[u8]) -> (SourceFile, SourceProblem) {
    refused(|folder| fs::write(folder.join(name), bytes).unwrap())
}

#[test]
fn read_rejects_what_nobody_would_read() {
    let strange = ["policies.toml", "care.cedar", "rules/care.cedra", "rules/README.md"];
    for name in strange {
        assert_eq!(written(name, b"x"), (SourceFile::Folder, SourceProblem::Foreign), "{name}");
    }
    let inner = refused(|folder| fs::create_dir(folder.join("rules/more")).unwrap());
    assert_eq!(inner.1, SourceProblem::Foreign);
    for name in ["rules/Care.cedar", "rules/a b.cedar", "rules/-.cedar"] {
        assert!(matches!(written(name, b"x").1, SourceProblem::Value(_)), "{name}");
    }
}

#[test]
fn read_rejects_files_that_are_missing_or_no_files() {
    for (name, file) in [("policy.toml", SourceFile::Policy), ("roles.toml", SourceFile::Roles)] {
        let gone = refused(|folder| fs::remove_file(folder.join(name)).unwrap());
        assert_eq!(gone, (file.clone(), SourceProblem::Missing));
        let other = refused(|folder| {
            fs::remove_file(folder.join(name)).unwrap();
            fs::create_dir(folder.join(name)).unwrap();
        });
        assert_eq!(other, (file, SourceProblem::NotRegular));
    }
    let gone = refused(|folder| fs::remove_dir_all(folder.join("rules")).unwrap());
    assert_eq!(gone, (SourceFile::Folder, SourceProblem::Missing));
    let empty = refused(|folder| {
        for name in ["rules/care.cedar", "rules/oversight.cedar"] {
            fs::write(folder.join(name), "\n \n").unwrap();
        }
    });
    assert_eq!(empty, (SourceFile::Folder, SourceProblem::NoRules));
}

#[test]
fn read_rejects_what_is_longer_than_it_may_be() {
    let long = |len: usize| vec![b'#'; len];
    let (mib, care) = (1024 * 1024, SourceFile::Rules("care".parse().unwrap()));
    let most = |most| SourceProblem::TooLong { most };
    assert_eq!(written("policy.toml", &long(mib + 1)), (SourceFile::Policy, most(mib)));
    assert_eq!(written("rules/care.cedar", &long(mib + 1)), (care, most(mib)));
    assert_eq!(written("roles.toml", &long(16 * mib + 1)), (SourceFile::Roles, most(16 * mib)));
    let together = refused(|folder| {
        for n in 0..9 {
            fs::write(folder.join(format!("rules/r{n}.cedar")), long(mib - 1)).unwrap();
        }
    });
    assert_eq!(together, (SourceFile::Folder, most(8 * mib)));
    let many = refused(|folder| {
        for n in 0..999 {
            fs::write(folder.join(format!("rules/r{n}.cedar")), "//\n").unwrap();
        }
    });
    assert_eq!(many, (SourceFile::Folder, SourceProblem::TooManyRules));
}

#[test]
fn read_rejects_characters_that_cannot_be_seen() {
    let hidden =
        ['\0', '\u{7}', '\u{1B}', '\u{7F}', '\u{200B}', '\u{202E}', '\u{2066}', '\u{FEFF}'];
    for c in hidden.into_iter().chain(['\r', '\u{85}', '\u{2028}', '\u{E0041}']) {
        for (name, text) in FILES {
            let text = text.replacen('\n', &format!("\n# {c} here\n"), 1);
            let error = folder(|folder| fs::write(folder.join(name), text).unwrap()).unwrap_err();
            assert_eq!((error.line, error.problem), (Some(2), SourceProblem::Character), "{c:?}");
        }
    }
    assert_eq!(written("rules/care.cedar", b"// \xFF").1, SourceProblem::Character);
}

#[test]
fn from_files_rejects_files_that_come_twice_or_belong_elsewhere() {
    let with = |name| Source::from_files(FILES.into_iter().chain([(name, "x")])).unwrap_err();
    assert_eq!(with("policy.toml").problem, SourceProblem::Twice);
    assert_eq!(with("rules/care.cedar").problem, SourceProblem::Twice);
    for name in ["", "rules/", "rules.cedar", "rules/care.toml", "/policy.toml", "rules\\a.cedar"] {
        assert_eq!(with(name).problem, SourceProblem::Foreign, "{name}");
    }
    for name in ["rules/../a.cedar", "rules//a.cedar", "rules/.cedar"] {
        assert!(matches!(with(name).problem, SourceProblem::Value(_)), "{name}");
    }
}

#[test]
fn folder_and_texts_give_the_same_source_whatever_ends_the_lines() {
    let source = Source::from_files(FILES).unwrap();
    let crlf = folder(|folder| {
        for (name, text) in FILES {
            let text = text.trim_end().replace('\n', "\r\n");
            fs::write(folder.join(name), text).unwrap();
        }
        fs::write(folder.join(".gitignore"), "*.policy").unwrap();
        fs::write(folder.join("README.md"), "Why.").unwrap();
        fs::create_dir(folder.join("tests")).unwrap();
    });
    assert!(crlf.unwrap() == source);
    assert!(folder(|_| ()).unwrap() == source);
}
