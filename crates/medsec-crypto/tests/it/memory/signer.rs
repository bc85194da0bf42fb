//! After the last signature nothing of a signing key is left in this process's memory.

use medsec_crypto::SigningKey;
use medsec_testkit::child::{child, number_in, output_of, task};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use super::scanner::{Needle, find};

const HELPER: &str = "memory::signer::helper_signs_and_searches_its_memory";

#[test]
fn signing_key_leaves_no_secret_in_memory() {
    let text = output_of(child(HELPER, &["sign"]));
    println!("{}", text.lines().filter(|l| l.contains('=')).collect::<Vec<_>>().join("; "));
    // The search works: it finds what is there.
    assert!(number_in(&text, "seed-alive") > 0, "{text}");
    for secret in ["seed", "scalar", "prefix"] {
        assert_eq!(number_in(&text, &format!("{secret}-left")), 0, "{text}");
    }
}

/// The seed, and what RFC 8032 (section 5.1.5) makes of it: the clamped scalar and the prefix.
fn needles(key: &SigningKey) -> [(&'static str, Needle); 3] {
    let mut expanded = Zeroizing::new([0; 64]);
    Sha512::new_with_prefix(key.expose_seed()).finalize_into((&mut *expanded).into());
    expanded[0] &= 248;
    expanded[31] = expanded[31] & 127 | 64;
    let half = |at: usize| Needle::of(expanded[at..].first_chunk().unwrap());
    [("seed", Needle::of(key.expose_seed())), ("scalar", half(0)), ("prefix", half(32))]
}

#[test]
fn helper_signs_and_searches_its_memory() {
    let Some(_) = task() else { return };
    let key = SigningKey::generate().unwrap();
    let needles = needles(&key);
    let message = [1; 1000];
    for len in [0, 100, 1000] {
        let signature = key.sign_labelled("memory", &message[..len]);
        key.verifying_key().verify_labelled("memory", &message[..len], &signature).unwrap();
    }
    println!("seed-alive={}", find(&needles[0].1).len());
    drop(key);
    for (name, needle) in &needles {
        let found = find(needle);
        println!("{name}-left={}", found.len());
        found.iter().for_each(|found| println!("{name}: {}", found.place));
    }
}
