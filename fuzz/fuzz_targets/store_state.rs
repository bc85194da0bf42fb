//! See `medsec_kms::fuzz::store_state`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_kms::fuzz::store_state(data));
