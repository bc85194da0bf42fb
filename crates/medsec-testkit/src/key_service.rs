//! The conformance suite of key services: facts that hold for every implementation, each a function.
//!
//! An implementation gives a [`KeyServiceHarness`] and calls [`key_service_conformance!`](crate::key_service_conformance),
//! which makes one test for each fact, under the same name everywhere. A fact panics where it does not hold.
//!
//! Facts are asynchronous and choose no runtime: the macro is told how to wait for them.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a fact states by panicking that it does not hold"
)]

mod administration;
mod lifecycle;
mod refusals;
mod round_trips;
mod secrecy;
mod threads;

use std::pin::Pin;
use std::time::Duration;

use medsec_crypto::{Bind, DatasetId, Dek, Stanza};
use medsec_kms::{KeyAdmin, KeyContext, KeyDescription, KeyName, KeyService, KeySpec};

pub use self::administration::{
    create_refuses_a_name_twice, description_follows_the_key, list_names_every_key,
};
pub use self::lifecycle::{
    changes_out_of_order_are_refused, destroyed_key_does_not_come_back,
    destroyed_key_neither_wraps_nor_unwraps, destruction_waits_for_its_time,
    disabled_key_neither_wraps_nor_unwraps, pending_key_neither_wraps_nor_unwraps,
    rewrap_moves_to_another_key, rewrap_moves_to_newest_version, rotated_key_unwraps_old_stanzas,
    rotated_key_wraps_with_new_version,
};
pub use self::refusals::{
    rewrap_refuses_another_bind, stranger_neither_wraps_nor_unwraps, unknown_key_is_refused,
    unwrap_refuses_another_bind, unwrap_refuses_another_dataset, unwrap_refuses_every_flipped_bit,
    unwrap_refuses_every_truncation, unwrap_refuses_stanza_of_another_service,
    unwrap_refuses_stanza_renamed_to_another_key,
};
pub use self::round_trips::{
    generated_dek_unwraps, rewrapped_dek_unwraps, same_dek_wraps_differently_each_time,
    thousand_data_keys_are_distinct, wrapped_dek_unwraps,
};
pub use self::secrecy::errors_and_debug_show_no_secret;
pub use self::threads::eight_threads_use_one_service;

/// What the suite needs of an implementation. Each test makes a harness of its own.
pub trait KeyServiceHarness: Sync {
    /// Makes and changes keys.
    fn admin(&self) -> &dyn KeyAdmin;

    /// Uses all keys as they are now. Called anew after every change, because an implementation may work on
    /// a copy.
    fn service(&self) -> Box<dyn KeyService>;

    /// Somebody known to the service who was granted no key.
    fn stranger(&self) -> Box<dyn KeyService>;

    /// Another service of the same kind that shares no key with this one.
    fn another(&self) -> Box<dyn KeyServiceHarness>;

    /// Lets time pass for the service; `false` if it cannot be made to.
    fn advance(&self, time: Duration) -> bool;

    /// Whether wraps are bound to the dataset too, and not to the bind alone.
    fn binds_dataset(&self) -> bool;

    /// Whether the key reference of a stanza names the version of the key.
    fn names_versions(&self) -> bool;

    /// Whether a key can be destroyed after a time that can be taken back. Where it cannot, the suite demands that the
    /// service says so.
    fn schedules_destruction(&self) -> bool {
        true
    }

    /// Whether two wraps of one data key in one context differ. Key wrapping without a nonce (RFC 5649) gives the same
    /// bytes; then those of another data key and of another context must differ.
    fn wraps_differently_each_time(&self) -> bool {
        true
    }

    /// What it is known to do otherwise; nothing, unless it is an emulator.
    fn deviations(&self) -> &'static [Deviation] {
        &[]
    }
}

impl dyn KeyServiceHarness + '_ {
    fn deviates(&self, deviation: Deviation) -> bool {
        self.deviations().contains(&deviation)
    }
}

/// What an emulator does otherwise than the service it stands for. The facts hold it to that too, where they can, so
/// that one that was mended is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every deviation is met by a fact here")]
pub enum Deviation {
    /// Keys wrap and unwrap while they are disabled or due to be destroyed.
    UsesKeysWhateverTheirState,
    /// What another key wrapped is refused as not permitted, where it is not authentic.
    DeniesCiphertextsOfOtherKeys,
    /// The version stands in the wrapped text: one that was altered to a version that is not there is refused for that.
    TellsVersionsOfAlteredTexts,
}

/// Waits for a future to its end.
pub type Drive<'d> = &'d (dyn Fn(Pin<Box<dyn Future<Output = ()> + Send + '_>>) + Sync);

/// Makes a test of every fact: `key_service_conformance!(make_harness, block_on)`.
#[macro_export]
macro_rules! key_service_conformance {
    ($make:expr, $block_on:expr) => {
        $crate::key_service_conformance!(@facts $make, $block_on;
            generated_dek_unwraps, wrapped_dek_unwraps, rewrapped_dek_unwraps,
            thousand_data_keys_are_distinct, same_dek_wraps_differently_each_time,
            unwrap_refuses_another_bind, unwrap_refuses_another_dataset,
            unwrap_refuses_every_flipped_bit, unwrap_refuses_every_truncation,
            unwrap_refuses_stanza_renamed_to_another_key, unwrap_refuses_stanza_of_another_service,
            rewrap_refuses_another_bind, stranger_neither_wraps_nor_unwraps, unknown_key_is_refused,
            rotated_key_unwraps_old_stanzas, rotated_key_wraps_with_new_version,
            rewrap_moves_to_newest_version, rewrap_moves_to_another_key,
            disabled_key_neither_wraps_nor_unwraps, pending_key_neither_wraps_nor_unwraps,
            destroyed_key_neither_wraps_nor_unwraps, destroyed_key_does_not_come_back,
            destruction_waits_for_its_time, changes_out_of_order_are_refused,
            create_refuses_a_name_twice, description_follows_the_key, list_names_every_key,
            errors_and_debug_show_no_secret
        );

        #[test]
        fn eight_threads_use_one_service() {
            $crate::key_service::eight_threads_use_one_service(&$make(), &|future| {
                $block_on(future);
            });
        }
    };
    (@facts $make:expr, $block_on:expr; $($fact:ident),+) => {$(
        #[test]
        fn $fact() {
            $block_on($crate::key_service::$fact(&$make()));
        }
    )+};
}

/// A context of its own for each number.
fn context(number: u8) -> KeyContext {
    let dataset = DatasetId::new("conformance").expect("a dataset id");
    KeyContext { bind: Bind::from_bytes([number; 32]), dataset: Some(dataset) }
}

/// A new key.
async fn key(harness: &dyn KeyServiceHarness, name: &str) -> KeyName {
    create(harness, name, None).await.name
}

async fn create(
    harness: &dyn KeyServiceHarness,
    name: &str,
    max_age_days: Option<u32>,
) -> KeyDescription {
    let spec = KeySpec { name: KeyName::new(name).expect("a name"), max_age_days };
    harness.admin().create_key(&spec).await.expect("a new key")
}

/// A fresh data key under a key, in context 1.
async fn generate(harness: &dyn KeyServiceHarness, key: &KeyName) -> (Dek, Stanza) {
    harness.service().generate_dek(key, &context(1)).await.expect("a data key")
}

/// The stanza must give that data key in context 1.
#[track_caller]
fn assert_same(found: Result<Dek, medsec_kms::KeyServiceError>, dek: &Dek) {
    assert!(found.expect("unwraps").expose_secret() == dek.expose_secret(), "another data key");
}

async fn unwrap_dek(
    harness: &dyn KeyServiceHarness,
    stanza: &Stanza,
) -> Result<Dek, medsec_kms::KeyServiceError> {
    harness.service().unwrap_dek(stanza, &context(1)).await
}
