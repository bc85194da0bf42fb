//! What was changed, moved or made by others gives no data key.

use medsec_crypto::{DatasetId, Dek, Stanza};
use medsec_kms::{KeyName, KeyServiceError};

use super::{Deviation, KeyServiceHarness, assert_same, context, generate, key, unwrap_dek};

/// A stanza does not open under another bind.
pub async fn unwrap_refuses_another_bind(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (_, stanza) = generate(harness, &key).await;
    for bit in 0..256_usize {
        let mut bytes = *context(1).bind.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut other = context(1);
        other.bind = medsec_crypto::Bind::from_bytes(bytes);
        let refused = harness.service().unwrap_dek(&stanza, &other).await;
        assert!(matches!(refused, Err(KeyServiceError::NotAuthentic)), "{refused:?}");
    }
}

/// Nor with another dataset, where the service binds to it.
pub async fn unwrap_refuses_another_dataset(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (dek, stanza) = generate(harness, &key).await;
    for dataset in [None, Some(DatasetId::new("another").unwrap())] {
        let mut other = context(1);
        other.dataset = dataset;
        let unwrapped = harness.service().unwrap_dek(&stanza, &other).await;
        if harness.binds_dataset() {
            assert!(unwrapped.is_err());
        } else {
            assert_same(unwrapped, &dek);
        }
    }
}

/// Rewrapping is no way round the bind.
pub async fn rewrap_refuses_another_bind(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (_, stanza) = generate(harness, &key).await;
    let refused = harness.service().rewrap_dek(&stanza, &key, &context(2)).await;
    assert!(matches!(refused, Err(KeyServiceError::NotAuthentic)), "{refused:?}");
}

/// No bit of a wrapped data key can be changed.
pub async fn unwrap_refuses_every_flipped_bit(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (_, stanza) = generate(harness, &key).await;
    for bit in 0..stanza.wrapped().len() * 8 {
        let mut wrapped = stanza.wrapped().to_vec();
        wrapped[bit / 8] ^= 1 << (bit % 8);
        refuses(harness, &stanza, wrapped).await;
    }
}

/// Nor can it be cut or made longer.
pub async fn unwrap_refuses_every_truncation(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (_, stanza) = generate(harness, &key).await;
    for len in 0..stanza.wrapped().len() {
        refuses(harness, &stanza, stanza.wrapped()[..len].to_vec()).await;
    }
    refuses(harness, &stanza, [stanza.wrapped(), &[0]].concat()).await;
}

/// `wrapped` under the stanza's own name gives nothing.
async fn refuses(harness: &dyn KeyServiceHarness, stanza: &Stanza, wrapped: Vec<u8>) {
    // Some forms do not even make a stanza.
    let Ok(changed) = Stanza::new(stanza.key_ref().clone(), wrapped) else {
        return;
    };
    assert_not_authentic(harness, &unwrap_dek(harness, &changed).await);
}

/// It is not, and is refused for that; by a service that deviates perhaps as if the caller might not use it, or for its
/// version.
#[track_caller]
fn assert_not_authentic(harness: &dyn KeyServiceHarness, refused: &Result<Dek, KeyServiceError>) {
    let named = match refused {
        Err(KeyServiceError::NotAuthentic) => true,
        Err(KeyServiceError::NotPermitted) => {
            harness.deviates(Deviation::DeniesCiphertextsOfOtherKeys)
        }
        Err(KeyServiceError::NoSuchVersion) => {
            harness.deviates(Deviation::TellsVersionsOfAlteredTexts)
        }
        _ => false,
    };
    assert!(named, "{refused:?}");
}

/// What one key wrapped does not open under the name of another.
pub async fn unwrap_refuses_stanza_renamed_to_another_key(harness: &dyn KeyServiceHarness) {
    let (one, other) = (key(harness, "ct").await, key(harness, "mri").await);
    let (_, stanza) = generate(harness, &one).await;
    let (_, named) = generate(harness, &other).await;
    let moved = Stanza::new(named.key_ref().clone(), stanza.wrapped().to_vec()).unwrap();
    assert_not_authentic(harness, &unwrap_dek(harness, &moved).await);
}

/// What another service wrapped does not open here, whatever its key is called.
pub async fn unwrap_refuses_stanza_of_another_service(harness: &dyn KeyServiceHarness) {
    let another = harness.another();
    key(harness, "ct").await;
    let theirs = key(another.as_ref(), "ct").await;
    let (_, stanza) = generate(another.as_ref(), &theirs).await;
    let refused = unwrap_dek(harness, &stanza).await;
    let named = matches!(refused, Err(KeyServiceError::ForeignStanza | KeyServiceError::NoSuchKey));
    assert!(named, "{refused:?}");
}

/// Who was granted no key can do nothing with it.
pub async fn stranger_neither_wraps_nor_unwraps(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (dek, stanza) = generate(harness, &key).await;
    let stranger = harness.stranger();
    let refused = |error: KeyServiceError| {
        matches!(
            error,
            KeyServiceError::NotPermitted
                | KeyServiceError::NoSuchKey
                | KeyServiceError::ForeignStanza
        )
    };
    assert!(refused(stranger.generate_dek(&key, &context(1)).await.unwrap_err()));
    assert!(refused(stranger.wrap_dek(&key, &dek, &context(1)).await.unwrap_err()));
    assert!(refused(stranger.unwrap_dek(&stanza, &context(1)).await.unwrap_err()));
    assert!(refused(stranger.rewrap_dek(&stanza, &key, &context(1)).await.unwrap_err()));
}

/// A key that never was is named as such by every call.
pub async fn unknown_key_is_refused(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (dek, stanza) = generate(harness, &key).await;
    let (service, admin) = (harness.service(), harness.admin());
    let unknown = KeyName::new("never-made").unwrap();
    let refused = |error: KeyServiceError| matches!(error, KeyServiceError::NoSuchKey);
    assert!(refused(service.generate_dek(&unknown, &context(1)).await.unwrap_err()));
    assert!(refused(service.wrap_dek(&unknown, &dek, &context(1)).await.unwrap_err()));
    assert!(refused(service.rewrap_dek(&stanza, &unknown, &context(1)).await.unwrap_err()));
    assert!(refused(service.describe_key(&unknown).await.unwrap_err()));
    assert!(refused(admin.rotate_key(&unknown).await.unwrap_err()));
    assert!(refused(admin.disable_key(&unknown).await.unwrap_err()));
    assert!(refused(admin.enable_key(&unknown).await.unwrap_err()));
    assert!(refused(admin.cancel_destruction(&unknown).await.unwrap_err()));
    let waiting = super::lifecycle::WAITING;
    assert!(refused(admin.schedule_destruction(&unknown, waiting).await.unwrap_err()));
}
