//! Servers that are sealed, killed, started again.

use std::process::Command;
use std::sync::Arc;

use medsec_kms::{KeyService as _, KeyServiceError, VaultHealth};
use medsec_testkit::proxy::{Action, Edit, Rule};

use crate::support::vault::{OwnServer, context, generate, name, unwrap, wait};

#[test]
fn sealed_server_is_told() {
    let server = OwnServer::start();
    let scene = server.api.scene();
    let keys = scene.keys();
    let (_, stanza) = generate(&keys);
    assert_eq!(wait(keys.health()).unwrap(), VaultHealth::Active);
    server.seal();
    assert_eq!(wait(keys.health()).unwrap(), VaultHealth::Sealed);
    let refused = unwrap(&keys, &stanza).unwrap_err();
    assert!(matches!(refused, KeyServiceError::Sealed) && !refused.is_retryable(), "{refused:?}");
    server.unseal();
    unwrap(&keys, &stanza).unwrap();
}

#[test]
fn server_killed_in_a_batch_loses_nothing_and_the_rest_resumes() {
    let mut server = OwnServer::start();
    let scene = server.api.scene();
    let pid = server.pid();
    // It dies when the first of three requests of the batch has been answered.
    let kill: Edit = Arc::new(move |_, answer| {
        let killed = Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status();
        assert!(killed.unwrap().success());
        answer
    });
    let (proxy, keys) = scene.behind(Vec::new());
    let made: Vec<_> = (0..300).map(|_| generate(&keys)).collect();
    let items: Vec<_> = made.iter().map(|(_, stanza)| (stanza.clone(), context(1))).collect();
    proxy.set_rules(vec![Rule::on("/rewrap/", Action::Edit(kill)).only(1)]);
    let first = wait(keys.rewrap_deks(&items, &name("ct")));
    let done = first.iter().filter(|result| result.is_ok()).count();
    assert!(done > 0 && done < 300, "{done}");
    for failed in first.iter().filter_map(|result| result.as_ref().err()) {
        assert!(failed.is_retryable(), "{failed:?}");
    }
    server.start_again();
    let sealed = wait(keys.rewrap_dek(&items[299].0, &name("ct"), &context(1))).unwrap_err();
    assert!(matches!(sealed, KeyServiceError::Sealed), "{sealed:?}");
    server.unseal();
    let left: Vec<_> = items.iter().zip(&first).filter(|(_, done)| done.is_err()).collect();
    let left: Vec<_> = left.into_iter().map(|(item, _)| item.clone()).collect();
    let second = wait(keys.rewrap_deks(&left, &name("ct")));
    let all: Vec<_> = first.into_iter().flatten().chain(second.into_iter().flatten()).collect();
    assert_eq!(all.len(), 300);
    for ((dek, old), new) in made.iter().zip(&all) {
        for stanza in [old, new] {
            assert!(unwrap(&keys, stanza).unwrap().expose_secret() == dek.expose_secret());
        }
    }
}

#[test]
fn server_that_is_not_there_is_retryable() {
    let mut server = OwnServer::start();
    let scene = server.api.scene();
    let keys = scene.keys();
    let (_, stanza) = generate(&keys);
    server.kill();
    let refused = unwrap(&keys, &stanza).unwrap_err();
    assert!(matches!(refused, KeyServiceError::Unavailable(_)) && refused.is_retryable());
}
