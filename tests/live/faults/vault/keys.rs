//! Faults of keys.

use medsec_crypto::{KeyRef, Stanza, StanzaKind};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    KeyAdmin as _, KeyService as _, KeyServiceError, VaultKeys, VaultPlace, VaultSettings,
};
use serde_json::json;

use crate::support::vault::{Api, OwnServer, context, generate, name, unwrap, wait};

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(c)(1)"],
    claim = "a data key that OpenBao wrapped for one package does not unwrap for another, nor after a change",
    polarity = deny,
)]
fn wrong_context_is_not_authentic(ev: Ev) -> Proven {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (dek, stanza) = generate(&keys);
    let named = |e: &KeyServiceError| matches!(e, KeyServiceError::NotAuthentic);
    ev.denies(wait(keys.unwrap_dek(&stanza, &context(2))), named);
    ev.denies(wait(keys.rewrap_dek(&stanza, &name("ct"), &context(2))), named);
    let mut changed = stanza.wrapped().to_vec();
    changed[20] = if changed[20] == b'A' { b'B' } else { b'A' };
    let changed = Stanza::new(stanza.key_ref().clone(), changed).unwrap();
    ev.denies(unwrap(&keys, &changed), named);
    let opened = ev.allows(unwrap(&keys, &stanza));
    ev.holds("the right one opens", opened.expose_secret() == dek.expose_secret());
    ev.proven()
}

#[test]
fn disabled_key_is_told() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (_, stanza) = generate(&keys);
    wait(scene.admin.disable_key(&name("ct"))).unwrap();
    let refused = unwrap(&keys, &stanza).unwrap_err();
    assert!(matches!(refused, KeyServiceError::Disabled) && !refused.is_retryable());
    let refused = wait(keys.generate_dek(&name("ct"), &context(1))).unwrap_err();
    assert!(matches!(refused, KeyServiceError::Disabled), "{refused:?}");
    wait(scene.admin.enable_key(&name("ct"))).unwrap();
    unwrap(&keys, &stanza).unwrap();
}

#[test]
fn rotated_key_opens_what_older_versions_sealed() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (dek, old) = generate(&keys);
    wait(scene.admin.rotate_key(&name("ct"))).unwrap();
    let new = wait(keys.rewrap_dek(&old, &name("ct"), &context(1))).unwrap();
    assert!(old.wrapped().starts_with(b"vault:v1:") && new.wrapped().starts_with(b"vault:v2:"));
    for stanza in [&old, &new] {
        assert!(unwrap(&keys, stanza).unwrap().expose_secret() == dek.expose_secret());
    }
}

#[test]
fn raised_minimum_version_is_told() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (_, old) = generate(&keys);
    wait(scene.admin.rotate_key(&name("ct"))).unwrap();
    let new = wait(keys.rewrap_dek(&old, &name("ct"), &context(1))).unwrap();
    wait(scene.admin.raise_minimum(&name("ct"), 2)).unwrap();
    let refused = unwrap(&keys, &old).unwrap_err();
    assert!(matches!(refused, KeyServiceError::VersionRetired), "{refused:?}");
    assert!(!refused.is_retryable());
    unwrap(&keys, &new).unwrap();
    wait(scene.admin.raise_minimum(&name("ct"), 1)).unwrap();
    unwrap(&keys, &old).unwrap();
    let beyond = wait(scene.admin.raise_minimum(&name("ct"), 9)).unwrap_err();
    assert!(matches!(beyond, KeyServiceError::NoSuchVersion), "{beyond:?}");
}

#[test]
fn trimmed_version_does_not_come_back() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (_, old) = generate(&keys);
    wait(scene.admin.rotate_key(&name("ct"))).unwrap();
    let (_, new) = generate(&keys);
    wait(scene.admin.raise_minimum(&name("ct"), 2)).unwrap();
    wait(scene.admin.danger_trim(&name("ct"))).unwrap();
    let refused = unwrap(&keys, &old);
    assert!(matches!(refused, Err(KeyServiceError::Destroyed)), "{refused:?}");
    let items = [(old, context(1)), (new.clone(), context(1))];
    let rewrapped = wait(keys.rewrap_deks(&items, &name("ct")));
    assert!(matches!(rewrapped[0], Err(KeyServiceError::Destroyed)) && rewrapped[1].is_ok());
    assert!(wait(scene.admin.raise_minimum(&name("ct"), 1)).is_err());
    unwrap(&keys, &new).unwrap();
}

#[test]
fn destroyed_key_is_no_key() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (_, stanza) = generate(&keys);
    wait(scene.admin.danger_destroy_key(&name("ct"))).unwrap();
    let refused = unwrap(&keys, &stanza);
    assert!(matches!(refused, Err(KeyServiceError::NoSuchKey)), "{refused:?}");
}

/// The server's disk is put back to what it was before the last rotation.
#[test]
fn restored_older_state_is_told() {
    let mut server = OwnServer::start();
    let scene = server.api.scene();
    let keys = scene.keys();
    let (_, old) = generate(&keys);
    let kept = server.keep_state();
    wait(scene.admin.rotate_key(&name("ct"))).unwrap();
    let (_, new) = generate(&keys);
    unwrap(&keys, &new).unwrap();
    server.put_back(&kept);
    let refused = unwrap(&keys, &new).unwrap_err();
    assert!(matches!(refused, KeyServiceError::NoSuchVersion), "{refused:?}");
    let refused = wait(keys.rewrap_dek(&new, &name("ct"), &context(1))).unwrap_err();
    assert!(matches!(refused, KeyServiceError::NoSuchVersion), "{refused:?}");
    unwrap(&keys, &old).unwrap();
}

#[test]
fn missing_key_mount_and_namespace_are_told() {
    let api = Api::live();
    let mount = api.mount();
    let open = |settings| wait(VaultKeys::open(settings, [name("ct")])).unwrap_err();
    let missing = open(api.settings(&mount));
    assert!(matches!(missing, KeyServiceError::NoSuchKey), "{missing:?}");
    let unmounted = open(api.settings("nowhere"));
    assert!(matches!(unmounted, KeyServiceError::Unacceptable { field: "mount" }), "{unmounted:?}");
    let place = VaultPlace::new("nowhere", &mount).unwrap();
    let namespace = open(VaultSettings { place, ..api.settings(&mount) });
    // A token is of its namespace too, and is asked about first.
    assert!(
        matches!(namespace, KeyServiceError::Unacceptable { field: "namespace" }),
        "{namespace:?}"
    );
}

#[test]
fn namespace_has_keys_of_its_own() {
    let api = Api::live();
    let namespace = crate::support::vault::fresh("clinic");
    let made = api.ask("POST", &format!("sys/namespaces/{namespace}"), &json!({}));
    assert_eq!(made.0, 200, "{made:?}");
    api.must("POST", &format!("{namespace}/sys/mounts/transit"), &json!({"type": "transit"}));
    api.must("POST", &format!("{namespace}/transit/keys/ct"), &json!({"derived": true}));
    let place = VaultPlace::new(&namespace, "transit").unwrap();
    let settings = VaultSettings { place, ..api.settings("transit") };
    let keys = wait(VaultKeys::open(settings, [name("ct")])).unwrap();
    let (dek, stanza) = generate(&keys);
    let reference = format!("{namespace}/transit/ct");
    assert_eq!(stanza.key_ref().as_bytes(), reference.as_bytes());
    assert!(unwrap(&keys, &stanza).unwrap().expose_secret() == dek.expose_secret());
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a transit key that ignores what it is bound to, or that leaves the server, is not used",
    polarity = deny,
)]
fn unsuitable_key_is_refused_at_start(ev: Ev) -> Proven {
    let api = Api::live();
    let mount = api.mount();
    let kinds = [
        json!({"derived": false}),
        json!({"derived": true, "exportable": true}),
        json!({"derived": true, "allow_plaintext_backup": true}),
        json!({"derived": true, "convergent_encryption": true}),
        json!({"derived": true, "type": "aes128-gcm96"}),
        json!({"type": "rsa-2048"}),
    ];
    let named = |e: &KeyServiceError| matches!(e, KeyServiceError::Unsuitable(_));
    for (number, kind) in kinds.into_iter().enumerate() {
        let key = format!("k{number}");
        api.must("POST", &format!("{mount}/keys/{key}"), &kind);
        ev.denies(wait(VaultKeys::open(api.settings(&mount), [name(&key)])), named);
        let lazy = VaultKeys::new(api.settings(&mount), [name(&key)]).unwrap();
        ev.denies(wait(lazy.generate_dek(&name(&key), &context(1))), named);
    }
    api.must("POST", &format!("{mount}/keys/good"), &json!({"derived": true}));
    ev.allows(wait(VaultKeys::open(api.settings(&mount), [name("good")])));
    ev.proven()
}

#[test]
fn key_that_becomes_exportable_is_noticed_when_it_is_looked_at_again() {
    let scene = Api::live().scene();
    let keys = scene.keys_with(|settings| settings.patience.belief = std::time::Duration::ZERO);
    generate(&keys);
    let config = format!("{}/keys/ct/config", scene.mount);
    scene.api.must("POST", &config, &json!({"exportable": true}));
    let refused = wait(keys.generate_dek(&name("ct"), &context(1))).unwrap_err();
    assert!(matches!(refused, KeyServiceError::Unsuitable("it can be exported")), "{refused:?}");
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "a key that a package names and the caller did not is never asked for",
    polarity = deny,
)]
fn unlisted_key_is_never_asked_for(ev: Ev) -> Proven {
    let scene = Api::live().scene();
    scene.key("mri");
    let (proxy, keys) = scene.behind(Vec::new());
    let (_, stanza) = generate(&keys);
    proxy.recording().clear();
    let named = |e: &KeyServiceError| matches!(e, KeyServiceError::ForeignStanza);
    for text in [
        format!("/{}/mri", scene.mount),
        format!("other/{}/ct", scene.mount),
        "/elsewhere/ct".to_owned(),
        format!("/{}/ct/../mri", scene.mount),
    ] {
        let key_ref = KeyRef::new(StanzaKind::VaultTransit, text.as_bytes()).unwrap();
        let stranger = Stanza::new(key_ref.clone(), stanza.wrapped().to_vec()).unwrap();
        ev.denies(keys.admits(&key_ref), named);
        ev.denies(unwrap(&keys, &stranger), named);
        ev.denies(wait(keys.rewrap_dek(&stranger, &name("ct"), &context(1))), named);
        let items = [(stranger, context(1))];
        ev.denies(wait(keys.unwrap_deks(&items)).remove(0), named);
    }
    ev.holds("nothing was sent", proxy.recording().to_server().is_empty());
    ev.allows(keys.admits(stanza.key_ref()));
    ev.proven()
}

#[test]
fn batch_with_a_bad_item_keeps_the_good_ones() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (dek, stanza) = generate(&keys);
    let mut changed = stanza.wrapped().to_vec();
    changed[20] = if changed[20] == b'A' { b'B' } else { b'A' };
    let changed = Stanza::new(stanza.key_ref().clone(), changed).unwrap();
    let cut = Stanza::new(stanza.key_ref().clone(), b"vault:v1:AAAA".to_vec()).unwrap();
    let one = || (stanza.clone(), context(1));
    let mut items: Vec<_> = (0..300).map(|_| one()).collect();
    items[7] = (stanza.clone(), context(2));
    items[150] = (changed, context(1));
    items[299] = (cut, context(1));
    let rewrapped = wait(keys.rewrap_deks(&items, &name("ct")));
    let unwrapped = wait(keys.unwrap_deks(&items));
    assert_eq!((rewrapped.len(), unwrapped.len()), (300, 300));
    for (at, (rewrapped, unwrapped)) in rewrapped.iter().zip(&unwrapped).enumerate() {
        if [7, 150, 299].contains(&at) {
            assert!(matches!(rewrapped, Err(KeyServiceError::NotAuthentic)), "{at} {rewrapped:?}");
            assert!(matches!(unwrapped, Err(KeyServiceError::NotAuthentic)), "{at}");
        } else {
            assert!(unwrapped.as_ref().unwrap().expose_secret() == dek.expose_secret());
            assert_ne!(rewrapped.as_ref().unwrap().wrapped(), stanza.wrapped());
        }
    }
    let last = rewrapped[298].as_ref().unwrap();
    assert!(unwrap(&keys, last).unwrap().expose_secret() == dek.expose_secret());
}
