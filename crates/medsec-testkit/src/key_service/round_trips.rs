//! What is wrapped unwraps.

use std::collections::BTreeSet;

use medsec_crypto::Dek;

use super::{KeyServiceHarness, assert_same, context, generate, key, unwrap_dek};

/// A generated data key comes back from its stanza.
pub async fn generated_dek_unwraps(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (dek, stanza) = generate(harness, &key).await;
    assert_same(unwrap_dek(harness, &stanza).await, &dek);
}

/// So does one that the caller made.
pub async fn wrapped_dek_unwraps(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let dek = Dek::generate().unwrap();
    let stanza = harness.service().wrap_dek(&key, &dek, &context(1)).await.unwrap();
    assert_same(unwrap_dek(harness, &stanza).await, &dek);
}

/// A rewrapped stanza gives the same data key, and so does the old one.
pub async fn rewrapped_dek_unwraps(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (dek, stanza) = generate(harness, &key).await;
    let again = harness.service().rewrap_dek(&stanza, &key, &context(1)).await.unwrap();
    assert_same(unwrap_dek(harness, &again).await, &dek);
    assert_same(unwrap_dek(harness, &stanza).await, &dek);
}

/// Two wraps of one data key have nothing in common that shows it.
pub async fn same_dek_wraps_differently_each_time(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let dek = Dek::generate().unwrap();
    let service = harness.service();
    let one = service.wrap_dek(&key, &dek, &context(1)).await.unwrap();
    let two = service.wrap_dek(&key, &dek, &context(1)).await.unwrap();
    assert_eq!(one.wrapped() != two.wrapped(), harness.wraps_differently_each_time());
    let other = Dek::generate().unwrap();
    let three = service.wrap_dek(&key, &other, &context(1)).await.unwrap();
    let four = service.wrap_dek(&key, &dek, &context(2)).await.unwrap();
    for another in [&three, &four] {
        assert_ne!(one.wrapped(), another.wrapped());
        if !harness.wraps_differently_each_time() {
            // Nor do they begin alike: every byte depends on all that is wrapped.
            assert_ne!(one.wrapped()[..8], another.wrapped()[..8]);
        }
    }
}

/// No data key is given twice.
pub async fn thousand_data_keys_are_distinct(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let service = harness.service();
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        let (dek, stanza) = service.generate_dek(&key, &context(1)).await.unwrap();
        assert!(seen.insert(*dek.expose_secret()), "a data key was given twice");
        assert!(!stanza.wrapped().windows(32).any(|part| part == dek.expose_secret()));
    }
}
