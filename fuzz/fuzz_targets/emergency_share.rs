//! See `medsec_kms::fuzz::emergency_share`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_kms::fuzz::emergency_share(data));
