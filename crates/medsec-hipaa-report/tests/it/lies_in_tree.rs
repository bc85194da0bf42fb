//! Lies about the tree: what was tested is not what the commit holds.

use crate::scene::{SESSION, Scene, named, status};

/// What is not in the commit shows nothing.
#[track_caller]
fn differs(scene: &Scene, file: &str) {
    let report = scene.report();
    named(&report, &["the tree differs from the commit", file]);
    assert!(!report.is_clean());
    assert_eq!(status(&report, "164.312(b)"), "no-evidence");
}

const WEAKER: (&str, &str) = ("open(\"ada\", 15)", "open(\"ada\", 99)");

#[test]
fn edit_that_git_was_told_to_overlook_is_found() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let scene = Scene::recorded(&format!("overlooked{flag}"));
        scene.git(&["update-index", flag, SESSION]);
        scene.edit(SESSION, WEAKER.0, WEAKER.1);
        differs(&scene, SESSION);
    }
}

#[test]
fn new_file_is_found_whatever_git_is_set_to_show() {
    let scene = Scene::recorded("untracked");
    scene.git(&["config", "status.showUntrackedFiles", "no"]);
    scene.put("clinic/tests/it/more.rs", "");
    differs(&scene, "clinic/tests/it/more.rs");
}

#[test]
fn source_that_git_ignores_is_found() {
    let scene = Scene::recorded("ignored-source");
    scene.put(".git/info/exclude", "weak.rs\n");
    scene.put("clinic/tests/it/weak.rs", "");
    scene.edit("clinic/tests/it/main.rs", "mod session;", "mod session;\nmod weak;");
    scene.commit();
    scene.reseal();
    differs(&scene, "clinic/tests/it/weak.rs");
}

#[test]
fn module_outside_of_the_repository_is_named() {
    let scene = Scene::recorded("outside-source");
    let outside = scene.root.with_file_name("outside-weak.rs");
    std::fs::write(&outside, "").unwrap();
    let lie = format!("mod session;\n#[path = \"{}\"]\nmod weak;\n", outside.display());
    scene.edit("clinic/tests/it/main.rs", "mod session;", &lie);
    scene.commit();
    scene.reseal();
    named(&scene.report(), &["clinic/tests/it/main.rs:4:", "out of the repository"]);
    scene.edit(
        "clinic/tests/it/main.rs",
        &lie,
        "mod session;\n#[path = \"../../../../outside-weak.rs\"]\nmod weak;\n",
    );
    scene.commit();
    scene.reseal();
    named(&scene.report(), &["clinic/tests/it/main.rs:4:", "out of the repository"]);
}

#[test]
fn repository_that_the_environment_names_is_not_taken() {
    let scene = Scene::recorded("environment");
    let clean = Scene::recorded("environment-clean");
    scene.edit(SESSION, WEAKER.0, WEAKER.1);
    let said = scene.program(&["make", "--check"], |program| {
        program.env("GIT_DIR", clean.root.join(".git")).env("GIT_WORK_TREE", &clean.root);
    });
    assert!(said.contains("the tree differs from the commit"), "{said}");
}

#[test]
fn change_beside_the_workspace_is_found() {
    let scene = Scene::recorded("beside");
    // The workspace becomes a folder of a repository that holds a crate beside it.
    let nested = scene.nested();
    nested.put("../shelf/src/lib.rs", "// changed");
    let report = nested.report();
    named(&report, &["the tree differs from the commit", "shelf/src/lib.rs"]);
}

#[test]
fn changed_path_dependency_of_another_repository_is_found() {
    let scene = Scene::recorded("other-repository");
    let shelf = scene.borrowed();
    let said: Vec<_> = scene.report().problems.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{said:?}");
    std::fs::write(shelf.join("src/lib.rs"), "// changed").unwrap();
    differs(&scene, "shelf");
}

#[cfg(unix)]
#[test]
fn link_to_a_source_elsewhere_is_found() {
    let scene = Scene::recorded("linked-source");
    let outside = scene.root.with_file_name("linked-weak.rs");
    std::fs::write(&outside, "").unwrap();
    std::os::unix::fs::symlink(&outside, scene.root.join("clinic/tests/it/weak.rs")).unwrap();
    scene.edit("clinic/tests/it/main.rs", "mod session;", "mod session;\nmod weak;");
    scene.commit();
    scene.reseal();
    differs(&scene, "clinic/tests/it/weak.rs");
}
