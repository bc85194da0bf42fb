//! Contents, shapes and readers that nobody thought of.

use medsec_crypto::{Backend, RecipientProfile, Suite};
use medsec_testkit::{Random, ShortReader};
use proptest::prelude::*;

use super::Case;
use crate::support::sample::Plan;

fn plans() -> impl Strategy<Value = Plan> {
    let flags = any::<[bool; 4]>();
    (flags, 1_u8..5).prop_map(|([chacha, blind, signed, metadata], recipients)| {
        let suite = [Suite::Aes256Gcm, Suite::ChaCha20Poly1305][usize::from(chacha)];
        let profiles = [RecipientProfile::Authenticated, RecipientProfile::Blind];
        Plan { suite, profile: profiles[usize::from(blind)], signed, metadata, recipients, len: 0 }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_content_opens_identically(
        plan in plans(),
        len in prop_oneof![0_usize..40, 16_300_usize..16_500, 0_usize..700_000],
        seed in any::<u64>(),
        most in 1_usize..50_000,
        threads in 1_usize..4,
    ) {
        let content = Random::new(seed).bytes(len);
        let mut execution = crate::support::threads(threads);
        let backends = Backend::ALL;
        execution.backend = backends[len % backends.len()];
        let case = Case { plan, execution };
        let package = case.seal(ShortReader::new(&content[..], most.max(len / 100), seed));
        case.opens_to(&package, &content);
    }

    #[test]
    fn any_damage_is_refused_or_tolerated(
        plan in plans(),
        len in 0_usize..40_000,
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let sample = Plan { len, ..plan }.seal();
        let offset = place.index(sample.package.len());
        let package = sample.edited(|package, _| package[offset] ^= change);
        match sample.plan.open(&package) {
            Ok((content, _)) => {
                prop_assert!(sample.layout.slot_b.contains(&offset));
                prop_assert!(content == sample.content);
            }
            Err(_) => prop_assert!(!sample.layout.slot_b.contains(&offset)),
        }
    }
}
