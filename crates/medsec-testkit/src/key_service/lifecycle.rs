//! A key is rotated, disabled, destroyed.

use std::time::Duration;

use medsec_crypto::Stanza;
use medsec_kms::{KeyName, KeyServiceError, KeyState};

use super::{
    Deviation, KeyServiceHarness, assert_same, context, create, generate, key, unwrap_dek,
};

/// What every service accepts as a waiting time before destruction.
pub(super) const WAITING: Duration = Duration::from_secs(7 * 86_400);

/// Old stanzas open after any number of rotations.
pub async fn rotated_key_unwraps_old_stanzas(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(generate(harness, &key).await);
        harness.admin().rotate_key(&key).await.unwrap();
    }
    for (dek, stanza) in &made {
        assert_same(unwrap_dek(harness, stanza).await, dek);
    }
}

/// After a rotation the new version wraps.
pub async fn rotated_key_wraps_with_new_version(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (_, before) = generate(harness, &key).await;
    let told = harness.service().describe_key(&key).await.unwrap();
    let rotated = harness.admin().rotate_key(&key).await.unwrap();
    let (_, after) = generate(harness, &key).await;
    if harness.names_versions() {
        assert_ne!(before.key_ref(), after.key_ref());
        assert_eq!(rotated.version, told.version.map(|version| version + 1));
    }
}

/// Rewrapping is how a stanza leaves an old version.
pub async fn rewrap_moves_to_newest_version(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (dek, old) = generate(harness, &key).await;
    harness.admin().rotate_key(&key).await.unwrap();
    let new = harness.service().rewrap_dek(&old, &key, &context(1)).await.unwrap();
    let (_, fresh) = generate(harness, &key).await;
    assert_eq!(new.key_ref(), fresh.key_ref());
    assert_same(unwrap_dek(harness, &new).await, &dek);
}

/// And how it comes under another key.
pub async fn rewrap_moves_to_another_key(harness: &dyn KeyServiceHarness) {
    let (from, to) = (key(harness, "ct").await, key(harness, "mri").await);
    let (dek, old) = generate(harness, &from).await;
    let new = harness.service().rewrap_dek(&old, &to, &context(1)).await.unwrap();
    assert_ne!(new.key_ref(), old.key_ref());
    harness.admin().disable_key(&from).await.unwrap();
    assert_same(unwrap_dek(harness, &new).await, &dek);
}

/// Whether the service destroys keys after a time. One that does not says so of every key that it has, and changes
/// nothing.
async fn schedules_destruction(harness: &dyn KeyServiceHarness, key: &KeyName) -> bool {
    if harness.schedules_destruction() {
        return true;
    }
    let before = harness.service().describe_key(key).await.unwrap();
    let refused = |e: KeyServiceError| matches!(e, KeyServiceError::NotOffered(_));
    let admin = harness.admin();
    assert!(refused(admin.schedule_destruction(key, WAITING).await.unwrap_err()));
    assert!(refused(admin.cancel_destruction(key).await.unwrap_err()));
    assert_eq!(harness.service().describe_key(key).await.unwrap(), before);
    false
}

/// Every use of the key fails with an error of that kind.
async fn refuses_all(
    harness: &dyn KeyServiceHarness,
    key: &KeyName,
    stanza: &Stanza,
    named: fn(&KeyServiceError) -> bool,
) {
    let service = harness.service();
    let dek = medsec_crypto::Dek::generate().unwrap();
    let results = [
        service.generate_dek(key, &context(1)).await.err(),
        service.wrap_dek(key, &dek, &context(1)).await.err(),
        service.unwrap_dek(stanza, &context(1)).await.err(),
        service.rewrap_dek(stanza, key, &context(1)).await.err(),
    ];
    if harness.deviates(Deviation::UsesKeysWhateverTheirState) {
        assert!(results.iter().all(Option::is_none), "it does regard states: {results:?}");
        return;
    }
    for error in results.map(Option::unwrap) {
        assert!(named(&error), "{error:?}");
        assert!(!error.is_retryable());
    }
}

/// A disabled key does nothing, an enabled one everything again; other keys are not concerned.
pub async fn disabled_key_neither_wraps_nor_unwraps(harness: &dyn KeyServiceHarness) {
    let (one, other) = (key(harness, "ct").await, key(harness, "mri").await);
    let (dek, stanza) = generate(harness, &one).await;
    let told = harness.admin().disable_key(&one).await.unwrap();
    assert_eq!(told.state, KeyState::Disabled);
    refuses_all(harness, &one, &stanza, |e| matches!(e, KeyServiceError::Disabled)).await;
    generate(harness, &other).await;
    let told = harness.admin().enable_key(&one).await.unwrap();
    assert_eq!(told.state, KeyState::Enabled);
    assert_same(unwrap_dek(harness, &stanza).await, &dek);
}

/// A key that is to be destroyed does nothing; taken back it is disabled, and enabled it opens.
pub async fn pending_key_neither_wraps_nor_unwraps(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (dek, stanza) = generate(harness, &key).await;
    if !schedules_destruction(harness, &key).await {
        return assert_same(unwrap_dek(harness, &stanza).await, &dek);
    }
    let told = harness.admin().schedule_destruction(&key, WAITING).await.unwrap();
    assert!(matches!(told.state, KeyState::PendingDestruction { .. }));
    let pending = |e: &KeyServiceError| matches!(e, KeyServiceError::PendingDestruction);
    refuses_all(harness, &key, &stanza, pending).await;
    let told = harness.admin().cancel_destruction(&key).await.unwrap();
    assert_eq!(told.state, KeyState::Disabled);
    refuses_all(harness, &key, &stanza, |e| matches!(e, KeyServiceError::Disabled)).await;
    harness.admin().enable_key(&key).await.unwrap();
    assert_same(unwrap_dek(harness, &stanza).await, &dek);
}

/// Has a key destroyed; `false` where that is not done, or time cannot be made to pass.
async fn destroy(harness: &dyn KeyServiceHarness, key: &KeyName) -> bool {
    if !schedules_destruction(harness, key).await {
        return false;
    }
    harness.admin().schedule_destruction(key, WAITING).await.unwrap();
    if !harness.advance(WAITING + Duration::from_secs(1)) {
        return false;
    }
    // A service without a process of its own does what is due with the next change.
    create(harness, "afterwards", None).await;
    true
}

/// A destroyed key does nothing, and says why.
pub async fn destroyed_key_neither_wraps_nor_unwraps(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (_, stanza) = generate(harness, &key).await;
    if destroy(harness, &key).await {
        let destroyed = |e: &KeyServiceError| matches!(e, KeyServiceError::Destroyed);
        refuses_all(harness, &key, &stanza, destroyed).await;
        let told = harness.service().describe_key(&key).await.unwrap();
        assert!(matches!(told.state, KeyState::Destroyed { .. }));
    }
}

/// Nothing brings a destroyed key back.
pub async fn destroyed_key_does_not_come_back(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    if destroy(harness, &key).await {
        let admin = harness.admin();
        let destroyed = |e: KeyServiceError| matches!(e, KeyServiceError::Destroyed);
        assert!(destroyed(admin.enable_key(&key).await.unwrap_err()));
        assert!(destroyed(admin.disable_key(&key).await.unwrap_err()));
        assert!(destroyed(admin.rotate_key(&key).await.unwrap_err()));
        assert!(destroyed(admin.cancel_destruction(&key).await.unwrap_err()));
        assert!(destroyed(admin.schedule_destruction(&key, WAITING).await.unwrap_err()));
    }
}

/// A key is not destroyed before its time.
pub async fn destruction_waits_for_its_time(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (dek, stanza) = generate(harness, &key).await;
    if !schedules_destruction(harness, &key).await {
        return assert_same(unwrap_dek(harness, &stanza).await, &dek);
    }
    harness.admin().schedule_destruction(&key, WAITING).await.unwrap();
    if harness.advance(WAITING / 2) {
        create(harness, "afterwards", None).await;
        harness.admin().cancel_destruction(&key).await.unwrap();
        harness.admin().enable_key(&key).await.unwrap();
        assert_same(unwrap_dek(harness, &stanza).await, &dek);
    }
}

/// Changes that the present state does not allow change nothing.
pub async fn changes_out_of_order_are_refused(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let admin = harness.admin();
    let refused = |e: KeyServiceError| matches!(e, KeyServiceError::State);
    assert!(refused(admin.enable_key(&key).await.unwrap_err()));
    let schedules = schedules_destruction(harness, &key).await;
    if schedules {
        assert!(refused(admin.cancel_destruction(&key).await.unwrap_err()));
    }
    admin.disable_key(&key).await.unwrap();
    assert!(refused(admin.disable_key(&key).await.unwrap_err()));
    assert!(refused(admin.rotate_key(&key).await.unwrap_err()));
    if !schedules {
        return;
    }
    admin.schedule_destruction(&key, WAITING).await.unwrap();
    assert!(refused(admin.schedule_destruction(&key, WAITING).await.unwrap_err()));
    assert!(refused(admin.enable_key(&key).await.unwrap_err()));
    assert!(refused(admin.rotate_key(&key).await.unwrap_err()));
}
