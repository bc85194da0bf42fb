//! States that somebody made who may not: users, dismissed administrators, strangers.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::SigningKey;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{ChangeError, LocalStore, PublicKey, Role, StoreError};

use crate::support::{Person, Scene, change_as, key, place_in, spec};

/// A state's JSON under a signature of `signer`.
pub(crate) fn signed(body: &str, signer: &SigningKey) -> String {
    let signature = STANDARD.encode(signer.sign_labelled("key-store/v1", body.as_bytes()));
    format!("medsec key store v1\nsignature: {signature}\n{body}")
}

fn body_of(scene: &Scene) -> String {
    let text = fs::read_to_string(scene.state()).unwrap();
    text.splitn(3, '\n').nth(2).unwrap().to_owned()
}

fn public(person: &Person) -> String {
    PublicKey::from(person.signer.verifying_key()).to_string()
}

fn open(scene: &Scene) -> Result<LocalStore, StoreError> {
    LocalStore::open(scene.place())
}

/// The folder of a store, copied to where its mark is not.
fn stolen(scene: &Scene, name: &str) -> LocalStore {
    let home = scene.home.path().join(name);
    fs::create_dir_all(home.join("store")).unwrap();
    private(&home.join("store"));
    fs::copy(scene.state(), home.join("store/state")).unwrap();
    LocalStore::open(place_in(&home)).unwrap()
}

fn private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
}

fn put(scene: &Scene, name: &str) {
    fs::copy(scene.home.path().join(name).join("store/state"), scene.state()).unwrap();
}

#[test]
fn resigned_state_of_the_administrator_opens() {
    // The forger's tools work: what follows fails for what it forges.
    let scene = Scene::with("ct", &[]);
    fs::write(scene.state(), signed(&body_of(&scene), &scene.root.signer)).unwrap();
    open(&scene).unwrap();
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "nobody but an administrator makes a key store that others accept",
    polarity = deny,
)]
fn states_of_others_are_refused(ev: Ev) -> Proven {
    let ann = Person::new("ann");
    let scene = Scene::with("ct", &[&ann]);
    let (body, root, mallory) = (body_of(&scene), public(&scene.root), Person::new("mallory"));
    let not_authentic = |error: &StoreError| matches!(error, StoreError::NotAuthentic);
    let deny = |body: &str, signer: &Person| {
        fs::write(scene.state(), signed(body, &signer.signer)).unwrap();
        ev.denies(open(&scene), not_authentic);
    };
    let signed_by = |by: &Person| {
        let (start, end) = body.split_once("\"administrators\"").unwrap();
        format!("{}\"administrators\"{end}", start.replace(&root, &public(by)))
    };
    // A user, or a stranger: in the administrator's name, in their own, and as their own store's founder.
    for forger in [&ann, &mallory] {
        deny(&body, forger);
        deny(&signed_by(forger), forger);
        deny(&body.replace(&root, &public(forger)), forger);
        // Named beside the founder.
        let joined = format!("\"keys\": [\n        \"{root}\",\n        \"{}\"", public(forger));
        let named = format!("\"keys\": [\n        \"{root}\"");
        assert!(body.contains(&named));
        deny(&signed_by(forger).replace(&named, &joined), forger);
    }
    ev.proven()
}

#[test]
fn signature_for_another_purpose_is_refused() {
    let scene = Scene::with("ct", &[]);
    let body = body_of(&scene);
    for label in ["key-store/v2", "", "key-store-founding/v1", "manifest/v1"] {
        let signature = scene.root.signer.sign_labelled(label, body.as_bytes());
        let signature = STANDARD.encode(signature);
        let text = format!("medsec key store v1\nsignature: {signature}\n{body}");
        fs::write(scene.state(), text).unwrap();
        assert!(matches!(open(&scene), Err(StoreError::NotAuthentic)), "{label}");
    }
}

#[test]
fn signed_states_of_another_form_are_refused() {
    let scene = Scene::with("ct", &[]);
    let body = body_of(&scene);
    let twice = body
        .replace("  \"keys\": {\n    \"ct\": {", "  \"keys\": {\n    \"ct\": {},\n    \"ct\": {");
    assert_ne!(twice, body);
    for other in [
        body.replace("\n  \"generation\"", "\n   \"generation\""),
        body.replace("\"generation\": 2", "\"generation\": 2.0"),
        body.replace("\"generation\": 2", "\"generation\": 0"),
        body.replace("\"generation\": 2", "\"generation\": 18446744073709551615"),
        body.replace("\"max_age_days\": null", "\"max_age_days\": null, \"more\": 1"),
        body.replace("\"root\"", "\"r\\u006fot\""),
        body.trim_end().to_owned(),
        format!("{body}{{}}"),
        twice,
    ] {
        assert_ne!(other, body);
        fs::write(scene.state(), signed(&other, &scene.root.signer)).unwrap();
        assert!(
            matches!(open(&scene), Err(StoreError::Format | StoreError::NotAuthentic)),
            "{other}"
        );
    }
}

/// A store with a second administrator, copied by him before the first dismisses him.
fn dismissed() -> (Scene, Person, LocalStore) {
    let mut scene = Scene::with("ct", &[]);
    let second = Person::new("second");
    scene.change(|change| change.add_user(second.as_new(Role::Administrator)));
    let copy = stolen(&scene, "copy");
    scene.change(|change| change.dismiss(&second.name));
    (scene, second, copy)
}

#[evidence(
    hipaa2013::["164.308(a)(3)(ii)(C)", "164.312(a)(1)"],
    claim = "a dismissed administrator changes the key store no more, not even by continuing an earlier copy",
    polarity = deny,
)]
fn dismissed_administrator_is_refused(ev: Ev) -> Proven {
    let (mut scene, second, mut copy) = dismissed();
    let refused = change_as(&mut scene.store, &second, |change| change.rotate_key(&key("ct")));
    ev.denies(refused, |e| matches!(e, ChangeError::NotAdministrator));
    // In his copy he is one still, and makes it look newer than the store.
    for _ in 0..5 {
        change_as(&mut copy, &second, |change| change.rotate_key(&key("ct"))).unwrap();
        put(&scene, "copy");
        let named =
            |e: &StoreError| matches!(e, StoreError::RolledBack { .. } | StoreError::Forked);
        ev.denies(open(&scene), named);
    }
    // Nor with a chain that he made longer himself.
    change_as(&mut copy, &second, |change| change.dismiss(&scene.root.name)).unwrap();
    put(&scene, "copy");
    ev.denies(open(&scene), |e| matches!(e, StoreError::Forked));
    ev.proven()
}

#[test]
fn dismissed_administrators_signature_is_refused() {
    let (scene, second, _) = dismissed();
    let body = body_of(&scene);
    let (start, end) = body.split_once("\"administrators\"").unwrap();
    let start = start.replace(&public(&scene.root), &public(&second));
    let forged = format!("{start}\"administrators\"{end}");
    fs::write(scene.state(), signed(&forged, &second.signer)).unwrap();
    assert!(matches!(open(&scene), Err(StoreError::NotAuthentic)));
}

#[test]
fn shortened_chain_is_refused_by_whoever_saw_it_whole() {
    let (scene, second, _) = dismissed();
    let mut json: serde_json::Value = serde_json::from_str(&body_of(&scene)).unwrap();
    json["administrators"].as_array_mut().unwrap().pop();
    let steps = serde_json::to_string(&json["administrators"]).unwrap();
    assert!(steps.contains(&public(&second)));
    // The state as it is, with the chain cut back to where the dismissed one may sign. Written by hand, as
    // the order of members counts.
    let body = body_of(&scene);
    let (start, rest) = body.split_once("  \"administrators\": ").unwrap();
    let (_, end) = rest.split_once("\n  ],\n").unwrap();
    let cut = serde_json::to_string_pretty(&in_order(&json["administrators"])).unwrap();
    let cut = cut.replace('\n', "\n  ");
    let start = start.replace(&public(&scene.root), &public(&second));
    let forged = format!("{start}  \"administrators\": {cut},\n{end}");
    let forged = forged.replace("\"generation\": 4", "\"generation\": 5");
    // As after a restore, which names no former states.
    let (start, rest) = forged.split_once("  \"recent\": [").unwrap();
    let (_, end) = rest.split_once("],\n").unwrap();
    let forged = format!("{start}  \"recent\": [],\n{end}");
    fs::write(scene.state(), signed(&forged, &second.signer)).unwrap();
    assert!(matches!(open(&scene), Err(StoreError::Forked)));
    // Who has not seen the store before cannot tell: the reason to keep a mark.
    fs::remove_file(scene.mark()).unwrap();
    assert_eq!(open(&scene).unwrap().generation(), 5);
}

/// Steps with their members in the format's order.
fn in_order(steps: &serde_json::Value) -> Vec<Step> {
    serde_json::from_value(steps.clone()).unwrap()
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Step {
    since: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    nonce: Option<String>,
    keys: Vec<String>,
    signed_by: String,
    signature: String,
}

#[test]
fn two_states_of_one_generation_are_refused() {
    let mut scene = Scene::with("ct", &[]);
    let mut copy = stolen(&scene, "copy");
    change_as(&mut copy, &scene.root, |change| change.create_key(&spec("mri"))).unwrap();
    scene.change(|change| change.create_key(&spec("us")));
    put(&scene, "copy");
    assert!(matches!(open(&scene), Err(StoreError::Forked)));
}

#[test]
fn another_history_that_grew_longer_is_refused() {
    let mut scene = Scene::with("ct", &[]);
    let mut copy = stolen(&scene, "copy");
    scene.change(|change| change.create_key(&spec("us")));
    for _ in 0..8 {
        change_as(&mut copy, &scene.root, |change| change.rotate_key(&key("ct"))).unwrap();
    }
    put(&scene, "copy");
    assert!(matches!(open(&scene), Err(StoreError::Forked)));
}

#[test]
fn mark_far_behind_still_admits_what_follows() {
    let mut scene = Scene::with("ct", &[]);
    let mark = fs::read(scene.mark()).unwrap();
    for days in 0..70 {
        scene.change(|change| change.set_max_age(&key("ct"), Some(days)));
        let now = fs::read(scene.mark()).unwrap();
        fs::write(scene.mark(), &mark).unwrap();
        open(&scene).unwrap();
        assert!(fs::read(scene.mark()).unwrap() == now);
    }
}
