//! What stands under which key and version, with the server and without.

use serde_json::json;

use super::Study;

#[test]
fn newest_version_is_marked_where_the_server_can_be_asked() {
    let study = Study::new(3);
    study.rotate();
    let package = study.paths().remove(0);
    study.home.done(&format!("rewrap {} --to-key bao:ct", package.display()));
    let said = study.json("inspect packages");
    let of = |at: usize, field: &str| said["keys"][at][field].clone();
    for (at, version, packages, newest) in [(0, 1, 2, false), (1, 2, 1, true)] {
        assert_eq!((of(at, "key"), of(at, "version")), (json!("bao:ct"), json!(version)));
        assert_eq!((of(at, "packages"), of(at, "blind")), (json!(packages), json!(packages)));
        assert_eq!((of(at, "newest"), of(at, "is_newest")), (json!(2), json!(newest)));
    }
}

#[test]
fn headers_tell_keys_and_versions_while_the_server_is_away() {
    let study = Study::new(2);
    let home = &study.home;
    home.settings(&home.section_at("127.0.0.1:9", &["ct"]));
    let said = study.home.run("inspect packages");
    assert_eq!(said.code, Some(0), "{}", said.said);
    assert!(said.said.contains("service `bao` could not be asked"), "{}", said.said);
    let said = study.json("inspect packages");
    let key = &said["keys"][0];
    assert_eq!((&key["key"], &key["version"]), (&json!("bao:ct"), &json!(1)), "{said}");
    assert_eq!((&key["packages"], &key["newest"]), (&json!(2), &json!(null)), "{said}");
    home.settings("");
    let said = study.json("inspect packages");
    let named = format!("vault-transit:/{}/ct", study.home.scene.mount);
    assert_eq!((&said["keys"][0]["key"], &said["keys"][0]["version"]), (&json!(named), &json!(1)));
}
