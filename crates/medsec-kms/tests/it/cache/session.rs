//! What a shared data key is for, and when it is gone.

use std::sync::Arc;

use medsec_crypto::{
    DatasetId, Header, HpkeIdentity, HpkeKind, Identity as _, PolicyHash, SealError, Suite,
};
use medsec_kms::{KeyServiceError, SharedKeyError, SharedKeyLimits, SharedScope};
use medsec_testkit::Asked;
use pollster::block_on;

use super::{Shared, scope};
use crate::support::key;

fn shared() -> Shared {
    Shared::new(SharedKeyLimits::default())
}

#[test]
fn ended_cache_gives_no_key() {
    let shared = shared();
    shared.seal(b"a finding");
    shared.cache.end();
    let refused = shared.seal_as(b"", 0);
    assert!(matches!(refused, Err(SharedKeyError::Ended)), "{refused:?}");
    assert_eq!(shared.asked(), 1);
}

#[test]
fn package_of_another_scope_is_not_sealed() {
    let shared = shared();
    let changes: [fn(&mut medsec_crypto::PackageSpec); 3] = [
        |spec| spec.dataset = Some(DatasetId::new("ct").unwrap()),
        |spec| spec.policy = Some(PolicyHash::from_bytes([4; 32])),
        |spec| spec.suite = Suite::ChaCha20Poly1305,
    ];
    for change in changes {
        let room = block_on(shared.cache.reserve(&shared.keys, 0)).unwrap();
        let mut spec = shared.spec();
        room.describe(&mut spec);
        change(&mut spec);
        let refused = room.address(shared.draft(spec)).map(drop);
        assert!(matches!(refused, Err(SharedKeyError::OtherScope)), "{refused:?}");
    }
    let room = block_on(shared.cache.reserve(&shared.keys, 0)).unwrap();
    let refused = room.address(shared.draft(shared.spec())).map(drop);
    assert!(matches!(refused, Err(SharedKeyError::OtherScope)), "{refused:?}");
}

#[test]
fn unsigned_package_is_not_sealed() {
    let shared = shared();
    let room = block_on(shared.cache.reserve(&shared.keys, 0)).unwrap();
    let mut spec = shared.spec();
    room.describe(&mut spec);
    let now = medsec_crypto::Timestamp::from_unix_seconds(1_800_000_000);
    let refused = medsec_crypto::Draft::new(spec, now, None).map(drop);
    assert!(matches!(refused, Err(SealError::Format(_) | SealError::Value(_))), "{refused:?}");
}

#[test]
fn scope_without_a_key_is_refused() {
    let shared =
        Shared::of(SharedScope { keys: Vec::new(), ..scope() }, SharedKeyLimits::default());
    let refused = shared.seal_as(b"", 0);
    assert!(matches!(refused, Err(SharedKeyError::NoKey)), "{refused:?}");
}

#[test]
fn failure_of_the_service_keeps_nothing() {
    let shared =
        Shared::of(SharedScope { keys: vec![key("ct")], ..scope() }, SharedKeyLimits::default());
    for asked in 1..4 {
        let refused = shared.seal_as(b"", 0);
        assert!(
            matches!(refused, Err(SharedKeyError::Service(KeyServiceError::NoSuchKey))),
            "{refused:?}"
        );
        assert_eq!(shared.asked(), asked);
    }
}

#[test]
fn every_key_and_recipient_gets_a_stanza() {
    let partner = Arc::new(HpkeIdentity::generate(HpkeKind::X25519).unwrap());
    let recipients = vec![partner.recipient().clone()];
    let scope = SharedScope { recipients, ..scope() };
    let shared = Shared::of(scope, SharedKeyLimits::default());
    let packages = [shared.seal(b"one"), shared.seal(b"two")];
    assert_eq!(shared.keys.asked(), [Asked::Generate]);
    for package in packages {
        let header = Header::read(&mut package.as_slice()).unwrap();
        assert_eq!(header.stanzas().len(), 2);
        let own = header.stanzas().iter().find(|stanza| *stanza.key_ref() == partner.key_ref());
        assert!(partner.unwrap_dek(own.unwrap(), &header.bind()).is_ok());
    }
}

#[test]
fn nothing_that_is_printed_shows_the_key() {
    let shared = shared();
    let room = block_on(shared.cache.reserve(&shared.keys, 0)).unwrap();
    let said = format!("{room:?} {:?}", shared.cache);
    assert!(said.contains("redacted") && said.contains("SealingCache"), "{said}");
}
