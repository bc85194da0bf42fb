//! The demo holds, and leaves nothing.

use crate::ward::{SCAN, Ward};

#[test]
fn demo_holds_on_one_screen() {
    let ward = Ward::new();
    let temp = ward.path("temp");
    std::fs::create_dir(&temp).unwrap();
    let run = ward.command(["demo"]).env("TMPDIR", &temp).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let shown = String::from_utf8(run.stdout).unwrap();
    assert!(shown.lines().count() <= 24, "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(shown.contains("all 9 hold"), "{shown}");
    assert_eq!(std::fs::read_dir(&temp).unwrap().count(), 0);
}

/// Marks would be written, and keys tried, that are not the demo's.
#[test]
fn demo_touches_nothing_that_the_settings_name() {
    let ward = Ward::with_home();
    let before = ward.names();
    for name in ["STORE", "STORE_MARK", "IDENTITY", "SIGNER", "POLICY", "POLICY_MARK", "AUDIT"] {
        let run = ward.line_with(&[(&format!("MEDSEC_{name}"), "elsewhere")], "demo sign.key");
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert_eq!(ward.names(), before, "{name}");
    }
    assert!(ward.records().is_empty());
}

#[test]
fn demo_takes_own_files() {
    let ward = Ward::new();
    ward.write("empty", b"");
    let names = ward.names();
    let document = ward.line(&format!("demo {SCAN} empty own.key --json")).json();
    assert_eq!(document["holds"], true);
    assert_eq!(document["synthetic"], false);
    let claims = document["claims"].as_array().unwrap();
    assert_eq!(claims.len(), 9);
    assert!(claims.iter().all(|claim| claim["holds"] == true));
    assert_eq!(ward.names(), names);
    assert_eq!(ward.read(SCAN), ward.content);
}
