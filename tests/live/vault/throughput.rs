//! Rewrapping one by one and in batches: printed, and compared only roughly.

use std::time::Instant;

use medsec_crypto::Stanza;
use medsec_kms::{KeyContext, KeyService as _};

use crate::support::full;
use crate::support::vault::{Api, context, generate, name, wait};

#[test]
fn batches_rewrap_faster_than_single_calls() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (_, stanza) = generate(&keys);
    let count = if full() { 10_000 } else { 512 };
    let items: Vec<(Stanza, KeyContext)> = vec![(stanza, context(1)); count];
    let begun = Instant::now();
    for (stanza, context) in &items {
        wait(keys.rewrap_dek(stanza, &name("ct"), context)).unwrap();
    }
    let single = begun.elapsed();
    let begun = Instant::now();
    let rewrapped = wait(keys.rewrap_deks(&items, &name("ct")));
    let batched = begun.elapsed();
    assert_eq!(rewrapped.iter().filter(|result| result.is_ok()).count(), count);
    let rate = |time: std::time::Duration| count as f64 / time.as_secs_f64();
    println!(
        "{count} rewraps: {:.0}/s one by one, {:.0}/s in batches",
        rate(single),
        rate(batched)
    );
    assert!(batched < single, "{batched:?} {single:?}");
}
